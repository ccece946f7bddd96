//! Which worker is this thread, and where does a job go?
//!
//! A worker's queue can be pushed to by its own thread only; a thread-local tells which that is.
//! After a thread's thread-locals are gone it acts as a foreign one.

use super::{
    class::Class,
    policy,
    pool::{Owned, Vacant},
    shared::{Remote, Shared},
    slab::Heap,
};
use heist_core::{
    job::Job,
    primitive::{self, Arc, CachePadded, deque},
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
    /// What others see of it.
    pub remote: Arc<CachePadded<Remote>>,
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
        let next = local.remote.slot.take();
        next.into_iter().for_each(|job| shared.push_foreign(job));
        shared.driver.timers.leave(local.me);
    }
    Some((shared, away))
}

/// Where this thread hands over the jobs of new tasks, and gets memory for them.
pub enum Route<'a> {
    /// It is one of the workers: to its own queue.
    Here(Rc<Local>),
    /// To the injector.
    Injector(&'a Arc<Shared>),
}

impl<'a> Route<'a> {
    pub fn to(shared: &'a Arc<Shared>) -> Self {
        seat_of(shared).map_or(Self::Injector(shared), Self::Here)
    }

    /// That of the worker that this thread is.
    #[inline]
    pub fn here() -> Option<Self> {
        seat_if(|_| true).map(Self::Here)
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
            Self::Here(local) => {
                let shared = &local.shared;
                shared.slab.allocate(&local.heap, shared, class)
            }
            Self::Injector(shared) => shared.slab.allocate_foreign(shared, class),
        }
    }

    /// Gives `job` to the scheduler.
    #[inline]
    pub fn send(&self, job: Job) {
        match self {
            Self::Here(local) => local.push(job, Hint::Soon),
            Self::Injector(shared) => shared.push_foreign(job),
        }
    }
}

/// Gives `job` to the scheduler, which `shared` need not outlive: with this job it may end.
#[inline]
pub fn schedule(shared: &Arc<Shared>, job: Job, hint: Hint) {
    match seat_of(shared) {
        Some(local) => local.push(job, hint),
        None => Arc::clone(shared).push_foreign(job),
    }
}

/// This thread's seat, if it is one of `shared`.
fn seat_of(shared: &Arc<Shared>) -> Option<Rc<Local>> {
    seat_if(|local| Arc::ptr_eq(&local.shared, shared))
}

/// This thread's seat, if it has one and it `fits`.
#[inline]
fn seat_if(fits: impl FnOnce(&Local) -> bool) -> Option<Rc<Local>> {
    let seat = |place: &RefCell<Place>| match &*place.borrow() {
        Place::Seat(local) if fits(local) => Some(local.clone()),
        _ => None,
    };
    PLACE.try_with(seat).ok().flatten()
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
    fn push(&self, job: Job, hint: Hint) {
        let displaced = match hint {
            Hint::Soon if !self.in_order.get() => self.remote.slot.put(job),
            Hint::Soon | Hint::Behind => Some(job),
        };
        if let Some(job) = displaced {
            self.queue.push(job);
            self.shared.share();
        }
    }

    /// The next job that is this worker's already.
    pub fn pop(&self) -> Option<Job> {
        let slot = &self.remote.slot;
        if self.lifo_runs.get() < policy::LIFO_RUNS
            && let Some(job) = slot.take()
        {
            self.lifo_runs.set(self.lifo_runs.get() + 1);
            return Some(job);
        }
        self.lifo_runs.set(0);
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
