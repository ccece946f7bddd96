//! Through which door do atomics, locks, cells, threads and deques come?
//!
//! This one, in every crate. Behind it stands either `real` (the standard library, parking_lot,
//! crossbeam) or `model` (loom's types and a deque written for them). Which of the two is decided
//! by a cfg that only the manifests in `loom-tests/` set, so that a user's build never sees loom.
//!
//! Both sides have the same names and the same shapes:
//!
//! | name | shape |
//! | --- | --- |
//! | `atomic::*` | std's atomics, `Ordering` and `fence`; [`Seed::seed`] starts a compare-exchange loop |
//! | `Arc` | std's, without `Weak` and without unsized contents |
//! | `Mutex`, `MutexGuard` | parking_lot's: `lock()` gives the guard, no poison |
//! | `Condvar` | `wait(&mut guard)`, `wait_for(&mut guard, timeout) -> Wait` |
//! | `OnceLock` | std's `get` and `set` |
//! | `UnsafeCell` | `with(\|*const T\|)`, `with_mut(\|*mut T\|)`, `into_inner` |
//! | `thread` | `start`, the one function that starts threads; `JoinHandle`, `yield_now` |
//! | `thread_local!` | one `static NAME: T = constant;`, read by `with` and `try_with` |
//! | `deque` | crossbeam-deque's `Worker` (FIFO), `Stealer`, `Injector`, `Steal` |
//! | `Counter` | a number that people read; orders nothing, so no model looks at it |
//! | `hint::spin_loop`, `CachePadded` | |
//!
//! What loom cannot model stays out: SeqCst loads and stores, `thread::park`, `try_lock`.

#[cfg(not(heist_model))]
mod real;
#[cfg(not(heist_model))]
pub use real::*;

#[cfg(heist_model)]
pub mod model;
#[cfg(heist_model)]
pub use model::*;

/// How a timed wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Wait {
    /// Somebody notified, or nobody did: a wait may end for no reason.
    Woken,
    /// The time is over.
    TimedOut,
}

/// A number that people read: it orders nothing, and no model looks at it.
#[derive(Debug, Default)]
pub struct Counter(std::sync::atomic::AtomicU64);

impl Counter {
    /// A counter that stands at `value`.
    pub const fn new(value: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(value))
    }

    /// Adds, and returns what was there before.
    pub fn add(&self, value: u64) -> u64 {
        self.0
            .fetch_add(value, std::sync::atomic::Ordering::Relaxed)
    }

    /// Subtracts, and returns what was there before.
    pub fn sub(&self, value: u64) -> u64 {
        self.0
            .fetch_sub(value, std::sync::atomic::Ordering::Relaxed)
    }

    /// What the counter says.
    pub fn get(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}
