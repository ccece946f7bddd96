//! Nobody is held hostage: all workers but one are blocked, and what releases them must still run.
//!
//! Each blocked worker waits on a channel that only the promised progress can send to, so a broken
//! promise is a hang. The one free worker sleeps, or has a task that never lets it sleep, or a
//! timer that keeps waking it.

mod support;

use futures::{channel::oneshot, future::BoxFuture};
use heist::{Builder, Handle, JoinHandle};
use std::{
    future::{pending, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};
use support::{watch, watch_of};

/// What the worker that is not blocked does besides.
#[derive(Debug, Clone, Copy)]
enum Company {
    Nothing,
    /// A task that is always runnable.
    Yields,
    /// A timer that is due more often than the deputy looks.
    Ticks,
    /// Two tasks that wake each other, always by way of the LIFO slot.
    PingPong,
}

const COMPANIES: [Company; 4] = [
    Company::Nothing,
    Company::Yields,
    Company::Ticks,
    Company::PingPong,
];

const MILLISECOND: Duration = Duration::from_millis(1);

impl Company {
    fn spawn(self) -> Vec<JoinHandle<()>> {
        match self {
            Self::Nothing => vec![],
            Self::Yields => vec![heist::spawn(async {
                loop {
                    heist::yield_now().await;
                }
            })],
            Self::Ticks => vec![heist::spawn(async {
                loop {
                    heist::sleep(MILLISECOND).await;
                }
            })],
            Self::PingPong => {
                let (ping, pong) = futures::channel::mpsc::unbounded();
                let (gnop, gnip) = futures::channel::mpsc::unbounded();
                ping.unbounded_send(()).unwrap();
                vec![
                    heist::spawn(bounce(ping, gnip)),
                    heist::spawn(bounce(gnop, pong)),
                ]
            }
        }
    }
}

async fn bounce(
    to: futures::channel::mpsc::UnboundedSender<()>,
    mut from: futures::channel::mpsc::UnboundedReceiver<()>,
) {
    use futures::StreamExt;
    while from.next().await.is_some() && to.unbounded_send(()).is_ok() {}
}

/// Runs `round`, which blocks as many workers as it is told, all but one, in each company.
fn all_but_one_blocked(round: fn(usize) -> BoxFuture<'static, ()>) {
    for workers in [2, 4] {
        for company in COMPANIES {
            let root = async move {
                let _watch = watch(format!("{workers} workers, {company:?}"));
                let company = company.spawn();
                for _ in 0..5 {
                    round(workers - 1).await;
                }
                for task in company {
                    task.abort();
                }
            };
            Builder::new().workers(workers).run(root).unwrap();
        }
    }
}

/// Spawns tasks that block their workers together, each in `block`, and waits for their ends.
async fn block(workers: usize, block: impl Fn() + Clone + Send + 'static) {
    let together = Arc::new(Barrier::new(workers));
    let blocked: Vec<_> = (0..workers)
        .map(|_| {
            let (together, block) = (together.clone(), block.clone());
            heist::spawn(async move {
                together.wait();
                block();
            })
        })
        .collect();
    for task in blocked {
        task.await.unwrap();
    }
}

/// Blocks until as many have sent as were made.
fn wait_for(senders: usize, mut start: impl FnMut(mpsc::Sender<()>)) {
    let (send, receive) = mpsc::channel();
    for _ in 0..senders {
        start(send.clone());
    }
    drop(send);
    for _ in 0..senders {
        receive.recv().expect("it ran");
    }
}

#[test]
fn a_job_in_the_slot_of_a_blocked_worker_runs() {
    all_but_one_blocked(|workers| {
        Box::pin(block(workers, || {
            wait_for(1, |done| {
                drop(heist::spawn(async move { done.send(()).unwrap() }))
            });
        }))
    });
}

#[test]
fn the_jobs_in_the_queue_of_a_blocked_worker_run() {
    all_but_one_blocked(|workers| {
        Box::pin(block(workers, || {
            wait_for(100, |done| {
                drop(heist::spawn(async move { done.send(()).unwrap() }))
            });
        }))
    });
}

#[test]
fn jobs_that_a_blocked_worker_has_woken_run() {
    all_but_one_blocked(|workers| {
        Box::pin(async move {
            let waiting: Vec<_> = (0..workers)
                .map(|_| {
                    let (wake, wait) = oneshot::channel();
                    let (done, is_done) = mpsc::channel();
                    heist::spawn(async move {
                        wait.await.unwrap();
                        done.send(()).unwrap();
                    });
                    (wake, is_done)
                })
                .collect();
            let waiting = Arc::new(Mutex::new(waiting));
            block(workers, move || {
                let (wake, is_done) = waiting.lock().unwrap().pop().unwrap();
                wake.send(()).unwrap();
                is_done.recv().unwrap();
            })
            .await;
        })
    });
}

#[test]
fn a_task_spawned_from_outside_runs() {
    all_but_one_blocked(|workers| {
        let handle = Handle::current();
        Box::pin(block(workers, move || {
            wait_for(10, |done| {
                let handle = handle.clone();
                thread::spawn(move || handle.spawn(async move { done.send(()).unwrap() }));
            });
        }))
    });
}

/// Sends when it is woken.
struct SendOnWake(mpsc::Sender<()>);

impl Wake for SendOnWake {
    fn wake(self: Arc<Self>) {
        self.0.send(()).unwrap();
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_timer_in_the_shard_of_a_blocked_worker_fires() {
    all_but_one_blocked(|workers| {
        Box::pin(block(workers, || {
            for milliseconds in [0, 1, 7] {
                let mut sleep = pin!(heist::sleep(MILLISECOND / 10 + MILLISECOND * milliseconds));
                wait_for(1, |done| {
                    let waker = Waker::from(Arc::new(SendOnWake(done)));
                    assert!(poll_once(sleep.as_mut(), &waker).is_pending());
                });
            }
        }))
    });
}

#[test]
fn the_result_of_a_blocking_closure_arrives() {
    all_but_one_blocked(|workers| {
        Box::pin(block(workers, || {
            wait_for(3, |done| {
                heist::spawn(async move {
                    heist::spawn_blocking(|| ()).await.unwrap();
                    done.send(()).unwrap();
                });
            });
        }))
    });
}

#[test]
fn the_root_of_run_goes_on() {
    all_but_one_blocked(|workers| {
        Box::pin(async move {
            let together = Arc::new(Barrier::new(workers));
            let mut blocked = Vec::new();
            for _ in 0..workers {
                let (began, begun) = oneshot::channel();
                let (release, released) = mpsc::channel::<()>();
                let together = together.clone();
                let task = heist::spawn(async move {
                    together.wait();
                    began.send(()).unwrap(); // wakes the root, into this worker's slot
                    released.recv().unwrap();
                });
                blocked.push((task, begun, release));
            }
            for (task, begun, release) in blocked {
                begun.await.unwrap();
                release.send(()).unwrap();
                task.await.unwrap();
            }
        })
    });
}

#[test]
fn the_root_of_block_on_goes_on_with_every_worker_blocked() {
    for workers in [1, 2, 4] {
        let runtime = Builder::new().workers(workers).build().unwrap();
        runtime.block_on(async {
            let _watch = watch(format!("{workers} workers"));
            let (mut blocked, mut releases) = (Vec::new(), Vec::new());
            for _ in 0..workers {
                let (began, begun) = oneshot::channel();
                let (release, released) = mpsc::channel::<()>();
                blocked.push(heist::spawn(async move {
                    began.send(()).unwrap();
                    released.recv().unwrap();
                }));
                releases.push((begun, release));
            }
            // All of them are blocked, each on its own channel, and a local task still runs.
            let mut begun = Vec::new();
            for (began, release) in releases {
                began.await.unwrap();
                begun.push(release);
            }
            heist::spawn_local(async move {
                heist::yield_now().await;
                begun
                    .into_iter()
                    .for_each(|release| release.send(()).unwrap());
            })
            .await
            .unwrap();
            for task in blocked {
                task.await.unwrap();
            }
        });
    }
}

#[test]
fn jobs_run_while_a_foreign_waker_blocks_the_thread_that_fires_timers() {
    for workers in [2, 4] {
        let root = async move {
            let _watch = watch(format!("{workers} workers"));
            let handle = Handle::current();
            for _ in 0..10 {
                let (blocked, block) = mpsc::channel();
                let (over, is_over) = oneshot::channel();
                let handle = handle.clone();
                let wake = move || {
                    blocked.send(()).unwrap();
                    let (done, is_done) = mpsc::channel();
                    let spawn = move || handle.spawn(async move { done.send(()).unwrap() });
                    drop(thread::spawn(spawn).join().unwrap());
                    is_done.recv().unwrap();
                    over.send(()).unwrap();
                };
                let waker = Waker::from(Arc::new(Call(Mutex::new(Some(wake)))));
                let mut sleep = pin!(heist::sleep(MILLISECOND));
                assert!(poll_once(sleep.as_mut(), &waker).is_pending());
                is_over.await.unwrap();
                block.recv().unwrap();
            }
        };
        Builder::new().workers(workers).run(root).unwrap();
    }
}

/// Calls a function when it is woken first.
struct Call<F>(Mutex<Option<F>>);

impl<F: FnOnce() + Send + 'static> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        let call = self.0.lock().unwrap().take();
        if let Some(call) = call {
            call();
        }
    }
}

#[test]
fn timers_and_spawns_from_outside_run_beside_tasks_that_are_always_runnable() {
    for workers in [1, 2, 4] {
        let root = async move {
            let _watch = watch(format!("{workers} workers"));
            let busy: Vec<_> = (0..workers * 3)
                .flat_map(|_| Company::Yields.spawn())
                .collect();
            let pairs: Vec<_> = (0..workers)
                .flat_map(|_| Company::PingPong.spawn())
                .collect();
            let local = heist::spawn_local(async {
                for _ in 0..20 {
                    heist::sleep(MILLISECOND).await;
                }
            });
            let handle = Handle::current();
            let outside = thread::spawn(move || {
                for _ in 0..50 {
                    wait_for(1, |done| {
                        drop(handle.spawn(async move { done.send(()).unwrap() }))
                    });
                }
            });
            let ticks = heist::spawn(async {
                for _ in 0..20 {
                    heist::sleep(MILLISECOND).await;
                }
            });
            ticks.await.unwrap();
            local.await.unwrap();
            heist::spawn_blocking(|| outside.join().unwrap())
                .await
                .unwrap();
            busy.into_iter().chain(pairs).for_each(|task| task.abort());
        };
        Builder::new().workers(workers).run(root).unwrap();
    }
}

#[test]
fn a_task_that_wakes_itself_lets_its_neighbours_run() {
    let runtime = Builder::new().current_thread().build().unwrap();
    runtime.block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let selfish = heist::spawn(poll_fn(move |cx| {
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            if stopped.load(SeqCst) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        let setter = heist::spawn(async move { stop.store(true, SeqCst) });
        setter.await.unwrap();
        selfish.await.unwrap();
    });
}

#[test]
fn an_abort_reaches_a_task_while_all_but_one_are_blocked() {
    all_but_one_blocked(|workers| {
        Box::pin(async move {
            let sleeping: Vec<_> = (0..workers)
                .map(|_| {
                    let (held, gone) = mpsc::channel::<()>();
                    let task = heist::spawn(async move {
                        let _held = held;
                        pending::<()>().await;
                    });
                    (task, gone)
                })
                .collect();
            let sleeping = Arc::new(Mutex::new(sleeping));
            block(workers, move || {
                let (task, gone) = sleeping.lock().unwrap().pop().unwrap();
                task.abort();
                gone.recv().expect_err("its future is dropped");
            })
            .await;
        })
    });
}

#[test]
fn a_blocking_closure_may_poll_more_than_a_tasks_budget() {
    let runtime = Arc::new(Builder::new().workers(2).build().unwrap());
    let inner = runtime.clone();
    let count = runtime.block_on(runtime.handle().spawn_blocking(move || {
        inner.block_on(async {
            for n in 0..1000 {
                assert_eq!(heist::spawn(async move { n }).await.unwrap(), n);
            }
            1000
        })
    }));
    assert_eq!(count.unwrap(), 1000);
}

/// With polls of two milliseconds, what comes from outside waits for few of them, not for as many
/// as it would if they were fast.
#[test]
fn slow_polls_are_looked_up_from_more_often() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let _watch = watch_of(runtime.handle().clone(), "slow polls".to_string());
    let polls = Arc::new(AtomicUsize::new(0));
    let slow = [(); 2].map(|()| {
        let polls = polls.clone();
        runtime.spawn(async move {
            loop {
                thread::sleep(2 * MILLISECOND);
                polls.fetch_add(1, SeqCst);
                heist::yield_now().await;
            }
        })
    });
    while polls.load(SeqCst) < 20 {
        thread::yield_now();
    }
    for _ in 0..20 {
        let (tell, told) = mpsc::channel();
        let counted = polls.clone();
        runtime.spawn(async move { tell.send(counted.load(SeqCst)).unwrap() });
        let pushed = polls.load(SeqCst);
        let ran = told.recv().unwrap();
        assert!(ran <= pushed + 3, "pushed at {pushed}, ran at {ran}");
    }
    slow.iter().for_each(JoinHandle::abort);
}
