//! Who holds the lock, and whom does a notification wake?
//!
//! loom's mutex and condition variable, shaped like parking_lot's. loom knows no time: a timed
//! wait ends when a test thread lets its timeout pass.

use super::{super::Wait, site::trace};
use std::{
    ops::{Deref, DerefMut},
    panic::Location,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

const HELD: &str = "the guard holds the lock, except inside a wait";

/// A lock that does not poison.
#[derive(Debug, Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

/// Unlocks when dropped.
#[derive(Debug)]
#[must_use]
pub struct MutexGuard<'a, T> {
    /// `None` while a wait has it.
    held: Option<loom::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// An unlocked lock around `value`.
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    /// Blocks until the lock is this thread's.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().expect("loom does not poison");
        trace(Location::caller(), "locks", ());
        MutexGuard { held: Some(held) }
    }

    /// What the lock protects; nobody else can look.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect("loom does not poison")
    }

    /// What the lock protected.
    pub fn into_inner(self) -> T {
        self.0.into_inner().expect("loom does not poison")
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect(HELD)
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect(HELD)
    }
}

/// loom's condition variable, whose timeouts pass when a test calls [`expire`](Self::expire).
#[derive(Debug, Default)]
pub struct Condvar {
    changed: loom::sync::Condvar,
    /// Timeouts that have passed and that no wait has seen; changed under the waiters' lock. Not
    /// loom's, because the lock orders it already and each operation of loom's is a branch.
    expired: AtomicUsize,
}

impl Condvar {
    /// A condition variable nobody waits on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Blocks the thread until notified, or for no reason.
    #[track_caller]
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        trace(Location::caller(), "waits", ());
        let held = guard.held.take().expect(HELD);
        guard.held = Some(self.changed.wait(held).expect("loom does not poison"));
        trace(Location::caller(), "waited", ());
    }

    /// Blocks the thread until notified, or until a timeout passes. One that passed before the
    /// wait counts, as a timeout of zero would.
    #[track_caller]
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _timeout: Duration) -> Wait {
        if self.take_expired() {
            return Wait::TimedOut;
        }
        self.wait(guard);
        if self.take_expired() {
            Wait::TimedOut
        } else {
            Wait::Woken
        }
    }

    /// Ends the wait of one thread.
    #[track_caller]
    pub fn notify_one(&self) {
        trace(Location::caller(), "notifies one", ());
        self.changed.notify_one();
    }

    /// Ends the wait of every thread.
    #[track_caller]
    pub fn notify_all(&self) {
        trace(Location::caller(), "notifies all", ());
        self.changed.notify_all();
    }

    /// Only in the model: one timeout passes, for a wait with `mutex` that has begun or for the
    /// next one.
    #[track_caller]
    pub fn expire<T>(&self, mutex: &Mutex<T>) {
        let guard = mutex.lock();
        trace(Location::caller(), "lets a timeout pass", ());
        self.expired.fetch_add(1, Relaxed);
        drop(guard);
        // All: one that waits without a timeout must not swallow it.
        self.changed.notify_all();
    }

    fn take_expired(&self) -> bool {
        self.expired
            .try_update(Relaxed, Relaxed, |count| count.checked_sub(1))
            .is_ok()
    }
}
