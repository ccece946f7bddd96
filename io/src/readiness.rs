//! May an operation on this descriptor be tried?
//!
//! Two directions, each with a flag, a tick that counts the reports, and those who wait. A
//! direction starts ready: the first operation is always tried. Only "it would block" clears the
//! flag, and only if no report has come since before the operation, which the tick tells: a short
//! read clears nothing, because data and end may come in one edge.
//!
//! - **wake-unlocked**: wakers are handed out and called after the unlock.

use heist_core::{
    primitive::Mutex,
    wait_list::{Ticket, WaitList},
};
use std::task::Waker;

/// One of a descriptor's two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards us.
    Read,
    /// Away from us.
    Write,
}

/// Which reports came before an operation; only such a tick clears readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick(u64);

#[derive(Debug, Default)]
struct Way {
    blocked: bool,
    tick: u64,
    waiters: WaitList,
    /// Who waits by a poll function, which has no place to keep a ticket: the last one.
    poller: Option<Waker>,
}

/// A waiter's place: in a future, a ticket; for poll functions there is one for all.
#[derive(Debug)]
pub enum Place<'a> {
    /// The future's own.
    Future(&'a mut Option<Ticket>),
    /// That of the direction's poll function.
    Poller,
}

/// Both ways of one descriptor.
#[derive(Debug, Default)]
pub struct Readiness {
    read: Mutex<Way>,
    write: Mutex<Way>,
}

impl Readiness {
    fn way(&self, direction: Direction) -> &Mutex<Way> {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// The tick to try an operation with; `None` leaves `waker` at the place, to be woken by the
    /// next report.
    pub fn ready_or_wait(
        &self,
        direction: Direction,
        place: Place<'_>,
        waker: &Waker,
    ) -> Option<Tick> {
        // Cloned before and dropped after the lock: both are foreign code.
        let clone = waker.clone();
        let mut way = self.way(direction).lock();
        if !way.blocked {
            let tick = Tick(way.tick);
            drop(way);
            drop(clone);
            return Some(tick);
        }
        let old = match place {
            Place::Poller => way.poller.replace(clone),
            Place::Future(ticket) => {
                let replaced = match *ticket {
                    Some(held) => way.waiters.replace(held, clone),
                    None => Err(clone),
                };
                replaced.map(Some).unwrap_or_else(|clone| {
                    *ticket = Some(way.waiters.push(clone));
                    None
                })
            }
        };
        drop(way);
        drop(old);
        None
    }

    /// The operation would have blocked: wait for the next report, unless one has come since.
    pub fn would_block(&self, direction: Direction, tick: Tick) {
        let mut way = self.way(direction).lock();
        if way.tick == tick.0 {
            way.blocked = true;
        }
    }

    /// The next operation is to be tried whatever the reports say.
    pub fn unblock(&self, direction: Direction) {
        self.way(direction).lock().blocked = false;
    }

    /// A report has come: the operation may be tried.
    pub fn report(&self, direction: Direction, wakers: &mut Vec<Waker>) {
        let mut way = self.way(direction).lock();
        way.blocked = false;
        way.tick = way.tick.wrapping_add(1);
        wakers.extend(way.waiters.take_all());
        wakers.extend(way.poller.take());
    }

    /// A waiter goes.
    pub fn leave(&self, direction: Direction, ticket: Ticket) {
        let waker = self.way(direction).lock().waiters.remove(ticket);
        drop(waker);
    }

    /// How many wait.
    pub fn waiters(&self, direction: Direction) -> usize {
        self.way(direction).lock().waiters.len()
    }
}
