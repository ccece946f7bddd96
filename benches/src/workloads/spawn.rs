//! What does a task cost from its first day to its last?

use super::{Workload, countdown::Countdown};
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};
use futures_channel::oneshot;

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("spawn_many_worker_10k", "task", many_worker::<R, 10_000>),
        Workload::new("spawn_many_worker_1M", "task", many_worker::<R, 1_000_000>),
        Workload::new("spawn_join_many_10k", "task", join_many::<R>),
        Workload::new("spawn_join_one", "task", join_one::<R>),
        Workload::new("chained_spawn", "task", chained::<R>),
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

/// A task spawns 10,000 tasks and then awaits them, in the order of their spawning.
async fn join_many<R: Rt>() -> Sample {
    const TASKS: usize = 10_000;
    let mut handles = Vec::with_capacity(TASKS);
    let mut meter = Meter::new(TASKS as u64);
    while meter.again() {
        handles.extend((0..TASKS).map(|number| R::spawn(async move { number })));
        let mut sum = 0;
        for handle in handles.drain(..) {
            sum += handle.await;
        }
        assert_eq!(sum, TASKS * (TASKS - 1) / 2);
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

/// A task spawns the next and ends, 1,000 times; the last one wakes the first. As in tokio's own
/// benchmark of the name.
async fn chained<R: Rt>() -> Sample {
    const LINKS: usize = 1_000;
    let mut meter = Meter::new(LINKS as u64);
    while meter.again() {
        let (done, last_ran) = oneshot::channel();
        R::spawn_detached(link::<R>(LINKS - 1, done));
        last_ran.await.expect("the chain has an end");
    }
    meter.finish()
}

fn link<R: Rt>(left: usize, done: oneshot::Sender<()>) -> impl Future<Output = ()> + Send {
    async move {
        match left {
            0 => done.send(()).expect("the first task waits"),
            _ => R::spawn_detached(link::<R>(left - 1, done)),
        }
    }
}
