//! The end of a runtime, of a `block_on` and of a closure, raced by everybody else.
//!
//! Without optimisation there are fewer rounds. Everything that a test makes is counted, and gone
//! in the end, once.

#[path = "support/guard.rs"]
mod guard;
#[path = "support/mod.rs"]
mod support;

use guard::{Alive, Guard};
use heist::{Builder, Handle, JoinHandle, Runtime, task::AbortHandle};
use std::{
    future::{pending, poll_fn},
    pin::Pin,
    sync::{Arc, Barrier, Mutex},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};
use support::{scaled, watch, watch_of};

const MILLISECOND: Duration = Duration::from_millis(1);

/// What foreign threads have to do with, in common.
#[derive(Default)]
struct Common {
    alive: Alive,
    wakers: Mutex<Vec<Waker>>,
    joins: Mutex<Vec<JoinHandle<Guard>>>,
    aborts: Mutex<Vec<AbortHandle>>,
}

impl Common {
    /// A task that hands out its waker at each poll, and ends at some poll, or never.
    fn spawn(self: &Arc<Self>, handle: &Handle) {
        let (this, guard) = (self.clone(), self.alive.guard());
        let (mut output, mut polls) = (Some(self.alive.guard()), fastrand::u32(0..4));
        let task = handle.spawn(poll_fn(move |cx| {
            let _held = &guard;
            if polls == 1 {
                return Poll::Ready(output.take().unwrap());
            }
            polls = polls.saturating_sub(1);
            let waker = cx.waker().clone();
            this.wakers.lock().unwrap().push(waker);
            Poll::Pending
        }));
        self.aborts.lock().unwrap().push(task.abort_handle());
        self.joins.lock().unwrap().push(task);
    }

    /// One of the things that may happen to a task.
    fn disturb(&self, handle: &Handle, this: &Arc<Self>) {
        let waker = || pick(&self.wakers);
        match fastrand::u32(0..8) {
            0 | 1 => this.spawn(handle),
            2 => waker().into_iter().for_each(Waker::wake),
            3 => waker().into_iter().for_each(|waker| {
                waker.wake_by_ref();
                drop(waker.clone());
            }),
            4 => pick(&self.aborts)
                .into_iter()
                .for_each(|abort| abort.abort()),
            5 => drop(pick(&self.joins)),
            _ => {
                // A join polled with one waker after the other, and perhaps dropped.
                let Some(mut join) = pick(&self.joins) else {
                    return;
                };
                for _ in 0..3 {
                    let waker = waker().unwrap_or_else(|| Waker::noop().clone());
                    let mut cx = Context::from_waker(&waker);
                    if Pin::new(&mut join).poll(&mut cx).is_ready() {
                        return;
                    }
                }
                self.joins.lock().unwrap().push(join);
            }
        }
    }

    fn clear(&self) {
        // User code runs in these drops, and may come back: not under the lock.
        let joins = std::mem::take(&mut *self.joins.lock().unwrap());
        let aborts = std::mem::take(&mut *self.aborts.lock().unwrap());
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap());
        drop((joins, aborts, wakers));
    }
}

fn pick<T>(from: &Mutex<Vec<T>>) -> Option<T> {
    let mut from = from.lock().unwrap();
    let len = from.len();
    (len > 0).then(|| from.swap_remove(fastrand::usize(..len)))
}

/// Rounds in which four foreign threads disturb a runtime while `end` ends it.
fn storm(builder: &Builder, end: impl Fn(Runtime, &Barrier)) {
    for round in 0..scaled(1600) {
        let runtime = builder.clone().build().unwrap();
        let _watch = watch_of(runtime.handle().clone(), format!("round {round}"));
        let common = Arc::new(Common::default());
        let begin = Arc::new(Barrier::new(5));
        let foreign: Vec<_> = (0..4)
            .map(|_| {
                let (handle, common) = (runtime.handle().clone(), common.clone());
                let begin = begin.clone();
                thread::spawn(move || {
                    begin.wait();
                    for _ in 0..100 {
                        common.disturb(&handle, &common);
                    }
                })
            })
            .collect();
        end(runtime, &begin);
        foreign
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        common.clear();
        assert_eq!(common.alive.count(), 0, "round {round}");
    }
}

#[test]
fn foreign_threads_race_the_end_of_the_runtime() {
    for workers in [1, 2, 4] {
        storm(&Builder::new().workers(workers), |runtime, begin| {
            begin.wait();
            if fastrand::bool() {
                runtime.block_on(heist::yield_now());
            }
            drop(runtime);
        });
    }
}

#[test]
fn foreign_threads_race_the_seat_of_a_current_thread_runtime() {
    storm(&Builder::new().current_thread(), |runtime, begin| {
        let runtime = Arc::new(runtime);
        begin.wait();
        let inside = runtime.clone();
        let other = thread::spawn(move || {
            for _ in 0..10 {
                inside.block_on(heist::yield_now());
            }
        });
        for _ in 0..10 {
            runtime.block_on(async { heist::spawn(heist::yield_now()).await.unwrap() });
        }
        other.join().unwrap();
    });
}

