//! Which children were woken since the last poll?
//!
//! Three answers, by how many children there are and whether the order of their wakes matters: up
//! to [`TOGETHER`] share the parent's waker and are all polled; up to 64 have a bit each in one
//! word; more are links of a list that keeps the order in which they were woken.
//!
//! - **no-lost-child**: a woken child is in the batch of a later poll, and the parent is woken for
//!   that poll.
//! - **one-batch**: what is woken while a batch is polled goes into the next one, so a child that
//!   wakes itself for ever does not keep its parent from returning.
//! - **stale-is-harmless**: a child's waker may outlive the child and the parent. It marks a place
//!   that is looked up and found empty, or that nobody looks up any more.

use heist_core::{
    budget,
    primitive::{
        Arc, Seed,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    waker::{self, WakeTarget},
    waker_cell::WakerCell,
};
use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker, ready},
};

/// How many children are polled together. Up to here a poll in vain costs less than the
/// allocations that would spare it.
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
pub struct Ready {
    marks: Marks,
    /// Made when first asked for, then kept: a child registers the same waker every time.
    wakers: Box<[Option<Waker>]>,
}

enum Marks {
    Together {
        len: usize,
        batch: Bits,
    },
    Mask {
        shared: Arc<Mask>,
        batch: Bits,
    },
    List {
        shared: Arc<List>,
        batch: VecDeque<u32>,
    },
}

impl Ready {
    /// A set for `len` children, all of them in the first batch.
    pub fn all(len: usize, order: Order) -> Self {
        match len {
            ..=TOGETHER if order == Order::Argument => Self::together(len, Start::Rotates(0)),
            ..=64 if order == Order::Argument => Self {
                marks: Marks::Mask {
                    shared: Arc::new(Mask::default()),
                    batch: Bits::all(len, Start::Rotates(0)),
                },
                wakers: vec![None; len].into(),
            },
            _ => Self {
                marks: Marks::List {
                    shared: Arc::new(List::all_queued(len)),
                    batch: (0..len as u32).collect(),
                },
                wakers: vec![None; len].into(),
            },
        }
    }

    /// A set for at most 64 children that share their parent's waker.
    pub fn together(len: usize, start: Start) -> Self {
        let batch = Bits::all(len, start);
        Self {
            marks: Marks::Together { len, batch },
            wakers: Box::default(),
        }
    }

    /// Makes `start` the first of the children that the first batch polls.
    pub fn rotated(mut self, start: usize) -> Self {
        match &mut self.marks {
            Marks::Together { batch, .. } | Marks::Mask { batch, .. } => {
                batch.start = Start::Rotates(start);
            }
            Marks::List { batch, .. } => batch.rotate_left(start),
        }
        self
    }

    /// Begins a poll: whoever was woken until now joins what is left of the batch, and whoever is
    /// woken from now on wakes `parent`.
    pub fn collect(&mut self, parent: &Waker) {
        // Liveness: first the waker, then the marks. A child that marks itself too late for this
        // batch finds the waker.
        match &mut self.marks {
            Marks::Together { len, batch } => batch.join(first_bits(*len)),
            Marks::Mask { shared, batch } => {
                shared.parent.register(parent);
                batch.join(shared.take());
            }
            Marks::List { shared, batch } => {
                shared.parent.register(parent);
                shared.take(batch);
            }
        }
    }

    /// Puts a child into the batch without a wake: it is new.
    pub fn mark(&mut self, index: usize) {
        match &mut self.marks {
            Marks::Together { batch, .. } | Marks::Mask { batch, .. } => batch.bits |= 1 << index,
            Marks::List { shared, batch } => {
                if shared.claim(index as u32) {
                    batch.push_back(index as u32);
                }
            }
        }
    }

    /// The next child of the batch, `None` at its end. Pending when the task's budget is used up:
    /// children polled now would only queue again, each time all of them.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        if !self.is_drained() {
            ready!(budget::poll_left(cx));
        }
        Poll::Ready(match &mut self.marks {
            Marks::Together { batch, .. } | Marks::Mask { batch, .. } => batch.next(),
            Marks::List { shared, batch } => batch.pop_front().map(|index| {
                shared.release(index);
                index as usize
            }),
        })
    }

    /// The waker for a child: its own, or the parent's.
    pub fn waker<'a>(&'a mut self, index: usize, parent: &'a Waker) -> &'a Waker {
        match &self.marks {
            Marks::Together { .. } => parent,
            Marks::Mask { shared, .. } => {
                self.wakers[index].get_or_insert_with(|| child_waker(shared, index))
            }
            Marks::List { shared, .. } => {
                self.wakers[index].get_or_insert_with(|| child_waker(shared, index))
            }
        }
    }

    fn is_drained(&self) -> bool {
        match &self.marks {
            Marks::Together { batch, .. } | Marks::Mask { batch, .. } => batch.bits == 0,
            Marks::List { batch, .. } => batch.is_empty(),
        }
    }
}

