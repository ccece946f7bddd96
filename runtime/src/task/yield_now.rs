//! How does a task let the others run?

use heist_core::wait;
use std::{
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

/// Lets every task that is ready on this worker run before the caller goes on.
///
/// ```
/// heist::run(async {
///     let mut sum = 0_u64;
///     for part in 0..3 {
///         sum += (part * 1_000..(part + 1) * 1_000).sum::<u64>(); // a part of the computation
///         heist::yield_now().await;
///     }
///     assert_eq!(sum, 4_498_500);
/// });
/// ```
///
/// # Cancel safety
///
/// Dropped, it has done nothing.
#[doc(alias = "sleep(0)")]
#[track_caller]
pub fn yield_now() -> YieldNow {
    YieldNow {
        yielded: false,
        at: Location::caller(),
    }
}

/// Pending once. Made by [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct YieldNow {
    yielded: bool,
    at: &'static Location<'static>,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        wait::pending(wait::Kind::Yield, self.at, 0);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
