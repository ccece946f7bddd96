//! Does the clock keep time?

mod common;

use common::{MS, panic_of, worker};
use heist_timer::{Clock, Instant, advance, pause, resume};
use std::time::Duration;

#[test]
fn a_real_clock_goes_forward() {
    let clock = Clock::real();
    let before = clock.now_ns();
    assert!(clock.now_ns() >= before);
    assert!(!clock.is_paused());
}

#[test]
fn a_paused_clock_stands_still_until_it_is_advanced() {
    let clock = Clock::paused();
    assert_eq!(clock.now_ns(), 0);
    clock.advance(MS);
    assert_eq!(clock.clone().now_ns(), 1_000_000);
    clock.advance_to(500);
    assert_eq!(clock.now_ns(), 1_000_000, "it does not go back");
    clock.advance_to(2_000_000);
    assert_eq!(clock.now_ns(), 2_000_000);
}

#[test]
fn a_clock_goes_on_from_where_it_was_paused() {
    let clock = Clock::real();
    clock.pause();
    let before = clock.now_ns();
    clock.pause();
    assert_eq!(clock.now_ns(), before);
    clock.advance(Duration::from_secs(3600));
    clock.resume();
    let hour = 3_600_000_000_000;
    assert!((before + hour..before + 2 * hour).contains(&clock.now_ns()));

    // Slower than the system's, too: it loses what it stood still.
    let lost = Clock::paused();
    lost.resume();
    assert!(lost.now_ns() < hour);
}

#[test]
fn a_clock_ends_after_146_years_and_not_with_a_panic() {
    let clock = Clock::paused();
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    assert_eq!(clock.now_ns(), 1 << 62);
    clock.resume();
    assert_eq!(clock.now_ns(), 1 << 62);
}

#[test]
fn advancing_a_running_clock_says_to_pause_it() {
    let message = panic_of(|| Clock::real().advance(MS));
    assert!(message.contains("`pause` it first"), "{message}");
    Clock::real().advance_to(u64::MAX); // does nothing
}

#[test]
fn instants_are_told_by_the_clock_of_this_thread() {
    let (timers, entered) = worker();
    let before = Instant::now();
    timers.clock().advance(Duration::from_secs(60));
    assert_eq!(before.elapsed(), Duration::from_secs(60));
    drop(entered);
    assert!(
        before.elapsed() < Duration::from_secs(60),
        "the system's clock"
    );
}

#[test]
fn pause_advance_and_resume_act_on_the_clock_of_this_thread() {
    let (timers, _entered) = worker();
    let before = Instant::now();
    resume();
    assert!(!timers.clock().is_paused());
    pause();
    assert!(timers.clock().is_paused());
    let paused = Instant::now();
    advance(MS);
    assert_eq!(Instant::now() - paused, MS);
    assert_eq!(before - paused, Duration::ZERO);
}

#[test]
fn outside_a_runtime_pause_says_what_to_do() {
    let message = panic_of(pause);
    assert!(message.contains("`pause` outside a runtime"), "{message}");
    assert!(panic_of(resume).contains("heist::run"));
    assert!(panic_of(|| advance(MS)).contains("heist::run"));
}

#[test]
fn sums_of_instants_do_not_overflow() {
    let now = Instant::now();
    let never = now + Duration::MAX;
    assert!(never > now + Duration::from_secs(500 * 365 * 24 * 3600));
    assert!(never + Duration::MAX >= never);
    assert_eq!(now - never, Duration::ZERO);
    assert_eq!(now.checked_add(Duration::MAX), None);
    assert_eq!(Instant::from_std(now.into_std()), now);
}
