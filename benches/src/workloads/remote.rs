//! What does a task cost that comes from elsewhere than a task?
//!
//! The first three workloads of this file and their sizes are those of tokio's own benchmarks of
//! the same names: a thread that is no worker spawns, and waits for all.

use super::Workload;
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};
use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::outside("spawn_many_local", "task", local::<R>),
        Workload::outside("spawn_many_remote_idle", "task", idle::<R>),
        Workload::outside("spawn_many_remote_busy1", "task", busy_yielding::<R>),
        Workload::outside("spawn_many_remote_busy2", "task", busy_spawning::<R>),
        Workload::outside("remote_spawn_2thr", "task", two_threads::<R>),
    ]
}

const TASKS: usize = 10_000;

/// The future that `block_on` drives spawns all, then blocks its thread until the last has run.
fn local<R: Rt>(runtime: &R) -> Sample {
    let mut meter = Meter::new(TASKS as u64);
    let (done, all_ran) = mpsc::channel();
    let left = Arc::new(AtomicUsize::new(0));
    while meter.again() {
        left.store(TASKS, Ordering::Relaxed);
        runtime.block_on(async {
            for _ in 0..TASKS {
                let (done, left) = (done.clone(), left.clone());
                R::spawn_detached(async move {
                    if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        done.send(()).expect("somebody waits");
                    }
                });
            }
            all_ran.recv().expect("the last one tells");
        });
    }
    meter.finish()
}

/// The workers have nothing else to do.
fn idle<R: Rt>(runtime: &R) -> Sample {
    spawn_and_join(runtime, TASKS)
}

/// Passes that spawn `tasks` tasks from this thread, then wait for each.
fn spawn_and_join<R: Rt>(runtime: &R, tasks: usize) -> Sample {
    let mut meter = Meter::new(tasks as u64);
    let mut handles = Vec::with_capacity(tasks);
    while meter.again() {
        handles.extend((0..tasks).map(|number| runtime.spawn_on(async move { number })));
        let sum = runtime.block_on(async {
            let mut sum = 0;
            for handle in handles.drain(..) {
                sum += handle.await;
            }
            sum
        });
        assert_eq!(sum, tasks * (tasks - 1) / 2);
    }
    meter.finish()
}

/// Four tasks are always ready: they yield, compute, yield.
fn busy_yielding<R: Rt>(runtime: &R) -> Sample {
    const BUSY: usize = 4;
    let is_on = Arc::new(AtomicBool::new(true));
    for _ in 0..BUSY {
        let is_on = is_on.clone();
        runtime.spawn_detached_on(yield_and_compute::<R>(is_on));
    }
    let sample = spawn_and_join(runtime, TASKS);
    is_on.store(false, Ordering::Relaxed);
    sample
}

async fn yield_and_compute<R: Rt>(is_on: Arc<AtomicBool>) {
    while is_on.load(Ordering::Relaxed) {
        R::yield_now().await;
        compute();
    }
}

/// Two tasks compute, spawn their successor and end, again and again.
fn busy_spawning<R: Rt>(runtime: &R) -> Sample {
    const BUSY: usize = 2;
    const TASKS: usize = 1_000;
    let is_on = Arc::new(AtomicBool::new(true));
    for _ in 0..BUSY {
        let is_on = is_on.clone();
        runtime.spawn_detached_on(compute_and_spawn::<R>(is_on));
    }
    let sample = spawn_and_join(runtime, TASKS);
    is_on.store(false, Ordering::Relaxed);
    sample
}

fn compute_and_spawn<R: Rt>(is_on: Arc<AtomicBool>) -> impl Future<Output = ()> + Send {
    async move {
        if is_on.load(Ordering::Relaxed) {
            compute();
            R::spawn_detached(compute_and_spawn::<R>(is_on));
        }
    }
}

/// Keeps a worker for ten microseconds, but not the CPU from other threads.
fn compute() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_micros(10) {
        thread::yield_now();
    }
}

/// Two threads at once spawn 6,400 tasks each. As in tokio's benchmark `remote_spawn`.
fn two_threads<R: Rt>(runtime: &R) -> Sample {
    const THREADS: usize = 2;
    const EACH: usize = 6_400;
    let mut meter = Meter::new((THREADS * EACH) as u64);
    while meter.again() {
        let start = Barrier::new(THREADS);
        let spawn = || {
            start.wait();
            let tasks = (0..EACH).map(|_| runtime.spawn_on(async { 1 }));
            tasks.collect::<Vec<_>>()
        };
        let handles = thread::scope(|scope| {
            let threads = [(); THREADS].map(|()| scope.spawn(spawn));
            threads.map(|thread| thread.join().expect("spawning does not panic"))
        });
        let ran = runtime.block_on(async {
            let mut ran = 0;
            for handle in handles.into_iter().flatten() {
                ran += handle.await;
            }
            ran
        });
        assert_eq!(ran, THREADS * EACH);
    }
    meter.finish()
}
