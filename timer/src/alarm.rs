//! What do sleep, timeout and interval have in common?
//!
//! An [`Alarm`]: a deadline, and the timer that is armed for it by the first poll after which
//! nothing but a wake brings another.
//!
//! - **own-shard**: a thread arms in its own shard alone, whichever shard the timer lay in before.
//!   So a worker need look at one shard only before it parks, and nobody is told what he has not
//!   armed himself.

use crate::{
    context::Here,
    instant::Instant,
    shard::{Look, Shard},
    wheel::Key,
};
use heist_core::primitive::Arc;
use std::{
    panic::Location,
    ptr,
    task::{Context, Poll, Waker},
    time::Duration,
};

/// A deadline that wakes.
#[derive(Debug)]
pub struct Alarm {
    state: State,
    /// The user's line that made it.
    at: &'static Location<'static>,
}

#[derive(Debug)]
enum State {
    /// No timer, and no deadline yet: it is so long after the first poll.
    After(Duration),
    /// No timer. The next poll looks at the clock, and may arm one.
    At(Instant),
    /// `ns` is the deadline by the shard's clock, which is half the size of an `Instant`: there may
    /// be a million of these.
    Armed {
        shard: Arc<Shard>,
        key: Key,
        ns: u64,
    },
    Rung(Instant),
}

#[cfg(all(not(heist_model), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Alarm>() <= 40);

impl Alarm {
    /// An alarm that rings so long after its first poll.
    #[track_caller]
    pub fn after(duration: Duration) -> Self {
        Self {
            state: State::After(duration),
            at: Location::caller(),
        }
    }

    /// An alarm that rings at `deadline`.
    #[track_caller]
    pub fn at(deadline: Instant) -> Self {
        Self {
            state: State::At(deadline),
            at: Location::caller(),
        }
    }

    /// The user's line that made it.
    pub fn location(&self) -> &'static Location<'static> {
        self.at
    }

    /// When it rings, as soon as that is known.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::After(_) => None,
            State::At(deadline) | State::Rung(deadline) => Some(*deadline),
            State::Armed { shard, ns, .. } => Some(shard.clock().instant(*ns).into()),
        }
    }

    /// Whether it was set for no time at all, and has not been polled.
    pub fn is_immediate(&self) -> bool {
        matches!(self.state, State::After(Duration::ZERO))
    }

    /// For people: the deadline on the shard's clock, in milliseconds, while a timer is armed.
    pub fn clock_ms(&self) -> u64 {
        match self.state {
            State::Armed { ns, .. } => ns / 1_000_000,
            _ => 0,
        }
    }

    /// Ready from the deadline on, never before. Spends no budget.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Armed { shard, key, ns } = &self.state else {
            return self.start(cx);
        };
        match shard.look(*key, cx.waker()) {
            Look::Armed => return Poll::Pending,
            Look::Closed if *ns > shard.clock().now_ns() => runtime_gone(self.at),
            Look::Fired | Look::Closed => {}
        }
        self.state = State::Rung(shard.clock().instant(*ns).into());
        Poll::Ready(())
    }

    /// The same for one who is polled again in any case: it arms no timer.
    pub fn poll_in_passing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = match self.state {
            State::After(_) | State::At(_) => Instant::now(),
            State::Armed { .. } | State::Rung(_) => return self.poll(cx),
        };
        if let State::After(duration) = self.state {
            self.state = State::At(now + duration);
        }
        match self.state {
            State::At(deadline) if now < deadline => Poll::Pending,
            _ => self.poll(cx),
        }
    }

    /// Reads the clock and, if the deadline is yet to come, arms a timer.
    fn start(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.state, State::Rung(_)) {
            return Poll::Ready(());
        }
        let Some(here) = Here::find() else {
            return self.start_outside();
        };
        let clock = here.shard.clock();
        let now = clock.now_ns();
        let ns = match self.state {
            State::After(duration) => clock.after(now, duration),
            State::At(deadline) => clock.ns_of(deadline.into_std()),
            State::Armed { .. } | State::Rung(_) => unreachable!("it has not begun"),
        };
        if ns <= now {
            self.state = State::Rung(self.deadline().unwrap_or(clock.instant(now).into()));
            return Poll::Ready(());
        }
        match here.arm(ns, cx.waker().clone()) {
            Ok(key) => self.arm(here.shard, key, ns),
            Err(_) => runtime_gone(self.at),
        }
        Poll::Pending
    }

    /// The same, where there is a clock and no timers.
    fn start_outside(&mut self) -> Poll<()> {
        let now = Instant::now();
        match self.deadline() {
            Some(deadline) if deadline <= now => self.state = State::Rung(deadline),
            None if self.is_immediate() => self.state = State::Rung(now),
            _ => no_runtime(self.at),
        }
        Poll::Ready(())
    }

    /// Gives it another deadline. A task that waits for it is woken then, and need not poll it
    /// before.
    pub fn reset(&mut self, deadline: Instant) {
        let before = std::mem::replace(&mut self.state, State::At(deadline));
        if let State::Armed { shard, key, .. } = before {
            match Here::find() {
                Some(here) if here.shard.clock().now() < deadline.into_std() => {
                    self.rearm(here, deadline, &shard, key);
                }
                // It is due, or the task arms anew where it is polled next.
                _ => shard.cancel(key).into_iter().for_each(Waker::wake),
            }
        }
    }

    /// Arms here what was armed in `shard`. If it has fired meanwhile, the task has been woken and
    /// its next poll arms.
    fn rearm(&mut self, here: Here, deadline: Instant, shard: &Shard, key: Key) {
        let ns = here.shard.clock().ns_of(deadline.into_std());
        if ptr::eq(&*here.shard, shard) {
            if let Some(key) = here.reset(key, ns) {
                self.arm(here.shard, key, ns);
            }
        } else if let Some(waker) = shard.cancel(key) {
            match here.arm(ns, waker) {
                Ok(key) => self.arm(here.shard, key, ns),
                Err(waker) => waker.wake(),
            }
        }
    }

    fn arm(&mut self, shard: Arc<Shard>, key: Key, ns: u64) {
        self.state = State::Armed { shard, key, ns };
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let State::Armed { shard, key, .. } = &self.state {
            drop(shard.cancel(*key));
        }
    }
}

#[cold]
fn no_runtime(at: &Location<'_>) -> ! {
    panic!(
        "the timer made at {at} is awaited outside a runtime: await it in a task, or inside \
         `heist::run`"
    )
}

#[cold]
fn runtime_gone(at: &Location<'_>) -> ! {
    panic!(
        "the timer made at {at} would never ring, because its runtime has shut down: await it \
         before the end of `heist::run`"
    )
}
