//! When is it time again?

use crate::{alarm::Alarm, instant::Instant};
use futures_core::Stream;
use heist_core::{
    budget,
    wait::{self, Kind},
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// Ticks at once, and then once in each `period`.
///
/// The first tick is when it is first asked for; later ones are counted from there, so the time
/// that the work takes does not add up. [`MissedTick`] says what happens when it takes longer than
/// a period.
///
/// # Panics
///
/// When `period` is zero. A tick panics when it is awaited outside a runtime, or after the
/// runtime's end.
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, interval};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let period = Duration::from_secs(60);
/// let mut minutes = interval(period);
/// let start = minutes.tick().await;
/// for n in 1..5 {
///     assert_eq!(minutes.tick().await, start + n * period);
/// }
/// # });
/// ```
#[doc(alias = "every")]
#[doc(alias = "ticker")]
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    check(period);
    Interval {
        alarm: Alarm::after(Duration::ZERO),
        period,
        missed_tick: MissedTick::Burst,
    }
}

/// Ticks at `start`, and then once in each `period`.
///
/// # Panics
///
/// As for [`interval()`].
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, interval_at};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let period = Duration::from_secs(60);
/// let start = Instant::now() + period;
/// assert_eq!(interval_at(start, period).tick().await, start);
/// # });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    check(period);
    Interval {
        alarm: Alarm::at(start),
        period,
        missed_tick: MissedTick::Burst,
    }
}

#[track_caller]
fn check(period: Duration) {
    assert!(
        !period.is_zero(),
        "the period of an interval is zero: to let others run, use `yield_now`"
    );
}

/// What an [`Interval`] does when a tick is taken so late that others were due meanwhile.
///
/// With a period of 10, and the tick of 10 taken at 34:
///
/// | | ticks are ready at |
/// | --- | --- |
/// | `Burst` | 0, 34 (for 10), 34 (for 20), 34 (for 30), 40, 50 |
/// | `Delay` | 0, 34 (for 10), 44, 54 |
/// | `Skip` | 0, 34 (for 10), 40, 50 |
///
/// # Examples
///
/// ```
/// use heist_timer::{MissedTick, interval, sleep};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let second = Duration::from_secs(1);
/// let mut ticks = interval(10 * second).missed_tick(MissedTick::Delay);
/// let start = ticks.tick().await;
/// sleep(34 * second).await;
/// assert_eq!(ticks.tick().await, start + 10 * second); // taken at 34
/// assert_eq!(ticks.tick().await, start + 44 * second);
/// # });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[doc(alias = "MissedTickBehavior")]
pub enum MissedTick {
    /// Makes up for all of them at once. For what must happen so many times.
    #[default]
    Burst,
    /// Counts from when the tick was taken, always, so that two are never closer than a period.
    Delay,
    /// Leaves them out, and keeps to the multiples of the period.
    Skip,
}

impl MissedTick {
    /// When the tick after `due` is due, if that one was taken at `now`.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due + period,
            Self::Delay => now + period,
            Self::Skip => {
                let now = now.max(due);
                let late = (now - due).as_nanos() % period.as_nanos();
                now - Duration::from_nanos_u128(late) + period
            }
        }
    }
}

/// Ticks again and again; made by [`interval()`].
///
/// It is a [`Stream`] of its ticks, too.
///
/// # Examples
///
/// A report every minute, and one that is put off:
///
/// ```
/// use heist_timer::interval;
/// use std::{future::poll_fn, time::Duration};
///
/// # heist_timer::drive::drive(async {
/// let mut reports = interval(Duration::from_secs(60));
/// let first = reports.tick().await;
/// assert_eq!(reports.tick().await, first + reports.period());
///
/// let half_past = first + 30 * reports.period();
/// reports.reset_at(half_past);
/// assert_eq!(reports.tick().await, half_past);
///
/// // As a future written by hand does it:
/// let tick = poll_fn(|cx| reports.poll_tick(cx)).await;
/// assert_eq!(tick, half_past + reports.period());
/// # });
/// ```
#[derive(Debug)]
#[must_use = "an interval does nothing until its ticks are awaited"]
pub struct Interval {
    alarm: Alarm,
    period: Duration,
    missed_tick: MissedTick,
}

impl Interval {
    /// What it does about missed ticks.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_timer::{Instant, MissedTick, interval, sleep};
    /// use std::time::Duration;
    ///
    /// # heist_timer::drive::drive(async {
    /// let second = Duration::from_secs(1);
    /// let mut seconds = interval(second).missed_tick(MissedTick::Skip);
    /// let start = seconds.tick().await;
    /// sleep(second * 7 / 2).await;
    /// assert_eq!(seconds.tick().await, start + second);
    /// assert_eq!(seconds.tick().await, start + second * 4);
    /// # });
    /// ```
    #[doc(alias = "set_missed_tick_behavior")]
    pub fn missed_tick(mut self, missed_tick: MissedTick) -> Self {
        self.missed_tick = missed_tick;
        self
    }

    /// Waits for the next tick, and says when it was due.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, no tick is lost.
    #[doc(alias = "next")]
    pub fn tick(&mut self) -> Tick<'_> {
        Tick(self)
    }

    /// As [`tick`](Self::tick), for futures written by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(budget::poll_left(cx));
        if self.alarm.poll(cx).is_pending() {
            wait::pending(Kind::Sleep, self.alarm.location(), self.alarm.clock_ms());
            return Poll::Pending;
        }
        budget::spend();
        let due = self
            .alarm
            .deadline()
            .expect("an alarm that rang had a deadline");
        let next = self.missed_tick.next(due, Instant::now(), self.period);
        self.alarm.reset(next);
        Poll::Ready(due)
    }

    /// Makes the next tick due one period from now.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_timer::{Instant, interval};
    /// use std::time::Duration;
    ///
    /// # heist_timer::drive::drive(async {
    /// let mut hours = interval(Duration::from_secs(3600));
    /// hours.reset();
    /// let now = Instant::now();
    /// assert_eq!(hours.tick().await, now + hours.period());
    /// # });
    /// ```
    pub fn reset(&mut self) {
        self.reset_at(Instant::now() + self.period);
    }

    /// Makes the next tick due at `deadline`; later ones are counted from there.
    #[doc(alias = "reschedule")]
    pub fn reset_at(&mut self, deadline: Instant) {
        self.alarm.reset(deadline);
    }

    /// The time from one tick to the next.
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// The future of [`Interval::tick`].
#[derive(Debug)]
#[must_use = "a tick that is not awaited does nothing"]
pub struct Tick<'a>(&'a mut Interval);

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.0.poll_tick(cx)
    }
}
