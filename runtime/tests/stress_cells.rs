//! The memory of tasks, used again and again by tasks of other types, threads and runtimes.
//!
//! Each task knows which bytes it holds. Who takes another's memory, or gives it away too early,
//! is noticed by the one or the other.

#[path = "support/guard.rs"]
mod guard;
#[path = "support/known.rs"]
mod known;
#[path = "support/mod.rs"]
mod support;

use futures::executor::block_on;
use guard::{Alive, Guard};
use heist::{
    Builder, Handle, JoinHandle, Runtime, block_in_place,
    task::{AbortHandle, Builder as Task, CancelReason, JoinError},
    yield_now,
};
use known::{By32, By64, By4096, Bytes, Known};
use std::{
    any::Any,
    array,
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};
use support::{scaled, watch_of};

const LONG: Duration = Duration::from_secs(60);

/// Notices a panic also of a task that nobody joins.
struct Witness {
    broken: Arc<AtomicBool>,
    _guard: Guard,
}

impl Drop for Witness {
    fn drop(&mut self) {
        if thread::panicking() {
            self.broken.store(true, SeqCst);
        }
    }
}

/// Holds its bytes over some polls, and returns them.
async fn hold<K: Known>(seed: usize, polls: usize, witness: Witness) -> (K, Witness) {
    let known = K::of(seed);
    for _ in 0..polls {
        yield_now().await;
        known.assert_is(seed);
    }
    (known, witness)
}

/// A task, whatever it returns.
trait Held: Send {
    fn abort_handle(&self) -> AbortHandle;
    /// Looks at the output, if the task is finished.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

struct Holder<K> {
    seed: usize,
    task: JoinHandle<(K, Witness)>,
}

impl<K: Known> Held for Holder<K> {
    fn abort_handle(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.task)
            .poll(cx)
            .map(|joined| match joined {
                Ok((known, _)) => known.assert_is(self.seed),
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            })
    }
}

fn join(held: &mut dyn Held) {
    block_on(std::future::poll_fn(|cx| held.poll(cx)));
}

/// What all threads take from and give to.
#[derive(Default)]
struct Common {
    alive: Alive,
    broken: Arc<AtomicBool>,
    held: Mutex<Vec<Box<dyn Held>>>,
    kept: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Common {
    fn spawn(&self, handle: &Handle) {
        let held: Box<dyn Held> = match fastrand::u8(0..12) {
            0 => self.hold::<Bytes<0>>(handle),
            1 => self.hold::<Bytes<1>>(handle),
            2 => self.hold::<Bytes<16>>(handle),
            3 => self.hold::<Bytes<17>>(handle),
            4 => self.hold::<Bytes<200>>(handle),
            5 => self.hold::<Bytes<{ 2048 + 1 }>>(handle),
            6 => self.hold::<Bytes<{ 20 * 1024 }>>(handle),
            7 => self.hold::<By32<1>>(handle),
            8 => self.hold::<By64<100>>(handle),
            9 => self.hold::<By4096<1>>(handle),
            _ => self.hold::<Bytes<64>>(handle),
        };
        self.held.lock().unwrap().push(held);
    }

    fn hold<K: Known>(&self, handle: &Handle) -> Box<dyn Held> {
        let witness = Witness {
            broken: self.broken.clone(),
            _guard: self.alive.guard(),
        };
        let (seed, polls) = (fastrand::usize(..1000), fastrand::usize(..5));
        let task = handle.spawn(hold::<K>(seed, polls, witness));
        Box::new(Holder { seed, task })
    }

    fn pick(&self) -> Option<Box<dyn Held>> {
        let mut held = self.held.lock().unwrap();
        let len = held.len();
        (len > 0).then(|| held.swap_remove(fastrand::usize(..len)))
    }

    /// Takes a task's end to whatever thread and runtime this is.
    fn disturb(&self) {
        let Some(mut held) = self.pick() else {
            return;
        };
        match fastrand::u8(0..6) {
            0 => held.abort_handle().abort(),
            1 => drop(held),
            2 => {
                let abort = held.abort_handle();
                self.kept.lock().unwrap().push(Box::new(abort));
                drop(held);
            }
            3 => drop(self.kept.lock().unwrap().pop()),
            _ => {
                let mut cx = Context::from_waker(Waker::noop());
                if held.poll(&mut cx).is_pending() {
                    self.held.lock().unwrap().push(held);
                }
            }
        }
    }

    /// From one of the runtime's own threads.
    fn inside(self: &Arc<Self>, handle: &Handle) {
        let (common, inner) = (self.clone(), handle.clone());
        let root = async move {
            for _ in 0..4 {
                common.spawn(&inner);
                common.disturb();
                yield_now().await;
            }
            block_in_place(|| {
                common.spawn(&inner);
                common.disturb();
                let nested = Builder::new().current_thread().build().unwrap();
                nested.block_on(async {
                    common.spawn(nested.handle());
                    common.disturb();
                });
                nested.shutdown(LONG).unwrap();
            });
            common.spawn(&inner);
            common.disturb();
        };
        let task = handle.spawn(root);
        self.kept.lock().unwrap().push(Box::new(task));
    }

    fn assert_over(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        for mut held in held {
            join(&mut *held);
        }
        self.kept.lock().unwrap().clear();
        assert!(!self.broken.load(SeqCst), "some task has lost its bytes");
        assert_eq!(self.alive.count(), 0);
    }
}

#[test]
fn each_task_keeps_its_bytes_while_tasks_and_runtimes_come_and_go() {
    for round in 0..scaled(160) {
        let build = move || Arc::new(Builder::new().workers(1 + round % 3).build().unwrap());
        let runtimes: [Mutex<Arc<Runtime>>; 2] = array::from_fn(|_| Mutex::new(build()));
        let common = Arc::new(Common::default());
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let place = &runtimes[fastrand::usize(..2)];
                        let runtime = place.lock().unwrap().clone();
                        match fastrand::u8(0..40) {
                            0 => {
                                let old = std::mem::replace(&mut *place.lock().unwrap(), build());
                                // Whoever drops it last ends it.
                                drop((old, runtime));
                            }
                            1 | 2 => common.inside(runtime.handle()),
                            3..20 => common.spawn(runtime.handle()),
                            _ => common.disturb(),
                        }
                    }
                });
            }
        });
        let _watches = runtimes.each_ref().map(|runtime| {
            let handle = runtime.lock().unwrap().handle().clone();
            watch_of(handle, format!("round {round}"))
        });
        // Some of the tasks end after their runtime, and some of the handles.
        if round % 2 == 0 {
            drop(runtimes);
            common.assert_over();
        } else {
            join_all(&common);
            drop(runtimes);
            common.assert_over();
        }
    }
}

