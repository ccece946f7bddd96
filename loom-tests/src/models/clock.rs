//! Does a paused clock wait for everybody before it moves on?
//!
//! One look of the leader's, with a timer at 1000, while others end their work.

use crate::{
    check::{join, spawn},
    work::Jobs,
};
use heist::internals::{Hint, Shared, assemble, expire, schedule};
use heist_core::primitive::Arc;
use heist_io::Variant;
use heist_timer::{Clock, Sleep, enter, sleep};
use std::{
    pin::Pin,
    sync::{Arc as Plain, Mutex as PlainMutex},
    task::{Context, Waker},
    time::Duration,
};

/// A timer of this thread's shard, which is `shard`.
fn armed(shared: &Shared, shard: usize, nanoseconds: u64) -> Sleep {
    let _here = enter(shared.driver.timers.clone(), Some(shard));
    let mut sleeps = sleep(Duration::from_nanos(nanoseconds));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut sleeps).poll(&mut cx).is_pending());
    sleeps
}

/// What worker 0 does in one wait as the leader. If not everybody rests it is over at once.
fn look(shared: &Shared) {
    let parker = &shared.remotes[0].home.parker;
    let lead = shared.leader.try_lead(0, &shared.driver.timers);
    let expiry = lead.as_ref().expect("nobody leads").expiry;
    let resting = || shared.idle.all_asleep() && shared.injector.is_empty();
    expire(parker);
    let _ = (shared.driver).lead(expiry, None, resting, parker, &mut Vec::new());
}

/// A thread outside pushes, and is at work no more: the leader sees the thread, or the job.
pub fn a_clock_waits_for_a_push() {
    let (shared, _seats) = assemble(1, Variant::default(), Clock::paused(), 1);
    let jobs = Jobs::new(1);
    let timer = armed(&shared, 0, 1000);
    assert!(shared.idle.announce(0, false).is_some());
    let at_work = shared.driver.outside.at_work();
    let (pushes, job) = (shared.clone(), jobs.job(0));
    let outside = spawn(move || {
        schedule(&pushes, job, Hint::Soon);
        drop(at_work);
    });
    look(&shared);
    assert_eq!(shared.driver.timers.now_ns(), 0, "a job waits");
    join([outside]);
    drop(timer);
    shared.drain();
    jobs.assert_all_run();
}

/// Another worker arms an earlier timer, and falls asleep: the leader sees it awake, or the timer.
pub fn a_clock_moves_past_no_timer() {
    let (shared, _seats) = assemble(2, Variant::default(), Clock::paused(), 1);
    let last = armed(&shared, 0, 1000);
    assert!(shared.idle.announce(0, false).is_some());
    let kept = Plain::new(PlainMutex::new(None));
    let (other, keep): (Arc<Shared>, _) = (shared.clone(), kept.clone());
    let worker = spawn(move || {
        let first = armed(&other, 1, 500);
        assert!(other.idle.announce(1, false).is_some());
        *keep.lock().unwrap() = Some(first);
    });
    look(&shared);
    assert!(shared.driver.timers.now_ns() <= 500, "a timer is overdue");
    join([worker]);
    drop((last, kept.lock().unwrap().take()));
}
