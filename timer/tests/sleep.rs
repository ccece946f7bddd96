//! Does a sleep sleep?

mod common;

use common::{Count, MS, panic_of, pass, poll, poll_with, timers, worker};
use heist_core::{current, task::TaskId, wait::Kind};
use heist_timer::{Instant, drive::drive, enter, sleep, sleep_until};
use std::time::Duration;

#[test]
fn a_sleep_begins_when_it_is_first_polled() {
    let (timers, _entered) = worker();
    let mut sleep = sleep(MS);
    pass(&timers, MS);
    assert_eq!(sleep.deadline(), None);
    assert!(poll(&mut sleep).is_pending());
    assert_eq!(sleep.deadline(), Some(Instant::now() + MS));
    assert!(!sleep.is_elapsed());
    pass(&timers, MS);
    assert!(sleep.is_elapsed());
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn no_sleep_is_early_at_any_duration() {
    let (timers, _entered) = worker();
    let instant = Duration::from_nanos(1);
    let nanos = [1, 999, 16_383, 16_384, 16_385, 300_000, 999_999, 1_000_000];
    let more = [1_u64 << 31, 1 << 32, 1 << 36].map(Duration::from_millis);
    for duration in nanos.map(Duration::from_nanos).into_iter().chain(more) {
        let mut sleep = sleep(duration);
        assert!(poll(&mut sleep).is_pending());
        pass(&timers, duration - instant);
        assert!(poll(&mut sleep).is_pending(), "early: {duration:?}");
        pass(&timers, instant);
        assert!(poll(&mut sleep).is_ready(), "late: {duration:?}");
    }
}

#[test]
fn what_is_too_long_is_for_ever_and_not_a_panic() {
    let (timers, _entered) = worker();
    let millis = Duration::from_millis(u64::MAX);
    let mut sleeps = [Duration::MAX, millis, Duration::from_nanos(u64::MAX)].map(sleep);
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep).is_pending()));
    assert_eq!(timers.next_expiry(), u64::MAX, "and nobody wakes up for it");
    assert_eq!(pass(&timers, Duration::MAX), 0);
    assert!(sleeps.iter_mut().all(|sleep| poll(sleep).is_pending()));
    assert!(!sleeps[0].is_elapsed());
}

#[test]
fn a_sleep_of_zero_yields_once() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut sleep = sleep(Duration::ZERO);
    assert!(poll_with(&mut sleep, &count.waker()).is_pending());
    assert_eq!((count.get(), timers.armed()), (1, 0));
    assert!(poll_with(&mut sleep, &count.waker()).is_ready());
    assert_eq!(count.get(), 1);
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_once() {
    let (timers, _entered) = worker();
    assert!(poll(&mut sleep_until(Instant::now())).is_ready());
    let before = Instant::now();
    pass(&timers, MS);
    assert!(poll(&mut sleep_until(before)).is_ready());
}

#[test]
fn outside_a_runtime_a_sleep_that_must_wait_says_which_and_what_to_do() {
    let mut waits = sleep(MS);
    let message = panic_of(|| _ = poll(&mut waits));
    assert!(message.contains("tests/sleep.rs:"), "{message}");
    assert!(message.contains("heist::run"), "{message}");
    // Who need not wait needs no runtime.
    assert!(poll(&mut sleep_until(Instant::now())).is_ready());
    let mut yields = sleep(Duration::ZERO);
    assert!(poll(&mut yields).is_pending());
    assert!(poll(&mut yields).is_ready());
}

#[test]
fn a_sleep_is_ready_again_and_again_until_it_is_reset() {
    let (timers, _entered) = worker();
    let mut sleep = sleep(MS);
    assert!(poll(&mut sleep).is_pending());
    pass(&timers, MS);
    assert!(poll(&mut sleep).is_ready());
    assert!(poll(&mut sleep).is_ready());
    sleep.reset(Instant::now() + MS);
    assert!(poll(&mut sleep).is_pending());
    pass(&timers, MS);
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn a_reset_wakes_the_waiting_task_at_the_new_deadline() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut sleep = sleep(2 * MS);
    assert!(poll_with(&mut sleep, &count.waker()).is_pending());
    sleep.reset(Instant::now() + 4 * MS);
    pass(&timers, 3 * MS);
    assert_eq!(count.get(), 0, "later");
    sleep.reset(Instant::now() + MS / 2);
    pass(&timers, MS / 2);
    assert_eq!(count.get(), 1, "earlier");
    assert!(poll(&mut sleep).is_ready());
}

/// tokio #2290.
#[test]
fn a_reset_to_the_past_is_due_at_once() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut sleep = sleep(MS);
    assert!(poll_with(&mut sleep, &count.waker()).is_pending());
    let past = Instant::now();
    pass(&timers, MS / 2);
    sleep.reset(past);
    assert_eq!((count.get(), timers.armed()), (1, 0));
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn a_reset_after_it_has_fired_makes_it_wait_again() {
    let (timers, _entered) = worker();
    let mut sleep = sleep(MS);
    assert!(poll(&mut sleep).is_pending());
    pass(&timers, MS);
    sleep.reset(Instant::now() + MS);
    assert!(poll(&mut sleep).is_pending());
    pass(&timers, MS);
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn a_sleep_says_what_it_waits_for_and_where() {
    let (_timers, _entered) = worker();
    let running = current::enter(TaskId::fresh());
    let mut waits = sleep(MS * 42);
    let line = line!() - 1;
    assert!(poll(&mut waits).is_pending());
    let reason = running.reason();
    assert_eq!((reason.kind, reason.object), (Kind::Sleep, 42));
    assert_eq!(reason.at.map(|at| at.line()), Some(line));
    assert!(poll(&mut sleep(Duration::ZERO)).is_pending());
    assert_eq!(running.reason().kind, Kind::Yield);
}

#[test]
fn a_task_that_has_spent_its_budget_is_woken_for_another_turn() {
    let (_timers, _entered) = worker();
    let _running = current::enter(TaskId::fresh());
    let count = Count::new();
    let past = Instant::now();
    let done =
        (0..1000).take_while(|_| poll_with(&mut sleep_until(past), &count.waker()).is_ready());
    assert_eq!((done.count(), count.get()), (128, 1));
}

#[test]
fn dropped_at_any_poll_a_sleep_leaves_nothing() {
    let (timers, _entered) = worker();
    for polls in 0..4 {
        let mut sleep = sleep(2 * MS);
        for _ in 0..polls {
            let _ = poll(&mut sleep);
            pass(&timers, MS);
        }
        drop(sleep);
        assert_eq!(timers.armed(), 0);
    }
}

#[test]
fn a_sleep_goes_on_where_its_task_goes() {
    let timers = timers();
    let mut sleep = sleep(MS);
    for worker in [Some(0), Some(1), None] {
        let _entered = enter(timers.clone(), worker);
        assert!(poll(&mut sleep).is_pending());
        assert_eq!(
            timers.shard_expiry(0),
            1_000_000,
            "where it was armed first"
        );
    }
    pass(&timers, MS);
    assert!(poll(&mut sleep).is_ready(), "outside, too");
}

#[test]
fn a_paused_clock_shows_exactly_what_was_asked_for() {
    drive(async {
        let start = Instant::now();
        for nanos in [
            1,
            16_383,
            16_385,
            1_234_567,
            3_600_000_000_001,
            u64::MAX >> 3,
        ] {
            let before = Instant::now();
            sleep(Duration::from_nanos(nanos)).await;
            assert_eq!(before.elapsed(), Duration::from_nanos(nanos));
        }
        assert!(start.elapsed() > Duration::from_secs(3600));
    });
}
