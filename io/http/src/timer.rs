//! What time is it, for hyper?
//!
//! hyper's timers, by heist's: a server's limit on how long a request's head may take.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// heist's timers, as hyper wants them.
#[derive(Debug, Clone, Copy)]
pub struct Timer;

struct Sleep(heist::time::Sleep);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl hyper::rt::Sleep for Sleep {}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(heist::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(heist::sleep_until(heist::time::Instant::from_std(
            deadline,
        ))))
    }

    fn now(&self) -> Instant {
        heist::time::Instant::now().into_std()
    }
}
