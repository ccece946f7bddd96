//! Where do the sources' slots lie?
//!
//! In blocks of the same size that are never freed while the reactor lives, so that a report finds
//! its slot without a lock: an index names a block and a place in it for ever. The blocks hang on
//! shelves, of which each has room for twice as many as the one before.

use crate::readiness::Readiness;
use heist_core::primitive::{Arc, Mutex, OnceLock};
use std::{array, fmt, io, ops::Deref};

/// How many slots a block has. 6 KiB: an allocator keeps blocks close together, and nobody has a
/// great part of one for nothing.
const BLOCK: u32 = 64;
/// With shelves of 1, 2, 4, … blocks these are some 2^26 slots: a process has fewer descriptors.
const SHELVES: usize = 20;

type Block = [Readiness; BLOCK as usize];
type Shelf = Box<[OnceLock<Arc<Block>>]>;

/// The slots of a reactor.
pub struct Slab {
    shelves: [OnceLock<Shelf>; SHELVES],
    free: Mutex<Free>,
}

#[derive(Default)]
struct Free {
    /// Last in, first out: a slot that was just used is in the cache.
    slots: Vec<u32>,
    /// From here on no slot has been used.
    next: u32,
    is_closed: bool,
}

impl Default for Slab {
    fn default() -> Self {
        Self {
            shelves: array::from_fn(|_| OnceLock::new()),
            free: Mutex::default(),
        }
    }
}

/// A slot that was taken.
pub struct Slot {
    block: Arc<Block>,
    pub index: u32,
}

impl Deref for Slot {
    type Target = Readiness;

    #[inline]
    fn deref(&self) -> &Readiness {
        place_in(&self.block, self.index)
    }
}

#[inline]
fn place_in(block: &Block, index: u32) -> &Readiness {
    &block[(index % BLOCK) as usize]
}

/// The error of every operation after the runtime's end.
pub fn closed() -> io::Error {
    io::Error::other("the runtime of this socket has shut down")
}

/// The shelf of a slot's block, and the block's place there.
#[inline]
fn locate(index: u32) -> (usize, usize) {
    let number = index / BLOCK + 1;
    let shelf = number.ilog2();
    (shelf as usize, (number - (1 << shelf)) as usize)
}

impl Slab {
    /// A slot that was taken once.
    pub fn get(&self, index: u32) -> Option<&Readiness> {
        let block = self.block(index)?;
        Some(place_in(block, index))
    }

    fn block(&self, index: u32) -> Option<&Arc<Block>> {
        let (shelf, place) = locate(index);
        self.shelves.get(shelf)?.get()?.get(place)?.get()
    }

    /// Takes a slot.
    ///
    /// # Errors
    ///
    /// After [`close`](Self::close), and when there are more sources than there can be.
    pub fn take(&self) -> io::Result<Slot> {
        let index = self.take_index()?;
        let block = self.block(index).expect("made for its first slot").clone();
        Ok(Slot { block, index })
    }

    fn take_index(&self) -> io::Result<u32> {
        let mut free = self.free.lock();
        if free.is_closed {
            return Err(closed());
        }
        if let Some(index) = free.slots.pop() {
            return Ok(index);
        }
        let index = free.next;
        if index.is_multiple_of(BLOCK) {
            self.add_block(index)?;
        }
        free.next += 1;
        Ok(index)
    }

    /// The block that begins with this slot. One thread at a time.
    fn add_block(&self, index: u32) -> io::Result<()> {
        let (shelf, place) = locate(index);
        let Some(blocks) = self.shelves.get(shelf) else {
            return Err(io::Error::other("more sources than a reactor has slots"));
        };
        if place == 0 {
            let made = blocks.set((0..1 << shelf).map(|_| OnceLock::new()).collect());
            assert!(made.is_ok(), "a shelf is made for its first block");
        }
        let blocks = blocks.get().expect("made for the first block");
        let made = blocks[place].set(Arc::new(array::from_fn(|_| Readiness::default())));
        assert!(made.is_ok(), "a block is made for its first slot");
        Ok(())
    }

    /// Gives a slot back.
    pub fn give_back(&self, slot: &Slot) {
        self.free.lock().slots.push(slot.index);
    }

    /// No slot is taken any more. Those that were are visited.
    pub fn close(&self, mut visit: impl FnMut(&Readiness)) {
        let used = {
            let mut free = self.free.lock();
            free.is_closed = true;
            free.next
        };
        (0..used)
            .filter_map(|index| self.get(index))
            .for_each(&mut visit);
    }

    /// How many slots are taken.
    pub fn len(&self) -> usize {
        let free = self.free.lock();
        free.next as usize - free.slots.len()
    }
}

impl fmt::Debug for Slab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slab")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in (0..BLOCK * 31).step_by(BLOCK as usize) {
            assert_eq!(locate(index), expected);
            assert_eq!(locate(index + BLOCK - 1), expected);
            expected.1 += 1;
            if expected.1 == 1 << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(
            locate(u32::MAX).0 >= SHELVES,
            "refused, and not out of bounds"
        );
    }

    #[test]
    fn slots_are_used_again_and_stay_where_they_are() {
        let slab = Slab::default();
        let take_all = || {
            let mut all: Vec<Slot> = (0..1000).map(|_| slab.take().unwrap()).collect();
            all.sort_by_key(|slot| slot.index);
            all
        };
        let places = |all: &[Slot]| -> Vec<*const Readiness> {
            let place = |slot: &Slot| {
                let place = std::ptr::from_ref(&**slot);
                assert!(std::ptr::eq(place, slab.get(slot.index).unwrap()));
                place
            };
            all.iter().map(place).collect()
        };
        let all = take_all();
        let before = places(&all);
        let distinct: BTreeSet<_> = before.iter().collect();
        assert_eq!(distinct.len(), all.len());
        all.iter().for_each(|slot| slab.give_back(slot));
        assert_eq!(slab.len(), 0);
        assert_eq!(places(&take_all()), before);
    }

    #[test]
    fn a_closed_slab_gives_nothing_and_visits_all() {
        let slab = Slab::default();
        assert_eq!([0, 1, 2].map(|_| slab.take().unwrap().index), [0, 1, 2]);
        let mut visited = 0;
        slab.close(|_| visited += 1);
        assert_eq!(visited, 3);
        assert!(slab.take().is_err());
    }
}
