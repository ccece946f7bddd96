//! Which worker is this thread, and where does a job go?
//!
//! A worker's queue can be pushed to by its own thread only; a thread-local tells which that is.
//! After a thread's thread-locals are gone it acts as a foreign one.

use super::{
    class::Class,
    policy,
    pool::{Owned, Vacant},
    shared::Shared,
    slab::Heap,
};
use heist_core::{
    job::Job,
    primitive::{self, Arc, deque},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Why a job is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// It was woken or spawned: run it soon, its data is warm.
    Soon,
    /// It gave way to others: run it after them.
    Behind,
}

/// The part of a worker that only its own thread touches.
pub struct Local {
    pub shared: Arc<Shared>,
    pub me: usize,
    pub queue: deque::Worker<Job>,
    pub heap: Heap,
    /// How many jobs in a row came from the LIFO slot.
    pub lifo_runs: Cell<u32>,
    /// Events and timers wake in their order; the slot would put the last one first.
    pub in_order: Cell<bool>,
}

/// What a thread is to the runtimes.
#[derive(Clone, Default)]
pub enum Place {
    #[default]
    Foreign,
    Seat(Rc<Local>),
    /// It works, and has no seat.
    StandIn(Arc<Shared>),
    /// The same, while what it dispatches waits for it.
    Dispatching,
    /// It would work, if it did not block in user code that has said so.
    Away(Arc<Shared>),
}

primitive::thread_local! {
    static PLACE: RefCell<Place> = RefCell::new(Place::Foreign);
}

/// The time in which a thread has a place. Dropped, the thread is what it was before.
pub struct Seated {
    before: Place,
    _own: Owned,
}

impl Seated {
    pub fn new(place: Place) -> Self {
        let own = match &place {
            Place::Seat(local) => local.heap.token(),
            _ => 0,
        };
        let before = PLACE.with(|current| current.replace(place));
        Self {
            before,
            _own: Owned::new(own),
        }
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let before = std::mem::take(&mut self.before);
        let ours = PLACE.try_with(|current| current.replace(before));
        drop(ours);
    }
}

/// This thread goes away, until the guard is dropped. `None` if it is no worker, or if what it
/// dispatches waits for it.
pub fn leave() -> Option<(Arc<Shared>, Seated)> {
    let place = PLACE.try_with(|place| place.borrow().clone()).ok()?;
    let shared = match &place {
        Place::Seat(local) if !local.in_order.get() => local.shared.clone(),
        Place::StandIn(shared) => shared.clone(),
        _ => return None,
    };
    let away = Seated::new(Place::Away(shared.clone()));
    if let Place::Seat(local) = place {
        // What others cannot see, or rely on us to look at.
        let next = shared.remotes[local.me].slot.take();
        next.into_iter().for_each(|job| shared.push_foreign(job));
        shared.driver.timers.leave(local.me);
    }
    Some((shared, away))
}

/// Where this thread hands over a scheduler's jobs.
pub enum Route {
    /// It is one of the workers: to its own queue.
    Here(Rc<Local>),
    /// To the injector.
    Injector(Arc<Shared>),
}

impl Route {
    pub fn of(shared: &Arc<Shared>) -> Self {
        let ours = |place: &RefCell<Place>| match &*place.borrow() {
            Place::Seat(local) if Arc::ptr_eq(&local.shared, shared) => Some(local.clone()),
            _ => None,
        };
        match PLACE.try_with(ours) {
            Ok(Some(local)) => Self::Here(local),
            _ => Self::Injector(shared.clone()),
        }
    }

    /// That of the worker that this thread is.
    #[inline]
    pub fn here() -> Option<Self> {
        let local = |place: &RefCell<Place>| match &*place.borrow() {
            Place::Seat(local) => Some(local.clone()),
            _ => None,
        };
        PLACE.try_with(local).ok().flatten().map(Self::Here)
    }

    /// Whose jobs go this way.
    pub fn shared(&self) -> &Arc<Shared> {
        match self {
            Self::Here(local) => &local.shared,
            Self::Injector(shared) => shared,
        }
    }

    /// Memory for a cell of one of these jobs.
    #[inline]
    pub fn allocate(&self, class: Class) -> Vacant<Shared> {
        match self {
            Self::Here(local) => local.allocate(class),
            Self::Injector(shared) => shared.slab.allocate_foreign(shared, class),
        }
    }

    /// Gives `job` to the scheduler.
    #[inline]
    pub fn send(self, job: Job, hint: Hint) {
        match self {
            Self::Here(local) => local.push(job, hint),
            Self::Injector(shared) => shared.push_foreign(job),
        }
    }
}

/// Memory for a cell in the slab of `shared`.
pub fn allocate(shared: &Arc<Shared>, class: Class) -> Vacant<Shared> {
    let own = |place: &RefCell<Place>| match &*place.borrow() {
        Place::Seat(local) if Arc::ptr_eq(&local.shared, shared) => Some(local.allocate(class)),
        _ => None,
    };
    let own = PLACE.try_with(own).ok().flatten();
    own.unwrap_or_else(|| shared.slab.allocate_foreign(shared, class))
}

/// Gives `job` to the scheduler.
pub fn schedule(shared: &Arc<Shared>, job: Job, hint: Hint) {
    Route::of(shared).send(job, hint);
}

/// Whether this thread works for `shared`, or is away.
pub fn is_worker_of(shared: &Arc<Shared>) -> bool {
    let ours = |place: &RefCell<Place>| match &*place.borrow() {
        Place::Seat(local) => Arc::ptr_eq(&local.shared, shared),
        Place::StandIn(its) | Place::Away(its) => Arc::ptr_eq(its, shared),
        Place::Foreign | Place::Dispatching => false,
    };
    PLACE.try_with(ours).unwrap_or(false)
}

/// Whether this thread works for a runtime, so that nothing may block it.
pub fn is_worker() -> bool {
    let works =
        |place: &RefCell<Place>| !matches!(*place.borrow(), Place::Foreign | Place::Away(_));
    PLACE.try_with(works).unwrap_or(false)
}

/// The same, or it would if it did not block.
pub fn belongs_to_a_runtime() -> bool {
    let belongs = |place: &RefCell<Place>| !matches!(*place.borrow(), Place::Foreign);
    PLACE.try_with(belongs).unwrap_or(false)
}

impl Local {
    #[inline]
    fn allocate(&self, class: Class) -> Vacant<Shared> {
        self.shared.slab.allocate(&self.heap, &self.shared, class)
    }

    fn push(&self, job: Job, hint: Hint) {
        let displaced = match hint {
            Hint::Soon if !self.in_order.get() => self.shared.remotes[self.me].slot.put(job),
            Hint::Soon | Hint::Behind => Some(job),
        };
        if let Some(job) = displaced {
            self.queue.push(job);
            self.shared.share();
        }
    }

    /// The next job that is this worker's already.
    pub fn pop(&self) -> Option<Job> {
        if self.lifo_runs.get() < policy::LIFO_RUNS
            && let Some(job) = self.shared.remotes[self.me].slot.take()
        {
            self.lifo_runs.set(self.lifo_runs.get() + 1);
            return Some(job);
        }
        self.lifo_runs.set(0);
        let slot = &self.shared.remotes[self.me].slot;
        let Some(job) = self.queue.pop() else {
            // Nobody is there whom the slot could keep waiting.
            return slot.take();
        };
        // A chain of jobs that wake one another has had its runs: the next one goes behind those
        // that wait. In the slot it would have three turns of four.
        if let Some(next) = slot.take() {
            self.queue.push(next);
            self.shared.share();
        }
        Some(job)
    }
}
