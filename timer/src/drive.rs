//! How does an example run without a runtime?
//!
//! On this thread, with a paused clock that jumps to the next deadline whenever the future waits.
//! Not a part of the interface.

use crate::{clock::Clock, context::enter, timers::Timers};
use heist_core::{
    primitive::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    waker::{WakeTarget, waker},
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

struct Woken(AtomicBool);

impl WakeTarget for Woken {
    fn wake(this: &Arc<Self>) {
        this.0.store(true, Ordering::Relaxed); // Ordering: one thread
    }
}

/// Runs `future` to its end.
///
/// # Panics
///
/// When it waits for something other than time.
pub fn drive<F: Future>(future: F) -> F::Output {
    let timers = Timers::new(1, Clock::paused(), Waker::noop().clone());
    let _entered = enter(timers.clone(), Some(0));
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = waker(woken.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while !woken.0.swap(false, Ordering::Relaxed) {
            let next = timers.next_expiry();
            assert_ne!(next, u64::MAX, "the future waits for no timer");
            timers.clock().advance_to(next);
            timers.fire_overdue(timers.now_ns());
        }
    }
}
