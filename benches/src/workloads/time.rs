//! What does a deadline cost, and how late is it?

use super::{Kind, Workload, countdown::Countdown};
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};
use fastrand::Rng;
use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("timeout_ready", "timeout", timeout_ready::<R>),
        Workload::new("timeout_yield", "timeout", timeout_yield::<R>),
        Workload::new("sleep_drop", "sleep", sleep_drop::<R>),
        Workload::new("sleeps_100k", "sleep", sleeps::<R>),
        Workload::new("sleep_accuracy", "sleep", sleep_accuracy::<R>).of(Kind::Lateness),
    ]
}

/// Sleeps and timeouts in a pass of those that never wait.
const TIMES: usize = 100_000;

/// A time that never passes here.
const LONG: Duration = Duration::from_secs(1);

const SEED: u64 = 100;

/// Futures that are ready at once, under a timeout each, one after the other.
async fn timeout_ready<R: Rt>() -> Sample {
    let mut meter = Meter::new(TIMES as u64);
    while meter.again() {
        let mut sum = 0;
        for number in 0..TIMES {
            let output = R::timeout(LONG, async move { number }).await;
            sum += output.expect("it is ready at once");
        }
        assert_eq!(sum, TIMES * (TIMES - 1) / 2);
    }
    meter.finish()
}

/// Futures that are ready at the second poll, under a timeout each, one after the other.
async fn timeout_yield<R: Rt>() -> Sample {
    let mut meter = Meter::new(TIMES as u64);
    while meter.again() {
        let mut sum = 0;
        for number in 0..TIMES {
            let output = R::timeout(LONG, ready_at_second(number)).await;
            sum += output.expect("it is ready at the second poll");
        }
        assert_eq!(sum, TIMES * (TIMES - 1) / 2);
    }
    meter.finish()
}

/// Wakes its task at the first poll and gives `output` at the second.
async fn ready_at_second<T>(output: T) -> T {
    let mut was_polled = false;
    poll_fn(|cx| {
        if was_polled {
            return Poll::Ready(());
        }
        was_polled = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    output
}

/// Sleeps that are polled once and dropped.
async fn sleep_drop<R: Rt>() -> Sample {
    let mut meter = Meter::new(TIMES as u64);
    while meter.again() {
        for _ in 0..TIMES {
            let mut sleep = pin!(R::sleep(LONG));
            let is_pending = poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_pending())).await;
            assert!(is_pending, "a second has passed in one poll");
        }
    }
    meter.finish()
}

/// 100,000 tasks at once sleep for up to 100 ms each.
async fn sleeps<R: Rt>() -> Sample {
    const TASKS: usize = 100_000;
    const MICROSECONDS: u64 = 100_000;
    let mut meter = Meter::new(TASKS as u64);
    while meter.again() {
        let mut dice = Rng::with_seed(SEED);
        let (countdown, all_slept) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let duration = Duration::from_micros(dice.u64(..=MICROSECONDS));
            let countdown = countdown.clone();
            R::spawn_detached(async move {
                R::sleep(duration).await;
                countdown.arrive();
            });
        }
        all_slept.await.expect("the countdown ends");
    }
    meter.finish()
}

/// 200 sleeps of one to ten milliseconds, one after the other, in a runtime that does nothing else.
async fn sleep_accuracy<R: Rt>() -> Sample {
    const SLEEPS: usize = 200;
    const MICROSECONDS: std::ops::Range<u64> = 1_000..10_000;
    let mut dice = Rng::with_seed(SEED);
    let mut lateness = Vec::with_capacity(SLEEPS);
    for _ in 0..SLEEPS {
        let duration = Duration::from_micros(dice.u64(MICROSECONDS));
        let began = Instant::now();
        R::sleep(duration).await;
        let late = began.elapsed().checked_sub(duration);
        lateness.push(late.expect("no sleep ends early"));
    }
    Sample::lateness(lateness)
}
