//! How often was something woken?

use heist_core::{
    primitive::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    waker::WakeTarget,
};

/// How often something was woken. For the model only: it adds no order.
#[derive(Default)]
pub struct Wakes(AtomicUsize);

impl WakeTarget for Wakes {
    fn wake(this: &Arc<Self>) {
        this.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    /// So often until now.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
