//! When have all tasks come to their end?
//!
//! Nobody counts tasks while the runtime lives. Shutdown marks each one that is not finished, and
//! counts the marks; who finishes a marked task takes one off.

use heist_core::{
    primitive::atomic::{AtomicUsize, Ordering},
    waker_cell::WakerCell,
};
use std::task::Waker;

/// How many tasks shutdown waits for.
#[derive(Debug)]
pub struct Ending {
    left: AtomicUsize,
    all_gone: WakerCell,
}

/// Stands for the marks that are not counted yet: more than there can be tasks.
const COUNTING: usize = 1 << (usize::BITS - 2);

impl Default for Ending {
    fn default() -> Self {
        Self {
            left: AtomicUsize::new(COUNTING),
            all_gone: WakerCell::new(),
        }
    }
}

impl Ending {
    /// A marked task is finished, or will be without a look at the runtime. Its output may still be
    /// dropped after this, if its handle goes just now.
    pub fn one_less(&self) {
        // Ordering: Release: what the task did, for who hears that all are gone. Acquire: nothing.
        if self.left.fetch_sub(1, Ordering::Release) == 1 {
            self.all_gone.wake();
        }
    }

    /// All tasks are marked, and there were so many. Once.
    pub fn marked(&self, tasks: usize) {
        // Ordering: none; the caller, or who asks after it, looks by itself.
        self.left.fetch_sub(COUNTING - tasks, Ordering::Relaxed);
    }

    /// Whether they are gone; `waker` is woken when they are. One caller at a time.
    pub fn is_over_or_wakes(&self, waker: &Waker) -> bool {
        self.all_gone.register(waker);
        // Ordering: what the tasks did; pairs with `one_less`. A count that is not zero yet: its
        // last one takes the waker after us, since both need the lock of `all_gone`.
        self.left.load(Ordering::Acquire) == 0
    }
}
