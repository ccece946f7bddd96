//! How does a thread drive one future, and nothing else?
//!
//! The root of `block_on` may borrow and need not be `Send`, so it stays on the calling thread.
//! There are two such threads: one that has a seat, and works while its root waits; and one that
//! has none, and polls its root and the tasks pinned to it.

use crate::{
    context,
    handle::Handle,
    scheduler::{Bell, Home, Root, Seat, Worker},
    task::kinds::Thread,
};
use heist_core::{
    primitive::{Arc, Mutex},
    waker,
};
use heist_io::punctual::Punctual;
use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// Drives `future` on a thread without a seat.
pub fn without_seat<F: Future>(handle: &Handle, future: F) -> F::Output {
    let shared = handle.shared();
    let home = Arc::new(Home::outside(shared.driver.outside.clone()));
    let _rest = Rest(home.clone());
    let thread = Thread::new(home.clone(), shared.clone());
    let _leave = Leave {
        _context: context::enter(handle, Some(thread.clone()), None),
        thread: thread.clone(),
    };
    let bell = Arc::new(Bell::rung(home.clone(), shared.driver.reactor.clone()));
    let waker = waker::waker(bell.clone());
    let mut future = pin!(future);
    loop {
        if bell.answer()
            && let Poll::Ready(output) = poll(&waker, future.as_mut())
        {
            return output;
        }
        if !thread.run_one() && !bell.is_rung() {
            home.rest();
        }
    }
}

/// Drives `future` on the thread that takes the seat, and works while it waits.
///
/// Calls take turns: there is one seat.
pub fn with_seat<F: Future>(handle: &Handle, place: &Mutex<Option<Seat>>, future: F) -> F::Output {
    let mut place = place.lock();
    let seat = place
        .take()
        .expect("the seat is back when the lock is free");
    let (me, shared) = (seat.me, seat.shared.clone());
    let home = shared.remotes[me].home.clone();
    let thread = Thread::new(home.clone(), shared.clone());
    let mut stand = Stand {
        worker: None,
        place: &mut place,
    };
    let _leave = Leave {
        _context: context::enter(handle, Some(thread.clone()), Some(me)),
        thread,
    };
    let _punctual = Punctual::here();
    let worker = stand.worker.insert(Worker::sit(seat));
    let bell = Arc::new(Bell::rung(home, shared.driver.reactor.clone()));
    let waker = waker::waker(bell.clone());
    let mut future = pin!(future);
    let mut output = None;
    worker.work(Some(Root {
        bell: &bell,
        poll: &mut || match poll(&waker, future.as_mut()) {
            Poll::Ready(ready) => {
                output = Some(ready);
                true
            }
            Poll::Pending => false,
        },
    }));
    match output {
        Some(output) => output,
        None => panic!("the runtime was shut down while `block_on` was waiting"),
    }
}

fn poll<F: Future>(waker: &Waker, future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// The thread leaves the runtime: the tasks pinned to it end here.
struct Leave {
    thread: Arc<Thread>,
    _context: context::Entered,
}

impl Drop for Leave {
    fn drop(&mut self) {
        Thread::close(&self.thread);
    }
}

/// The thread of an outside home has ended its work.
struct Rest(Arc<Home>);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Puts the seat back, also when the root panics.
struct Stand<'a> {
    worker: Option<Worker>,
    place: &'a mut Option<Seat>,
}

impl Drop for Stand<'_> {
    fn drop(&mut self) {
        *self.place = self.worker.take().map(Worker::stand);
    }
}
