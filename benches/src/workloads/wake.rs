//! What does a turn, or a word to another task, cost?

use super::{Workload, countdown::Countdown};
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};
use futures_channel::oneshot;
use std::sync::Arc;

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("yield_many", "yield", yield_many::<R>),
        Workload::new("ping_pong", "pair of tasks", ping_pong::<R>),
    ]
}

/// 200 tasks yield 1,000 times each. As in tokio's own benchmark of the name.
async fn yield_many<R: Rt>() -> Sample {
    const TASKS: usize = 200;
    const YIELDS: usize = 1_000;
    let mut meter = Meter::new((TASKS * YIELDS) as u64);
    while meter.again() {
        let (countdown, all_yielded) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let countdown = countdown.clone();
            R::spawn_detached(async move {
                for _ in 0..YIELDS {
                    R::yield_now().await;
                }
                countdown.arrive();
            });
        }
        all_yielded.await.expect("the countdown ends");
    }
    meter.finish()
}

/// 1,000 tasks at once spawn a partner each, send it a word and await the answer. As in tokio's
/// own benchmark of the name, which also counts the pair, not the word.
async fn ping_pong<R: Rt>() -> Sample {
    const PAIRS: usize = 1_000;
    let mut meter = Meter::new(PAIRS as u64);
    while meter.again() {
        let (countdown, all_answered) = Countdown::new(PAIRS);
        for _ in 0..PAIRS {
            R::spawn_detached(ping::<R>(countdown.clone()));
        }
        all_answered.await.expect("the countdown ends");
    }
    meter.finish()
}

async fn ping<R: Rt>(countdown: Arc<Countdown>) {
    let (ping, pinged) = oneshot::channel();
    let (pong, ponged) = oneshot::channel();
    R::spawn_detached(async move {
        pinged.await.expect("the ping comes");
        pong.send(()).expect("somebody waits for the pong");
    });
    ping.send(()).expect("somebody waits for the ping");
    ponged.await.expect("the pong comes");
    countdown.arrive();
}