/// While their runtimes are there.
fn join_all(common: &Common) {
    while let Some(mut held) = common.pick() {
        join(&mut *held);
    }
}

#[test]
fn outputs_of_any_size_and_alignment_come_out_whole() {
    let runtimes = [Builder::new().workers(2), Builder::new().current_thread()];
    for runtime in runtimes {
        let runtime = runtime.build().unwrap();
        let _watch = watch_of(runtime.handle().clone(), String::from("outputs"));
        for seed in 0..3 {
            comes_out_whole::<Bytes<0>>(&runtime, seed);
            comes_out_whole::<Bytes<1>>(&runtime, seed);
            comes_out_whole::<Bytes<16>>(&runtime, seed);
            comes_out_whole::<Bytes<17>>(&runtime, seed);
            comes_out_whole::<Bytes<2047>>(&runtime, seed);
            comes_out_whole::<Bytes<{ 2048 + 1 }>>(&runtime, seed);
            comes_out_whole::<Bytes<{ 100 * 1024 }>>(&runtime, seed);
            comes_out_whole::<By32<1>>(&runtime, seed);
            comes_out_whole::<By64<0>>(&runtime, seed);
            comes_out_whole::<By64<65>>(&runtime, seed);
            comes_out_whole::<By4096<1>>(&runtime, seed);
            comes_out_whole::<By4096<4097>>(&runtime, seed);
        }
    }
}

/// Several at a time, kept in a future as well as returned, by tasks and by closures.
fn comes_out_whole<K: Known>(runtime: &Runtime, seed: usize) {
    let returned = |seed| async move { K::of(seed) };
    let kept = |seed| async move {
        let known = K::of(seed);
        yield_now().await;
        known.assert_is(seed);
        known
    };
    runtime.block_on(async {
        let tasks: Vec<_> = (seed..seed + 5)
            .map(|seed| {
                let blocking = heist::spawn_blocking(move || K::of(seed));
                let local = heist::spawn_local(returned(seed));
                let tasks = [heist::spawn(returned(seed)), blocking, local];
                (seed, tasks, heist::spawn(kept(seed)))
            })
            .collect();
        for (seed, tasks, kept) in tasks {
            for task in tasks {
                task.await.unwrap().assert_is(seed);
            }
            kept.await.unwrap().assert_is(seed);
        }
    });
}

/// Tasks of two types that take each other's memory: what belongs to one says so.
mod kinds {
    use super::{JoinHandle, Task, yield_now};

    macro_rules! kinds {
        ($($name:ident)+) => {$(
            async fn $name(number: usize, polls: usize) -> usize {
                for _ in 0..polls {
                    yield_now().await;
                }
                number
            }
        )+};
    }

    kinds!(even odd);

    pub fn spawn(number: usize, polls: usize) -> JoinHandle<usize> {
        if number.is_multiple_of(2) {
            Task::new()
                .name(format!("even {number}"))
                .spawn(even(number, polls))
        } else {
            Task::new()
                .name(format!("odd {number}"))
                .spawn(odd(number, polls))
        }
    }
}

