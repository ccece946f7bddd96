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
    cell::{Entry, Schedule, abort_owned},
    cold::Cold,
    handle::JoinHandle,
    run,
};
use crate::scheduler::{self, Hint, Home, Live, Shared};
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
    type Owner = Shared;
    type Route = scheduler::Route;

    fn route(owner: &Arc<Shared>) -> scheduler::Route {
        scheduler::Route::of(owner)
    }

    fn send(route: scheduler::Route, job: Job, hint: Hint) {
        route.send(job, hint);
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        run::run(entry);
    }

    fn live(owner: &Shared) -> &Live {
        &owner.live
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
        while this.is_used() && abort_owned(&this.shared.live, this) {
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
    type Owner = Thread;
    type Route = Arc<Thread>;

    fn route(owner: &Arc<Thread>) -> Arc<Thread> {
        owner.clone()
    }

    fn send(thread: Arc<Thread>, job: Job, _: Hint) {
        let driver = &thread.shared.driver;
        let paused = driver.timers.clock().is_paused();
        let at_work = paused.then(|| driver.outside.at_work());
        thread.home.push((job, at_work), &driver.reactor);
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        run::run(entry);
    }

    fn live(owner: &Thread) -> &Live {
        &owner.shared.live
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
    type Owner = BlockingOwner;
    type Route = Arc<BlockingOwner>;

    fn route(owner: &Arc<BlockingOwner>) -> Arc<BlockingOwner> {
        owner.clone()
    }

    fn send(owner: Arc<BlockingOwner>, job: Job, _: Hint) {
        if let Err(job) = Pool::push(&owner.pool, job) {
            // No thread is to be had. A worker is a poor place for a closure that blocks, but the
            // others help it out, and nobody waits for ever.
            scheduler::schedule(&owner.shared, job, Hint::Behind);
        }
    }

    fn run<F: Future>(entry: Entry<F, Self>) {
        // Also while the joiner is woken, when the future has been dropped.
        let _at_work = entry.owner().shared.driver.outside.at_work();
        run::run(entry);
    }

    fn live(owner: &BlockingOwner) -> &Live {
        &owner.shared.live
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

/// Above this a future is boxed before it goes into its cell, so that cells stay small enough for
/// the allocator's fast paths.
const BOXED_ABOVE: usize = 16 * 1024;
/// Alignments above this leave malloc's fast path: 4 to 8 times the cost was measured (glibc).
const BOXED_ALIGNMENT: usize = 16;

/// Makes a task of `future`.
pub fn spawn<F: Future + 'static, S: Schedule>(
    future: F,
    owner: Arc<S::Owner>,
    cold: Option<Box<Cold>>,
    first: First,
    at: &'static Location<'static>,
) -> JoinHandle<F::Output> {
    if const { size_of::<F>() > BOXED_ABOVE || align_of::<F>() > BOXED_ALIGNMENT } {
        start(
            Entry::<_, S>::new(Box::pin(future), owner, true, at, cold),
            first,
        )
    } else {
        start(Entry::<_, S>::new(future, owner, true, at, cold), first)
    }
}

fn start<F: Future, S: Schedule>(entry: Entry<F, S>, first: First) -> JoinHandle<F::Output> {
    let handle = JoinHandle::new(entry.reference());
    let accepted = entry.enlist(handle.id().get() as usize >> 4);
    if accepted && first == First::Queued {
        entry.schedule(Hint::Soon);
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
    let handle = spawn::<F, Pinned>(future, thread.clone(), cold, first, at);
    if thread.closed.load(Ordering::Relaxed) {
        handle.abort();
    }
    handle
}
