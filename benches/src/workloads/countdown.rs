//! When have all of them arrived?

use futures_channel::oneshot;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Wakes one waiter when the last of many has arrived.
pub struct Countdown {
    left: AtomicUsize,
    /// Locked once, by the last.
    done: Mutex<Option<oneshot::Sender<()>>>,
}

impl Countdown {
    /// A countdown from `from`, and what waits for it.
    pub fn new(from: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, waiter) = oneshot::channel();
        let countdown = Self {
            left: AtomicUsize::new(from),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(countdown), waiter)
    }

    /// One more has arrived.
    pub fn arrive(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let done = self
                .done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let done = done.expect("nobody arrives after the last");
            done.send(()).expect("the waiter waits for all");
        }
    }
}
