//! How does one wait for many descriptors, in a model?
//!
//! By a flag under a lock. No descriptor is ever ready: models wake through `notify`, and report by
//! hand.

use crate::{
    report::{Interest, Report},
    variant::Variant,
};
use heist_core::primitive::{Condvar, Mutex};
use std::{io, os::fd::BorrowedFd, time::Duration};

/// See the real one.
#[derive(Debug, Default)]
pub struct Selector {
    notified: Mutex<bool>,
    changed: Condvar,
}

/// See the real one.
#[derive(Debug, Default)]
pub struct Buffer;

impl Selector {
    /// See the real one.
    pub fn new(_: Variant) -> io::Result<Self> {
        Ok(Self::default())
    }

    /// See the real one.
    pub fn add(&self, _: BorrowedFd<'_>, _: u64) -> io::Result<()> {
        Ok(())
    }

    /// See the real one.
    pub fn is_oneshot(&self) -> bool {
        false
    }

    /// See the real one.
    pub fn tells_the_end(&self) -> bool {
        true
    }

    /// See the real one.
    pub fn arm(&self, _: BorrowedFd<'_>, _: u64, interest: Interest) -> io::Result<()> {
        let Interest { read, write } = interest;
        assert!(read || write, "somebody waits");
        Ok(())
    }

    /// See the real one.
    pub fn delete(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        Ok(())
    }

    /// See the real one.
    pub fn wait(
        &self,
        _: &mut Buffer,
        timeout: Option<Duration>,
        _: impl FnMut(Report),
    ) -> io::Result<()> {
        let mut notified = self.notified.lock();
        while !*notified && timeout.is_none() {
            self.changed.wait(&mut notified);
        }
        *notified = false;
        Ok(())
    }

    /// See the real one.
    pub fn notify(&self) -> io::Result<()> {
        *self.notified.lock() = true;
        self.changed.notify_one();
        Ok(())
    }
}
