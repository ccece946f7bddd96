//! What time is it here?
//!
//! What the clock of this thread's timers shows, or the system's clock where there are none.

use crate::{clock::Clock, context, timers::Timers};
use heist_core::primitive::Arc;
use std::{
    ops::{Add, AddAssign, Sub, SubAssign},
    time::Duration,
};

/// Longer than any clock of ours runs, and within what every system's instants can hold.
const AGES: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

/// A point in time, as [`std::time::Instant`], but told by the runtime's clock.
///
/// Adding never overflows: a sum that is too large is a point that never comes.
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, sleep};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let second = Duration::from_secs(1);
/// let start = Instant::now();
/// assert_eq!(start + second - start, second);
/// sleep(3 * second).await;
/// assert!(start.elapsed() >= 3 * second);
///
/// // Nothing overflows.
/// let end = Instant::now();
/// assert_eq!(start.saturating_duration_since(end), Duration::ZERO);
/// assert_eq!(end.saturating_add(Duration::MAX), end + Duration::MAX);
/// assert!(end < end + Duration::MAX);
/// assert_eq!(end.checked_add(Duration::MAX), None);
/// assert_eq!(end.checked_sub(Duration::MAX), None);
///
/// // The standard library's instants are the same points.
/// assert_eq!(Instant::from_std(start.into_std()), start);
/// # });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "loop.time")]
#[doc(alias = "monotonic")]
pub struct Instant(std::time::Instant);

impl Instant {
    /// What the clock shows: this thread's runtime's, or the system's where there is none.
    pub fn now() -> Self {
        Self(context::now().unwrap_or_else(Clock::system))
    }

    /// How long ago this was; zero if it is yet to come.
    pub fn elapsed(self) -> Duration {
        Self::now() - self
    }

    /// How long `earlier` was before this; zero if it was not.
    #[doc(alias = "duration_since")]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The point `by` later, unless instants do not reach so far.
    pub fn checked_add(self, by: Duration) -> Option<Self> {
        self.0.checked_add(by).map(Self)
    }

    /// The point `by` earlier, unless instants do not reach so far.
    pub fn checked_sub(self, by: Duration) -> Option<Self> {
        self.0.checked_sub(by).map(Self)
    }

    /// The point `by` later, or one that never comes.
    pub fn saturating_add(self, by: Duration) -> Self {
        self.checked_add(by)
            .or_else(|| self.checked_add(AGES))
            .unwrap_or(self)
    }

    /// The standard library's instant for the same point.
    pub fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// The same point as a standard library's instant.
    pub fn from_std(instant: std::time::Instant) -> Self {
        Self(instant)
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// As [`Instant::saturating_add`].
    fn add(self, by: Duration) -> Self {
        self.saturating_add(by)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, by: Duration) {
        *self = *self + by;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    ///
    /// When instants do not reach so far back.
    #[track_caller]
    fn sub(self, by: Duration) -> Self {
        Self(self.0 - by)
    }
}

impl SubAssign<Duration> for Instant {
    #[track_caller]
    fn sub_assign(&mut self, by: Duration) {
        *self = *self - by;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// As [`Instant::saturating_duration_since`].
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// Stops the clock of this thread's runtime, for a test. While it stands still and every task
/// waits for time, it jumps from one deadline to the next.
///
/// # Panics
///
/// When this thread is not in a runtime.
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, advance, pause};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// pause();
/// let before = Instant::now();
/// advance(Duration::from_secs(3600));
/// assert_eq!(before.elapsed(), Duration::from_secs(3600));
/// # });
/// ```
#[track_caller]
pub fn pause() {
    let timers = here("pause");
    timers.clock().pause();
    // Liveness: the leader's wait was chosen for the other kind of clock.
    timers.kick();
}

/// Lets the clock of this thread's runtime go on after [`pause`].
///
/// # Panics
///
/// When this thread is not in a runtime.
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, pause, resume};
///
/// # heist_timer::drive::drive(async {
/// pause();
/// let before = Instant::now();
/// // … what must not depend on how fast this machine is …
/// assert!(before.elapsed().is_zero());
/// resume();
/// assert!(Instant::now() >= before);
/// # });
/// ```
#[track_caller]
pub fn resume() {
    let timers = here("resume");
    timers.clock().resume();
    // Liveness: as in `pause`.
    timers.kick();
}

/// Moves a paused clock on, and wakes whatever has become due by it, in the order of the deadlines
/// as far as one worker armed them.
///
/// The clock jumps: a task that was due in between sees the time after the jump.
///
/// # Panics
///
/// When this thread is not in a runtime, or its clock is not paused.
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, advance, pause, sleep_until};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// pause();
/// let hour = Duration::from_secs(3600);
/// let alarm = sleep_until(Instant::now() + hour);
/// advance(hour / 2);
/// assert!(!alarm.is_elapsed());
/// advance(hour / 2);
/// assert!(alarm.is_elapsed());
/// alarm.await; // at once
/// # });
/// ```
#[track_caller]
pub fn advance(by: Duration) {
    let timers = here("advance");
    timers.clock().advance(by);
    timers.fire_overdue(timers.now_ns());
}

#[track_caller]
fn here(what: &str) -> Arc<Timers> {
    context::current().unwrap_or_else(|| {
        panic!("`{what}` outside a runtime: call it in a task, or inside `heist::run`")
    })
}