impl Drop for Ready {
    /// Stale wakers of children may live long; they shall not keep the parent's task with them.
    fn drop(&mut self) {
        match &self.marks {
            Marks::Together { .. } => {}
            Marks::Mask { shared, .. } => drop(shared.parent.take()),
            Marks::List { shared, .. } => drop(shared.parent.take()),
        }
    }
}

/// Which of the children in a word is polled first.
#[derive(Clone, Copy)]
pub enum Start {
    /// Always the first.
    Fixed,
    /// This one, then with each batch the next one: a child that uses up a budget that is not
    /// ours would otherwise leave nothing to those behind it, each time.
    Rotates(usize),
}

/// A batch of at most 64 children.
struct Bits {
    bits: u64,
    start: Start,
    len: usize,
}

impl Bits {
    fn all(len: usize, start: Start) -> Self {
        assert!(len <= 64, "more children than bits");
        let bits = first_bits(len);
        Self { bits, start, len }
    }

    fn join(&mut self, bits: u64) {
        // The first batch keeps its start.
        if let Start::Rotates(start) = &mut self.start
            && self.bits != first_bits(self.len)
        {
            *start = (*start + 1).checked_rem(self.len).unwrap_or(0);
        }
        self.bits |= bits;
    }

    fn next(&mut self) -> Option<usize> {
        let start = match self.start {
            Start::Fixed => 0,
            Start::Rotates(start) => start,
        };
        let behind = self.bits & u64::MAX << start;
        let among = if behind != 0 { behind } else { self.bits };
        (among != 0).then(|| {
            let index = among.trailing_zeros();
            self.bits &= !(1 << index);
            index as usize
        })
    }
}

fn first_bits(len: usize) -> u64 {
    u64::MAX.checked_shr(64 - len as u32).unwrap_or(0)
}

/// A bit for each woken child.
#[derive(Default)]
struct Mask {
    woken: AtomicU64,
    parent: WakerCell,
}

impl Mask {
    fn take(&self) -> u64 {
        // Ordering: what each child's waker published; pairs with `wake`.
        self.woken.swap(0, Ordering::Acquire)
    }
}

/// A link for each child, and those that are woken linked up, the last one first.
struct List {
    links: Box<[Link]>,
    head: AtomicU32,
    parent: WakerCell,
}

struct Link {
    /// Whether the child is in the list or in the batch. Who turns it on puts it there, and owns
    /// `next` until it is off.
    queued: AtomicBool,
    next: AtomicU32,
}

const END: u32 = u32::MAX;

impl List {
    fn all_queued(len: usize) -> Self {
        assert!(len < END as usize, "more children than links");
        let link = |_| Link {
            queued: AtomicBool::new(true),
            next: AtomicU32::new(END),
        };
        Self {
            links: (0..len).map(link).collect(),
            head: AtomicU32::new(END),
            parent: WakerCell::new(),
        }
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
            // Ordering: `next`, for `take`; the pushes before are part of one release sequence.
            let pushed =
                self.head
                    .compare_exchange_weak(head, index, Ordering::Release, Ordering::Relaxed);
            match pushed {
                Ok(_) => return head == END,
                Err(now) => head = now,
            }
        }
    }

    /// Moves everybody to the end of `batch`, in the order of their wakes.
    fn take(&self, batch: &mut VecDeque<u32>) {
        let first = batch.len();
        // Ordering: each `next`; pairs with `push`.
        let mut index = self.head.swap(END, Ordering::Acquire);
        while index != END {
            batch.push_back(index);
            index = self.links[index as usize].next.load(Ordering::Relaxed);
        }
        let taken = batch.len() - first;
        for i in 0..taken / 2 {
            batch.swap(first + i, first + taken - 1 - i);
        }
    }
}

trait Wake: Send + Sync + 'static {
    fn wake(&self, index: u32);
}

impl Wake for Mask {
    fn wake(&self, index: u32) {
        // Ordering: what the wake stands for; pairs with `take`.
        if self.woken.fetch_or(1 << index, Ordering::Release) == 0 {
            // Liveness: whoever marks an empty set wakes the parent; the others are seen by the
            // poll that this brings.
            self.parent.wake();
        }
    }
}

impl Wake for List {
    fn wake(&self, index: u32) {
        // Liveness: as in the mask. A child that is queued already is polled later than this.
        if self.claim(index) && self.push(index) {
            self.parent.wake();
        }
    }
}

struct Child<S> {
    set: Arc<S>,
    index: u32,
}

impl<S: Wake> WakeTarget for Child<S> {
    fn wake(this: &Arc<Self>) {
        this.set.wake(this.index);
    }
}

fn child_waker<S: Wake>(set: &Arc<S>, index: usize) -> Waker {
    waker::waker(Arc::new(Child {
        set: Arc::clone(set),
        index: index as u32,
    }))
}
