//! What belongs to one thread, whatever seat it has?
//!
//! The place where it blocks, and the jobs that no other thread may run: the polls of tasks that
//! are not `Send`. The root of `block_on` lives on the thread's stack and is called by a [`Bell`].
//!
//! A home without a seat is outside: nobody else says whether its thread is at work. It is from its
//! beginning until it rests, and again from the unpark on, before the thread knows of it.
//!
//! - **token-is-work**: an outside home is counted once while its thread does not rest, and once
//!   more while its parker has the token.
//! - **publish-then-unpark**: a job is in the inbox, or a bell rung, before the token is left; a
//!   thread that looks at both after each return from a wait cannot miss one.

use super::{
    outside::{AtWork, Outside},
    parker::{Parker, Unparked},
};
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
    inbox: Mutex<VecDeque<Pushed>>,
    /// Set after a push, cleared under the lock by the owner who finds nothing.
    has_jobs: AtomicBool,
    /// `None`: it belongs to a seat.
    outside: Option<Outside>,
}

/// A job, and what says that somebody is at work until it is popped.
type Pushed = (Job, Option<AtWork>);

impl Home {
    /// The home of a thread without a seat, which is at work from now on, until [`Home::leave`].
    pub fn outside(outside: Outside) -> Self {
        outside.begin();
        Self {
            outside: Some(outside),
            ..Self::default()
        }
    }

    /// Blocks the thread of an outside home until it is unparked.
    pub fn rest(&self) {
        // Its token, when it comes, counts for the thread.
        self.outside.iter().for_each(Outside::end);
        self.parker.park_for_token();
    }

    /// The thread of an outside home is at work no more, whoever unparks it.
    pub fn leave(&self) {
        let unparked = self.parker.unpark(); // nobody takes this token
        if let Some(outside) = &self.outside {
            outside.end();
            if unparked == Unparked::Already {
                outside.end();
            }
        }
    }

    /// Ends the thread's wait, or its next one. If it waits in a reactor, it is this one.
    pub fn unpark(&self, reactor: &Reactor) {
        self.outside.iter().for_each(Outside::begin);
        match self.parker.unpark() {
            Unparked::NotifyReactor => reactor.notify(),
            Unparked::Already => self.outside.iter().for_each(Outside::end),
            Unparked::Done => {}
        }
    }

    /// Gives the thread a job that only it may run. Any thread may push.
    pub fn push(&self, pushed: Pushed, reactor: &Reactor) {
        self.inbox.lock().push_back(pushed);
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
        let Some((job, _until_now)) = inbox.pop_front() else {
            // Liveness: a push that comes now sets the flag after us, since it needs the lock.
            self.has_jobs.store(false, Ordering::Relaxed);
            return None;
        };
        Some(job)
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
