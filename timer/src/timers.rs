//! Who fires which timers, and who is told?
#![doc = include_str!("timers.md")]

use crate::{clock::Clock, shard::Shard};
use heist_core::primitive::{
    Arc, CachePadded,
    atomic::{AtomicU64, Ordering, fence},
};
use std::task::Waker;

/// The timers of one runtime: a shard for each worker, and one more for all other threads.
///
/// # Examples
///
/// ```
/// use heist_timer::{Clock, Timers, enter, sleep};
/// use std::{pin::pin, task::{Context, Waker}, time::Duration};
///
/// let clock = Clock::paused();
/// let timers = Timers::new(2, clock.clone(), Waker::noop().clone());
/// let _here = enter(timers.clone(), Some(0));
///
/// let mut sleep = pin!(sleep(Duration::from_nanos(30)));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(sleep.as_mut().poll(&mut cx).is_pending());
/// assert_eq!(timers.next_expiry(), 30);
///
/// clock.advance_to(30);
/// assert_eq!(timers.fire_overdue(clock.now_ns()), 1);
/// assert!(sleep.as_mut().poll(&mut cx).is_ready());
/// ```
#[derive(Debug)]
pub struct Timers {
    /// One for each worker, by its number; the last belongs to all other threads.
    shards: Box<[Arc<Shard>]>,
    clock: Clock,
    /// Until when the leader waits; `u64::MAX`: do not rely on it. Written by the leader.
    published: CachePadded<AtomicU64>,
    /// Makes the leader choose its wait again.
    kick: Waker,
}

impl Timers {
    /// Timers for so many workers. `kick` is woken by a thread that is no worker and has armed a
    /// timer that the leader does not know of.
    pub fn new(workers: usize, clock: Clock, kick: Waker) -> Arc<Self> {
        let shard = |_| Arc::new(Shard::new(clock.clone()));
        Arc::new(Self {
            shards: (0..=workers).map(shard).collect(),
            clock,
            published: CachePadded::new(AtomicU64::new(u64::MAX)),
            kick,
        })
    }

    /// The clock that these timers go by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What the clock shows.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// How many timers are armed.
    pub fn armed(&self) -> usize {
        self.shards.iter().map(|shard| shard.armed()).sum()
    }

    /// When the first timer of all shards is due, or a time before that; `u64::MAX` if there is
    /// none. Takes no lock.
    pub fn next_expiry(&self) -> u64 {
        let nexts = self.shards.iter().map(|shard| shard.next());
        nexts.min().unwrap_or(u64::MAX)
    }

    /// When the first timer of one shard is due, or a time before that. Takes no lock.
    ///
    /// # Panics
    ///
    /// When there are fewer shards.
    #[inline]
    pub fn shard_expiry(&self, shard: usize) -> u64 {
        self.shards[shard].next()
    }

    /// Wakes what is due at `now_ns`, in any shard, and says how many timers that were. Any thread
    /// may call it, while it holds no lock: user code runs in it.
    pub fn fire_overdue(&self, now_ns: u64) -> usize {
        let overdue = self.shards.iter().filter(|shard| shard.next() <= now_ns);
        overdue.map(|shard| shard.fire(now_ns)).sum()
    }

    /// Says until when the leader waits; `u64::MAX`: do not rely on it.
    #[inline]
    pub fn publish(&self, deadline_ns: u64) {
        // Ordering: see `published`.
        self.published.store(deadline_ns, Ordering::Relaxed);
    }

    /// Until when the leader waits; `u64::MAX`: do not rely on it.
    #[inline]
    pub fn published(&self) -> u64 {
        // Ordering: a number, which publishes nothing. The fences of rules 2 to 4 in `timers.md`
        // stand between it and the shards' expiries.
        self.published.load(Ordering::Relaxed)
    }

    /// Wakes whatever is still armed, because nobody will fire it any more. Who then polls finds
    /// its deadline passed, or panics: the runtime is gone. Nothing can be armed afterwards.
    pub fn close(&self) {
        self.shards.iter().for_each(|shard| shard.close());
    }

    /// How many shards belong to workers.
    pub(crate) fn workers(&self) -> usize {
        self.shards.len() - 1
    }

    pub(crate) fn shard(&self, shard: usize) -> &Arc<Shard> {
        &self.shards[shard]
    }

    /// Makes the leader choose its wait again.
    pub(crate) fn kick(&self) {
        self.kick.wake_by_ref();
    }

    /// The worker of this shard will not look at it for a while.
    ///
    /// # Panics
    ///
    /// When there are fewer shards.
    pub fn leave(&self, shard: usize) {
        self.kick_if_later(self.shard_expiry(shard));
    }

    /// Kicks the leader if it will sleep over `deadline`, which is in a shard at which no worker
    /// looks by itself.
    pub(crate) fn kick_if_later(&self, deadline: u64) {
        // Ordering: the shard's expiry, stored before, against the published deadline, read after;
        // pairs with the leader's fence between its `MAX` and its look at the shards. One of us
        // sees what the other stored.
        fence(Ordering::SeqCst);
        if deadline < self.published() {
            // Liveness: nobody else knows of this deadline before his next look at all shards.
            self.kick();
        }
    }
}
