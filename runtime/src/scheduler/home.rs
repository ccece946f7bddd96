//! What belongs to one thread, whatever seat it has?
//!
//! The place where it blocks, and the jobs that no other thread may run: the polls of tasks that
//! are not `Send`. The root of `block_on` lives on the thread's stack and is called by a [`Bell`].
//!
//! - **publish-then-unpark**: a job is in the inbox, or a bell rung, before the token is left; a
//!   thread that looks at both after each return from a wait cannot miss one.

use super::parker::{Parker, Unparked};
use heist_core::{
    job::Job,
    primitive::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    waker::WakeTarget,
};
use heist_io::reactor::Reactor;
use std::collections::VecDeque;

/// One thread's own.
#[derive(Default)]
pub struct Home {
    pub parker: Parker,
    inbox: Mutex<VecDeque<Job>>,
    /// Set after a push, cleared under the lock by the owner who finds nothing.
    has_jobs: AtomicBool,
}

impl Home {
    /// Ends the thread's wait, or its next one. If it waits in a reactor, it is this one.
    pub fn unpark(&self, reactor: &Reactor) {
        if self.parker.unpark() == Unparked::NotifyReactor {
            reactor.notify();
        }
    }

    /// Gives the thread a job that only it may run. Any thread may push.
    pub fn push(&self, job: Job, reactor: &Reactor) {
        self.inbox.lock().push_back(job);
        // Ordering: none needed for the job, which is under the lock; the thread sees the flag at
        // the latest after the token below.
        self.has_jobs.store(true, Ordering::Relaxed);
        self.unpark(reactor);
    }

    /// Whether there may be a job. Only the owner asks.
    pub fn has_jobs(&self) -> bool {
        self.has_jobs.load(Ordering::Relaxed)
    }

    /// The next job. Only the owner takes.
    pub fn pop(&self) -> Option<Job> {
        if !self.has_jobs() {
            return None;
        }
        let mut inbox = self.inbox.lock();
        let job = inbox.pop_front();
        if job.is_none() {
            // Liveness: a push that comes now sets the flag after us, since it needs the lock.
            self.has_jobs.store(false, Ordering::Relaxed);
        }
        job
    }
}

/// Calls a thread to poll its root.
pub struct Bell {
    rung: AtomicBool,
    home: Arc<Home>,
    reactor: Arc<Reactor>,
}

impl Bell {
    /// A bell that has been rung, so that the first look answers.
    pub fn rung(home: Arc<Home>, reactor: Arc<Reactor>) -> Self {
        Self {
            rung: AtomicBool::new(true),
            home,
            reactor,
        }
    }

    /// Whether the bell was rung since the last answer.
    pub fn answer(&self) -> bool {
        // Ordering: what happened before a ring is visible to who answers it; pairs with `ring`.
        self.is_rung() && self.rung.swap(false, Ordering::Acquire)
    }

    /// Whether there is something to answer.
    pub fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }

    /// Calls the thread.
    pub fn ring(&self) {
        // Ordering: pairs with `answer`. A read-modify-write, so that a second ring before one
        // answer publishes what came before it as well.
        self.rung.swap(true, Ordering::Release);
        self.home.unpark(&self.reactor);
    }
}

impl WakeTarget for Bell {
    fn wake(this: &Arc<Self>) {
        this.ring();
    }
}
