//! Which timer is due next?
//!
//! A [`Wheel`] is a hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical timing
//! wheels", SOSP 1987, scheme 7): six levels of 64 slots, a bitmap for each level. It knows no
//! clock and no thread: times are nanoseconds that the caller brings.
//!
//! Arming, cancelling and resetting take constant time. What comes up is sorted at the last moment,
//! by a heap that holds one tick's entries, so timers leave the wheel in the order of their
//! deadlines and equal ones in the order of their arming; most timers are cancelled before and are
//! never sorted.
//!
//! - **exact**: an entry keeps its deadline to the nanosecond and leaves only when that has come:
//!   nothing is early, whatever a tick is.
//! - **near-first**: what is in the heap is due before anything in a slot.

mod slab;
mod slots;

use slab::{NIL, Slab};
use slots::{LISTS, NEAR, Occupied};
use std::{cmp::Reverse, collections::BinaryHeap};

/// A list of up to so many entries is looked through for its exact earliest deadline; of a longer
/// one only the slot's beginning is known until it comes up. An empty turn costs a wake-up of
/// about 5 µs, a look at an entry some 5 ns.
const LOOK: usize = 32;

/// Cancelled entries are swept out of the heap when there are so many, and more than live ones.
const SWEEP: usize = 32;

/// Timers, ordered by their deadlines. `T` is what a timer holds, usually a waker.
///
/// # Examples
///
/// ```
/// use heist_timer::wheel::Wheel;
///
/// let mut wheel = Wheel::new();
/// let late = wheel.arm(2_000_000, "late");
/// wheel.arm(1_000_000, "soon");
///
/// assert_eq!(wheel.next_expiry(), Some(1_000_000));
/// assert_eq!(wheel.pop_due(999_999), None);
/// assert_eq!(wheel.pop_due(1_000_000), Some("soon"));
/// assert_eq!(wheel.cancel(late), Some("late"));
/// assert!(wheel.is_empty());
/// ```
#[derive(Debug)]
pub struct Wheel<T> {
    slab: Slab<T>,
    /// The first entry of each list.
    heads: [u32; LISTS],
    occupied: Occupied,
    /// The tick the wheel has been turned to.
    cursor: u64,
    /// What is due in the cursor's tick or before, and what was cancelled there.
    near: BinaryHeap<Reverse<Near>>,
    /// How many in `near` were cancelled.
    stale: usize,
    /// How often something was armed.
    armed: u64,
}

/// One arming of one entry. It is never used again, so an old key finds nothing.
///
/// Packed, because who holds a key has something to put into the last four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, packed(4))]
pub struct Key {
    armed: u64,
    index: u32,
}

/// Ordered by its fields, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Near {
    deadline: u64,
    armed: u64,
    index: u32,
}

