//! What these tests share.

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
