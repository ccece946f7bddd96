//! What if it takes too long?

use crate::{alarm::Alarm, instant::Instant};
use heist_core::{
    again, budget,
    wait::{self, Kind},
};
use pin_project_lite::pin_project;
use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// Waits for `future`, for `duration` at most.
///
/// The future is polled first. If it is ready then, it wins, no clock is read and no timer made;
/// `duration` begins at the end of the first poll in which it is not. No timer is made either for a
/// task that yields, until it waits. `Duration::ZERO` polls it once. Of nested timeouts only the
/// one that ran out says [`Elapsed`]; if several have, the innermost.
///
/// # Errors
///
/// [`Elapsed`] when the future was not ready in time. It is dropped, and thereby cancelled,
/// together with the `Timeout`. **The handle of a task is not the task**: a spawned task whose
/// handle is dropped by a timeout goes on. Abort it, or give `timeout` the future itself.
///
/// # Panics
///
/// When it has to wait and is awaited outside a runtime, or after the runtime's end.
///
/// # Cancel safety
///
/// That of `future`, which is dropped with it.
///
/// # Examples
///
/// ```
/// use heist_timer::{sleep, timeout};
/// use std::{future, time::Duration};
///
/// # heist_timer::drive::drive(async {
/// let short = Duration::from_millis(10);
/// assert_eq!(timeout(short, async { 7 }).await, Ok(7));
/// assert!(timeout(short, future::pending::<()>()).await.is_err());
/// # });
/// ```
#[doc(alias = "wait_for")]
#[doc(alias = "asyncio.timeout")]
#[doc(alias = "asyncio.wait_for")]
#[doc(alias = "fail_after")]
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        alarm: Alarm::after(duration),
    }
}

/// Waits for `future`, until `deadline` at most. If that has passed, the future is polled once.
///
/// # Errors
///
/// # Panics
///
/// # Cancel safety
///
/// All as for [`timeout()`].
///
/// # Examples
///
/// One deadline for two steps:
///
/// ```
/// use heist_timer::{Elapsed, Instant, sleep, timeout_at};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let deadline = Instant::now() + Duration::from_millis(10);
/// let step = || sleep(Duration::from_millis(6));
/// assert_eq!(timeout_at(deadline, step()).await, Ok(()));
/// assert_eq!(timeout_at(deadline, step()).await.unwrap_err().deadline(), deadline);
/// # });
/// ```
#[doc(alias = "asyncio.timeout_at")]
#[doc(alias = "fail_at")]
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        alarm: Alarm::at(deadline),
    }
}

/// Waits for `future`, for `duration` at most; `None` if that was not enough. For what a program
/// can do without.
///
/// # Panics
///
/// # Cancel safety
///
/// Both as for [`timeout()`].
///
/// # Examples
///
/// ```
/// use heist_timer::{move_on_after, sleep};
/// use std::time::Duration;
///
/// # heist_timer::drive::drive(async {
/// let advice = async {
///     sleep(Duration::from_secs(60)).await;
///     "buy"
/// };
/// let advice = move_on_after(Duration::from_secs(1), advice).await;
/// assert_eq!(advice.unwrap_or("wait"), "wait");
/// # });
/// ```
#[track_caller]
pub fn move_on_after<F: IntoFuture>(duration: Duration, future: F) -> MoveOnAfter<F::IntoFuture> {
    MoveOnAfter {
        timeout: timeout(duration, future),
    }
}

pin_project! {
    /// The future of [`timeout()`] and [`timeout_at`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_timer::{Instant, timeout, timeout_at};
    /// use std::time::Duration;
    ///
    /// # heist_timer::drive::drive(async {
    /// let second = Duration::from_secs(1);
    /// assert_eq!(timeout(second, async {}).deadline(), None); // it has not begun
    ///
    /// let deadline = Instant::now() + second;
    /// let answer = timeout_at(deadline, async { 42 });
    /// assert_eq!(answer.deadline(), Some(deadline));
    ///
    /// // On second thoughts, there is no hurry.
    /// assert_eq!(answer.into_inner().await, 42);
    /// # });
    /// ```
    #[derive(Debug)]
    #[must_use = "a timeout that is not awaited does nothing"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        alarm: Alarm,
    }
}

impl<F> Timeout<F> {
    /// When the time is over. `None` before `duration` has begun.
    #[doc(alias = "when")]
    pub fn deadline(&self) -> Option<Instant> {
        self.alarm.deadline()
    }

    /// Gives it another deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_timer::{Instant, sleep, timeout};
    /// use std::{pin::pin, time::Duration};
    ///
    /// # heist_timer::drive::drive(async {
    /// let second = Duration::from_secs(1);
    /// let mut patient = pin!(timeout(second, sleep(second * 5)));
    /// patient.as_mut().reset(Instant::now() + second * 10);
    /// assert_eq!(patient.await, Ok(()));
    /// # });
    /// ```
    #[doc(alias = "reschedule")]
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().alarm.reset(deadline);
    }

    /// The future, without its timeout.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let said = wait::said();
        again::watch();
        if let Poll::Ready(value) = this.future.poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if wait::said() == said {
            // The future does not know better what it waits for.
            wait::pending(Kind::Sleep, this.alarm.location(), 0);
        }
        // Whatever budget the future has left: one that uses up each poll's would never be late.
        ready!(if again::is_due(cx) {
            this.alarm.poll_in_passing(cx)
        } else {
            this.alarm.poll(cx)
        });
        budget::spend();
        let deadline = this
            .alarm
            .deadline()
            .expect("an alarm that rang had a deadline");
        Poll::Ready(Err(Elapsed { deadline }))
    }
}

pin_project! {
    /// The future of [`move_on_after`].
    #[derive(Debug)]
    #[must_use = "a timeout that is not awaited does nothing"]
    pub struct MoveOnAfter<F> {
        #[pin]
        timeout: Timeout<F>,
    }
}

impl<F: Future> Future for MoveOnAfter<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().timeout.poll(cx).map(Result::ok)
    }
}

/// The time was over before the future was ready.
///
/// # Examples
///
/// It tells when the time was over. It becomes an [`io::Error`] of the kind `TimedOut` by `?`:
///
/// ```
/// use heist_timer::{Instant, timeout};
/// use std::{future, io, time::Duration};
///
/// # heist_timer::drive::drive(async {
/// let second = Duration::from_secs(1);
/// let elapsed = timeout(second, future::pending::<()>()).await.unwrap_err();
/// assert!(elapsed.deadline() <= Instant::now());
///
/// async fn answer() -> io::Result<String> {
///     timeout(Duration::from_secs(1), future::pending()).await?
/// }
/// assert_eq!(answer().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "TimeoutError")]
pub struct Elapsed {
    deadline: Instant,
}

impl Elapsed {
    /// The deadline that passed.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
