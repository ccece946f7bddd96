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

/// Gives `job` to the scheduler: to this worker's own queue when the thread is one of `shared`'s
/// workers, to the injector otherwise.
pub fn schedule(shared: &Arc<Shared>, job: Job, hint: Hint) {
    let mut job = Some(job);
    let _ = LOCAL.try_with(|local| {
        let local = local.borrow();
        if let Some(local) = local
            .as_ref()
            .filter(|local| Arc::ptr_eq(&local.shared, shared))
        {
            local.push(job.take().expect("pushed once"), hint);
        }
    });
    if let Some(job) = job {
        // Liveness and safety both: the job may own the last reference to `shared` but ours.
        let shared = shared.clone();
        shared.push_foreign(job);
    }
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
            Hint::Soon => self.shared.remotes[self.me].slot.put(job),
            Hint::Behind => Some(job),
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
