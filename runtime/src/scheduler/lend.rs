//! How does a worker's thread block without keeping its seat from others?
//!
//! It lends the seat. Another thread sits in for it: a substitute, which has the seat's place in
//! the idle word, its parker and its turn at the lead. The queue stays where it is, with the
//! stealers that everybody has; the substitute takes from it as a thief does, one job at a time,
//! and what it makes runnable goes to the injector. So nothing must be moved, and nothing can be
//! lost with it.
//!
//! - **pinned-stays**: what is pinned to a thread waits in the thread's own home, not in the seat.

use super::{lease::Lease, local::Local, work::Root, worker::Worker};
use heist_core::primitive::Arc;

impl Worker {
    /// Works on a lent seat until its owner wants it back, or the runtime stops. `begin` is called
    /// once this thread is a worker, with its home, and what it returns is dropped at the end.
    pub fn sit_in<T>(lease: &Arc<Lease>, begin: impl FnOnce(&Local) -> T) {
        if !lease.take() {
            return;
        }
        let worker = Self::substitute(lease.clone());
        let begun = begin(&worker.local);
        loop {
            worker.work(None);
            // Recalled while it was lent in its turn: first from there.
            worker.regain(None);
            let is_stopping = worker.shared.idle.glance().is_stopping();
            if lease.get_up(is_stopping) {
                break;
            }
        }
        drop(begun);
        drop(worker);
        lease.give_back();
    }

    /// After user code: gets a seat back that was lent in it. Until then the thread runs what only
    /// it can run. Whether `root` has nothing more to poll.
    pub(super) fn regain(&self, mut root: Option<&mut Root<'_>>) -> bool {
        let mut is_over = false;
        // Each time anew: what runs here may lend it to another.
        while let Some(lease) = self.local.lease()
            && !lease.recall()
        {
            if let Some(job) = self.local.home.pop() {
                job.run();
                continue;
            }
            if let Some(root) = &mut root
                && !is_over
                && root.bell.answer()
            {
                is_over = (root.poll)();
                continue;
            }
            let _ = self.local.home.aside.park(None);
        }
        if self.local.is_out() {
            Local::sit_again(&self.local);
        }
        is_over
    }
}