impl Near {
    fn key(self) -> Key {
        Key {
            armed: self.armed,
            index: self.index,
        }
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Wheel<T> {
    /// A wheel without timers, at time 0.
    pub const fn new() -> Self {
        Self {
            slab: Slab::new(),
            heads: [NIL; LISTS],
            occupied: Occupied::new(),
            cursor: 0,
            near: BinaryHeap::new(),
            stale: 0,
            armed: 0,
        }
    }

    /// How many timers are armed.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Arms a timer. A deadline in the past is due at once; `u64::MAX` is never.
    pub fn arm(&mut self, deadline: u64, held: T) -> Key {
        self.armed += 1;
        let index = self.slab.insert(self.armed, deadline, held);
        self.file(index);
        Key {
            armed: self.armed,
            index,
        }
    }

    /// Takes a timer out, and returns what it held, unless it is gone.
    pub fn cancel(&mut self, key: Key) -> Option<T> {
        self.slab.contains(key).then(|| {
            self.unfile(key.index);
            let held = self.slab.remove(key.index);
            self.sweep();
            held
        })
    }

    /// Arms a timer anew, for another deadline, unless it is gone. Its old key finds nothing more.
    pub fn reset(&mut self, key: Key, deadline: u64) -> Option<Key> {
        self.slab.contains(key).then(|| {
            self.unfile(key.index);
            self.armed += 1;
            let entry = self.slab.at(key.index);
            entry.armed = self.armed;
            entry.deadline = deadline;
            self.file(key.index);
            self.sweep();
            Key {
                armed: self.armed,
                index: key.index,
            }
        })
    }

    /// What a timer holds, unless it is gone.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.slab.get_mut(key)
    }

    /// Takes out the first timer whose deadline is `now` or before.
    ///
    /// After `None`, [`next_expiry`](Self::next_expiry) is later than `now`.
    pub fn pop_due(&mut self, now: u64) -> Option<T> {
        loop {
            if let Some(first) = self.first_near() {
                return (first.deadline <= now).then(|| {
                    self.near.pop();
                    self.slab.remove(first.index)
                });
            }
            match self.occupied.next(self.cursor) {
                Some((place, start)) if start <= slots::tick(now) => self.turn(place, start),
                _ => {
                    self.cursor = self.cursor.max(slots::tick(now));
                    return None;
                }
            }
        }
    }

    /// When to call [`pop_due`](Self::pop_due) next: the earliest deadline, or a time before it
    /// at which the wheel will know more. `None` when no timer will ever be due.
    pub fn next_expiry(&mut self) -> Option<u64> {
        if let Some(first) = self.first_near() {
            return Some(first.deadline);
        }
        let (place, start) = self.occupied.next(self.cursor)?;
        let mut list = self.slab.list(self.heads[usize::from(place)]);
        let earliest = list.by_ref().take(LOOK).map(|entry| entry.deadline).min();
        match list.next() {
            None => earliest,
            Some(_) => Some(slots::start_of(start)),
        }
    }

    /// What all timers held, in no order.
    pub fn into_held(self) -> impl Iterator<Item = T> {
        self.slab.into_held()
    }

    /// Puts an entry where it belongs, seen from the cursor.
    fn file(&mut self, index: u32) {
        let &mut slab::Entry {
            deadline, armed, ..
        } = self.slab.at(index);
        let place = slots::place(self.cursor, deadline);
        if place == NEAR {
            self.slab.note_near(index);
            self.near.push(Reverse(Near {
                deadline,
                armed,
                index,
            }));
        } else {
            let head = &mut self.heads[usize::from(place)];
            self.slab.link(head, place, index);
            self.occupied.set(place, true);
        }
    }

    /// Takes an entry out of where it is. What is left of it in the heap is found to be stale by
    /// its key.
    fn unfile(&mut self, index: u32) {
        match self.slab.unlink(index) {
            Some((NEAR, _)) => self.stale += 1,
            Some((place, first)) => {
                self.heads[usize::from(place)] = first;
                self.occupied.set(place, first != NIL);
            }
            None => {}
        }
    }

    /// Moves the cursor to where `place` begins, and files its entries anew: nearer, or due.
    fn turn(&mut self, place: u16, start: u64) {
        self.cursor = start;
        self.occupied.set(place, false);
        let mut index = std::mem::replace(&mut self.heads[usize::from(place)], NIL);
        while index != NIL {
            let after = self.slab.after(index);
            self.file(index);
            index = after;
        }
    }

    /// The earliest entry of the heap, after dropping what was cancelled before it.
    fn first_near(&mut self) -> Option<Near> {
        while let Some(&Reverse(first)) = self.near.peek() {
            if self.slab.contains(first.key()) {
                return Some(first);
            }
            self.near.pop();
            self.stale -= 1;
        }
        None
    }

    /// Keeps a storm of short timers, cancelled while the clock stands still, from filling the
    /// heap.
    fn sweep(&mut self) {
        if self.stale > SWEEP && self.stale > self.near.len() / 2 {
            let slab = &self.slab;
            self.near.retain(|Reverse(near)| slab.contains(near.key()));
            self.stale = 0;
        }
    }
}
