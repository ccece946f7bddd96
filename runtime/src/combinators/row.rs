//! How do many futures of one type stay pinned in one allocation?
//!
//! - **never-moved**: the slice is never resized or given away, and a place is filled and emptied
//!   only through its pin.

use std::pin::Pin;

/// A row of places for futures.
pub struct Row<F>(Pin<Box<[Option<F>]>>);

impl<F> Row<F> {
    /// A row that holds `futures`.
    pub fn new(futures: impl Iterator<Item = F>) -> Self {
        Self(Box::into_pin(futures.map(Some).collect()))
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One place.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    pub fn get(&mut self, index: usize) -> Pin<&mut Option<F>> {
        // SAFETY: never-moved: the reference only leads to one place, and leaves pinned.
        let places = unsafe { self.0.as_mut().get_unchecked_mut() };
        // SAFETY: the place is part of a pinned slice (never-moved), which drops it where it is.
        unsafe { Pin::new_unchecked(&mut places[index]) }
    }
}
