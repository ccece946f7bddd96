//! Which worker is this thread, and where does a job go?
//!
//! A worker's queue can be pushed to by its own thread only; a thread-local tells which that is.
//! After a thread's thread-locals are gone it acts as a foreign one.

use super::{policy, shared::Shared};
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
    /// How many jobs in a row came from the LIFO slot.
    pub lifo_runs: Cell<u32>,
    /// Events and timers wake in their order; the slot would put the last one first.
    pub in_order: Cell<bool>,
}

primitive::thread_local! {
    static LOCAL: RefCell<Option<Rc<Local>>> = RefCell::new(None);
}

/// The time in which a thread is a worker. Dropped, the thread is what it was before.
pub struct Seated {
    before: Option<Rc<Local>>,
}

impl Seated {
    pub fn new(local: Rc<Local>) -> Self {
        let before = LOCAL.with(|current| current.replace(Some(local)));
        Self { before }
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let ours = LOCAL.try_with(|current| current.replace(self.before.take()));
        drop(ours);
    }
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
        let ours = |local: &RefCell<Option<Rc<Local>>>| {
            let local = local.borrow();
            let ours = |local: &&Rc<Local>| Arc::ptr_eq(&local.shared, shared);
            local.as_ref().filter(ours).cloned()
        };
        match LOCAL.try_with(ours) {
            Ok(Some(local)) => Self::Here(local),
            _ => Self::Injector(shared.clone()),
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

/// Gives `job` to the scheduler.
pub fn schedule(shared: &Arc<Shared>, job: Job, hint: Hint) {
    Route::of(shared).send(job, hint);
}

/// Whether this thread is one of `shared`'s workers.
pub fn is_worker_of(shared: &Arc<Shared>) -> bool {
    let ours = |local: &RefCell<Option<Rc<Local>>>| {
        local
            .borrow()
            .as_ref()
            .is_some_and(|local| Arc::ptr_eq(&local.shared, shared))
    };
    LOCAL.try_with(ours).unwrap_or(false)
}

/// Whether this thread is a worker of any runtime.
pub fn is_worker() -> bool {
    LOCAL
        .try_with(|local| local.borrow().is_some())
        .unwrap_or(false)
}

impl Local {
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
        // An empty queue has nobody whom the slot could keep waiting.
        self.queue
            .pop()
            .or_else(|| self.shared.remotes[self.me].slot.take())
    }
}
