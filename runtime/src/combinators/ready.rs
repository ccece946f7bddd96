//! Which children were woken since the last poll?
//!
//! Three answers, by how many children there are and whether the order of their wakes matters: up
//! to [`TOGETHER`] share the parent's waker and are all polled; more have a bit each in a tree of
//! words; or they are links of a list that keeps the order in which they were woken.
//!
//! - **no-lost-child**: a woken child is in the batch of a later poll, and the parent is woken for
//!   that poll.
//! - **one-batch**: a poll takes a batch once, so a child that wakes itself for ever does not keep
//!   its parent from returning.
//! - **stale-is-harmless**: a child's waker may outlive the child and the parent. It marks a place
//!   that is looked up and found empty, or that nobody looks up any more.

use super::{
    block::{Block, ChildWaker},
    list::{Chain, List},
    tree::{self, Tree},
};
use heist_core::budget;
use std::{
    ops::Deref,
    task::{Context, Poll, Waker, ready},
};

/// How many children are polled together. Up to here a poll in vain costs less than the
/// allocation that would spare it.
pub const TOGETHER: usize = 3;

/// In which order the children of one batch are polled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By argument, from a start that moves on with every batch.
    Argument,
    /// As they were woken.
    Wake,
}

/// Who was woken, and the children's wakers.
pub enum Ready {
    /// Nobody has a waker.
    Together(Bits),
    /// Everybody has one.
    Tree {
        block: Block<Tree>,
        batch: tree::Batch,
    },
    List {
        block: Block<List>,
        batch: Chain,
        /// The batch was not empty when the poll began, so nothing has joined it.
        is_late: bool,
    },
}

impl Ready {
    /// A set for `len` children, all of them in the first batch. By argument it begins with
    /// `start`.
    pub fn all(len: usize, order: Order, start: usize) -> Self {
        match order {
            Order::Argument if len <= TOGETHER => Self::together(len, Start::Rotates(start)),
            Order::Argument => {
                let (tree, batch) = Tree::all_woken(len, start);
                let block = Block::new(tree, len);
                Self::Tree { block, batch }
            }
            Order::Wake => {
                let (list, batch) = List::all_queued(len);
                let block = Block::new(list, len);
                let is_late = false;
                Self::List {
                    block,
                    batch,
                    is_late,
                }
            }
        }
    }

    /// A set for at most 64 children that share their parent's waker.
    pub fn together(len: usize, start: Start) -> Self {
        Self::Together(Bits::all(len, start))
    }

    /// Begins a poll: whoever was woken until now joins what is left of the batch, and whoever is
    /// woken from now on wakes `parent`.
    #[inline]
    pub fn collect(&mut self, parent: &Waker) {
        match self {
            Self::Together(batch) => batch.join_all(),
            Self::Tree { block, batch } => block.collect(batch, parent),
            // A stream is polled once for each child that returns: it need not look for more while
            // there are some, and it does not return `Pending` before it has looked.
            Self::List { batch, is_late, .. } if !batch.is_empty() => *is_late = true,
            Self::List {
                block,
                batch,
                is_late,
            } => {
                block.collect(batch, parent);
                *is_late = false;
            }
        }
    }

    /// Puts a child into the batch without a wake: it is new.
    pub fn mark(&mut self, index: usize) {
        match self {
            Self::Together(batch) => batch.mark(index),
            Self::Tree { block, .. } => block.mark(index),
            Self::List { block, batch, .. } => block.mark(batch, index),
        }
    }

    /// The next child of the batch, `None` at its end. Pending when the task's budget is used up:
    /// children polled now would only queue again, each time all of them.
    #[inline]
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        if let Self::List {
            batch,
            is_late: true,
            ..
        } = self
            && batch.is_empty()
        {
            self.collect(cx.waker());
        }
        if budget::is_used_up() && !self.is_drained() {
            ready!(budget::poll_left(cx));
        }
        Poll::Ready(match self {
            Self::Together(batch) => batch.next(),
            Self::Tree { block, batch } => block.next(batch),
            Self::List { block, batch, .. } => block.pop(batch),
        })
    }

    /// The waker for a child: its own, or the parent's.
    #[inline]
    pub fn waker<'a>(&'a self, index: usize, parent: &'a Waker) -> Lent<'a> {
        match self {
            Self::Together(_) => Lent::Parents(parent),
            Self::Tree { block, .. } => Lent::Own(block.waker(index)),
            Self::List { block, .. } => Lent::Own(block.waker(index)),
        }
    }

    fn is_drained(&self) -> bool {
        match self {
            Self::Together(batch) => batch.bits == 0,
            Self::Tree { batch, .. } => batch.is_empty(),
            Self::List { batch, .. } => batch.is_empty(),
        }
    }
}

impl Drop for Ready {
    /// Stale wakers of children may live long; they shall not keep the parent's task with them.
    fn drop(&mut self) {
        match self {
            Self::Together(_) => {}
            Self::Tree { block, .. } => drop(block.parent.take()),
            Self::List { block, .. } => drop(block.parent.take()),
        }
    }
}

/// A waker for the time of one poll.
pub enum Lent<'a> {
    Parents(&'a Waker),
    Own(ChildWaker<'a>),
}

impl Deref for Lent<'_> {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        match self {
            Self::Parents(waker) => waker,
            Self::Own(waker) => waker,
        }
    }
}

/// Which of the children in a word is polled first.
#[derive(Clone, Copy)]
pub enum Start {
    /// Always the first.
    Fixed,
    /// This one, then with each batch the next one, as in a tree.
    Rotates(usize),
}

/// A batch of children that are polled together.
pub struct Bits {
    bits: u64,
    start: Start,
    len: usize,
}

impl Bits {
    fn all(len: usize, start: Start) -> Self {
        assert!(len <= 64, "more children than bits");
        let bits = tree::first_bits(len);
        Self { bits, start, len }
    }

    fn join_all(&mut self) {
        let all = tree::first_bits(self.len);
        // The first batch keeps its start.
        if let Start::Rotates(start) = &mut self.start
            && self.bits != all
        {
            *start = (*start + 1).checked_rem(self.len).unwrap_or(0);
        }
        self.bits = all;
    }

    fn mark(&mut self, index: usize) {
        self.bits |= 1 << index;
    }

    fn next(&mut self) -> Option<usize> {
        let start = match self.start {
            Start::Fixed => 0,
            Start::Rotates(start) => start,
        };
        tree::take_from(&mut self.bits, start)
    }
}
