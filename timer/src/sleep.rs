//! How does a task wait for a point in time?

use crate::{alarm::Alarm, instant::Instant};
use heist_core::{
    budget,
    wait::{self, Kind},
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// Waits for `duration`, which begins when the future is first polled.
///
/// It never ends early, and late by no more than the system takes to wake a thread and the
/// runtime's workers to come to it. `sleep(Duration::ZERO)` lets the other tasks run once.
/// `Duration::MAX`, like anything beyond 146 years, is for ever.
///
/// # Panics
///
/// When it is awaited outside a runtime, or after the runtime's end.
///
/// # Cancel safety
///
/// Dropping it forgets the timer. `duration` begins anew in a new future, so a loop that must not
/// wait longer each time it is disturbed keeps the future, or uses [`sleep_until`].
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, sleep};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let before = Instant::now();
/// sleep(Duration::from_millis(10)).await;
/// assert!(before.elapsed() >= Duration::from_millis(10));
/// # });
/// ```
#[doc(alias = "asyncio.sleep")]
#[doc(alias = "call_later")]
#[doc(alias = "delay")]
#[doc(alias = "Timer")]
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep(Alarm::after(duration))
}

/// Waits until `deadline`; not at all if that has passed.
///
/// # Panics
///
/// When it has to wait and is awaited outside a runtime, or after the runtime's end.
///
/// # Cancel safety
///
/// Dropping it forgets the timer; a new one for the same deadline goes on waiting for it.
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, sleep_until};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let deadline = Instant::now() + Duration::from_millis(10);
/// sleep_until(deadline).await;
/// assert!(Instant::now() >= deadline);
/// # });
/// ```
#[doc(alias = "call_at")]
#[doc(alias = "delay_until")]
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep(Alarm::at(deadline))
}

/// The future of [`sleep()`] and [`sleep_until`].
///
/// Once it is ready it stays so, until it is [reset](Self::reset).
///
/// # Examples
///
/// ```
/// use heist_timer::{Instant, sleep};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let mut nap = sleep(Duration::from_secs(60));
/// assert_eq!(nap.deadline(), None); // it has not begun
///
/// let soon = Instant::now() + Duration::from_secs(5);
/// nap.reset(soon);
/// assert_eq!(nap.deadline(), Some(soon));
/// assert!(!nap.is_elapsed());
/// (&mut nap).await;
/// assert!(nap.is_elapsed());
/// # });
/// ```
#[derive(Debug)]
#[must_use = "a sleep that is not awaited does not wait"]
pub struct Sleep(Alarm);

impl Sleep {
    /// When it ends. `None` before the first poll of a [`sleep()`], which has not begun.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// Whether its deadline has come.
    pub fn is_elapsed(&self) -> bool {
        self.deadline()
            .is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Gives it another deadline, whether it is still waiting or not. A task that waits for it is
    /// woken at the new one.
    ///
    /// # Examples
    ///
    /// A watchdog, fed each time that something happens:
    ///
    /// ```
    /// use heist_timer::{Instant, sleep};
    /// use std::time::Duration;
    ///
    /// # heist_timer::drive::drive(async {
    /// let patience = Duration::from_secs(30);
    /// let mut watchdog = sleep(patience);
    /// let start = Instant::now();
    ///
    /// // Something happens:
    /// watchdog.reset(Instant::now() + patience * 2);
    ///
    /// watchdog.await;
    /// assert_eq!(start.elapsed(), patience * 2);
    /// # });
    /// ```
    #[doc(alias = "reschedule")]
    pub fn reset(&mut self, deadline: Instant) {
        self.0.reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(budget::poll_left(cx));
        let alarm = &mut self.0;
        if alarm.is_immediate() {
            alarm.reset(Instant::now());
            wait::pending(Kind::Yield, alarm.location(), 0);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if alarm.poll(cx).is_pending() {
            wait::pending(Kind::Sleep, alarm.location(), alarm.clock_ms());
            return Poll::Pending;
        }
        budget::spend();
        Poll::Ready(())
    }
}
