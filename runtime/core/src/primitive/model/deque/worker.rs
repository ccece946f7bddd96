//! How does an owner share a queue with thieves without a lock?
//!
//! crossbeam-deque's shapes over operations that loom sees. A lock in their place would *create*
//! the order whose absence is the classic lost wakeup.
//!
//! The deque is Chase and Lev's ("Dynamic circular work-stealing deque", 2005) with the fences of
//! Lê, Pop, Cohen and Zappa Nardelli ("Correct and efficient work-stealing for weak memory
//! models", 2013), first in first out: the owner too takes from the front. Its capacity is fixed;
//! a full queue is a mistake of the model.
//!
//! Its orderings are crossbeam 0.8.8's where they are needed, and less where crossbeam has more
//! than a first-in-first-out queue needs: no model may lean on a fence that nobody promises.
//!
//! | operation | crossbeam | here | because |
//! | --- | --- | --- | --- |
//! | `pop`: add to `front` | SeqCst | Acquire | all changes of one word have one order |
//! | `steal`: load of `front` | Acquire | Relaxed | a stale one only loses the exchange |
//! | `steal`: fence (the epoch's pin) | SeqCst | none | a stale `back` only says `Empty` |
//! | `steal`: exchange of `front` | SeqCst | Release | the values come through `back` |
//! | `len`, `is_empty` | Acquire, SeqCst | Relaxed | hints |

use super::{
    super::{
        Arc, UnsafeCell,
        atomic::{
            AtomicPtr, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
            fence,
        },
    },
    CAPACITY, Steal,
};
use std::{
    cell::Cell,
    fmt,
    marker::PhantomData,
    mem::{ManuallyDrop, align_of, size_of},
    ptr,
    sync::Mutex as Plain,
};

/// The most that a batch moves besides the value it returns, as in crossbeam.
const MAX_BATCH: usize = 32;

const UNPOISONED: &str = "a panic with this lock ends the execution";

/// The bytes of a value, and nobody's until they are won.
pub(super) type Words = [*mut (); 2];

/// Room for a value of up to two words. A thief may read it while it changes: then it fails to
/// win it, and forgets what it has read.
#[derive(Debug, Default)]
struct Place {
    words: [AtomicPtr<()>; 2],
    /// Bookkeeping, which loom need not see: nothing can come between a winning exchange and its
    /// note here.
    order: Plain<Order>,
}

/// What must come before what, for loom to check: the drop of a cell is an access.
#[derive(Debug, Default)]
struct Order {
    /// Made by the last write, dropped by the one who wins the value.
    written: Option<UnsafeCell<()>>,
    /// Made by the winner before it read, dropped by the next write.
    read: Option<UnsafeCell<()>>,
}

impl Place {
    /// How many words a `T` takes.
    const fn words<T>() -> usize {
        assert!(size_of::<T>() <= size_of::<Words>(), "two words at most");
        assert!(
            align_of::<T>() <= align_of::<Words>(),
            "aligned as a word at most"
        );
        size_of::<T>().div_ceil(size_of::<usize>())
    }

    fn read<T>(&self) -> Words {
        let mut words = [ptr::null_mut(); 2];
        for (word, part) in words
            .iter_mut()
            .zip(&self.words)
            .take(const { Self::words::<T>() })
        {
            *word = part.load(Relaxed);
        }
        words
    }

    fn write<T>(&self, words: Words) {
        let mut order = self.order.lock().expect(UNPOISONED);
        drop(order.read.take());
        order.written = Some(UnsafeCell::new(()));
        drop(order);
        for (word, part) in words
            .iter()
            .zip(&self.words)
            .take(const { Self::words::<T>() })
        {
            part.store(*word, Relaxed);
        }
    }

    /// The value is the caller's, who has read it after it made `read`, or wrote it itself.
    fn won(&self, read: Option<UnsafeCell<()>>) {
        let mut order = self.order.lock().expect(UNPOISONED);
        drop(order.written.take());
        order.read = read;
    }
}

pub(super) fn take_apart<T>(value: T) -> Words {
    const { Place::words::<T>() };
    let value = ManuallyDrop::new(value);
    let mut words: Words = [ptr::null_mut(); 2];
    let bytes = words.as_mut_ptr().cast::<u8>();
    // SAFETY: `words` has room for a `T` (`Place::words`) and is not `value`.
    unsafe { ptr::copy_nonoverlapping(ptr::from_ref(&*value).cast(), bytes, size_of::<T>()) };
    words
}

/// # Safety
///
/// `words` came from `take_apart::<T>`, and the caller has won them: nobody else puts the same
/// value together.
unsafe fn put_together<T>(words: Words) -> T {
    // SAFETY: the bytes of a `T`, large and aligned enough (`Place::words`); the caller's alone.
    unsafe { ptr::read(words.as_ptr().cast()) }
}

/// What the ends share. `front` and `back` only grow; a value lies at its number, modulo the
/// capacity.
struct Inner<T> {
    /// The next value to take. Changed by whoever takes.
    front: AtomicUsize,
    /// Where the next value goes. Changed by the owner only.
    back: AtomicUsize,
    places: Box<[Place]>,
    /// Shared, and given from thread to thread.
    holds: PhantomData<Plain<T>>,
}

impl<T> Inner<T> {
    fn place(&self, number: usize) -> &Place {
        &self.places[number % self.places.len()]
    }

    fn len(&self) -> usize {
        let back = self.back.load(Relaxed);
        back.saturating_sub(self.front.load(Relaxed))
    }
}

