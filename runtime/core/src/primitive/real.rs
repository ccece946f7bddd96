//! What do the primitives really do?
//!
//! The standard library's atomics and threads, parking_lot's locks, crossbeam's deques.

use super::Wait;
use std::time::Duration;

pub use crossbeam_utils::CachePadded;
pub use parking_lot::{Mutex, MutexGuard};
pub use std::hint;
pub use std::sync::{Arc, OnceLock};

#[doc(inline)]
pub use crate::__heist_thread_local as thread_local;

/// The standard library's atomics.
pub mod atomic {
    pub use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// crossbeam's work-stealing deques.
pub mod deque {
    pub use crossbeam_deque::{Injector, Steal, Stealer, Worker};
}

/// Threads, and the one function that starts them.
pub mod thread {
    pub use std::thread::{JoinHandle, available_parallelism, yield_now};

    /// Starts a thread called `name` (which the system may cut short).
    ///
    /// # Errors
    ///
    /// When the operating system refuses the thread.
    pub fn start(
        name: String,
        body: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name(name).spawn(body)
    }
}

/// Declares one thread-local value with a constant start: `static NAME: Type = value;`.
#[doc(hidden)]
#[macro_export]
macro_rules! __heist_thread_local {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $start:expr;) => {
        ::std::thread_local! {
            $(#[$meta])* $vis static $name: $type = const { $start };
        }
    };
}

/// Where a compare-exchange loop starts.
pub trait Seed {
    /// What the atomic holds.
    type Value;

    /// The value that the first compare-exchange of a loop expects. A stale one costs a round.
    fn seed(&self) -> Self::Value;
}

macro_rules! seed {
    ($($atomic:ty => $value:ty),*) => {$(
        impl Seed for $atomic {
            type Value = $value;

            fn seed(&self) -> $value {
                self.load(atomic::Ordering::Relaxed)
            }
        }
    )*};
}

seed!(atomic::AtomicU32 => u32, atomic::AtomicU64 => u64, atomic::AtomicUsize => usize);

/// A cell whose contents are reached by pointer, inside a closure.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Calls `look` with a pointer for reading.
    #[inline]
    pub fn with<R>(&self, look: impl FnOnce(*const T) -> R) -> R {
        look(self.0.get())
    }

    /// Calls `change` with a pointer for writing.
    #[inline]
    pub fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
        change(self.0.get())
    }

    /// The contents.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

/// parking_lot's condition variable, with its timed wait spelt like the model's.
#[derive(Debug, Default)]
pub struct Condvar(parking_lot::Condvar);

impl Condvar {
    /// A condition variable nobody waits on.
    pub const fn new() -> Self {
        Self(parking_lot::Condvar::new())
    }

    /// Blocks the thread until notified.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.0.wait(guard);
    }

    /// Blocks the thread until notified, for `timeout` at most.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> Wait {
        if self.0.wait_for(guard, timeout).timed_out() {
            Wait::TimedOut
        } else {
            Wait::Woken
        }
    }

    /// Ends the wait of one thread.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Ends the wait of every thread.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
