//! What do crossbeam's queues look like to loom?
//!
//! crossbeam-deque's shapes over operations that loom sees. A lock in their place would *create*
//! the order whose absence is the classic lost wakeup.

#[allow(unsafe_code)]
mod injector; // for threads that are no workers
#[allow(unsafe_code)]
mod worker; // for an owner and thieves

pub use injector::Injector;
pub use worker::{Stealer, Worker};

/// Room for a few jobs: each place costs loom a history.
const CAPACITY: usize = 8;

/// What came of an attempt to steal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Steal<T> {
    /// Nothing was there.
    Empty,
    /// The value that was at the front.
    Success(T),
    /// Lost a race, which is not the same as empty: ask again.
    Retry,
}

impl<T> Steal<T> {
    /// Whether nothing was there.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether something was stolen.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success(_))
    }

    /// Whether a race was lost.
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Retry)
    }

    /// What was stolen.
    pub fn success(self) -> Option<T> {
        match self {
            Self::Success(value) => Some(value),
            Self::Empty | Self::Retry => None,
        }
    }

    /// Another attempt, unless this one succeeded; a lost race is not forgotten.
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Success(_) => self,
            Self::Empty => other(),
            Self::Retry => match other() {
                Self::Empty => Self::Retry,
                other => other,
            },
        }
    }
}
