//! How many are away, and how many stand in for them?
//!
//! - **one-for-one**: there are as many stand-ins as threads are away, but for those that have a
//!   job to finish, and for those that a pinned task keeps.

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
    /// How many are on the list; read without the lock.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct State {
    away: usize,
    /// Also those whose threads are about to start.
    present: usize,
    waiting: Vec<Arc<Home>>,
}

impl StandIns {
    /// One more is away. True if one more stand-in is wanted, who is counted from now on.
    #[must_use]
    pub fn leave(&self) -> bool {
        let mut state = self.state.lock();
        state.away += 1;
        let is_wanted = state.present < state.away;
        state.present += usize::from(is_wanted);
        is_wanted
    }

    /// The one that was wanted got no thread.
    pub fn refused(&self) {
        self.state.lock().present -= 1;
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
        let waiting = self.state.lock().waiting.split_off(0);
        waiting.iter().for_each(|home| home.unpark(reactor));
    }

    /// Whether one could be called, at a glance.
    #[inline]
    pub fn is_anybody_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether anybody needs them.
    pub fn is_anybody_away(&self) -> bool {
        self.state.lock().away > 0
    }

    /// Whether there are too many; then this is one less, if it `can_go`.
    pub fn is_too_many(&self, can_go: bool) -> bool {
        let mut state = self.state.lock();
        let is_too_many = state.present > state.away;
        state.present -= usize::from(is_too_many && can_go);
        is_too_many
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
