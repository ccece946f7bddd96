//! Where do the entries lie, and how are they strung together?
//!
//! In one vector, whose free places form a list, and whose used places hang in doubly linked lists
//! of indices, one list for each slot of the wheel. Indices instead of pointers: safe code, and
//! half the size.

use super::{Key, slots::NEAR};

/// The index of nothing.
pub const NIL: u32 = u32::MAX;

/// From here on a `prev` is no entry, but the list that begins here: the complement of its number.
const FIRST: u32 = !(u16::MAX as u32);

/// One armed entry, or a free place.
#[derive(Debug)]
pub struct Entry<T> {
    /// The number of its arming, which makes its key unique and orders equal deadlines.
    pub armed: u64,
    /// In nanoseconds, exactly as asked for.
    pub deadline: u64,
    prev: u32,
    /// In a free place: the next free one.
    next: u32,
    /// `None` in a free place.
    held: Option<T>,
}

/// All entries of one wheel.
#[derive(Debug)]
pub struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: u32,
    len: usize,
}

impl<T> Slab<T> {
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: NIL,
            len: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// A new entry, in no list.
    pub fn insert(&mut self, armed: u64, deadline: u64, held: T) -> u32 {
        let entry = Entry {
            armed,
            deadline,
            prev: NIL,
            next: NIL,
            held: Some(held),
        };
        self.len += 1;
        let index = self.free;
        if index == NIL {
            let index = u32::try_from(self.entries.len()).unwrap_or(NIL);
            assert!(index < FIRST, "a wheel holds fewer than 2^32 - 2^16 timers");
            self.entries.push(entry);
            return index;
        }
        let place = &mut self.entries[index as usize];
        self.free = place.next;
        *place = entry;
        index
    }

    /// Frees an entry that hangs in no list.
    pub fn remove(&mut self, index: u32) -> T {
        let entry = &mut self.entries[index as usize];
        entry.next = self.free;
        self.free = index;
        self.len -= 1;
        entry.held.take().expect("only used places are freed")
    }

    pub fn at(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.entries[index as usize]
    }

    /// Whether the entry that was armed under `key` is still here.
    pub fn contains(&self, key: Key) -> bool {
        self.entries
            .get(key.index as usize)
            .is_some_and(|entry| entry.armed == key.armed && entry.held.is_some())
    }

    /// What the entry holds.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        (entry.armed == key.armed).then_some(entry.held.as_mut())?
    }

    /// Hangs an entry in the front of `place`, the list that begins at `head`.
    pub fn link(&mut self, head: &mut u32, place: u16, index: u32) {
        let next = std::mem::replace(head, index);
        let entry = self.at(index);
        entry.prev = !u32::from(place);
        entry.next = next;
        if next != NIL {
            self.at(next).prev = index;
        }
    }

    /// Notes that an entry hangs in no list, but lies in the heap.
    pub fn note_near(&mut self, index: u32) {
        let entry = self.at(index);
        entry.prev = !u32::from(NEAR);
        entry.next = NIL;
    }

    /// Takes an entry out of its list. If it was the first, says of which, and what is the first
    /// now.
    pub fn unlink(&mut self, index: u32) -> Option<(u16, u32)> {
        let &mut Entry { prev, next, .. } = self.at(index);
        if next != NIL {
            self.at(next).prev = prev;
        }
        if prev >= FIRST {
            return Some((!prev as u16, next));
        }
        self.at(prev).next = next;
        None
    }

    /// The entry after `index` in its list, or `NIL`.
    pub fn after(&self, index: u32) -> u32 {
        self.entries[index as usize].next
    }

    /// The entries of the list that begins at `head`.
    pub fn list(&self, head: u32) -> impl Iterator<Item = &Entry<T>> {
        let first = self.entries.get(head as usize);
        std::iter::successors(first, |entry| self.entries.get(entry.next as usize))
    }

    /// What all entries hold, in no order.
    pub fn into_held(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().filter_map(|entry| entry.held)
    }
}
