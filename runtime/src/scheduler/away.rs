//! How many are away, and how many stand in for them?
//!
//! - **one-for-one**: as many serve as stand-ins as threads are away, but for those that have a job
//!   to finish. Who is not needed goes; one that a pinned task keeps *retires*, and is the first to
//!   be called back.

use super::home::Home;
use heist_core::primitive::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use heist_io::reactor::Reactor;

/// Those who stand in, and those for whom they do.
#[derive(Default)]
pub struct StandIns {
    state: Mutex<State>,
    /// How many wait; read without the lock.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct State {
    away: usize,
    /// Those who serve, also those whose threads are about to start.
    serving: usize,
    /// Those of them who wait for something to do.
    waiting: Vec<Arc<Home>>,
    retired: Vec<Arc<Home>>,
}

/// What a stand-in does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Service {
    Wanted,
    /// It is not counted any more.
    Over,
    /// The same, and it is on the list of those who can be called back.
    Retired,
}

impl StandIns {
    /// One more is away. True if a thread is wanted, which is counted from now on.
    #[must_use]
    pub fn leave(&self, reactor: &Reactor) -> bool {
        let mut state = self.state.lock();
        state.away += 1;
        if state.serving >= state.away {
            return false;
        }
        state.serving += 1;
        let retired = state.retired.pop();
        drop(state);
        retired.iter().for_each(|home| home.unpark(reactor));
        retired.is_none()
    }

    /// The one that was wanted got no thread.
    pub fn refused(&self) {
        self.state.lock().serving -= 1;
    }

    /// One who was away is back: a stand-in may go.
    pub fn come_back(&self, reactor: &Reactor) {
        self.state.lock().away -= 1;
        self.call(reactor);
    }

    /// Wakes one that waits, if there is one. From a glance that may be old, unless the caller has
    /// fenced after its push.
    pub fn call(&self, reactor: &Reactor) {
        if self.is_anybody_waiting() {
            let home = self.state.lock().waiting.pop();
            home.iter().for_each(|home| home.unpark(reactor));
        }
    }

    /// Wakes all.
    pub fn call_all(&self, reactor: &Reactor) {
        let mut state = self.state.lock();
        let State {
            waiting, retired, ..
        } = &mut *state;
        let all: Vec<_> = waiting.drain(..).chain(retired.drain(..)).collect();
        drop(state);
        all.iter().for_each(|home| home.unpark(reactor));
    }

    /// Whether one could be called, at a glance.
    #[inline]
    pub fn is_anybody_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether the stand-in of this home is needed. One that a pinned task keeps `is_bound`.
    pub fn service(&self, home: &Arc<Home>, is_bound: bool) -> Service {
        let mut state = self.state.lock();
        if state.serving <= state.away {
            return Service::Wanted;
        }
        state.serving -= 1;
        if is_bound {
            state.retired.push(home.clone());
            Service::Retired
        } else {
            Service::Over
        }
    }

    /// Whether the one of this home has not been called back.
    pub fn is_retired(&self, home: &Arc<Home>) -> bool {
        let state = self.state.lock();
        state.retired.iter().any(|other| Arc::ptr_eq(other, home))
    }

    /// The thread of this home is about to wait.
    pub fn enlist(&self, home: &Arc<Home>) {
        self.state.lock().waiting.push(home.clone());
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// It has waited.
    pub fn delist(&self, home: &Arc<Home>) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        (self.state.lock().waiting).retain(|waiting| !Arc::ptr_eq(waiting, home));
    }
}
