//! Who runs which kind of tasks?
//!
//! | kind | run by | scheduled to |
//! | --- | --- | --- |
//! | [`Workers`] | any worker | this worker's queue, or the injector |
//! | [`Pinned`] | the thread that spawned it | that thread's inbox |
//! | [`Blocking`] | a blocking thread | the pool's queue |
//!
//! All three use the same cell.

use super::{
    cell::{Entry, Header, Schedule},
    cold::Cold,
    handle::JoinHandle,
    reference::{self, TaskRef},
    run,
};
use crate::scheduler::{self, Hint, Home, Route, Shared, class::Class, pool::Vacant};
use heist_core::{
    job::Job,
    primitive::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use heist_io::blocking::Pool;
use std::panic::Location;

/// Tasks that any worker runs.
pub enum Workers {}

impl Schedule for Workers {
    type Base = Shared;
    type Keep = ();
    type Route<'a> = Route<'a>;

    #[inline]
    fn allocate(route: &Route<'_>, class: Class) -> Vacant<Shared> {
        route.allocate(class)
    }

    #[inline]
    fn send(route: Route<'_>, job: Job) {
        route.send(job);
    }

    #[inline]
    fn send_again(shared: &Arc<Shared>, (): (), job: Job, hint: Hint) {
        scheduler::schedule(shared, job, hint);
    }

    #[inline]
    fn run<F: Future>(entry: Entry<F, Self>) {
        run::run(entry);
    }
}

/// Tasks of one thread, which need not be `Send`.
pub enum Pinned {}

/// The thread that pinned tasks belong to.
pub struct Thread {
    pub home: Arc<Home>,
    pub shared: Arc<Shared>,
    /// The thread takes no more tasks: what is spawned now is dropped.
    closed: AtomicBool,
    /// It has taken some.
    used: AtomicBool,
}

impl Thread {
    pub fn new(home: Arc<Home>, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            home,
            shared,
            closed: AtomicBool::new(false),
            used: AtomicBool::new(false),
        })
    }

    /// Runs one pinned job, if there is one.
    pub fn run_one(&self) -> bool {
        self.home.pop().map(Job::run).is_some()
    }

    /// Whether a task was ever pinned to it.
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Ends every pinned task. On the thread itself, which leaves the runtime.
    pub fn close(this: &Arc<Self>) {
        this.closed.store(true, Ordering::Relaxed);
        // A look at every task of the runtime: not at the end of each `block_on`.
        let address = Arc::as_ptr(this).cast();
        while this.is_used() && reference::abort_pinned(&this.shared.slab, address) {
            if !this.run_one() {
                // Liveness: who has woken a task, and not pushed it yet, will unpark us. The task
                // must end here: the next thread at this seat may not touch it.
                this.home.rest();
            }
            while this.run_one() {}
        }
    }
}

impl Schedule for Pinned {
    type Base = Shared;
    type Keep = Arc<Thread>;
    type Route<'a> = &'a Thread;

    fn allocate(thread: &&Thread, class: Class) -> Vacant<Shared> {
        Route::to(&thread.shared).allocate(class)
    }

    fn send(thread: &Thread, job: Job) {
        let driver = &thread.shared.driver;
        let paused = driver.timers.clock().is_paused();
        let at_work = paused.then(|| driver.outside.at_work());
        thread.home.push((job, at_work), &driver.reactor);
    }

    fn send_again(_: &Arc<Shared>, thread: Arc<Thread>, job: Job, _: Hint) {
        Self::send(&thread, job);
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        run::run(entry);
    }

    fn pinned_to(thread: &Arc<Thread>) -> *const () {
        Arc::as_ptr(thread).cast()
    }
}

/// Closures on blocking threads.
pub enum Blocking {}

/// What blocking closures need.
pub struct BlockingOwner {
    pub shared: Arc<Shared>,
    pub pool: Arc<Pool>,
    /// Whether tasks run on the thread in `block_on` alone.
    pub is_current_thread: bool,
}

impl Schedule for Blocking {
    type Base = Shared;
    type Keep = Arc<BlockingOwner>;
    type Route<'a> = &'a BlockingOwner;

    fn allocate(owner: &&BlockingOwner, class: Class) -> Vacant<Shared> {
        Route::to(&owner.shared).allocate(class)
    }

    fn send(owner: &BlockingOwner, job: Job) {
        if let Err(job) = Pool::push(&owner.pool, job) {
            // No thread is to be had. A worker is a poor place for a closure that blocks, but the
            // others help it out, and nobody waits for ever.
            scheduler::schedule(&owner.shared, job, Hint::Behind);
        }
    }

    fn send_again(_: &Arc<Shared>, owner: Arc<BlockingOwner>, job: Job, _: Hint) {
        Self::send(&owner, job);
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        // Also while the joiner is woken, when the future has been dropped.
        let _at_work = entry.keep().shared.driver.outside.at_work();
        run::run(entry);
    }
}

/// How a task starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// In its turn.
    Queued,
    /// With a poll on this thread, before the spawn returns.
    Eager,
}

/// Above this a future is boxed before it goes into its cell: a slab keeps the memory of its cells,
/// and large ones are rare. With what else is in it such a cell fits a class that wastes little.
const BOXED_ABOVE: usize = Class::WASTES_LITTLE - size_of::<Header>() - 2 * BOXED_ALIGNMENT;
/// Alignments above this are those of few types, and need slots that waste memory.
const BOXED_ALIGNMENT: usize = 16;

/// Makes a task of `future`.
pub fn spawn<F: Future + 'static, S: Schedule>(
    future: F,
    route: S::Route<'_>,
    keep: S::Keep,
    cold: Option<Box<Cold>>,
    first: First,
    at: &'static Location<'static>,
) -> JoinHandle<F::Output> {
    if const { size_of::<F>() > BOXED_ABOVE || align_of::<F>() > BOXED_ALIGNMENT } {
        start::<_, S>(Box::pin(future), route, keep, cold, first, at)
    } else {
        start::<_, S>(future, route, keep, cold, first, at)
    }
}

fn start<F: Future, S: Schedule>(
    future: F,
    route: S::Route<'_>,
    keep: S::Keep,
    cold: Option<Box<Cold>>,
    first: First,
    at: &'static Location<'static>,
) -> JoinHandle<F::Output> {
    let (entry, accepted) = Entry::<_, S>::new(future, &route, keep, true, at, cold);
    let handle = JoinHandle::new(TaskRef::of(&entry));
    if accepted && first == First::Queued {
        S::send(route, entry.into_job());
    } else {
        // Refused, this run drops the future.
        entry.into_job().run();
    }
    handle
}

/// Makes a task of a future that is pinned to this thread.
pub fn spawn_pinned<F: Future + 'static>(
    future: F,
    thread: &Arc<Thread>,
    cold: Option<Box<Cold>>,
    first: First,
    at: &'static Location<'static>,
) -> JoinHandle<F::Output> {
    thread.used.store(true, Ordering::Relaxed);
    let handle = spawn::<F, Pinned>(future, thread, thread.clone(), cold, first, at);
    if thread.closed.load(Ordering::Relaxed) {
        handle.abort();
    }
    handle
}
