//! What these tests share; not each of them needs all of it.
#![allow(dead_code)]

use heist::Handle;
use std::{sync::mpsc, thread, time::Duration};

/// While it lives, it says what every task waits for once it is too old. Inside a runtime.
pub fn watch(what: String) -> mpsc::Sender<()> {
    watch_of(Handle::current(), what)
}

/// As [`watch`], from anywhere.
pub fn watch_of(handle: Handle, what: String) -> mpsc::Sender<()> {
    let (over, watched) = mpsc::channel();
    thread::spawn(move || {
        let timeout = Duration::from_secs(10);
        if watched.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("stuck: {what}; {}", handle.dump());
        }
    });
    over
}

/// A number of things in a test that is optimised; fewer in one that is not.
pub const fn scaled(number: usize) -> usize {
    if cfg!(debug_assertions) {
        number / 8
    } else {
        number
    }
}
