//! How does a plain thread wait for a future?

use heist_core::{
    budget,
    primitive::{Arc, Condvar, Mutex},
    waker::{self, WakeTarget},
};
use std::{
    pin::pin,
    task::{Context, Poll},
};

/// Polls `future` until it is ready, and blocks the thread meanwhile.
///
/// # Panics
///
/// In a task: it would block the task's worker.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    assert!(
        !budget::is_limited(),
        "a `blocking_` method was called in a task, where it blocks a worker; await the method \
         without the prefix, or call it in `spawn_blocking`"
    );
    let bell = Arc::new(Bell::default());
    let waker = waker::waker(Arc::clone(&bell));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        bell.wait();
    }
}

#[derive(Default)]
struct Bell {
    has_rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    fn wait(&self) {
        let mut has_rung = self.has_rung.lock();
        while !*has_rung {
            self.rings.wait(&mut has_rung);
        }
        *has_rung = false;
    }
}

impl WakeTarget for Bell {
    fn wake(this: &Arc<Self>) {
        *this.has_rung.lock() = true;
        this.rings.notify_one();
    }
}
