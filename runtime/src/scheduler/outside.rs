//! Who is at work for the runtime without a seat?
//!
//! Blocking closures, roots of `block_on`, and what is pinned to a thread and has not begun. A
//! paused clock stands still while there is anybody.

use heist_core::primitive::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many are at work.
#[derive(Clone, Default)]
pub struct Outside(Arc<AtomicUsize>);

/// The time in which somebody is at work.
pub struct AtWork(Outside);

impl Outside {
    /// One more, until the guard is dropped.
    pub fn at_work(&self) -> AtWork {
        self.begin();
        AtWork(self.clone())
    }

    /// One more. Belongs before whatever others may see of its work.
    pub fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub fn end(&self) {
        // Ordering: what was pushed and woken at work, for the leader that sees nobody there.
        self.0.fetch_sub(1, Ordering::Release);
    }

    pub fn is_anybody(&self) -> bool {
        // Ordering: pairs with `end`.
        self.0.load(Ordering::Acquire) > 0
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.end();
    }
}
