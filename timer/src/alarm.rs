//! What do sleep, timeout and interval have in common?
//!
//! An [`Alarm`]: a deadline, and the timer that is armed for it from the first poll on.
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
    when: When,
    state: State,
    /// The user's line that made it.
    at: &'static Location<'static>,
}

#[derive(Debug, Clone, Copy)]
enum When {
    /// So long after the first poll.
    After(Duration),
    At(Instant),
}

#[derive(Debug)]
enum State {
    /// No timer. The next poll looks at the clock, and arms one.
    Idle,
    Armed {
        shard: Arc<Shard>,
        key: Key,
    },
    Rung,
}

impl Alarm {
    /// An alarm that rings so long after its first poll.
    #[track_caller]
    pub fn after(duration: Duration) -> Self {
        Self {
            when: When::After(duration),
            state: State::Idle,
            at: Location::caller(),
        }
    }

    /// An alarm that rings at `deadline`.
    #[track_caller]
    pub fn at(deadline: Instant) -> Self {
        Self {
            when: When::At(deadline),
            state: State::Idle,
            at: Location::caller(),
        }
    }

    /// The user's line that made it.
    pub fn location(&self) -> &'static Location<'static> {
        self.at
    }

    /// When it rings, as soon as that is known.
    pub fn deadline(&self) -> Option<Instant> {
        match self.when {
            When::After(_) => None,
            When::At(deadline) => Some(deadline),
        }
    }

    /// Whether it was set for no time at all, and has not been polled.
    pub fn is_immediate(&self) -> bool {
        matches!(self.when, When::After(Duration::ZERO))
    }

    /// For people: the deadline on the shard's clock, in milliseconds, while a timer is armed.
    pub fn clock_ms(&self) -> u64 {
        match (&self.state, self.when) {
            (State::Armed { shard, .. }, When::At(deadline)) => {
                shard.clock().ns_of(deadline.into_std()) / 1_000_000
            }
            _ => 0,
        }
    }

    /// Ready from the deadline on, never before. Spends no budget.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.state {
            State::Rung => return Poll::Ready(()),
            State::Idle => return self.start(cx),
            State::Armed { shard, key } => match shard.look(*key, cx.waker()) {
                Look::Armed => return Poll::Pending,
                Look::Fired => {}
                Look::Closed => self.require_rung(shard),
            },
        }
        self.state = State::Rung;
        Poll::Ready(())
    }

    /// Reads the clock for the first time and, if the deadline is yet to come, arms a timer.
    fn start(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let deadline = match self.when {
            When::After(duration) => now + duration,
            When::At(deadline) => deadline,
        };
        self.when = When::At(deadline);
        if deadline <= now {
            self.state = State::Rung;
            return Poll::Ready(());
        }
        let here = Here::find().unwrap_or_else(|| no_runtime(self.at));
        let ns = here.shard.clock().ns_of(deadline.into_std());
        match here.arm(ns, cx.waker().clone()) {
            Ok(key) => self.arm(here.shard, key),
            Err(_) => runtime_gone(self.at),
        }
        Poll::Pending
    }

    /// Gives it another deadline. A task that waits for it is woken then, and need not poll it
    /// before.
    pub fn reset(&mut self, deadline: Instant) {
        self.when = When::At(deadline);
        if let State::Armed { shard, key } = std::mem::replace(&mut self.state, State::Idle) {
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
                self.arm(here.shard, key);
            }
        } else if let Some(waker) = shard.cancel(key) {
            match here.arm(ns, waker) {
                Ok(key) => self.arm(here.shard, key),
                Err(waker) => waker.wake(),
            }
        }
    }

    fn arm(&mut self, shard: Arc<Shard>, key: Key) {
        self.state = State::Armed { shard, key };
    }

    /// Panics unless the deadline had passed when the shard was closed, or has since.
    fn require_rung(&self, shard: &Shard) {
        if self
            .deadline()
            .is_some_and(|deadline| deadline.into_std() > shard.clock().now())
        {
            runtime_gone(self.at);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let State::Armed { shard, key } = &self.state {
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
