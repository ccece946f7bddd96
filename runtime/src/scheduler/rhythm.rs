//! How often does a busy worker look up from its queue?
//!
//! At what comes from outside every so many turns: as many as fit into a period, at the pace of its
//! last turns, so that slow polls do not make others wait for a number of them that was meant for
//! fast ones. The clock is read once a look. At everything else, reactor and timers, it looks in
//! a look after a greater number of turns, or after a time.

use super::policy::{LOOK_PERIOD, LOOK_TURNS, MAINTENANCE_PERIOD, MAINTENANCE_TURNS, PACE_TURNS};
use heist_timer::Clock;
use std::cell::Cell;

/// One worker's. Only its own thread touches it.
pub struct Rhythm {
    /// Turns until the next look.
    left: Cell<u32>,
    /// Turns from the last look to the next.
    interval: Cell<u32>,
    /// Turns since the last maintenance.
    turns: Cell<u32>,
    /// The last look, and the last maintenance, by the runtime's clock.
    looked_ns: Cell<u64>,
    maintained_ns: Cell<u64>,
    has_slept: Cell<bool>,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            left: Cell::new(PACE_TURNS),
            interval: Cell::new(PACE_TURNS),
            turns: Cell::new(0),
            looked_ns: Cell::new(0),
            maintained_ns: Cell::new(0),
            has_slept: Cell::new(true),
        }
    }
}

/// What a turn begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The worker's own queue.
    Ahead,
    /// What comes from outside.
    Around,
    /// The same, after maintenance.
    Everywhere,
}

impl Rhythm {
    /// The next turn.
    #[inline]
    pub fn turn(&self, clock: &Clock) -> Look {
        let left = self.left.get() - 1;
        self.left.set(left);
        if left > 0 {
            return Look::Ahead;
        }
        self.look(clock.now_ns())
    }

    /// The worker sleeps: the time until the next look says nothing, so that comes soon. Meanwhile
    /// somebody else looks.
    pub fn sleeps(&self) {
        self.has_slept.set(true);
        let left = self.left.get();
        let soon = left.min(PACE_TURNS);
        self.left.set(soon);
        self.interval.set(self.interval.get() - (left - soon));
    }

    /// The worker has slept in the reactor, and comes back with something. Before it slept it has
    /// looked outside, and at its watch.
    pub fn harvests(&self) {
        self.left.set(PACE_TURNS);
        self.interval.set(PACE_TURNS);
        self.turns.set(0);
    }

    #[cold]
    fn look(&self, now_ns: u64) -> Look {
        let turns = self.interval.get();
        let passed = now_ns.saturating_sub(self.looked_ns.replace(now_ns));
        if self.has_slept.take() {
            self.interval.set(PACE_TURNS);
            self.maintained_ns.set(now_ns);
        } else {
            let fit = u64::from(turns) * LOOK_PERIOD.as_nanos() as u64 / passed.max(1);
            // One fast turn among slow ones says little: longer only step by step.
            let most = LOOK_TURNS.min(2 * turns);
            self.interval.set(fit.clamp(1, u64::from(most)) as u32);
        }
        self.left.set(self.interval.get());
        self.turns.set(self.turns.get() + turns);
        let since = now_ns.saturating_sub(self.maintained_ns.get());
        if self.turns.get() < MAINTENANCE_TURNS && since < MAINTENANCE_PERIOD.as_nanos() as u64 {
            return Look::Around;
        }
        self.turns.set(0);
        self.maintained_ns.set(now_ns);
        Look::Everywhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// How many turns of `pace` each come before the next look, and what that is.
    fn turns(rhythm: &Rhythm, clock: &Clock, pace: Duration) -> (u32, Look) {
        for turn in 1.. {
            clock.advance(pace);
            let look = rhythm.turn(clock);
            if look != Look::Ahead {
                return (turn, look);
            }
        }
        unreachable!("looks never end")
    }

    #[test]
    fn fast_turns_are_counted_and_slow_ones_are_timed() {
        let (rhythm, clock) = (Rhythm::default(), Clock::paused());
        let next = |pace| turns(&rhythm, &clock, pace);
        let fast = Duration::from_nanos(50);
        for interval in [PACE_TURNS, PACE_TURNS, 8, 16] {
            assert_eq!(next(fast), (interval, Look::Around));
        }
        assert_eq!(next(fast), (LOOK_TURNS, Look::Everywhere));
        assert_eq!(next(fast), (LOOK_TURNS, Look::Around));
        let slow = LOOK_PERIOD / 4;
        assert_eq!(next(slow), (LOOK_TURNS, Look::Everywhere));
        assert_eq!(next(slow).0, 4);
        let slower = MAINTENANCE_PERIOD * 2;
        assert_eq!(next(slower), (4, Look::Everywhere));
        assert_eq!(next(slower), (1, Look::Everywhere));
        assert_eq!(next(fast).0, 1);
        assert_eq!(next(slower), (2, Look::Everywhere));
        assert_eq!(next(slower).0, 1);
    }

    #[test]
    fn sleep_is_not_a_slow_turn() {
        let (rhythm, clock) = (Rhythm::default(), Clock::paused());
        let fast = Duration::from_nanos(50);
        let next = || turns(&rhythm, &clock, fast);
        (0..5).for_each(|_| _ = next());
        for _ in 0..10 {
            assert_eq!(rhythm.turn(&clock), Look::Ahead);
        }
        rhythm.sleeps();
        clock.advance(Duration::from_secs(1));
        // Maintenance comes by number, not by time: who slept has nothing to make up for.
        for interval in [PACE_TURNS, PACE_TURNS, 8, 16] {
            assert_eq!(next(), (interval, Look::Around));
        }
        assert_eq!(next(), (LOOK_TURNS, Look::Everywhere));
    }

    #[test]
    fn who_comes_back_from_the_reactor_need_not_ask_it() {
        let (rhythm, clock) = (Rhythm::default(), Clock::paused());
        for _ in 0..MAINTENANCE_TURNS {
            for _ in 1..PACE_TURNS {
                assert_eq!(rhythm.turn(&clock), Look::Ahead);
            }
            rhythm.sleeps();
            rhythm.harvests();
        }
        // Who only sleeps, or is woken for a job, looks as often as before.
        let looks = (0..MAINTENANCE_TURNS + PACE_TURNS).map(|_| {
            rhythm.sleeps();
            rhythm.turn(&clock)
        });
        assert_eq!(looks.filter(|look| *look == Look::Everywhere).count(), 1);
    }
}
