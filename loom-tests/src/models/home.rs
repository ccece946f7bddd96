//! Does a thread hear of what is meant for it alone?

use crate::{
    check::{join, spawn},
    work::Jobs,
};
use heist::internals::{Bell, First, Home, Outside, Thread, assemble, spawn_pinned};
use heist_core::{
    primitive::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    waker::waker,
};
use heist_io::{Variant, reactor::Reactor};
use heist_timer::Clock;
use std::{
    future::poll_fn,
    panic::Location,
    sync::{Arc as Plain, Mutex as PlainMutex},
    task::{Poll, Waker},
};

fn reactor() -> Arc<Reactor> {
    Reactor::new(Variant::default(), Waker::noop().clone())
}

/// A root that is called while its thread goes to rest is polled, and sees what came before.
pub fn a_ring_reaches_a_thread_that_goes_to_rest() {
    let home = Arc::new(Home::outside(Outside::default()));
    let bell = Arc::new(Bell::rung(home.clone(), reactor()));
    let number = Arc::new(AtomicUsize::new(0));
    let (called, raised) = (waker(bell.clone()), number.clone());
    let caller = spawn(move || {
        for _ in 0..2 {
            raised.fetch_add(1, Ordering::Relaxed);
            called.wake_by_ref();
        }
    });
    // The loop of a root without a seat.
    loop {
        if bell.answer() && number.load(Ordering::Relaxed) == 2 {
            break;
        }
        if !bell.is_rung() {
            home.rest();
        }
    }
    home.leave();
    join([caller]);
}

/// A job that only this thread may run is run, whoever pushes it when.
pub fn a_pinned_job_reaches_its_thread() {
    let home = Arc::new(Home::outside(Outside::default()));
    let jobs = Jobs::new(2);
    let (pushed, theirs, reactor) = (home.clone(), jobs.clone(), reactor());
    let pusher = spawn(move || {
        for number in 0..2 {
            pushed.push((theirs.job(number), None), &reactor);
        }
    });
    let mut left = 2;
    while left > 0 {
        match home.pop() {
            Some(job) => {
                job.run();
                left -= 1;
            }
            None => home.rest(),
        }
    }
    home.leave();
    join([pusher]);
    jobs.assert_all_run();
}

/// Whoever sees nobody at work outside sees what they have left behind.
pub fn what_was_done_outside_is_seen_when_nobody_is_there() {
    let outside = Outside::default();
    let number = Arc::new(AtomicUsize::new(0));
    let at_work = outside.at_work();
    let raised = number.clone();
    let worker = spawn(move || {
        raised.fetch_add(1, Ordering::Relaxed);
        drop(at_work);
    });
    if !outside.is_anybody() {
        assert_eq!(number.load(Ordering::Relaxed), 1);
    }
    join([worker]);
}

/// A pinned task is woken while its thread leaves the runtime: it ends all the same.
pub fn a_pinned_task_ends_with_its_thread() {
    let (shared, _seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let home = Arc::new(Home::outside(shared.driver.outside.clone()));
    let thread = Thread::new(home.clone(), shared.clone());
    let kept = Plain::new(PlainMutex::new(None::<Waker>));
    let keep = kept.clone();
    let waits = poll_fn(move |cx| {
        *keep.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    let task = spawn_pinned(waits, &thread, None, First::Eager, Location::caller());
    let waker = kept.lock().unwrap().take().expect("it was polled");
    let waking = spawn(move || waker.wake());
    Thread::close(&thread);
    home.leave();
    join([waking]);
    assert!(task.is_finished(), "nobody will end it");
    shared.slab.release();
}
