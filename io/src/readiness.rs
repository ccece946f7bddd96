//! May an operation on this descriptor be tried?
#![doc = include_str!("readiness.md")]

use heist_core::primitive::{
    Mutex, Seed,
    atomic::{AtomicU64, Ordering},
};
use std::{collections::BTreeMap, task::Waker};

/// An operation may be tried.
const READY: u64 = 1;
/// After a short read there may be more: the end, or what lies behind urgent data.
const GOES_ON: u64 = 1 << 1;
/// Nobody will report any more.
const SHUT: u64 = 1 << 2;
/// One report.
const TICK: u64 = 1 << 8;
const TICKS: u64 = ((1 << 32) - 1) * TICK;
/// One source that has had the slot.
const GENERATION: u64 = 1 << 40;

/// How many generations there are.
const GENERATIONS: u32 = 1 << 24;

/// One of a descriptor's two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards us.
    Read,
    /// Away from us.
    Write,
}

/// What a look has seen: only a word that has not changed since is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen(u64);

/// What to do about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Look {
    /// Try it.
    Try(Seen),
    /// It would block.
    Wait,
    /// It would block for ever: the runtime has ended.
    Shut,
}

/// How an operation has emptied or filled the descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleared {
    /// It would have blocked.
    WouldBlock,
    /// It did less than it could have: the next one would block, unless the end has come.
    Short,
}

/// A waiting future's name, within its direction.
pub type Ticket = u32;

/// The name of those who wait by a poll function, which has no place to keep a ticket: the last
/// one counts.
const POLLER: Ticket = 0;

/// A waiter's place: in a future, a ticket; for poll functions there is one for all.
#[derive(Debug)]
pub enum Place<'a> {
    /// The future's own.
    Future(&'a mut Option<Ticket>),
    /// That of the direction's poll function.
    Poller,
}

/// Both ways of one descriptor: a slot of the slab.
#[derive(Debug, Default)]
pub struct Readiness {
    read: Way,
    write: Way,
}

#[derive(Debug)]
struct Way {
    word: AtomicU64,
    waiters: Mutex<Waiters>,
}

/// Mostly there is one.
#[derive(Debug, Default)]
struct Waiters {
    first: Option<Waker>,
    /// Whose `first` is.
    name: Ticket,
    last: Ticket,
    #[expect(
        clippy::box_collection,
        reason = "one word, since mostly there are none"
    )]
    others: Option<Box<BTreeMap<Ticket, Waker>>>,
}

#[cfg(all(not(heist_model), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Readiness>() <= 96);

impl Default for Way {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(READY),
            waiters: Mutex::default(),
        }
    }
}

impl Readiness {
    fn way(&self, direction: Direction) -> &Way {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Which source has the slot, or will have it.
    pub fn generation(&self) -> u32 {
        (self.read.word.load(Ordering::Relaxed) / GENERATION) as u32
    }

    /// Looks, before an operation.
    pub fn look(&self, direction: Direction) -> Look {
        // Ordering: the operation comes after the look. Earlier, it would not find what was
        // reported since, and clear the report. Pairs with `report`.
        let word = self.way(direction).word.load(Ordering::Acquire);
        match word & (READY | SHUT) {
            0 => Look::Wait,
            SHUT => Look::Shut,
            _ => Look::Try(Seen(word)),
        }
    }

    /// Whether the direction was cleared, and no report has come since.
    pub fn is_blocked(&self, direction: Direction) -> bool {
        self.way(direction).word.load(Ordering::Relaxed) & READY == 0
    }

    /// Leaves `waker` at the place, to be woken by the next report, unless one has come.
    pub fn wait(&self, direction: Direction, place: Place<'_>, waker: &Waker) -> Look {
        let way = self.way(direction);
        // Cloned before and dropped after the lock: both are foreign code.
        let clone = waker.clone();
        let mut waiters = way.waiters.lock();
        let old = match place {
            Place::Poller => waiters.put(POLLER, clone),
            Place::Future(ticket) => {
                let ticket = *ticket.get_or_insert_with(|| waiters.next_ticket());
                waiters.put(ticket, clone)
            }
        };
        drop(waiters);
        drop(old);
        // Liveness: after the waker was left; a report that came before it did not see it.
        self.look(direction)
    }

    /// An operation has found an end to what was seen.
    pub fn clear(&self, direction: Direction, Seen(seen): Seen, cleared: Cleared) {
        if cleared == Cleared::Short && seen & GOES_ON != 0 {
            return;
        }
        // Ordering: none; a report that came since has changed the word, and this fails.
        let word = &self.way(direction).word;
        let _ = word.compare_exchange(seen, seen & !READY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A report has come for the source of this generation: the operation may be tried.
    pub fn report(
        &self,
        direction: Direction,
        generation: u32,
        goes_on: bool,
        wakers: &mut Vec<Waker>,
    ) {
        let way = self.way(direction);
        let flags = if goes_on { READY | GOES_ON } else { READY };
        let mut old = way.word.seed();
        loop {
            if old / GENERATION != u64::from(generation) {
                return;
            }
            let tick = old.wrapping_add(TICK) & TICKS;
            let new = (old & !TICKS) | tick | flags;
            // Ordering: what was reported, for the operation; pairs with `look`.
            match way
                .word
                .compare_exchange(old, new, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(newer) => old = newer,
            }
        }
        // Liveness: who waits has seen the way not ready, and the report that ended that wakes it.
        if old & READY == 0 {
            way.waiters.lock().take_all(wakers);
        }
    }

    /// Nobody will report any more.
    pub fn shut(&self, wakers: &mut Vec<Waker>) {
        for way in [&self.read, &self.write] {
            way.word.fetch_or(SHUT, Ordering::Relaxed);
            way.waiters.lock().take_all(wakers);
        }
    }

    /// The source is gone: the slot is for the next one. Wakers that were left come out.
    pub fn retire(&self, wakers: &mut Vec<Waker>) {
        let next = (self.generation() + 1) % GENERATIONS;
        for way in [&self.read, &self.write] {
            // Ordering: none; the slot goes to its next source by way of a lock.
            let fresh = (u64::from(next) * GENERATION) | READY;
            way.word.swap(fresh, Ordering::Relaxed);
            way.waiters.lock().take_all(wakers);
        }
    }

    /// A waiter goes.
    pub fn leave(&self, direction: Direction, ticket: Ticket) {
        let waker = self.way(direction).waiters.lock().remove(ticket);
        drop(waker);
    }
}

impl Waiters {
    fn next_ticket(&mut self) -> Ticket {
        self.last = match self.last.wrapping_add(1) {
            POLLER => POLLER + 1,
            ticket => ticket,
        };
        self.last
    }

    /// The waker that was there in its place.
    #[must_use]
    fn put(&mut self, name: Ticket, waker: Waker) -> Option<Waker> {
        let old = self.remove(name);
        if self.first.is_none() {
            self.name = name;
            self.first = Some(waker);
        } else {
            self.others.get_or_insert_default().insert(name, waker);
        }
        old
    }

    fn remove(&mut self, name: Ticket) -> Option<Waker> {
        if self.name == name && self.first.is_some() {
            return self.first.take();
        }
        self.others.as_mut().and_then(|others| others.remove(&name))
    }

    fn take_all(&mut self, wakers: &mut Vec<Waker>) {
        wakers.extend(self.first.take());
        if let Some(others) = self.others.take() {
            wakers.extend(others.into_values());
        }
    }
}
