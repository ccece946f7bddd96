//! How late is a task whose worker is blocked?
//!
//! A task spawns another and then blocks its thread until that one has run, as code does that calls
//! a blocking function by mistake. With two workers the other one could run it at once. What is
//! measured is the time from the spawn to the run: not a cost, but a lateness.

use super::{Kind, Workload};
use crate::{meter::Sample, rt::Rt};
use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

const TRIALS: usize = 100;

/// Nobody comes: the blocked task gives up, and its own worker runs the other one.
const BLOCKED_MAX: Duration = Duration::from_millis(50);

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![Workload::new("hostage", "trial", hostage::<R>).of(Kind::Lateness)]
}

async fn hostage<R: Rt>() -> Sample {
    let mut lateness = Vec::with_capacity(TRIALS);
    for _ in 0..TRIALS {
        let (tell, told) = mpsc::channel();
        R::spawn(async move {
            let (ran, has_run) = mpsc::channel();
            let spawned = Instant::now();
            R::spawn_detached(async move {
                // Nobody may be left to hear the second.
                let _ = tell.send(spawned.elapsed());
                let _ = ran.send(());
            });
            let _ = has_run.recv_timeout(BLOCKED_MAX);
        })
        .await;
        // The worker that was blocked runs it now, if nobody has.
        let late = loop {
            match told.try_recv() {
                Ok(late) => break late,
                Err(_) => R::yield_now().await,
            }
        };
        lateness.push(late);
    }
    Sample::lateness(lateness)
}
