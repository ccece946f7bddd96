//! Which children were woken, when their order does not matter?
//!
//! A bit for each child, in words of 64; above those words a bit for each, in words of 64, up to
//! one word, the root. Up to 64 children have a root only.
//!
//! A wake sets its bit. Whoever set the first bit of a word sets the word's bit above; whoever set
//! the first bit of the root wakes the parent. A poll takes the root, and of each word that has a
//! bit there, the bits: a word that is taken is empty, so the next wake climbs again.

use super::block::{Set, Table};
use heist_core::{
    primitive::atomic::{AtomicU64, Ordering},
    waker_cell::WakerCell,
};
use std::task::Waker;

const BITS: usize = u64::BITS as usize;

/// A bit for each woken child.
pub struct Tree {
    root: AtomicU64,
    /// The words below, from the children up.
    lower: Box<[Box<[AtomicU64]>]>,
    /// Who waits for them.
    pub parent: WakerCell,
}

/// Those who are to be polled.
pub struct Batch {
    /// What is left of the children's word that was taken last; of the root, if that is it.
    bits: u64,
    /// The child of its lowest bit.
    base: usize,
    /// The same for each level above, from there up to the root.
    above: Box<[Word]>,
    /// Who is polled first, or would be; with each batch the next one. A child that uses up a
    /// budget that is not ours would otherwise leave nothing to those behind it, each time.
    start: usize,
    len: usize,
    is_first: bool,
}

#[derive(Clone, Copy, Default)]
struct Word {
    bits: u64,
    /// The word below of its lowest bit.
    base: usize,
}

impl Tree {
    /// A tree for `len` children, all of them woken, and a batch that will begin with `start`.
    pub fn all_woken(len: usize, start: usize) -> (Self, Batch) {
        let mut lower = Vec::new();
        let mut below = len;
        while below > BITS {
            let words = below.div_ceil(BITS);
            let word = |index| AtomicU64::new(first_bits(below - index * BITS));
            lower.push((0..words).map(word).collect());
            below = words;
        }
        let batch = Batch {
            bits: 0,
            base: 0,
            above: vec![Word::default(); lower.len()].into(),
            start,
            len,
            is_first: true,
        };
        let tree = Self {
            root: AtomicU64::new(first_bits(below)),
            lower: lower.into(),
            parent: WakerCell::new(),
        };
        (tree, batch)
    }

    /// Whether the tree had no bit, and now has the child's.
    fn set(&self, index: usize) -> bool {
        let mut index = index;
        for words in &self.lower {
            // Ordering: what the wake stands for, also if somebody else climbs on; pairs with
            // `next`.
            let before = words[index / BITS].fetch_or(1 << (index % BITS), Ordering::Release);
            if before != 0 {
                return false;
            }
            index /= BITS;
        }
        // Ordering: as above, and the bits below; pairs with `collect`.
        self.root.fetch_or(1 << index, Ordering::Release) == 0
    }

    /// Lets everybody who was woken join what is left of `batch`; who is woken from now on wakes
    /// `parent`.
    pub fn collect(&self, batch: &mut Batch, parent: &Waker) {
        // Liveness: first the waker, then the marks. A child that marks itself too late for this
        // batch finds the waker.
        match self.root.load(Ordering::Relaxed) {
            0 => self.parent.register(parent),
            // Whoever set a bit has taken the last waker, or is about to.
            _ => self.parent.replace(parent),
        }
        if !batch.is_first {
            batch.start = (batch.start + 1).checked_rem(batch.len).unwrap_or(0);
        }
        batch.is_first = false;
        // Ordering: what each child's waker published, or the bits below; pairs with `set`.
        let bits = self.root.swap(0, Ordering::Acquire);
        match batch.above.last_mut() {
            Some(root) => root.bits |= bits,
            None => batch.bits |= bits,
        }
    }

    /// Puts a child into the next batch without a wake.
    pub fn mark(&self, index: usize) {
        self.set(index);
    }

    /// Takes a child out of `batch`.
    #[inline]
    pub fn next(&self, batch: &mut Batch) -> Option<usize> {
        if batch.bits == 0 {
            self.descend(batch);
        }
        let bit = take_from(&mut batch.bits, batch.start % BITS)?;
        Some(batch.base + bit)
    }

    /// Takes the next word of children, if there is one.
    fn descend(&self, batch: &mut Batch) {
        let Some(from) = batch.above.iter().position(|word| word.bits != 0) else {
            return;
        };
        for level in (0..=from).rev() {
            let start = batch.start >> ((level as u32 + 1) * BITS.ilog2());
            let word = &mut batch.above[level];
            let bit = take_from(&mut word.bits, start % BITS).expect("a level that is not empty");
            let index = word.base + bit;
            // Ordering: what each child's waker published, or the bits below; pairs with `set`.
            let bits = self.lower[level][index].swap(0, Ordering::Acquire);
            assert_ne!(bits, 0, "a bit stands for bits below it");
            let base = index * BITS;
            match level.checked_sub(1) {
                Some(below) => batch.above[below] = Word { bits, base },
                None => (batch.bits, batch.base) = (bits, base),
            }
        }
    }
}

impl Batch {
    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.bits == 0 && self.above.iter().all(|word| word.bits == 0)
    }
}

impl Set for Tree {
    fn wake(&self, index: usize) {
        if self.set(index) {
            // Liveness: whoever marks an empty tree wakes the parent; the others are seen by the
            // poll that this brings.
            self.parent.wake();
        }
    }

    fn table() -> &'static Table<Self> {
        static TABLE: Table<Tree> = Table::new();
        &TABLE
    }
}

/// The lowest bits, as many as are asked for or fit.
pub fn first_bits(len: usize) -> u64 {
    match len {
        ..BITS => !(u64::MAX << len),
        _ => u64::MAX,
    }
}

/// Takes a bit out of `bits`: from `start` upwards, and when there is none, from the lowest.
#[inline]
pub fn take_from(bits: &mut u64, start: usize) -> Option<usize> {
    let behind = *bits & u64::MAX << start;
    let among = if behind != 0 { behind } else { *bits };
    (among != 0).then(|| {
        let index = among.trailing_zeros();
        *bits &= !(1 << index);
        index as usize
    })
}
