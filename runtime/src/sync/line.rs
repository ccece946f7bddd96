//! Whose turn is it to take one of what becomes free?
//!
//! A line lives under the lock of what is waited for. Whoever is chosen leaves the line at once,
//! but comes to take his one only later; until then it is set aside.
//!
//! - **no-barging**: a newcomer goes ahead only if something is free that is not set aside.
//! - **no-lost-choice**: whoever is chosen takes his one, or leaves and the next is chosen.

use heist_core::wait_list::{Ticket, WaitList};
use std::task::Waker;

/// Waiters, and how many were chosen and have not come yet.
#[derive(Default)]
pub struct Line {
    waiters: WaitList,
    chosen: usize,
}

impl Line {
    /// How many of `all` are not set aside.
    pub fn free(&self, all: usize) -> usize {
        all.saturating_sub(self.chosen)
    }

    /// Whether the caller may take one now, of which `free` are free: a newcomer, or somebody who
    /// holds a ticket. Who may go has no ticket any more.
    pub fn may_go(&mut self, ticket: &mut Option<Ticket>, free: usize) -> bool {
        match *ticket {
            None => free > 0,
            Some(held) if self.waiters.contains(held) => false,
            Some(_) => {
                *ticket = None;
                self.chosen -= 1;
                true
            }
        }
    }

    /// Joins the line, or stays in it with another waker, or goes back to his place, if he was
    /// chosen for what has gone since. The old waker is to be dropped unlocked.
    #[must_use]
    pub fn wait(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        let Some(held) = *ticket else {
            *ticket = Some(self.waiters.push(waker));
            return None;
        };
        match self.waiters.replace(held, waker) {
            Ok(old) => Some(old),
            Err(waker) => {
                self.chosen -= 1;
                self.waiters.restore(held, waker);
                None
            }
        }
    }

    /// Chooses the first waiter, if one is free for him.
    #[must_use]
    pub fn choose(&mut self, free: usize) -> Option<Waker> {
        let waker = (free > 0).then(|| self.waiters.pop()).flatten()?;
        self.chosen += 1;
        Some(waker)
    }

    /// Chooses everybody: nobody will have to wait any more.
    #[must_use]
    pub fn choose_all(&mut self) -> Vec<Waker> {
        self.chosen += self.waiters.len();
        self.waiters.take_all().collect()
    }

    /// Takes a waiter out who goes away. He was perhaps chosen: the caller must choose the next.
    #[must_use]
    pub fn leave(&mut self, ticket: Ticket) -> Option<Waker> {
        let waker = self.waiters.remove(ticket);
        if waker.is_none() {
            self.chosen -= 1;
        }
        waker
    }

    /// Takes a waiter out who was served while he waited.
    #[must_use]
    pub fn serve(&mut self, ticket: Ticket) -> Option<Waker> {
        self.waiters.remove(ticket)
    }
}
