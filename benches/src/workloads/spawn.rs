//! What does a task cost from its first day to its last?

use super::{Workload, countdown::Countdown};
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("spawn_many_worker_10k", "task", many_worker::<R, 10_000>),
        Workload::new("spawn_join_one", "task", join_one::<R>),
    ]
}

/// A task spawns `N` tasks that nobody joins, and sleeps until the last of them has run.
async fn many_worker<R: Rt, const N: usize>() -> Sample {
    let mut meter = Meter::new(N as u64);
    while meter.again() {
        let (countdown, all_ran) = Countdown::new(N);
        for _ in 0..N {
            let countdown = countdown.clone();
            R::spawn_detached(async move { countdown.arrive() });
        }
        all_ran.await.expect("the countdown ends");
    }
    meter.finish()
}

/// A task spawns one empty task and awaits it, again and again: never more than one at a time.
async fn join_one<R: Rt>() -> Sample {
    const TIMES: u64 = 10_000;
    let mut meter = Meter::new(TIMES);
    while meter.again() {
        for _ in 0..TIMES {
            R::spawn(async {}).await;
        }
    }
    meter.finish()
}
