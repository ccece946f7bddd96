//! Are notifications and timeouts kept until they are seen?

use crate::check::{join, spawn};
use heist_core::primitive::{Arc, Condvar, Mutex, Wait};
use std::time::Duration;

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

/// Whoever changes something under the lock and then notifies ends the wait for it.
pub fn a_notification_is_not_lost() {
    let gate = Arc::new(Gate::default());
    let other = gate.clone();
    let thread = spawn(move || {
        *other.open.lock() = true;
        other.changed.notify_one();
    });
    let mut open = gate.open.lock();
    while !*open {
        gate.changed.wait(&mut open);
    }
    drop(open);
    join([thread]);
}

/// A timeout that passes ends one timed wait, also beside one without a timeout.
pub fn a_timeout_ends_a_wait() {
    let gate = Arc::new(Gate::default());
    let (timed, untimed) = (gate.clone(), gate.clone());
    let threads = [
        spawn(move || {
            let mut open = timed.open.lock();
            while timed.changed.wait_for(&mut open, Duration::from_secs(1)) == Wait::Woken {}
            *open = true;
            timed.changed.notify_all();
        }),
        spawn(move || {
            let mut open = untimed.open.lock();
            while !*open {
                untimed.changed.wait(&mut open);
            }
        }),
    ];
    gate.changed.expire(&gate.open);
    join(threads);
}

/// A timeout that passes before the wait is not lost, and two are two.
pub fn an_early_timeout_is_kept() {
    let gate = Arc::new(Gate::default());
    let other = gate.clone();
    let thread = spawn(move || {
        let mut open = other.open.lock();
        for _ in 0..2 {
            while other.changed.wait_for(&mut open, Duration::ZERO) == Wait::Woken {}
        }
    });
    gate.changed.expire(&gate.open);
    gate.changed.expire(&gate.open);
    join([thread]);
}
