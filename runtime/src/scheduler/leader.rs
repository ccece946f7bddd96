//! Who waits in the reactor, for everybody?
//!
//! One sleeper at a time is the leader. It waits for the next event and for the earliest timer of
//! all shards; the others wait on their parkers. Whoever changes what the leader waits for kicks
//! it, so that it chooses its wait again.
//!
//! - **max-before-free**: the published deadline is `MAX`, "do not rely on me", from before the
//!   leader reads the shards until it knows the minimum, and again before it gives up the lead.

use super::home::Home;
use heist_core::{
    primitive::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering, fence},
    },
    waker::WakeTarget,
};
use heist_io::reactor::Reactor;
use heist_timer::Timers;

const NOBODY: u32 = 0;

/// The lead, and the threads that may have it.
pub struct Leader {
    /// The leader's number plus one.
    word: AtomicU32,
    homes: Box<[Arc<Home>]>,
    /// The last leader without a seat, whose number is one more than any worker's.
    visitor: Mutex<Option<Arc<Home>>>,
}

/// The lead. Dropped, it is free.
pub struct Leading<'a> {
    leader: &'a Leader,
    timers: &'a Timers,
    /// When the earliest timer of all shards expires, in the clock's nanoseconds.
    pub expiry: u64,
}

impl Leader {
    pub fn new(workers: usize) -> Self {
        let homes = (0..workers).map(|_| Arc::new(Home::default())).collect();
        Self {
            word: AtomicU32::new(NOBODY),
            homes,
            visitor: Mutex::default(),
        }
    }

    pub fn homes(&self) -> &[Arc<Home>] {
        &self.homes
    }

    /// Takes the lead, if nobody has it.
    pub fn try_lead<'a>(&'a self, me: usize, timers: &'a Timers) -> Option<Leading<'a>> {
        self.take(me)?;
        Some(self.lead(timers))
    }

    /// The same, for a thread without a seat.
    pub fn try_lead_from<'a>(
        &'a self,
        home: &Arc<Home>,
        timers: &'a Timers,
    ) -> Option<Leading<'a>> {
        self.take(self.homes.len())?;
        // Liveness: before the fence, so that a kick that came too early for it is seen by us.
        *self.visitor.lock() = Some(home.clone());
        Some(self.lead(timers))
    }

    fn take(&self, me: usize) -> Option<u32> {
        let mine = me as u32 + 1;
        // Ordering: none; what the leaders share, the reactor's buffer, has a lock of its own.
        self.word
            .compare_exchange(NOBODY, mine, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
    }

    fn lead<'a>(&'a self, timers: &'a Timers) -> Leading<'a> {
        timers.publish(u64::MAX);
        // Ordering: our word and `MAX` before our look at the shards and the reactor; pairs with
        // the fences in `kick` and where a timer is armed: either it sees us, or we see it.
        fence(Ordering::SeqCst);
        let expiry = timers.next_expiry();
        timers.publish(expiry);
        Leading {
            leader: self,
            timers,
            expiry,
        }
    }

    /// Who leads, at a glance.
    pub fn current(&self) -> Option<usize> {
        (self.word.load(Ordering::Relaxed) as usize).checked_sub(1)
    }

    fn kick(&self, reactor: Option<&Reactor>) {
        // Ordering: the change before the look for a leader; pairs with `try_lead`.
        fence(Ordering::SeqCst);
        // Liveness: if nobody sleeps as the leader, who next does looks first.
        let Some(leader) = self.current() else { return };
        let visitor = || self.visitor.lock().clone();
        let Some(home) = self.homes.get(leader).cloned().or_else(visitor) else {
            return; // as above
        };
        match reactor {
            Some(reactor) => home.unpark(reactor),
            // In the reactor already, it is notified by the reactor itself.
            None => drop(home.parker.unpark()),
        }
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.timers.publish(u64::MAX);
        // Ordering: none. A kick that still sees us wakes a thread for nothing; one that already
        // sees nobody may rely on the next leader's look at everything.
        self.leader.word.store(NOBODY, Ordering::Relaxed);
    }
}

/// Ends the leader's wait, because what it waits for has changed.
pub struct Kick {
    pub leader: Arc<Leader>,
    /// `None` in the reactor's own hands: it calls when it comes to life.
    pub reactor: Option<Arc<Reactor>>,
}

impl WakeTarget for Kick {
    fn wake(this: &Arc<Self>) {
        this.leader.kick(this.reactor.as_deref());
    }
}
