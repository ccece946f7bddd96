//! How is a value set once under loom?
//!
//! The value lies in the standard library's cell, which loom does not see; a flag beside it, which
//! loom sees, says that it is there, with the orderings that the standard library gives.

use super::atomic::{AtomicBool, Ordering};

/// See `std::sync::OnceLock`.
#[derive(Debug)]
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    is_set: AtomicBool,
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> OnceLock<T> {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            value: std::sync::OnceLock::new(),
            is_set: AtomicBool::new(false),
        }
    }

    /// The value, if it is set.
    pub fn get(&self) -> Option<&T> {
        if self.is_set.load(Ordering::Acquire) {
            self.value.get()
        } else {
            None
        }
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// The value, when there is one already.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.is_set.store(true, Ordering::Release);
        Ok(())
    }
}
