//! Wakes and aborts by the million, also while the whole process is stopped and goes on at random.

#[path = "support/guard.rs"]
mod guard;
mod support;

use futures::task::AtomicWaker;
use guard::Alive;
use heist::Builder;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    future::{pending, poll_fn},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
    time::Duration,
};
use support::{scaled, watch_of};

#[test]
fn a_million_spawns_and_aborts_from_four_threads() {
    let runtime = Builder::new().workers(2).build().unwrap();
    let _watch = watch_of(runtime.handle().clone(), "aborts".to_string());
    let alive = Alive::default();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (handle, alive) = (runtime.handle().clone(), alive.clone());
            thread::spawn(move || {
                for n in 0..scaled(250_000) {
                    let guard = alive.guard();
                    let task = handle.spawn(async move {
                        let _guard = guard;
                        // Some are over when they are aborted, some wait, some have not begun.
                        if (n + thread) % 3 > 0 {
                            pending::<()>().await;
                        }
                    });
                    match n % 4 {
                        0 => drop(task.abort_on_drop()),
                        1 => {
                            let abort = task.abort_handle();
                            drop(task);
                            abort.abort();
                        }
                        _ => task.abort(),
                    }
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    drop(runtime);
    assert_eq!(alive.count(), 0, "every future is dropped, and once");
}

/// One task, woken from a thread that is no worker: what was counted is seen after its wake.
struct Seen {
    counted: AtomicUsize,
    seen: AtomicUsize,
    waker: AtomicWaker,
}

const STOPPED: &str = "HEIST_TEST_STOPPED";

/// The program that is stopped, if this is it.
#[test]
fn the_stopped() {
    if std::env::var_os(STOPPED).is_none() {
        return;
    }
    let runtime = Builder::new().workers(2).build().unwrap();
    let wakes = scaled(10_000_000) / 4;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let seen = Arc::new(Seen {
                counted: AtomicUsize::new(0),
                seen: AtomicUsize::new(0),
                waker: AtomicWaker::new(),
            });
            let sees = seen.clone();
            runtime.spawn(poll_fn(move |cx| {
                sees.waker.register(cx.waker());
                let counted = sees.counted.load(SeqCst);
                sees.seen.store(counted, SeqCst);
                if counted == wakes {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
            thread::spawn(move || {
                let mut left = wakes;
                while left > 0 {
                    let burst = fastrand::usize(1..=2000).min(left);
                    let waker = loop {
                        match seen.waker.take() {
                            Some(waker) => break waker,
                            None => thread::yield_now(),
                        }
                    };
                    for _ in 0..burst {
                        seen.counted.fetch_add(1, SeqCst);
                        waker.wake_by_ref();
                    }
                    left -= burst;
                    // A wake that was lost is a wait for ever.
                    while seen.seen.load(SeqCst) != wakes - left {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

#[test]
fn foreign_wakes_are_not_lost_in_a_process_that_is_stopped_and_goes_on() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_stopped", "--nocapture"])
        .env(STOPPED, "1")
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let mut stops = 0;
    let status = loop {
        thread::sleep(Duration::from_micros(fastrand::u64(0..4000)));
        // It stays a child until it is waited for, so nobody else has its number.
        kill_process(pid, Signal::STOP).unwrap();
        thread::sleep(Duration::from_micros(fastrand::u64(0..2000)));
        kill_process(pid, Signal::CONT).unwrap();
        stops += 1;
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert!(status.success(), "{status}");
    assert!(stops > 1, "it was stopped");
}
