//! What does a turn, or a word to another task, cost?

use super::{Workload, countdown::Countdown};
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};
use async_channel::{Receiver, Sender};
use futures_channel::oneshot;
use std::{mem, sync::Arc};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("yield_many", "yield", yield_many::<R>),
        Workload::new("ping_pong", "pair of tasks", ping_pong::<R>),
        Workload::new("channels", "message", channels::<R>),
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

/// 300 tasks in a row hand on 300 words, one after the other, over channels for one word each. As
/// in async-executor's own benchmark of the name; the channels are async-channel's.
async fn channels<R: Rt>() -> Sample {
    const TASKS: usize = 300;
    const WORDS: usize = 300;
    let mut meter = Meter::new((TASKS * WORDS) as u64);
    while meter.again() {
        let (first, mut last) = async_channel::bounded(1);
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (next, end) = async_channel::bounded(1);
                R::spawn(hand_on(mem::replace(&mut last, end), next, WORDS))
            })
            .collect();
        for word in 0..WORDS {
            first.send(word).await.expect("the first task listens");
            assert_eq!(last.recv().await, Ok(word));
        }
        for task in tasks {
            task.await;
        }
    }
    meter.finish()
}

async fn hand_on(from: Receiver<usize>, to: Sender<usize>, words: usize) {
    for _ in 0..words {
        let word = from.recv().await.expect("a word comes");
        to.send(word).await.expect("the next one listens");
    }
}