impl<T> Drop for Inner<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for number in self.front.now()..self.back.now() {
            let words = self.place(number).read::<T>();
            // SAFETY: pushed and not taken, and nobody else has the queue any more.
            drop(unsafe { put_together::<T>(words) });
        }
    }
}

/// The owner's end. First in, first out.
pub struct Worker<T> {
    inner: Arc<Inner<T>>,
    /// One thread at a time.
    owned: PhantomData<Cell<T>>,
}

impl<T> Worker<T> {
    /// An empty queue.
    pub fn new_fifo() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Only in the model: an empty queue of another capacity.
    pub fn with_capacity(capacity: usize) -> Self {
        let places = std::iter::repeat_with(Place::default)
            .take(capacity)
            .collect();
        let (front, back) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let inner = Inner {
            front,
            back,
            places,
            holds: PhantomData,
        };
        Self {
            inner: Arc::new(inner),
            owned: PhantomData,
        }
    }

    /// A thief's end.
    pub fn stealer(&self) -> Stealer<T> {
        Stealer {
            inner: self.inner.clone(),
        }
    }

    /// Puts `value` at the back.
    ///
    /// # Panics
    ///
    /// When the queue is full.
    pub fn push(&self, value: T) {
        let batch = Batch::new(self, 1);
        batch.write(0, take_apart(value));
        batch.publish();
    }

    /// Takes the value at the front.
    pub fn pop(&self) -> Option<T> {
        let Inner { front, back, .. } = &*self.inner;
        let back = back.load(Relaxed);
        if front.load(Relaxed) >= back {
            return None;
        }
        // Ordering: a thief's read before our next write to its place, which the load in `Batch`
        // does not see to when it reads our own store below; pairs with the exchange in `take`.
        let number = front.fetch_add(1, Acquire);
        if number >= back {
            // Only the owner steps past `back`, so it may step back.
            front.store(number, Relaxed);
            return None;
        }
        let place = self.inner.place(number);
        let words = place.read::<T>();
        place.won(None);
        // SAFETY: the owner pushed it, and `front` passed it by our addition.
        Some(unsafe { put_together(words) })
    }

    /// How many lie here; thieves may make it fewer.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether nothing lies here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Values on their way into the owner's queue, where they appear together.
pub(super) struct Batch<'a, T> {
    to: &'a Inner<T>,
    back: usize,
    count: usize,
}

impl<'a, T> Batch<'a, T> {
    /// Room for `count` values.
    pub(super) fn new(to: &'a Worker<T>, count: usize) -> Self {
        let to = &*to.inner;
        let back = to.back.load(Relaxed);
        // Ordering: a thief's read before our write to the same place; pairs with the exchange in
        // `take`.
        let front = to.front.load(Acquire);
        assert!(
            back.saturating_sub(front) + count <= to.places.len(),
            "the queue is full"
        );
        Self { to, back, count }
    }

    /// Puts a value's bytes where the batch's value number `number` goes.
    pub(super) fn write(&self, number: usize, words: Words) {
        self.to.place(self.back + number).write::<T>(words);
    }

    /// All of them are written, and the queue's.
    pub(super) fn publish(self) {
        // Ordering: the places, and what the values stand for, before the new `back`; pairs with
        // the load in `take`.
        fence(Release);
        self.to.back.store(self.back + self.count, Relaxed);
    }
}

/// A thief's end.
pub struct Stealer<T> {
    inner: Arc<Inner<T>>,
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<T> Stealer<T> {
    /// Takes the value at the front.
    pub fn steal(&self) -> Steal<T> {
        self.take(None, |_| 0)
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
        if Arc::ptr_eq(&self.inner, &to.inner) {
            return to.pop().map_or(Steal::Empty, Steal::Success);
        }
        self.take(Some(to), |len| ((len - 1) / 2).min(limit - 1))
    }

    /// How many lie there; a hint.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether nothing lies there; a hint.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the value at the front; as many more as `more` says of the length go into `to`.
    fn take(&self, to: Option<&Worker<T>>, more: impl FnOnce(usize) -> usize) -> Steal<T> {
        let Inner { front, back, .. } = &*self.inner;
        let first = front.load(Relaxed);
        // Ordering: the places, and what the values stand for; pairs with the fence in `publish`.
        let len = back.load(Acquire).saturating_sub(first);
        if len == 0 {
            return Steal::Empty;
        }
        let more = more(len);
        let batch = to.filter(|_| more > 0).map(|to| Batch::new(to, more));
        let reads: Vec<_> = (0..=more).map(|_| UnsafeCell::new(())).collect();
        let words = self.inner.place(first).read::<T>();
        for number in 0..more {
            let words = self.inner.place(first + 1 + number).read::<T>();
            batch.iter().for_each(|batch| batch.write(number, words));
        }
        // Ordering: our reads before the owner's next writes; pairs with the loads of `front` in
        // `Batch` and `pop`.
        if front
            .compare_exchange(first, first + 1 + more, Release, Relaxed)
            .is_err()
        {
            return Steal::Retry;
        }
        for (number, read) in (first..).zip(reads) {
            self.inner.place(number).won(Some(read));
        }
        if let Some(batch) = batch {
            batch.publish();
        }
        // SAFETY: `front` passed the value by our exchange.
        Steal::Success(unsafe { put_together(words) })
    }
}

impl<T> fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Worker { .. }")
    }
}

impl<T> fmt::Debug for Stealer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Stealer { .. }")
    }
}