#[test]
fn foreign_wakes_race_the_end_of_the_runtime() {
    for round in 0..scaled(4000) {
        let alive = Alive::default();
        let runtime = Builder::new().workers(1 + round % 3).build().unwrap();
        let _watch = watch_of(runtime.handle().clone(), format!("round {round}"));
        let (send, receive) = std::sync::mpsc::channel();
        for _ in 0..20 {
            let (send, guard) = (send.clone(), alive.guard());
            runtime.spawn(poll_fn(move |cx| {
                let _held = &guard;
                let _ = send.send(cx.waker().clone());
                Poll::<()>::Pending
            }));
        }
        drop(send);
        let wakers: Vec<_> = receive.iter().take(20).collect();
        let begin = Arc::new(Barrier::new(3));
        let waking: Vec<_> = wakers
            .chunks(10)
            .map(|wakers| {
                let (wakers, begin) = (wakers.to_vec(), begin.clone());
                thread::spawn(move || {
                    begin.wait();
                    for _ in 0..20 {
                        wakers.iter().for_each(Waker::wake_by_ref);
                    }
                    wakers.into_iter().for_each(Waker::wake);
                })
            })
            .collect();
        begin.wait();
        drop(runtime);
        assert_eq!(alive.count(), 0);
        waking.into_iter().for_each(|thread| thread.join().unwrap());
        drop((wakers, receive));
    }
}

#[test]
fn local_tasks_are_woken_from_everywhere_and_end_with_their_block_on() {
    let runtimes = [Builder::new().workers(2), Builder::new().current_thread()];
    for builder in runtimes {
        let runtime = builder.build().unwrap();
        let _watch = watch_of(runtime.handle().clone(), "local".to_string());
        for _ in 0..scaled(2000) {
            let alive = Alive::default();
            let wakers = runtime.block_on(async {
                let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
                let mut tasks = Vec::new();
                for n in 0..20 {
                    let (shown, guard) = (wakers.clone(), std::rc::Rc::new(alive.guard()));
                    let mut polls = 0;
                    tasks.push(heist::spawn_local(poll_fn(move |cx| {
                        let _held = &guard;
                        shown.lock().unwrap().push(cx.waker().clone());
                        polls += 1;
                        if polls > n {
                            Poll::Ready(())
                        } else {
                            Poll::Pending
                        }
                    })));
                }
                for _ in 0..5 {
                    let woken = wakers.clone();
                    let wake = move || {
                        let wakers = woken.lock().unwrap().clone();
                        wakers.iter().for_each(Waker::wake_by_ref);
                    };
                    let thread = thread::spawn(wake.clone());
                    heist::spawn(async move { wake() }).await.unwrap();
                    heist::yield_now().await;
                    thread.join().unwrap();
                }
                drop(tasks.split_off(10));
                tasks.into_iter().for_each(|task| task.abort());
                wakers
            });
            assert_eq!(alive.count(), 0);
            // They may outlive it, and be used.
            let wakers = std::mem::take(&mut *wakers.lock().unwrap());
            thread::spawn(|| wakers.into_iter().for_each(Waker::wake))
                .join()
                .unwrap();
        }
    }
}

#[test]
fn local_tasks_of_workers_end_with_the_runtime() {
    for round in 0..scaled(1000) {
        let alive = Alive::default();
        let held = alive.clone();
        let spawn_local = move || {
            let guard = std::rc::Rc::new(held.guard());
            heist::spawn_local(async move {
                let _held = guard;
                heist::sleep(MILLISECOND * fastrand::u32(..3)).await;
                if fastrand::bool() {
                    pending::<()>().await;
                }
            })
        };
        let root = async move {
            let _watch = watch(format!("round {round}"));
            for _ in 0..20 {
                let spawn_local = spawn_local.clone();
                heist::spawn(async move {
                    for n in 0..5 {
                        let task = spawn_local();
                        if n % 2 == 0 {
                            task.abort();
                        }
                    }
                });
            }
            heist::sleep(MILLISECOND).await;
        };
        Builder::new().workers(1 + round % 4).run(root).unwrap();
        assert_eq!(alive.count(), 0, "round {round}");
    }
}

#[test]
fn blocking_closures_race_aborts_and_the_end_of_the_runtime() {
    for round in 0..scaled(1000) {
        let alive = Alive::default();
        let runtime = Builder::new()
            .workers(2)
            .blocking_threads(3)
            .build()
            .unwrap();
        let _watch = watch_of(runtime.handle().clone(), format!("round {round}"));
        let mut tasks: Vec<_> = (0..50)
            .map(|_| {
                let guard = alive.guard();
                runtime.handle().spawn_blocking(move || guard)
            })
            .collect();
        for task in tasks.split_off(25) {
            task.abort();
        }
        runtime.block_on(async {
            for task in tasks.split_off(10) {
                drop(task.await);
            }
        });
        drop(runtime);
        drop(tasks);
        assert_eq!(alive.count(), 0, "round {round}");
    }
}

#[test]
fn runtimes_start_and_end_by_the_hundred() {
    for round in 0..scaled(4000) {
        let workers = 1 + round % 5;
        let sum = Builder::new()
            .workers(workers)
            .run(async {
                let tasks: Vec<_> = (0..3).map(|n| heist::spawn(async move { n })).collect();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap();
                }
                sum
            })
            .unwrap();
        assert_eq!(sum, 3);
    }
}
