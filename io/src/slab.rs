//! Where do the sources' slots lie?
//!
//! In pages that double in size and are never freed while the reactor lives, so that a report finds
//! its slot without a lock: an index names a page and a place in it for ever.

use crate::readiness::Readiness;
use heist_core::primitive::{Mutex, OnceLock};
use std::{array, fmt, io};

/// How many slots the first page has: 6 KiB.
const FIRST: u32 = 64;
/// With pages of 64, 128, … slots this many are 2^26 slots, more than a process may have
/// descriptors.
const PAGES: usize = 20;

/// The slots of a reactor.
pub struct Slab {
    pages: [OnceLock<Box<[Readiness]>>; PAGES],
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
            pages: array::from_fn(|_| OnceLock::new()),
            free: Mutex::default(),
        }
    }
}

/// The error of every operation after the runtime's end.
pub fn closed() -> io::Error {
    io::Error::other("the runtime of this socket has shut down")
}

/// The page of a slot, and its place there.
fn locate(index: u32) -> (usize, usize) {
    let shifted = u64::from(index) + u64::from(FIRST);
    let page = shifted.ilog2() - FIRST.ilog2();
    let start = u64::from(FIRST) << page;
    (page as usize, (shifted - start) as usize)
}

impl Slab {
    /// A slot that was taken before.
    pub fn get(&self, index: u32) -> Option<&Readiness> {
        let (page, place) = locate(index);
        self.pages.get(page)?.get()?.get(place)
    }

    /// Takes a slot.
    ///
    /// # Errors
    ///
    /// After [`close`](Self::close), and when there are more sources than there can be.
    pub fn take(&self) -> io::Result<u32> {
        let mut free = self.free.lock();
        if free.is_closed {
            return Err(closed());
        }
        if let Some(index) = free.slots.pop() {
            return Ok(index);
        }
        let index = free.next;
        let (page, place) = locate(index);
        let Some(page) = self.pages.get(page) else {
            return Err(io::Error::other("more sources than a reactor has slots"));
        };
        if place == 0 {
            let slots = (FIRST as usize) << locate(index).0;
            let made = page.set((0..slots).map(|_| Readiness::default()).collect());
            assert!(made.is_ok(), "a page is made by who takes its first slot");
        }
        free.next += 1;
        Ok(index)
    }

    /// Gives a slot back.
    pub fn give_back(&self, index: u32) {
        self.free.lock().slots.push(index);
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

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for index in 0..FIRST * 15 {
            assert_eq!(locate(index), expected);
            expected.1 += 1;
            if expected.1 == (FIRST as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert!(
            locate(u32::MAX).0 >= PAGES,
            "refused, and not out of bounds"
        );
    }

    #[test]
    fn slots_are_used_again_and_stay_where_they_are() {
        let slab = Slab::default();
        let all: Vec<u32> = (0..1000).map(|_| slab.take().unwrap()).collect();
        let before: Vec<*const Readiness> = all
            .iter()
            .map(|index| std::ptr::from_ref(slab.get(*index).unwrap()))
            .collect();
        all.iter().for_each(|index| slab.give_back(*index));
        assert_eq!(slab.len(), 0);
        for _ in 0..1000 {
            assert!(all.contains(&slab.take().unwrap()));
        }
        let after: Vec<*const Readiness> = all
            .iter()
            .map(|index| std::ptr::from_ref(slab.get(*index).unwrap()))
            .collect();
        assert_eq!(before, after);
    }

    #[test]
    fn a_closed_slab_gives_nothing_and_visits_all() {
        let slab = Slab::default();
        assert_eq!([0, 1, 2].map(|_| slab.take().unwrap()), [0, 1, 2]);
        let mut visited = 0;
        slab.close(|_| visited += 1);
        assert_eq!(visited, 3);
        assert!(slab.take().is_err());
    }
}
