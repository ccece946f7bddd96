//! Is a task polled by one thread at a time, finished once, joined, and freed?
//!
//! The scheduler is a list: whoever wakes a task runs what is on it. The list orders nothing, so
//! whatever order there is comes from the task's own state word.

use crate::check::{join, spawn};
use heist::{
    JoinHandle,
    internals::{
        First, Hint, Live, abort_all,
        cell::{Entry, Schedule},
        run, spawn as spawn_task,
    },
};
use heist_core::{
    job::Job,
    primitive::{
        Arc, UnsafeCell,
        atomic::{AtomicUsize, Ordering},
    },
    waker::{WakeTarget, waker},
};
use std::{
    panic::Location,
    pin::{Pin, pin},
    sync::{
        Arc as Plain, Mutex as PlainMutex,
        atomic::{AtomicUsize as Count, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

/// Scheduled by being put on a list.
enum Listed {}

struct List {
    jobs: PlainMutex<Vec<Job>>,
    live: Live,
}

impl Schedule for Listed {
    type Owner = List;
    type Route = Arc<List>;

    fn route(owner: &Arc<List>) -> Arc<List> {
        owner.clone()
    }

    fn send(list: Arc<List>, job: Job, _: Hint) {
        list.jobs.lock().unwrap().push(job);
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        run(entry);
    }

    fn live(owner: &List) -> &Live {
        &owner.live
    }
}

impl List {
    /// Runs what is on the list, as some worker would.
    fn run(&self) {
        while let Some(job) = self.next() {
            job.run();
        }
    }

    fn next(&self) -> Option<Job> {
        self.jobs.lock().unwrap().pop()
    }
}

/// What happened to the future and the output. For the model only: it adds no order.
#[derive(Default)]
struct Fate {
    futures_dropped: Count,
    outputs_dropped: Count,
    polls: Count,
    wakers: PlainMutex<Vec<Waker>>,
}

/// Something that loom sees being touched.
struct Touched(UnsafeCell<u32>);

impl Touched {
    fn touch(&self) {
        // SAFETY: loom checks that nobody else is here.
        self.0.with_mut(|touched| unsafe { *touched += 1 });
    }
}

struct Output(Touched, Plain<Fate>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.touch();
        self.1.outputs_dropped.fetch_add(1, Relaxed);
    }
}

/// Pending, with `wakers` clones of its waker left in its fate, until `ready`.
struct Probe<R> {
    touched: Touched,
    fate: Plain<Fate>,
    wakers: usize,
    ready: R,
}

impl<R: FnMut() -> bool + Unpin> Future for Probe<R> {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.touched.touch();
        if self.fate.polls.fetch_add(1, Relaxed) == 0 {
            let clones = (0..self.wakers).map(|_| cx.waker().clone());
            self.fate.wakers.lock().unwrap().extend(clones);
        }
        if !(self.ready)() {
            return Poll::Pending;
        }
        Poll::Ready(Output(Touched(UnsafeCell::new(0)), self.fate.clone()))
    }
}

impl<R> Drop for Probe<R> {
    fn drop(&mut self) {
        self.touched.touch();
        self.fate.futures_dropped.fetch_add(1, Relaxed);
    }
}

/// One execution's task and what is known of it.
struct World {
    list: Arc<List>,
    fate: Plain<Fate>,
}

impl World {
    /// A task that is on the list. loom sees a cell that leaks, because it holds the list.
    fn spawn(
        wakers: usize,
        ready: impl FnMut() -> bool + Unpin + 'static,
    ) -> (Self, JoinHandle<Output>) {
        let list = Arc::new(List {
            jobs: PlainMutex::default(),
            live: Live::new(1),
        });
        let fate = Plain::<Fate>::default();
        let touched = Touched(UnsafeCell::new(0));
        let probe = Probe {
            touched,
            fate: fate.clone(),
            wakers,
            ready,
        };
        let at = Location::caller();
        let handle = spawn_task::<_, Listed>(probe, list.clone(), None, First::Queued, at);
        (Self { list, fate }, handle)
    }

    /// The same, after its first poll.
    fn polled(
        wakers: usize,
        ready: impl FnMut() -> bool + Unpin + 'static,
    ) -> (Self, JoinHandle<Output>) {
        let (world, handle) = Self::spawn(wakers, ready);
        world.list.run();
        (world, handle)
    }

    fn waker(&self) -> Waker {
        self.fate
            .wakers
            .lock()
            .unwrap()
            .pop()
            .expect("left by the first poll")
    }

    /// The future is gone, once; an output there was is gone, once.
    fn assert_over(self, outputs: usize) {
        assert_eq!(
            self.fate.futures_dropped.load(Relaxed),
            1,
            "futures dropped"
        );
        assert_eq!(
            self.fate.outputs_dropped.load(Relaxed),
            outputs,
            "outputs dropped"
        );
    }
}

/// A joiner's thread, as far as a waker knows it.
#[derive(Default)]
struct Woken(AtomicUsize);

impl WakeTarget for Woken {
    fn wake(this: &Arc<Self>) {
        this.0.fetch_add(1, Ordering::Release);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

fn poll(handle: &mut JoinHandle<Output>, joiner: &Arc<Woken>) -> Option<bool> {
    let waker = waker(joiner.clone());
    match pin!(handle).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(output) => Some(output.is_ok()),
        Poll::Pending => None,
    }
}

/// Both wakes count, whether they come before, during or after the poll for the other.
pub fn no_wake_is_lost_during_a_poll() {
    let events = Arc::new(AtomicUsize::new(0));
    let seen = events.clone();
    let (world, handle) = World::polled(2, move || seen.load(Ordering::Relaxed) == 2);
    let threads = [(); 2].map(|()| {
        let (waker, list, events) = (world.waker(), world.list.clone(), events.clone());
        spawn(move || {
            events.fetch_add(1, Ordering::Relaxed);
            waker.wake();
            list.run();
        })
    });
    join(threads);
    assert!(handle.is_finished(), "it was woken for the second event");
    drop(handle);
    world.assert_over(1);
}

/// A joiner that was told to wait is woken by the completion, through its newest waker.
pub fn a_joiner_is_woken_or_sees_the_output() {
    let (world, mut handle) = World::spawn(0, || true);
    let list = world.list.clone();
    let thread = spawn(move || list.run());
    let (old, new) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    let mut joined = poll(&mut handle, &old);
    if joined.is_none() {
        joined = poll(&mut handle, &new);
    }
    join([thread]);
    if joined.is_none() {
        assert_eq!(new.times(), 1, "the newest waker is woken, once");
        joined = poll(&mut handle, &new);
    }
    assert_eq!(joined, Some(true));
    drop(handle);
    world.assert_over(1);
}

/// Whoever is last frees the cell and drops the output.
pub fn a_handle_may_go_while_the_task_ends() {
    let (world, mut handle) = World::spawn(0, || true);
    let list = world.list.clone();
    let thread = spawn(move || list.run());
    let joiner = Arc::new(Woken::default());
    let joined = poll(&mut handle, &joiner);
    drop(handle);
    join([thread]);
    drop(joined);
    world.assert_over(1);
}

/// A detached task is finished by its last wake, and nobody holds it.
pub fn a_detached_task_ends_by_itself() {
    let mut first = true;
    let (world, handle) = World::polled(1, move || !std::mem::take(&mut first));
    let (waker, list) = (world.waker(), world.list.clone());
    let thread = spawn(move || {
        waker.wake();
        list.run();
    });
    drop(handle);
    join([thread]);
    world.assert_over(1);
}

/// Two wakers of a task that ends meanwhile: one is dropped, one wakes.
pub fn the_last_reference_frees_a_finished_task() {
    let (world, handle) = World::spawn(2, || true);
    drop(handle);
    // The first poll leaves the wakers and ends the task; they race with each other.
    world.list.run();
    let (dropped, woken) = (world.waker(), world.waker());
    let thread = spawn(move || drop(dropped));
    woken.wake_by_ref();
    woken.wake();
    join([thread]);
    world.assert_over(1);
}

/// The future is dropped once, and the joiner hears of it, whatever comes first.
pub fn an_abort_a_wake_and_a_joiner_agree() {
    let mut first = true;
    let (world, mut handle) = World::polled(1, move || !std::mem::take(&mut first));
    let (waker, abort) = (world.waker(), handle.abort_handle());
    let lists = [world.list.clone(), world.list.clone()];
    let [here, there] = lists;
    let threads = [
        spawn(move || {
            waker.wake();
            here.run();
        }),
        spawn(move || {
            abort.abort();
            there.run();
        }),
    ];
    let joiner = Arc::new(Woken::default());
    let mut joined = poll(&mut handle, &joiner);
    join(threads);
    world.list.run();
    if joined.is_none() {
        assert_eq!(joiner.times(), 1, "the joiner is woken, once");
        joined = poll(&mut handle, &joiner);
    }
    let outputs = usize::from(joined.expect("finished"));
    drop(handle);
    world.assert_over(outputs);
}

/// An abort finds a run in progress, and a waker stays behind.
pub fn an_abort_during_a_poll_drops_the_future_once() {
    let (world, handle) = World::spawn(1, || false);
    let abort = handle.abort_handle();
    drop(handle);
    let list = world.list.clone();
    let thread = spawn(move || list.run());
    abort.abort();
    drop(abort);
    world.list.run();
    join([thread]);
    world.list.run();
    let stale = world.fate.wakers.lock().unwrap().pop();
    drop(stale.inspect(Waker::wake_by_ref));
    world.assert_over(0);
}

/// Shutdown reads the live list while a member takes itself off it, and is freed.
pub fn a_listed_task_may_end_while_shutdown_looks() {
    let (world, handle) = World::spawn(0, || true);
    drop(handle);
    let list = world.list.clone();
    let thread = spawn(move || list.run());
    world.list.live.close();
    abort_all(&world.list.live);
    world.list.run();
    join([thread]);
    world.list.run();
    assert!(world.list.live.is_empty_or_wakes(Waker::noop()));
    let outputs = world.fate.outputs_dropped.load(Relaxed);
    assert!(outputs <= 1);
    world.assert_over(outputs);
}
