//! Nothing is kept: later rounds of the same work hold no more bytes than the first.
//!
//! The runtime rests between two rounds: every task has ended, so what a round has allocated is
//! freed or kept for good.

#[path = "support/counting.rs"]
#[allow(unsafe_code)]
mod counting;

use heist::{Builder, Runtime};
use std::{
    future::{pending, poll_fn},
    sync::{Mutex, MutexGuard},
    task::Poll,
    time::Duration,
};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// One test at a time, also where a process runs them all.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

const TASKS: usize = 500;

const ROUNDS: usize = 50;

/// What a round may hold beyond the first. The slab keeps the memory of the most tasks there were
/// at once, and how many of a round those are is chance: at the most all of them, 256 bytes each,
/// and as much again for the last chunk. Garbage of the lock-free queues is freed later. Rounds
/// that each leak ten bytes a task are above it before they end.
const SLACK: isize = 400 * TASKS as isize;

/// `bytes` at the ends of the rounds. The first two make what is kept.
#[track_caller]
fn assert_flat(bytes: &[isize]) {
    let most = bytes[0].max(bytes[1]) + SLACK;
    assert!(bytes.iter().all(|bytes| *bytes <= most), "{bytes:?}");
}

/// The rounds, on each kind of runtime.
fn flat(round: impl AsyncFn()) {
    let _alone = alone();
    let many = [1, 2, 4].map(|workers| Builder::new().workers(workers));
    for builder in many.into_iter().chain([Builder::new().current_thread()]) {
        // Few, so that the first rounds start all of them: a thread is no leak.
        let runtime = builder.blocking_threads(4).build().unwrap();
        let bytes = [(); ROUNDS].map(|()| {
            runtime.block_on(round());
            rest(&runtime);
            counting::live()
        });
        assert_flat(&bytes);
    }
}

/// Until no task is left, detached or joined: a handle may be ready before its cell is freed.
fn rest(runtime: &Runtime) {
    while !runtime.dump().tasks.is_empty() {
        runtime.block_on(heist::yield_now());
    }
}

#[test]
fn tasks_that_are_joined() {
    flat(async || {
        let tasks: Vec<_> = (0..TASKS)
            .map(|n| heist::spawn(async move { vec![n; 10] }))
            .collect();
        for task in tasks {
            drop(task.await.unwrap());
        }
    });
}

#[test]
fn tasks_that_are_detached() {
    flat(async || {
        for n in 0..TASKS {
            heist::spawn(async move { vec![n; 10] });
        }
    });
}

#[test]
fn tasks_that_are_aborted() {
    flat(async || {
        let tasks: Vec<_> = (0..TASKS)
            .map(|n| {
                heist::spawn(async move {
                    let _held = Box::new([n; 10]);
                    pending::<()>().await;
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            if n % 2 == 0 {
                drop(task.abort_on_drop());
            } else {
                assert!(task.cancel().await.is_err());
            }
        }
    });
}

#[test]
fn local_tasks() {
    flat(async || {
        let tasks: Vec<_> = (0..TASKS)
            .map(|n| heist::spawn_local(async move { std::rc::Rc::new(vec![n; 10]) }))
            .collect();
        for task in tasks.into_iter().skip(TASKS / 2) {
            drop(task.await.unwrap());
        }
        // The others end here, detached.
        heist::yield_now().await;
    });
}

#[test]
fn timeouts_that_elapse() {
    flat(async || {
        let tasks: Vec<_> = (0..TASKS)
            .map(|n| {
                let timeout = Duration::from_micros(n as u64);
                heist::spawn(heist::timeout(timeout, pending::<()>()))
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_err());
        }
    });
}

#[test]
fn timeouts_that_do_not_elapse() {
    flat(async || {
        let hour = Duration::from_secs(3600);
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| heist::spawn(heist::timeout(hour, heist::yield_now())))
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_ok());
        }
    });
}

#[test]
fn blocking_closures() {
    flat(async || {
        let tasks: Vec<_> = (0..TASKS / 10)
            .map(|n| heist::spawn_blocking(move || vec![n; 10]))
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            if n % 2 == 0 {
                task.abort();
            }
            drop(task.await);
        }
    });
}

#[test]
fn panics() {
    flat(async || {
        for _ in 0..TASKS / 10 {
            assert!(
                heist::spawn(async { panic!("of {}", 10) })
                    .await
                    .unwrap_err()
                    .is_panic()
            );
        }
    });
}

#[test]
fn wakers_and_handles_that_outlive_their_tasks() {
    flat(async || {
        let mut kept = Vec::new();
        for _ in 0..TASKS {
            let (send, receive) = futures::channel::oneshot::channel();
            let mut send = Some(send);
            let task = heist::spawn(poll_fn(move |cx| {
                drop(send.take().unwrap().send(cx.waker().clone()));
                Poll::Ready(vec![0; 10])
            }));
            kept.push((receive.await.unwrap(), task.abort_handle(), task));
        }
        for (waker, abort, task) in kept {
            waker.wake_by_ref();
            abort.abort();
            drop(task);
            waker.wake();
        }
    });
}

heist::task_local! {
    static NUMBER: Vec<usize>;
}

/// A task that sets a value and spawns the next, `left` times.
fn generation(left: usize, last: futures::channel::oneshot::Sender<isize>) {
    heist::spawn(NUMBER.scope(vec![left; 100], async move {
        assert_eq!(NUMBER.with(|number| number[0]), left);
        if left == 0 {
            let _ = last.send(counting::live());
        } else {
            generation(left - 1, last);
        }
    }));
}

#[test]
fn task_local_values_of_ancestors() {
    flat(async || {
        let before = counting::live();
        let (last, end) = futures::channel::oneshot::channel();
        generation(TASKS, last);
        let grown = end.await.unwrap() - before;
        assert!(grown < SLACK, "the last of {TASKS} carries {grown} bytes");
    });
}

#[test]
fn runtimes() {
    let _alone = alone();
    let bytes = [(); ROUNDS].map(|()| {
        for workers in [1, 4] {
            Builder::new()
                .workers(workers)
                .run(async {
                    for _ in 0..100 {
                        heist::spawn(pending::<()>());
                    }
                    heist::spawn_blocking(|| ()).await.unwrap();
                    heist::sleep(Duration::from_micros(10)).await;
                })
                .unwrap();
        }
        counting::live()
    });
    assert_flat(&bytes);
}

#[test]
fn runtimes_whose_handles_and_wakers_outlive_them() {
    let _alone = alone();
    let bytes = [(); ROUNDS].map(|()| {
        let runtime = Builder::new().workers(2).build().unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        let mut kept: Vec<_> = (0..TASKS)
            .map(|n| {
                let send = send.clone();
                let task = runtime.spawn(poll_fn(move |cx| {
                    send.send(cx.waker().clone()).unwrap();
                    Poll::Ready(vec![n; 10])
                }));
                (receive.recv().unwrap(), task.abort_handle(), task)
            })
            .collect();
        drop(runtime);
        let half = kept.split_off(TASKS / 2);
        // Two threads: each may have the last.
        let other = std::thread::spawn(move || drop(half));
        drop(kept);
        other.join().unwrap();
        counting::live()
    });
    assert_flat(&bytes);
}
