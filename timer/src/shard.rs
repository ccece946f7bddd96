//! How do several threads share one wheel?
//!
//! Under a lock, with the wheel's next expiry published beside it, so that a thread about to wait
//! reads a word of each shard and locks none.
//!
//! - **next-covers**: outside the lock, `next` is no later than the earliest deadline in the wheel.
//!   It may be earlier, because cancelling does not look for the next one: that costs one turn
//!   that fires nothing and puts it right.
//! - **wake-unlocked**: wakers are woken, cloned and dropped while no lock is held. They are
//!   foreign code, and the first thing one may do is to arm a timer here.

use crate::{
    clock::Clock,
    wheel::{Key, Wheel},
};
use heist_core::{
    panics::contain,
    primitive::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use std::task::Waker;

/// So many wakers leave the wheel in one go. Enough to make the lock cheap, and few enough to keep
/// the owner, who wants to arm, waiting for no more than about a microsecond.
const BATCH: usize = 32;

/// No deadline: later than every clock.
pub const NEVER: u64 = u64::MAX;

/// One wheel, and what its neighbours need to know of it.
pub struct Shard {
    wheel: Mutex<Guarded>,
    /// When the wheel wants to be turned, or `NEVER`. Written under the lock, read by anybody.
    next: AtomicU64,
    clock: Clock,
}

#[derive(Default)]
struct Guarded {
    wheel: Wheel<Waker>,
    closed: bool,
}

/// How a timer stands.
#[must_use]
pub enum Look {
    /// It will wake this waker.
    Armed,
    /// It has fired.
    Fired,
    /// The shard was closed. The timer may have fired before.
    Closed,
}

impl Shard {
    pub fn new(clock: Clock) -> Self {
        Self {
            wheel: Mutex::default(),
            next: AtomicU64::new(NEVER),
            clock,
        }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// When to call `fire`; `NEVER` if there is nothing.
    #[inline]
    pub fn next(&self) -> u64 {
        // Ordering: the deadline is all there is to know, the wheel comes by the lock. That a
        // thread about to wait misses none is the matter of the fences around it: rules 2 and 3
        // of `timers.md`.
        self.next.load(Ordering::Relaxed)
    }

    /// How many timers are armed.
    pub fn armed(&self) -> usize {
        self.wheel.lock().wheel.len()
    }

    /// Arms a timer, or gives the waker back because the shard is closed.
    pub fn arm(&self, deadline: u64, waker: Waker) -> Result<Key, Waker> {
        let mut guarded = self.wheel.lock();
        if guarded.closed {
            return Err(waker);
        }
        let key = guarded.wheel.arm(deadline, waker);
        self.lower_next(deadline);
        Ok(key)
    }

    /// Takes a timer out, and gives its waker back unless it has fired.
    pub fn cancel(&self, key: Key) -> Option<Waker> {
        let mut guarded = self.wheel.lock();
        let waker = guarded.wheel.cancel(key);
        if guarded.wheel.is_empty() {
            self.next.store(NEVER, Ordering::Relaxed); // Ordering: see `next`
        }
        waker
    }

    /// Gives a timer another deadline, unless it has fired.
    pub fn reset(&self, key: Key, deadline: u64) -> Option<Key> {
        let mut guarded = self.wheel.lock();
        let key = guarded.wheel.reset(key, deadline)?;
        self.lower_next(deadline);
        Some(key)
    }

    /// How a timer stands. If it has not fired, it will wake `waker`.
    pub fn look(&self, key: Key, waker: &Waker) -> Look {
        // Dropped after the guard, whichever waker it holds then.
        let mut spare: Option<Waker> = None;
        loop {
            let mut guarded = self.wheel.lock();
            let closed = guarded.closed;
            match guarded.wheel.get_mut(key) {
                None if closed => return Look::Closed,
                None => return Look::Fired,
                Some(held) if held.will_wake(waker) => return Look::Armed,
                Some(held) => {
                    if let Some(spare) = &mut spare {
                        std::mem::swap(held, spare);
                        return Look::Armed;
                    }
                }
            }
            drop(guarded);
            spare = Some(waker.clone());
        }
    }

    /// Wakes whatever is due at `now`, and says how many that were.
    pub fn fire(&self, now: u64) -> usize {
        let mut fired = 0;
        loop {
            let mut batch = [const { None }; BATCH];
            let due = self.take_due(now, &mut batch);
            batch.into_iter().flatten().for_each(wake);
            fired += due;
            if due < BATCH {
                return fired;
            }
        }
    }

    /// Moves due wakers into `batch`. If it is not filled, `next` is right again.
    fn take_due(&self, now: u64, batch: &mut [Option<Waker>; BATCH]) -> usize {
        let mut guarded = self.wheel.lock();
        for (due, place) in batch.iter_mut().enumerate() {
            *place = guarded.wheel.pop_due(now);
            if place.is_none() {
                let next = guarded.wheel.next_expiry().unwrap_or(NEVER);
                self.next.store(next, Ordering::Relaxed); // Ordering: see `next`
                return due;
            }
        }
        BATCH
    }

    /// Wakes whatever is armed, and arms nothing more.
    pub fn close(&self) {
        let wheel = {
            let mut guarded = self.wheel.lock();
            guarded.closed = true;
            self.next.store(NEVER, Ordering::Relaxed); // Ordering: see `next`
            std::mem::take(&mut guarded.wheel)
        };
        wheel.into_held().for_each(wake);
    }

    /// For a deadline that has come into the wheel; the caller holds the lock.
    fn lower_next(&self, deadline: u64) {
        if deadline < self.next.load(Ordering::Relaxed) {
            self.next.store(deadline, Ordering::Relaxed); // Ordering: see `next`
        }
    }
}

/// A waker that panics has been reported by the panic hook; the others must still be woken.
fn wake(waker: Waker) {
    contain(|| waker.wake());
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard")
            .field("next", &self.next())
            .finish_non_exhaustive()
    }
}
