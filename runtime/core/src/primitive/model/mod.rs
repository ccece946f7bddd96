//! What do the primitives do under loom?
//!
//! They are loom's, in the shapes of `real`, with three things added. Each operation knows its
//! call site, so that a run can weaken one ordering ([`site`]). Dropping an atomic or a cell is an
//! access that must come after all others, so that memory freed too early is seen. A timeout
//! passes when a test says so ([`Condvar::expire`]).

pub mod deque; // crossbeam's shapes
pub mod thread; // two or three of them, switched by loom
mod lock; // parking_lot's shapes
mod once; // a value that is set once
#[allow(unsafe_code)]
mod cell; // memory whose accesses loom checks
pub mod atomic; // std's atomics, which ask `site` for their ordering
pub mod site; // which ordering does this run weaken?

pub use cell::UnsafeCell;
pub use crossbeam_utils::CachePadded;
pub use lock::{Condvar, Mutex, MutexGuard};
pub use loom::{hint, sync::Arc};
pub use once::OnceLock;

#[doc(inline)]
pub use crate::__heist_thread_local as thread_local;

/// For [`thread_local`] in other crates.
#[doc(hidden)]
pub use loom as __loom;

/// Declares one thread-local value with a constant start: `static NAME: Type = value;`.
#[doc(hidden)]
#[macro_export]
macro_rules! __heist_thread_local {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $start:expr;) => {
        $crate::primitive::__loom::thread_local! {
            $(#[$meta])* $vis static $name: $type = $start;
        }
    };
}

/// Where a compare-exchange loop starts.
pub trait Seed {
    /// What the atomic holds.
    type Value;

    /// The value that the first compare-exchange of a loop expects. A stale one would only cost a
    /// round, so the model reads the newest and saves itself the branches.
    fn seed(&self) -> Self::Value;
}
