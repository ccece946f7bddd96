//! Much at once, and in every order that the machine comes up with.
//!
//! Without optimisation the numbers are smaller.

mod support;

use futures::{StreamExt, channel::mpsc, executor, future::BoxFuture};
use heist::{Builder, Runtime};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};
use support::{scaled, watch, watch_of};

const MILLISECOND: Duration = Duration::from_millis(1);

fn on(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

#[test]
fn a_million_tasks_are_spawned_and_joined() {
    heist::run(async {
        let _watch = watch("a million".to_string());
        for _ in 0..10 {
            let tasks: Vec<_> = (0..scaled(100_000))
                .map(|n| heist::spawn(async move { n }))
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        }
    });
}

#[test]
fn a_million_tasks_are_spawned_from_outside() {
    let runtime = on(2);
    let _watch = watch_of(runtime.handle().clone(), "outside".to_string());
    let spawners: Vec<_> = (0..4)
        .map(|_| {
            let handle = runtime.handle().clone();
            thread::spawn(move || {
                let tasks = (0..scaled(250_000)).map(|n| handle.spawn(async move { n }));
                let tasks: Vec<_> = tasks.collect();
                executor::block_on(async {
                    for (n, task) in tasks.into_iter().enumerate() {
                        assert_eq!(task.await.unwrap(), n);
                    }
                });
            })
        })
        .collect();
    spawners
        .into_iter()
        .for_each(|spawner| spawner.join().unwrap());
}

async fn sleepers(duration: impl Fn(usize) -> Duration) {
    let _watch = watch("sleepers".to_string());
    let sleep = |n| heist::spawn(heist::sleep(duration(n)));
    let tasks: Vec<_> = (0..scaled(100_000)).map(sleep).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn a_hundred_thousand_tasks_sleep_at_once() {
    for workers in [1, 2, 4] {
        Builder::new()
            .workers(workers)
            .run(sleepers(|_| MILLISECOND * 50))
            .unwrap();
    }
}

#[test]
fn a_hundred_thousand_tasks_sleep_at_once_by_a_paused_clock() {
    for workers in [1, 2, 4] {
        let seconds = |n| Duration::from_secs(n as u64 % 1000);
        let builder = Builder::new().workers(workers).paused_clock(true);
        builder.run(sleepers(seconds)).unwrap();
    }
}

#[test]
fn timers_are_dropped_and_moved_while_they_fire() {
    heist::run(async {
        let _watch = watch("moved timers".to_string());
        let tasks: Vec<_> = (0..scaled(20_000))
            .map(|_| {
                heist::spawn(async {
                    for n in 0..10_u32 {
                        let mut sleep = heist::sleep(MILLISECOND / 10 * n);
                        let mut inner = heist::sleep(MILLISECOND / 20 * n);
                        let first = heist::timeout(MILLISECOND / 10 * n, &mut inner).await;
                        heist::yield_now().await; // perhaps on another worker
                        sleep.reset(heist::time::Instant::now() + MILLISECOND / 10);
                        let _ = heist::timeout(MILLISECOND, &mut sleep).await;
                        drop((first, inner, sleep));
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

fn tree(depth: u32) -> BoxFuture<'static, usize> {
    Box::pin(async move {
        if depth == 0 {
            return 1;
        }
        let left = heist::spawn(tree(depth - 1));
        let right = tree(depth - 1).await;
        left.await.unwrap() + right
    })
}

#[test]
fn trees_of_tasks_are_stolen_by_any_number_of_workers() {
    for workers in [1, 2, 4, 8, 48] {
        let runtime = on(workers);
        let _watch = watch_of(runtime.handle().clone(), format!("{workers} workers"));
        for _ in 0..scaled(100) {
            assert_eq!(runtime.block_on(tree(10)), 1024);
        }
    }
}

#[test]
fn pairs_play_ping_pong() {
    for workers in [1, 2, 4, 8, 48] {
        let runtime = on(workers);
        let _watch = watch_of(runtime.handle().clone(), format!("{workers} workers"));
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for _ in 0..50 {
                let (ping, mut pong) = mpsc::unbounded();
                let (gnop, mut gnip) = mpsc::unbounded();
                tasks.push(heist::spawn(async move {
                    for n in 0..scaled(5000) {
                        ping.unbounded_send(n).unwrap();
                        assert_eq!(gnip.next().await, Some(n));
                    }
                }));
                tasks.push(heist::spawn(async move {
                    while let Some(n) = pong.next().await {
                        let _ = gnop.unbounded_send(n);
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

#[test]
fn tasks_wake_themselves_while_others_wake_them() {
    for workers in [1, 2, 4] {
        let runtime = on(workers);
        let _watch = watch_of(runtime.handle().clone(), format!("{workers} workers"));
        let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
        let polls = Arc::new(AtomicUsize::new(0));
        let (shown, counted) = (waker.clone(), polls.clone());
        let task = runtime.spawn(poll_fn(move |cx| {
            shown
                .lock()
                .unwrap()
                .get_or_insert_with(|| cx.waker().clone());
            if counted.fetch_add(1, SeqCst) >= scaled(40_000) {
                return Poll::Ready(());
            }
            if fastrand::u32(..4) > 0 {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        }));
        let waking: Vec<_> = (0..2)
            .map(|_| {
                let (waker, task) = (waker.clone(), task.abort_handle());
                thread::spawn(move || {
                    while !task.is_finished() {
                        let waker = waker.lock().unwrap().clone();
                        waker.into_iter().for_each(Waker::wake);
                    }
                })
            })
            .collect();
        runtime.block_on(task).unwrap();
        waking.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn many_threads_block_on_one_runtime() {
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let runtime = Arc::new(builder.build().unwrap());
        let _watch = watch_of(runtime.handle().clone(), "block_on".to_string());
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let runtime = runtime.clone();
                thread::spawn(move || {
                    for n in 0..scaled(2000) {
                        let joined = runtime.block_on(async {
                            let local = heist::spawn_local(async move {
                                heist::yield_now().await;
                                n
                            });
                            let task = heist::spawn(async move { n });
                            heist::sleep(MILLISECOND / 100).await;
                            task.await.unwrap() + local.await.unwrap()
                        });
                        assert_eq!(joined, n * 2);
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
}
