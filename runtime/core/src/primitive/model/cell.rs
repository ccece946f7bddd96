//! Who may touch this memory now?
//!
//! loom's cell, which panics when two accesses race. Here the drop is an access too.

use std::{mem::ManuallyDrop, panic::Location, ptr, thread::panicking};

/// A cell whose contents are reached by pointer, inside a closure.
#[derive(Debug)]
pub struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Calls `look` with a pointer for reading.
    #[track_caller]
    pub fn with<R>(&self, look: impl FnOnce(*const T) -> R) -> R {
        super::site::trace(Location::caller(), "reads the cell", ());
        self.0.with(look)
    }

    /// Calls `change` with a pointer for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
        super::site::trace(Location::caller(), "writes the cell", ());
        self.0.with_mut(change)
    }

    /// The contents.
    pub fn into_inner(self) -> T {
        self.0.with_mut(|_| ());
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so the inner cell has one owner.
        unsafe { ptr::read(&this.0) }.into_inner()
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for UnsafeCell<T> {
    fn drop(&mut self) {
        if !panicking() {
            self.0.with_mut(|_| ());
        }
    }
}
