//! Which children were woken, in which order?
//!
//! A link for each child. Those that are woken are linked up, the last one first; taken off, they
//! are turned round and become the end of the batch, through the same links.
//!
//! - **one-owner**: who claims a child owns its link, and passes it on with the child: from the
//!   waker to the list, from there to the batch, until the child is released.

use super::block::{Set, Table};
use heist_core::{
    primitive::{
        Seed,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    waker_cell::WakerCell,
};
use std::task::Waker;

/// Those who were woken, the last one first.
pub struct List {
    links: Box<[Link]>,
    head: AtomicU32,
    /// Who waits for them.
    pub parent: WakerCell,
}

struct Link {
    /// Whether the child is in the list or in the batch.
    queued: AtomicBool,
    next: AtomicU32,
}

/// Those who are to be polled, the one that was woken first in front.
pub struct Chain {
    first: u32,
    last: u32,
}

const END: u32 = u32::MAX;

impl List {
    /// A list for `len` children, and a batch of all of them.
    pub fn all_queued(len: usize) -> (Self, Chain) {
        assert!(len < END as usize, "more children than links");
        let len = len as u32;
        let link = |index| Link {
            queued: AtomicBool::new(true),
            next: AtomicU32::new(if index + 1 < len { index + 1 } else { END }),
        };
        let list = Self {
            links: (0..len).map(link).collect(),
            head: AtomicU32::new(END),
            parent: WakerCell::new(),
        };
        let (first, last) = match len.checked_sub(1) {
            Some(last) => (0, last),
            None => (END, END),
        };
        (list, Chain { first, last })
    }

    /// Whether the child was not queued and now counts as queued.
    fn claim(&self, index: u32) -> bool {
        // Ordering: Release: a child that is queued already is polled after `release` has seen
        // this wake. Acquire: the batch has done with `next`. Why not load first: a wake that
        // only read `true` would not be seen.
        let queued = &self.links[index as usize].queued;
        !queued.swap(true, Ordering::AcqRel)
    }

    /// The child is about to be polled: the next wake queues it again.
    fn release(&self, index: u32) {
        // Ordering: both sides of `claim`.
        let queued = &self.links[index as usize].queued;
        queued.swap(false, Ordering::AcqRel);
    }

    /// Puts a claimed child at the end; whether it is alone there.
    fn push(&self, index: u32) -> bool {
        let mut head = self.head.seed();
        loop {
            let next = &self.links[index as usize].next;
            next.store(head, Ordering::Relaxed);
            // Ordering: `next`, for `collect`; the pushes before are part of one release sequence.
            let pushed =
                self.head
                    .compare_exchange_weak(head, index, Ordering::Release, Ordering::Relaxed);
            match pushed {
                Ok(_) => return head == END,
                Err(now) => head = now,
            }
        }
    }

    /// Moves everybody who was woken to the end of `batch`, in the order of their wakes; who is
    /// woken from now on wakes `parent`.
    pub fn collect(&self, batch: &mut Chain, parent: &Waker) {
        // Liveness: first the waker, then the list. A child that comes too late for this batch
        // finds the waker.
        match self.head.load(Ordering::Relaxed) {
            END => self.parent.register(parent),
            // Whoever came first has taken the last waker, or is about to.
            _ => self.parent.replace(parent),
        }
        // Ordering: each `next`; pairs with `push`.
        let newest = self.head.swap(END, Ordering::Acquire);
        let (mut index, mut behind) = (newest, END);
        while index != END {
            let next = &self.links[index as usize].next;
            let before = next.load(Ordering::Relaxed);
            next.store(behind, Ordering::Relaxed);
            (behind, index) = (index, before);
        }
        if newest != END {
            self.append(batch, behind, newest);
        }
    }

    /// Puts a child at the end of `batch` without a wake, unless it is queued already.
    pub fn mark(&self, batch: &mut Chain, index: usize) {
        let index = index as u32;
        if self.claim(index) {
            self.append(batch, index, index);
        }
    }

    fn append(&self, batch: &mut Chain, first: u32, last: u32) {
        if batch.is_empty() {
            batch.first = first;
        } else {
            let next = &self.links[batch.last as usize].next;
            next.store(first, Ordering::Relaxed);
        }
        batch.last = last;
    }

    /// Takes the first of `batch`, which is about to be polled.
    #[inline]
    pub fn pop(&self, batch: &mut Chain) -> Option<usize> {
        if batch.is_empty() {
            return None;
        }
        let index = batch.first;
        batch.first = match index == batch.last {
            true => END,
            false => self.links[index as usize].next.load(Ordering::Relaxed),
        };
        self.release(index);
        Some(index as usize)
    }
}

impl Chain {
    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.first == END
    }
}

impl Set for List {
    fn wake(&self, index: usize) {
        let index = index as u32;
        // Liveness: whoever comes first into an empty list wakes the parent; the others are seen by
        // the poll that this brings. A child that is queued already is polled later than this.
        if self.claim(index) && self.push(index) {
            self.parent.wake();
        }
    }

    fn table() -> &'static Table<Self> {
        static TABLE: Table<List> = Table::new();
        &TABLE
    }
}