#[test]
fn a_dump_shows_whole_tasks_while_they_come_and_go() {
    let runtime = Builder::new().workers(2).build().unwrap();
    let _watch = watch_of(runtime.handle().clone(), String::from("dumps"));
    let is_over = AtomicBool::new(false);
    let churn = || {
        runtime.block_on(async {
            for round in 0..scaled(1600) {
                let mut tasks: Vec<_> = (0..20)
                    .map(|number| kinds::spawn(number, fastrand::usize(..4)))
                    .collect();
                drop(tasks.split_off(15));
                for task in tasks.split_off(10) {
                    task.abort();
                }
                for (number, task) in tasks.into_iter().enumerate() {
                    assert_eq!(task.await.unwrap(), number, "round {round}");
                }
            }
        });
    };
    thread::scope(|scope| {
        let looking = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut lines = HashMap::new();
                while !is_over.load(SeqCst) {
                    let dump = runtime.dump();
                    for task in &dump.tasks {
                        let name = task.task.name.as_deref().unwrap();
                        let (kind, _) = name.split_once(' ').unwrap();
                        assert!(task.type_name.contains(&format!("kinds::{kind}")), "{task}");
                        let line = task.task.spawned_at.line();
                        assert_eq!(
                            *lines.entry(kind.to_owned()).or_insert(line),
                            line,
                            "{task}"
                        );
                    }
                    let mut ids: Vec<_> = dump.tasks.iter().map(|task| task.task.id).collect();
                    ids.dedup();
                    assert_eq!(ids.len(), dump.tasks.len(), "each once: {dump}");
                }
            })
        });
        let spawning = [(); 2].map(|()| scope.spawn(churn));
        spawning
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        is_over.store(true, SeqCst);
        looking
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_seat_that_moves_takes_its_cells_along() {
    let runtime = Builder::new().current_thread().build().unwrap();
    let _watch = watch_of(runtime.handle().clone(), String::from("seat"));
    let common = Common::default();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..scaled(800) {
                    // Spawned at the seat, ended at the seat or elsewhere; and the other way round.
                    runtime.block_on(async {
                        (0..5).for_each(|_| common.spawn(runtime.handle()));
                        let local = heist::spawn_local(async { Bytes::<64>::of(1) });
                        common.disturb();
                        yield_now().await;
                        local.await.unwrap().assert_is(1);
                    });
                    common.disturb();
                    common.spawn(runtime.handle());
                }
            });
        }
    });
    // Half of them end with a runtime that still is.
    let half = common.held.lock().unwrap().len() / 2;
    runtime.block_on(async {
        for _ in 0..half {
            let mut held = common.pick().unwrap();
            std::future::poll_fn(|cx| held.poll(cx)).await;
        }
    });
    drop(runtime);
    common.assert_over();
}

/// What a spawn may come to while its runtime ends: its value, or the end.
fn assert_resolved(joined: Result<Bytes<64>, JoinError>, seed: usize) -> bool {
    match joined {
        Ok(known) => known.assert_is(seed),
        Err(error) => {
            assert_eq!(error.reason(), Some(&CancelReason::Shutdown));
            return false;
        }
    }
    true
}

#[test]
fn each_spawn_that_races_the_end_has_an_outcome() {
    for round in 0..scaled(800) {
        let runtime = Builder::new().workers(1 + round % 3).build().unwrap();
        let _watch = watch_of(runtime.handle().clone(), format!("round {round}"));
        let alive = Alive::default();
        let begin = Barrier::new(4);
        let race = |handle: Handle| {
            let mut tasks = Vec::new();
            begin.wait();
            // Until one comes too late.
            loop {
                let (seed, guard) = (tasks.len(), alive.guard());
                let task = async move {
                    yield_now().await;
                    drop(guard);
                    Bytes::<64>::of(seed)
                };
                tasks.push(handle.spawn(task));
                let guard = alive.guard();
                let closure = move || {
                    drop(guard);
                    Bytes::<64>::of(seed + 1)
                };
                tasks.push(handle.spawn_blocking(closure));
                let late = tasks.iter().rev().take(2).all(JoinHandle::is_finished);
                if late
                    && let Some(last) = tasks.pop()
                    && !assert_resolved(block_on(last), tasks.len())
                {
                    break;
                }
            }
            for (seed, task) in tasks.into_iter().enumerate() {
                assert_resolved(block_on(task), seed);
            }
        };
        thread::scope(|scope| {
            let races = [(); 3].map(|()| {
                let handle = runtime.handle().clone();
                scope.spawn(|| race(handle))
            });
            begin.wait();
            if round % 2 == 0 {
                runtime.block_on(yield_now());
            }
            drop(runtime);
            races.into_iter().for_each(|thread| thread.join().unwrap());
        });
        assert_eq!(alive.count(), 0, "round {round}");
    }
}
