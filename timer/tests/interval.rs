//! Does an interval tick?

mod common;

use common::{Count, MS, panic_of, pass, poll, poll_with, worker};
use futures_core::Stream;
use heist_timer::{
    Instant, Interval, MissedTick, Timers, drive::drive, interval, interval_at, sleep,
};
use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

#[test]
fn the_first_tick_is_at_once_and_the_others_a_period_apart() {
    drive(async {
        let mut ticks = interval(10 * MS);
        let start = Instant::now();
        assert_eq!(ticks.period(), 10 * MS);
        assert_eq!(ticks.tick().await, start);
        for n in 1..5 {
            sleep(3 * MS).await; // the work does not add up
            assert_eq!(ticks.tick().await, start + n * 10 * MS);
            assert_eq!(Instant::now(), start + n * 10 * MS);
        }
    });
}

#[test]
fn an_interval_may_begin_later() {
    drive(async {
        let start = Instant::now() + 7 * MS;
        let mut ticks = interval_at(start, 10 * MS);
        assert_eq!(ticks.tick().await, start);
        assert_eq!(Instant::now(), start);
        assert_eq!(ticks.tick().await, start + 10 * MS);
    });
}

/// When `ticks` is ready, in milliseconds, if the tick of 10 is taken at 34.
fn ready_at(missed: MissedTick) -> Vec<u128> {
    drive(async {
        let start = Instant::now();
        let mut ticks = interval(10 * MS).missed_tick(missed);
        ticks.tick().await;
        sleep(34 * MS).await;
        let mut ready = Vec::new();
        for _ in 0..5 {
            ticks.tick().await;
            ready.push(start.elapsed().as_millis());
        }
        ready
    })
}

#[test]
fn missed_ticks_are_made_up_for_put_off_or_left_out() {
    assert_eq!(ready_at(MissedTick::Burst), [34, 34, 34, 40, 50]);
    assert_eq!(ready_at(MissedTick::Delay), [34, 44, 54, 64, 74]);
    assert_eq!(ready_at(MissedTick::Skip), [34, 40, 50, 60, 70]);
}

#[test]
fn a_tick_that_is_exactly_a_period_late_is_not_skipped_twice() {
    drive(async {
        let start = Instant::now();
        let mut ticks = interval(10 * MS).missed_tick(MissedTick::Skip);
        ticks.tick().await;
        sleep(20 * MS).await;
        assert_eq!(ticks.tick().await, start + 10 * MS);
        assert_eq!(ticks.tick().await, start + 30 * MS);
    });
}

#[test]
fn a_reset_counts_from_now_and_wakes_who_waits() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut ticks = interval(10 * MS);
    assert!(tick(&mut ticks, Waker::noop()).is_ready());
    assert!(tick(&mut ticks, &count.waker()).is_pending());
    pass(&timers, 4 * MS);
    ticks.reset();
    pass(&timers, 6 * MS);
    assert_eq!(count.get(), 0);
    ticks.reset_at(Instant::now() + MS);
    pass(&timers, MS);
    assert_eq!(count.get(), 1);
    assert_eq!(tick(&mut ticks, Waker::noop()), Poll::Ready(Instant::now()));
}

#[test]
fn a_tick_that_is_dropped_is_not_lost() {
    let (timers, _entered) = worker();
    let mut ticks = interval(10 * MS);
    let start = Instant::now();
    assert!(tick(&mut ticks, Waker::noop()).is_ready());
    for _ in 0..3 {
        assert!(tick(&mut ticks, Waker::noop()).is_pending());
    }
    pass(&timers, 10 * MS);
    drop(ticks.tick());
    assert_eq!(
        tick(&mut ticks, Waker::noop()),
        Poll::Ready(start + 10 * MS)
    );
    drop(ticks);
    assert_eq!(timers.armed(), 0);
}

#[test]
fn an_endless_period_ticks_once() {
    let (timers, _entered) = worker();
    for missed in [MissedTick::Burst, MissedTick::Delay, MissedTick::Skip] {
        let mut ticks = interval(Duration::MAX).missed_tick(missed);
        assert!(tick(&mut ticks, Waker::noop()).is_ready());
        assert!(tick(&mut ticks, Waker::noop()).is_pending());
        assert_eq!(timers.next_expiry(), u64::MAX);
    }
}

#[test]
fn a_period_of_zero_is_refused_at_the_callers_line() {
    assert!(panic_of(|| _ = interval(Duration::ZERO)).contains("yield_now"));
    assert!(panic_of(|| _ = interval_at(Instant::now(), Duration::ZERO)).contains("yield_now"));
}

#[test]
fn an_interval_is_a_stream_of_its_ticks() {
    let (timers, _entered) = worker();
    let mut ticks = interval(10 * MS);
    let next = |ticks: &mut Interval, timers: &Timers| {
        let mut cx = Context::from_waker(Waker::noop());
        let ready = Pin::new(ticks).poll_next(&mut cx);
        pass(timers, 10 * MS);
        ready
    };
    let start = Instant::now();
    assert_eq!(next(&mut ticks, &timers), Poll::Ready(Some(start)));
    assert_eq!(
        next(&mut ticks, &timers),
        Poll::Ready(Some(start + 10 * MS))
    );
}

fn tick(ticks: &mut Interval, waker: &Waker) -> Poll<Instant> {
    poll_with(&mut ticks.tick(), waker)
}

#[test]
fn outside_a_runtime_the_second_tick_says_what_to_do() {
    let mut ticks = interval(Duration::from_secs(3600));
    assert!(poll(&mut ticks.tick()).is_ready());
    let message = panic_of(|| _ = poll(&mut ticks.tick()));
    assert!(message.contains("tests/interval.rs:"), "{message}");
}
