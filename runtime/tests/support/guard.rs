//! Is everything dropped, and once?

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

/// How many guards were made and not dropped.
#[derive(Debug, Clone, Default)]
pub struct Alive(Arc<AtomicUsize>);

impl Alive {
    /// One more.
    pub fn guard(&self) -> Guard {
        self.0.fetch_add(1, SeqCst);
        let (alive, dropped) = (self.clone(), AtomicBool::new(false));
        Guard { alive, dropped }
    }

    pub fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Counted until it is dropped.
#[derive(Debug)]
pub struct Guard {
    alive: Alive,
    dropped: AtomicBool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        assert!(!self.dropped.swap(true, SeqCst), "dropped once");
        self.alive.0.fetch_sub(1, SeqCst);
    }
}
