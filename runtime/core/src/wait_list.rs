//! Who waits, in which order?
//!
//! A [`WaitList`] lives under the lock of what is waited for. It is first in, first out; a waiter
//! keeps its place when it is polled again with another waker, and gives it up by its
//! [`Ticket`]. A waiter that was popped has been *chosen*: if it goes away without using what it
//! was chosen for, its owner must pop the next one.
//!
//! **wake-unlocked**: the list hands wakers out; the caller wakes or drops them after its unlock.

use std::{collections::BTreeMap, task::Waker};

/// A waiter's place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Waiters, first in, first out.
#[derive(Debug, Default)]
pub struct WaitList {
    waiters: BTreeMap<Ticket, Waker>,
    next: u64,
}

impl WaitList {
    /// A list without waiters.
    pub const fn new() -> Self {
        Self {
            waiters: BTreeMap::new(),
            next: 0,
        }
    }

    /// Puts a waiter at the end.
    pub fn push(&mut self, waker: Waker) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiters.insert(ticket, waker);
        ticket
    }

    /// Puts `waker` in the place of the waiter's old one, which is returned; `Err` gives it back
    /// when the waiter was popped.
    ///
    /// # Errors
    ///
    /// When the waiter no longer waits.
    pub fn replace(&mut self, ticket: Ticket, waker: Waker) -> Result<Waker, Waker> {
        match self.waiters.get_mut(&ticket) {
            Some(held) => Ok(std::mem::replace(held, waker)),
            None => Err(waker),
        }
    }

    /// Puts a waiter that was popped back into its place.
    pub fn restore(&mut self, ticket: Ticket, waker: Waker) {
        let held = self.waiters.insert(ticket, waker);
        debug_assert!(
            held.is_none(),
            "a waiter that was popped is not in the list"
        );
    }

    /// Whether the waiter still waits.
    pub fn contains(&self, ticket: Ticket) -> bool {
        self.waiters.contains_key(&ticket)
    }

    /// Takes a waiter out of its place; `None` when it was popped.
    pub fn remove(&mut self, ticket: Ticket) -> Option<Waker> {
        self.waiters.remove(&ticket)
    }

    /// Chooses the first waiter.
    pub fn pop(&mut self) -> Option<Waker> {
        self.waiters.pop_first().map(|(_, waker)| waker)
    }

    /// Chooses everybody.
    pub fn take_all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.waiters).into_values()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }
}
