//! How late are answers to requests that do not wait for each other?
//!
//! Requests come at the times of a Poisson clock, from a thread that is no worker, and each is a
//! task that computes: most for 20 µs, some for 2 ms. Lateness counts from the moment at which the
//! request should have come, so nothing is hidden by requests that were not sent because others
//! were late. The clock's times and the lengths are the same for every runtime.

use super::{Kind, Workload, countdown::Countdown};
use crate::{meter::Sample, rt::Rt};
use fastrand::Rng;
use std::{
    hint, mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let rows = [
        Workload::outside("openloop_30", "request", |runtime| open_loop(runtime, 0.30)),
        Workload::outside("openloop_60", "request", |runtime| open_loop(runtime, 0.60)),
    ];
    let rows = rows.map(|row: Workload<R>| row.of(Kind::Lateness).with_two_workers());
    rows.into()
}

const REQUESTS: usize = 30_000;
/// Before the first that counts.
const WARM_UP: usize = 1_000;
const WORKERS: f64 = 2.0;

const SHORT: Duration = Duration::from_micros(20);
const LONG: Duration = Duration::from_millis(2);
const SHARE_OF_LONG: f64 = 0.02;

const SEED: u64 = 30_000;

/// When a request comes, and how long it computes.
struct Request {
    after: Duration,
    length: Duration,
}

fn open_loop<R: Rt>(runtime: &R, load: f64) -> Sample {
    let requests = requests(load);
    let lateness: Arc<[AtomicU64]> = requests.iter().map(|_| AtomicU64::new(0)).collect();
    let (countdown, all_answered) = Countdown::new(requests.len());
    let began = Instant::now();
    for (number, Request { after, length }) in requests.into_iter().enumerate() {
        let due = began + after;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let (countdown, lateness) = (countdown.clone(), lateness.clone());
        runtime.spawn_detached_on(async move {
            compute(length);
            let late = u64::try_from(due.elapsed().as_nanos()).expect("less than a century");
            lateness[number].store(late, Ordering::Relaxed);
            countdown.arrive();
        });
    }
    let answered = runtime.block_on(all_answered);
    answered.expect("the countdown ends");
    let counted = lateness[WARM_UP..].iter();
    let counted = counted.map(|late| Duration::from_nanos(late.load(Ordering::Relaxed)));
    Sample::lateness(counted.collect())
}

/// Requests that keep the workers busy for a share `load` of the time.
fn requests(load: f64) -> Vec<Request> {
    let mean_length = SHORT.mul_f64(1.0 - SHARE_OF_LONG) + LONG.mul_f64(SHARE_OF_LONG);
    let mean_gap = mean_length.div_f64(load * WORKERS);
    let mut dice = Rng::with_seed(SEED);
    let mut after = Duration::ZERO;
    let request = |_| {
        let is_long = dice.f64() < SHARE_OF_LONG;
        // The gaps of a Poisson process are distributed exponentially.
        let gap = mean_gap.mul_f64(-(1.0 - dice.f64()).ln());
        let next = after + gap;
        Request {
            after: mem::replace(&mut after, next),
            length: if is_long { LONG } else { SHORT },
        }
    };
    (0..WARM_UP + REQUESTS).map(request).collect()
}

fn compute(length: Duration) {
    let began = Instant::now();
    while began.elapsed() < length {
        hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_are_as_much_work_as_asked_for() {
        for load in [0.3, 0.6] {
            let requests = requests(load);
            let work: Duration = requests.iter().map(|request| request.length).sum();
            let time = requests.last().unwrap().after;
            let measured = work.as_secs_f64() / time.as_secs_f64() / WORKERS;
            assert!(
                (measured / load - 1.0).abs() < 0.1,
                "{measured}, not {load}"
            );
        }
    }
}
