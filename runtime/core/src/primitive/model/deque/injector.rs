//! Where do threads that are not workers push?
//!
//! crossbeam-deque's `Injector`: many pushers, many thieves, first in first out. Each place is used
//! once. The two ends are one word, because each load is a branch for loom, and only a value's own
//! flag is more than Relaxed: what else crossbeam orders here, nobody promises.

use super::{
    super::{
        UnsafeCell,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    CAPACITY, Steal,
    worker::{Batch, Worker, take_apart},
};
use std::fmt;

/// One place more, in the upper half of `ends`.
const RESERVED: u64 = 1 << 32;

/// The most that a batch moves, as in crossbeam.
const MAX_BATCH: usize = 33;

struct Place<T> {
    written: AtomicBool,
    value: UnsafeCell<Option<T>>,
}

/// A queue for everybody.
pub struct Injector<T> {
    /// How many places pushers have reserved (upper half), and thieves have emptied (lower).
    ends: AtomicU64,
    places: Box<[Place<T>]>,
}

// SAFETY: a place's value is touched by the one who reserved it and then, once it is written, by
// the one who emptied it; so threads only give values to one another.
unsafe impl<T: Send> Sync for Injector<T> {}

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Injector<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Only in the model: an empty queue for `capacity` values in all its life.
    pub fn with_capacity(capacity: usize) -> Self {
        let place = || Place {
            written: AtomicBool::new(false),
            value: UnsafeCell::new(None),
        };
        let places = std::iter::repeat_with(place).take(capacity).collect();
        Self {
            ends: AtomicU64::new(0),
            places,
        }
    }

    /// Puts `value` at the back.
    ///
    /// # Panics
    ///
    /// When all places have been used.
    pub fn push(&self, value: T) {
        let (_, number) = split(self.ends.fetch_add(RESERVED, Relaxed));
        let place = self.places.get(number).expect("the queue is full");
        place.value.with_mut(|place| {
            // SAFETY: we reserved it, and nobody looks before it is written.
            unsafe { *place = Some(value) }
        });
        // Ordering: the value; pairs with the load in `take`.
        place.written.store(true, Release);
    }

    /// Takes the value at the front.
    pub fn steal(&self) -> Steal<T> {
        self.take(None, |_| 1)
    }

    /// Takes the value at the front, and moves about half of the rest into `to`.
    pub fn steal_batch_and_pop(&self, to: &Worker<T>) -> Steal<T> {
        self.steal_batch_with_limit_and_pop(to, MAX_BATCH)
    }

    /// The same, with `limit` values at most.
    ///
    /// # Panics
    ///
    /// When `limit` is 0.
    pub fn steal_batch_with_limit_and_pop(&self, to: &Worker<T>, limit: usize) -> Steal<T> {
        assert!(limit > 0, "a batch has at least one value");
        self.take(Some(to), |len| len.div_ceil(2).min(limit))
    }

    /// Moves about half of the values into `to`.
    pub fn steal_batch(&self, to: &Worker<T>) -> Steal<()> {
        match self.steal_batch_and_pop(to) {
            Steal::Success(first) => {
                // Behind the others: nobody relies on the order within a batch.
                to.push(first);
                Steal::Success(())
            }
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    /// How many lie here; exact only behind a fence that pairs with one after `push`.
    pub fn len(&self) -> usize {
        let (emptied, reserved) = split(self.ends.load(Relaxed));
        reserved - emptied
    }

    /// Whether nothing lies here; exact only behind a fence that pairs with one after `push`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self, to: Option<&Worker<T>>, count: impl FnOnce(usize) -> usize) -> Steal<T> {
        let ends = self.ends.load(Relaxed);
        let (emptied, reserved) = split(ends);
        if emptied == reserved {
            return Steal::Empty;
        }
        let count = count(reserved - emptied);
        let places = &self.places[emptied..emptied + count];
        // Ordering: the values; pairs with the store in `push`. crossbeam waits here for a pusher
        // that has its place and has not written yet; so does a caller that asks again.
        if !places.iter().all(|place| place.written.load(Acquire)) {
            return Steal::Retry;
        }
        if self
            .ends
            .compare_exchange(ends, ends + count as u64, Relaxed, Relaxed)
            .is_err()
        {
            return Steal::Retry;
        }
        let take = |place: &Place<T>| {
            // SAFETY: written, and emptied by our exchange.
            place
                .value
                .with_mut(|place| unsafe { (*place).take() })
                .expect("it is written")
        };
        let (first, rest) = places.split_first().expect("at least one is taken");
        let first = take(first);
        if let Some(to) = to.filter(|_| !rest.is_empty()) {
            let batch = Batch::new(to, rest.len());
            for (number, place) in rest.iter().enumerate() {
                batch.write(number, take_apart(take(place)));
            }
            batch.publish();
        }
        Steal::Success(first)
    }
}

/// Emptied and reserved.
fn split(ends: u64) -> (usize, usize) {
    ((ends % RESERVED) as usize, (ends / RESERVED) as usize)
}

impl<T> fmt::Debug for Injector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Injector { .. }")
    }
}
