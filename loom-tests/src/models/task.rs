//! Is a task polled by one thread at a time, finished once, joined, and freed?
//!
//! There is no scheduler: whoever wakes a task runs it. Nothing orders the runs but the task's own
//! state word.

use crate::check::{join, spawn};
use heist::{
    JoinHandle,
    internals::{
        Class, First, Hint, Slab, Vacant, abort_all,
        cell::{Entry, Schedule},
        run, spawn as spawn_task,
    },
};
use heist_core::{
    job::Job,
    primitive::{
        Arc, UnsafeCell,
        atomic::{AtomicUsize, Ordering},
        thread::yield_now,
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

/// Run by whoever wakes it; only the first entry is kept, for the model to give to a thread.
enum AtOnce {}

struct Owner {
    first: PlainMutex<Option<Job>>,
    slab: Slab<Owner>,
}

impl heist::internals::Owner for Owner {
    fn slab(&self) -> &Slab<Self> {
        &self.slab
    }
}

impl Schedule for AtOnce {
    type Base = Owner;
    /// loom sees a cell that leaks, because it holds this.
    type Keep = Arc<()>;
    type Route<'a> = &'a Arc<Owner>;

    fn allocate(owner: &&Arc<Owner>, class: Class) -> Vacant<Owner> {
        owner.slab.allocate_foreign(owner, class)
    }

    fn send(owner: &Arc<Owner>, job: Job) {
        *owner.first.lock().unwrap() = Some(job);
    }

    fn send_again(_: &Arc<Owner>, _: Arc<()>, job: Job, _: Hint) {
        job.run();
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        run(entry);
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
    /// Touched by whoever ends the task, and then by the future's drop.
    note: Plain<Touched>,
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
        self.note.touch();
        self.fate.futures_dropped.fetch_add(1, Relaxed);
    }
}

/// One execution's task and what is known of it.
struct World {
    owner: Arc<Owner>,
    fate: Plain<Fate>,
    note: Plain<Touched>,
}

impl World {
    /// A task with its first entry kept.
    fn spawn(
        wakers: usize,
        ready: impl FnMut() -> bool + Unpin + 'static,
    ) -> (Self, JoinHandle<Output>) {
        let owner = Arc::new(Owner {
            first: PlainMutex::default(),
            slab: Slab::new(1),
        });
        let fate = Plain::<Fate>::default();
        let touched = Touched(UnsafeCell::new(0));
        let note = Plain::new(Touched(UnsafeCell::new(0)));
        let probe = Probe {
            touched,
            note: note.clone(),
            fate: fate.clone(),
            wakers,
            ready,
        };
        let (keep, at) = (Arc::new(()), Location::caller());
        let handle = spawn_task::<_, AtOnce>(probe, &owner, keep, None, First::Queued, at);
        (Self { owner, fate, note }, handle)
    }

    /// The same, after its first poll.
    fn polled(
        wakers: usize,
        ready: impl FnMut() -> bool + Unpin + 'static,
    ) -> (Self, JoinHandle<Output>) {
        let (world, handle) = Self::spawn(wakers, ready);
        world.first().run();
        (world, handle)
    }

    /// The task's first entry.
    fn first(&self) -> Job {
        let first = self.owner.first.lock().unwrap().take();
        first.expect("there is one")
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
        self.owner.slab.release();
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
    let wake: [fn(Waker); 2] = [|waker| waker.wake_by_ref(), Waker::wake];
    let threads = wake.map(|wake| {
        let (waker, events) = (world.waker(), events.clone());
        spawn(move || {
            events.fetch_add(1, Ordering::Relaxed);
            wake(waker);
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
    let first = world.first();
    let thread = spawn(move || first.run());
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
    let first = world.first();
    let thread = spawn(move || first.run());
    let joiner = Arc::new(Woken::default());
    let joined = poll(&mut handle, &joiner);
    drop(handle);
    join([thread]);
    assert_ne!(joined, Some(false), "it was not aborted");
    world.assert_over(1);
}

/// Who sees that a task is finished may read what it did.
pub fn a_finished_task_has_done_everything() {
    let (world, handle) = World::spawn(0, || true);
    let first = world.first();
    let thread = spawn(move || first.run());
    while !handle.is_finished() {
        yield_now();
    }
    world.note.touch();
    join([thread]);
    drop(handle);
    world.assert_over(1);
}

/// The handle drops the output of a finished task, and a waker that nobody used frees the cell.
pub fn a_waker_may_be_the_last_to_leave() {
    let (world, handle) = World::polled(1, || true);
    let waker = world.waker();
    let thread = spawn(move || drop(waker));
    drop(handle);
    join([thread]);
    world.assert_over(1);
}

/// The same, and whoever comes late does nothing to the task.
pub fn who_comes_late_may_be_the_last_to_leave() {
    let (world, handle) = World::polled(1, || true);
    let (waker, abort) = (world.waker(), handle.abort_handle());
    let thread = spawn(move || {
        waker.wake_by_ref();
        abort.abort();
        drop(abort);
        waker.wake();
    });
    drop(handle);
    join([thread]);
    world.assert_over(1);
}

/// The same, but nobody has a handle: the task ends while a waker goes.
pub fn a_waker_may_outlive_a_detached_task() {
    let mut first = true;
    let (world, handle) = World::polled(2, move || !std::mem::take(&mut first));
    drop(handle);
    let (waker, other) = (world.waker(), world.waker());
    let thread = spawn(move || waker.wake());
    drop(other);
    join([thread]);
    world.assert_over(1);
}

/// A detached task is finished by its last wake, and nobody holds it.
pub fn a_detached_task_ends_by_itself() {
    let mut first = true;
    let (world, handle) = World::polled(1, move || !std::mem::take(&mut first));
    let waker = world.waker();
    let thread = spawn(move || waker.wake());
    drop(handle);
    join([thread]);
    world.assert_over(1);
}

/// Two wakers of a task that ends meanwhile: one is dropped, one wakes.
pub fn the_last_reference_frees_a_finished_task() {
    let (world, handle) = World::spawn(2, || true);
    drop(handle);
    // The first poll leaves the wakers and ends the task; they race with each other.
    world.first().run();
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
    let threads = [spawn(move || waker.wake()), spawn(move || abort.abort())];
    let joiner = Arc::new(Woken::default());
    let mut joined = poll(&mut handle, &joiner);
    join(threads);
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
    let first = world.first();
    let thread = spawn(move || first.run());
    world.note.touch();
    abort.abort();
    drop(abort);
    join([thread]);
    let stale = world.fate.wakers.lock().unwrap().pop();
    drop(stale.inspect(Waker::wake_by_ref));
    world.assert_over(0);
}

/// Shutdown looks at a task that ends meanwhile, and is freed.
pub fn a_task_may_end_while_shutdown_looks() {
    let (world, handle) = World::spawn(0, || true);
    drop(handle);
    let first = world.first();
    let thread = spawn(move || first.run());
    abort_all(&world.owner.slab);
    join([thread]);
    assert!(world.owner.slab.ending.is_over_or_wakes(Waker::noop()));
    let outputs = world.fate.outputs_dropped.load(Relaxed);
    assert!(outputs <= 1);
    world.assert_over(outputs);
}

/// Shutdown finds a task in its poll, or waiting: it is dropped once, after what came before.
pub fn shutdown_drops_a_task_that_would_wait() {
    let (world, handle) = World::spawn(0, || false);
    drop(handle);
    let first = world.first();
    let thread = spawn(move || first.run());
    world.note.touch();
    abort_all(&world.owner.slab);
    join([thread]);
    assert!(world.owner.slab.ending.is_over_or_wakes(Waker::noop()));
    world.assert_over(0);
}
