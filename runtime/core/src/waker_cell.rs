//! Where does one thread leave a waker that another will take?
//!
//! **take-then-wake**: no waker is called, cloned or dropped while the lock is held, because all
//! three are foreign code.

use crate::primitive::Mutex;
use std::task::Waker;

/// A place for one waker.
#[derive(Debug, Default)]
pub struct WakerCell(Mutex<Option<Waker>>);

impl WakerCell {
    /// An empty cell.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves `waker` here, in place of the one that was here. The caller must look once more at
    /// what it waits for: a wake that came before this call found nobody.
    pub fn register(&self, waker: &Waker) {
        if self
            .0
            .lock()
            .as_ref()
            .is_some_and(|held| held.will_wake(waker))
        {
            return;
        }
        self.replace(waker);
    }

    /// As [`register`](Self::register), for a caller who expects the cell to be empty: then it is
    /// locked once.
    pub fn replace(&self, waker: &Waker) {
        let new = waker.clone();
        let old = self.0.lock().replace(new);
        drop(old);
    }

    /// Takes the waker out, if there is one.
    pub fn take(&self) -> Option<Waker> {
        self.0.lock().take()
    }

    /// Takes the waker out and wakes it; whether there was one.
    pub fn wake(&self) -> bool {
        let waker = self.take();
        let found = waker.is_some();
        if let Some(waker) = waker {
            waker.wake();
        }
        found
    }
}
