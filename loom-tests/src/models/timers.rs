//! Does every timer fire, whoever arms, drops or moves it meanwhile?
//!
//! One shard on a paused clock: time passes when the model says so.

use crate::{
    check::{join, spawn},
    wakes::Wakes,
};
use heist::internals::Leader;
use heist_core::{primitive::Arc, waker::waker};
use heist_timer::{Clock, Sleep, Timers, enter, sleep};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc as Plain, Mutex as PlainMutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

fn poll(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

fn nanoseconds(after: u64) -> Sleep {
    sleep(Duration::from_nanos(after))
}

fn timers() -> Arc<Timers> {
    Timers::new(1, Clock::paused(), Waker::noop().clone())
}

/// A thread that is no worker arms a timer while somebody becomes the leader: the leader waits for
/// it, or is kicked.
pub fn a_leader_knows_of_a_foreign_timer_or_is_kicked() {
    let kicks = Arc::new(Wakes::default());
    let timers = Timers::new(1, Clock::paused(), waker(kicks.clone()));
    // What the last leader promised.
    timers.publish(500);
    // Stays armed until the model has looked.
    let kept = Plain::new(PlainMutex::new(None));
    let (foreign, keep) = (timers.clone(), kept.clone());
    let armer = spawn(move || {
        let _here = enter(foreign, None);
        let mut sleeps = nanoseconds(1000);
        assert!(poll(&mut sleeps, Waker::noop()).is_pending());
        *keep.lock().unwrap() = Some(sleeps);
    });
    let leader = Leader::new(1);
    let lead = leader.try_lead(0, &timers).expect("nobody leads");
    let waits_until = lead.expiry;
    // The promise stands while the leader waits; the kick must come before its end.
    join([armer]);
    drop(lead);
    assert!(
        waits_until <= 1000 || kicks.count() == 1,
        "it would sleep too long"
    );
    drop(kept.lock().unwrap().take());
}

/// A timer that is dropped while it fires leaves nothing behind, and has woken or not.
pub fn a_timer_may_be_dropped_while_it_fires() {
    let (timers, woken) = (timers(), Arc::new(Wakes::default()));
    let _here = enter(timers.clone(), Some(0));
    let mut sleeps = nanoseconds(10);
    assert!(poll(&mut sleeps, &waker(woken.clone())).is_pending());
    timers.clock().advance_to(10);
    let other = timers.clone();
    let firer = spawn(move || {
        other.fire_overdue(10);
    });
    drop(sleeps);
    join([firer]);
    assert!(woken.count() <= 1);
    assert_eq!(timers.armed(), 0);
    assert_eq!(timers.next_expiry(), u64::MAX);
}

/// A timer that is polled with another waker while it fires wakes one of the two, or is ready.
pub fn a_timer_wakes_its_newest_waker_or_is_ready() {
    let (timers, old, new) = (
        timers(),
        Arc::new(Wakes::default()),
        Arc::new(Wakes::default()),
    );
    let _here = enter(timers.clone(), Some(0));
    let mut sleeps = nanoseconds(10);
    assert!(poll(&mut sleeps, &waker(old.clone())).is_pending());
    timers.clock().advance_to(10);
    let other = timers.clone();
    let firer = spawn(move || {
        other.fire_overdue(10);
    });
    let ready = poll(&mut sleeps, &waker(new.clone())).is_ready();
    join([firer]);
    let expected = if ready { (1, 0) } else { (0, 1) };
    assert_eq!((old.count(), new.count()), expected);
    assert!(poll(&mut sleeps, Waker::noop()).is_ready());
}

/// A timer that is armed while its shard fires is not hidden by the new expiry.
pub fn firing_hides_no_timer_that_is_armed_meanwhile() {
    let timers = timers();
    let _here = enter(timers.clone(), Some(0));
    let mut first = nanoseconds(10);
    assert!(poll(&mut first, Waker::noop()).is_pending());
    timers.clock().advance_to(10);
    let other = timers.clone();
    let firer = spawn(move || {
        other.fire_overdue(10);
    });
    let mut second = nanoseconds(30);
    assert!(poll(&mut second, Waker::noop()).is_pending());
    assert!(timers.shard_expiry(0) <= 40);
    join([firer]);
    assert_eq!(timers.next_expiry(), 40);
}

/// The runtime ends while a timer is armed: it is woken, or told that it came too late.
pub fn the_end_reaches_a_timer_that_is_armed_meanwhile() {
    let (timers, woken) = (timers(), Arc::new(Wakes::default()));
    let _here = enter(timers.clone(), Some(0));
    let closing = timers.clone();
    let end = spawn(move || closing.close());
    let mut sleeps = nanoseconds(10);
    let polled = catch_unwind(AssertUnwindSafe(|| {
        poll(&mut sleeps, &waker(woken.clone()))
    }));
    join([end]);
    if polled.is_ok() {
        assert_eq!(woken.count(), 1, "it waits for ever");
    }
    assert_eq!(timers.armed(), 0);
}

/// The runtime ends while a timer fires: one of the two wakes it.
pub fn a_timer_that_fires_at_the_end_is_woken_once() {
    let (timers, woken) = (timers(), Arc::new(Wakes::default()));
    let _here = enter(timers.clone(), Some(0));
    let mut sleeps = nanoseconds(10);
    assert!(poll(&mut sleeps, &waker(woken.clone())).is_pending());
    timers.clock().advance_to(10);
    let closing = timers.clone();
    let end = spawn(move || closing.close());
    timers.fire_overdue(10);
    join([end]);
    assert_eq!(woken.count(), 1);
    assert!(poll(&mut sleeps, Waker::noop()).is_ready());
}
