//! Where does an idle worker wait?
//!
//! In one place for two things, the reactor's events and the timers' deadlines. The leader waits
//! for both; a follower waits on its parker, and for its own shard's next timer if the leader does
//! not promise to be there earlier.
//!
//! With a paused clock nobody waits for a timer: when all workers sleep, nothing is in the
//! injector, nobody outside is at work and the reactor has nothing, the leader moves the clock on
//! to the next expiry.

use super::{outside::Outside, parker::Parker, policy};
use heist_core::{
    panics::contain,
    primitive::{Arc, Wait},
    stderr,
};
use heist_io::reactor::Reactor;
use heist_timer::Timers;
use std::{task::Waker, time::Duration};

/// The reactor and the timers.
pub struct Driver {
    pub reactor: Arc<Reactor>,
    pub timers: Arc<Timers>,
    pub outside: Outside,
}

impl Driver {
    pub fn new(reactor: Arc<Reactor>, timers: Arc<Timers>) -> Self {
        Self {
            reactor,
            timers,
            outside: Outside::default(),
        }
    }

    /// The leader's wait, until an event, the timers' earliest `expiry`, or the end of `period`.
    /// `resting`: every worker sleeps, and the injector is empty. Says `TimedOut` when nothing but
    /// time has passed.
    pub fn lead(
        &self,
        expiry: u64,
        period: Option<Duration>,
        resting: impl FnOnce() -> bool,
        parker: &Parker,
        wakers: &mut Vec<Waker>,
    ) -> Wait {
        if !self.timers.clock().is_paused() || expiry == u64::MAX {
            return self.block(shorter(self.until(expiry), period), parker, wakers);
        }
        // The threads outside first: what they have left behind is seen after that.
        if self.outside.is_anybody() || !resting() {
            let look = shorter(Some(policy::PAUSED_LOOK), period);
            return self.block(look, parker, wakers);
        }
        self.harvest(Some(Duration::ZERO), wakers);
        // Again: somebody may have armed or cancelled a timer before it fell asleep.
        let expiry = self.timers.next_expiry();
        if wakers.is_empty() && expiry != u64::MAX {
            self.timers.clock().advance_to(expiry);
        }
        Wait::Woken
    }

    /// A follower's wait.
    pub fn follow(&self, me: usize, period: Option<Duration>, parker: &Parker) -> Wait {
        let own = self.timers.shard_expiry(me);
        let mine = if own < self.timers.published() {
            own
        } else {
            u64::MAX
        };
        let until = if self.timers.clock().is_paused() {
            None
        } else {
            self.until(mine)
        };
        parker.park(shorter(until, period))
    }

    /// Takes what the reactor has, waiting for `timeout` at most.
    pub fn harvest(&self, timeout: Option<Duration>, wakers: &mut Vec<Waker>) {
        if self.reactor.is_live()
            && let Err(error) = self.reactor.wait(timeout, wakers)
        {
            // The descriptor is ours and open, so this is the system out of memory, if anything.
            stderr::say(format_args!("the reactor cannot wait: {error}"));
            heist_core::primitive::thread::yield_now();
        }
    }

    fn block(&self, timeout: Option<Duration>, parker: &Parker, wakers: &mut Vec<Waker>) -> Wait {
        if !self.reactor.is_live() {
            return parker.park(timeout);
        }
        if !parker.begin_polling() {
            return Wait::Woken;
        }
        self.harvest(timeout, wakers);
        let notified = parker.end_polling();
        if notified || !wakers.is_empty() {
            Wait::Woken
        } else {
            Wait::TimedOut
        }
    }

    /// Whether a timer is overdue.
    pub fn is_due(&self) -> bool {
        let next = self.timers.next_expiry();
        next != u64::MAX && next <= self.timers.now_ns()
    }

    /// Wakes what was harvested, and fires what is overdue. User code runs in both.
    pub fn dispatch(&self, wakers: &mut Vec<Waker>) {
        for waker in wakers.drain(..) {
            // A panic in a foreign waker is its owner's; the hook has reported it.
            contain(|| waker.wake());
        }
        if self.is_due() {
            self.timers.fire_overdue(self.timers.now_ns());
        }
    }

    fn until(&self, expiry: u64) -> Option<Duration> {
        (expiry != u64::MAX)
            .then(|| Duration::from_nanos(expiry.saturating_sub(self.timers.now_ns())))
    }
}

/// The shorter of two waits; `None` is for ever.
fn shorter(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
