//! What do the tests have in common: timers whose clock is moved by hand, and wakers that count.
#![allow(dead_code)]

use heist_timer::{Clock, Entered, Timers, enter};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

pub const MS: Duration = Duration::from_millis(1);

/// Counts how often it is woken.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Count {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub fn waker(self: &Arc<Self>) -> Waker {
        self.clone().into()
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that calls a function.
pub struct Call<F>(pub F);

impl<F: Fn() + Send + Sync + 'static> Call<F> {
    pub fn waker(call: F) -> Waker {
        Arc::new(Self(call)).into()
    }
}

impl<F: Fn() + Send + Sync + 'static> Wake for Call<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Two workers' timers with a paused clock.
pub fn timers() -> Arc<Timers> {
    Timers::new(2, Clock::paused(), Waker::noop().clone())
}

/// The same, and this thread is worker 0.
pub fn worker() -> (Arc<Timers>, Entered) {
    let timers = timers();
    let entered = enter(timers.clone(), Some(0));
    (timers, entered)
}

/// Moves the clock and fires what is due; says how many timers that were.
pub fn pass(timers: &Timers, by: Duration) -> usize {
    timers.clock().advance(by);
    timers.fire_overdue(timers.now_ns())
}

pub fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

pub fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// The message of the panic that `body` ends in.
pub fn panic_of(body: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_err();
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}
