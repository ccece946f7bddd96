//! Who hears a signal, when several come and go at once.
#![allow(unsafe_code, reason = "handlers")]

use heist_io::disposition;
use std::{
    process::Command,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

/// The second of two that come together has its handler before the first looks.
#[test]
fn two_first_subscriptions_leave_the_signal_fatal() {
    let mut bad = Vec::new();
    for signal in 35..=64 {
        let both = Arc::new(Barrier::new(2));
        let gate = Arc::new(AtomicUsize::new(0));
        let subscribe = move || {
            both.wait();
            gate.fetch_add(1, SeqCst);
            while gate.load(SeqCst) < 2 {}
            // SAFETY: it does nothing.
            unsafe { disposition::subscribe(signal, || ()) }.unwrap()
        };
        let other = thread::spawn(subscribe.clone());
        let one = subscribe();
        let other = other.join().unwrap();
        drop((one, other));
        // SAFETY: it does nothing.
        if unsafe { disposition::hear_rest(signal, || ()) }
            .unwrap()
            .is_none()
        {
            bad.push(signal);
        }
    }
    assert!(bad.is_empty(), "these end the process no more: {bad:?}");
}

/// The same, with `hear_rest` in between.
#[test]
fn who_hears_the_rest_is_not_told_that_nothing_is_left() {
    const INSIDE: &str = "HEIST_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_none() {
        // A signal is new once in a process, and the window is narrow.
        for _ in 0..100 {
            let mut itself = Command::new(std::env::current_exe().unwrap());
            itself.args([
                "--exact",
                "who_hears_the_rest_is_not_told_that_nothing_is_left",
            ]);
            let output = itself.env(INSIDE, "1").output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains("1 passed"), "{text}");
        }
        return;
    }
    let mut bad = Vec::new();
    for signal in 35..=64 {
        let both = Arc::new(Barrier::new(2));
        let b = both.clone();
        let gate = Arc::new(AtomicUsize::new(0));
        let g = gate.clone();
        let other = thread::spawn(move || {
            b.wait();
            g.fetch_add(1, SeqCst);
            while g.load(SeqCst) < 2 {}
            // SAFETY: it does nothing.
            unsafe { disposition::subscribe(signal, || ()) }.unwrap()
        });
        both.wait();
        gate.fetch_add(1, SeqCst);
        while gate.load(SeqCst) < 2 {}
        // SAFETY: it does nothing.
        if unsafe { disposition::hear_rest(signal, || ()) }
            .unwrap()
            .is_none()
        {
            bad.push(signal);
        }
        drop(other.join().unwrap());
    }
    assert!(bad.is_empty(), "nobody hears these: {bad:?}");
}

/// Not every default ends the process, and `end` leaves the handler off.
#[test]
fn a_signal_whose_default_is_nothing_is_heard_again() {
    let heard = Arc::new(AtomicUsize::new(0));
    for round in 1..=2 {
        let count = heard.clone();
        let tell = move || _ = count.fetch_add(1, SeqCst);
        // SAFETY: an atomic.
        let hearing = unsafe { disposition::subscribe(libc::SIGWINCH, tell) }.unwrap();
        // SAFETY: no pointers.
        unsafe { libc::raise(libc::SIGWINCH) };
        assert_eq!(heard.load(SeqCst), round);
        drop(hearing);
        // SAFETY: no pointers.
        unsafe { libc::raise(libc::SIGWINCH) };
    }
}
