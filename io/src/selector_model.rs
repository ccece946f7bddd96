//! How does one wait for many descriptors, in a model?
//!
//! By a flag under a lock. No descriptor is ever ready: models wake through `notify`.

use heist_core::primitive::{Condvar, Mutex};
use std::{io, os::fd::BorrowedFd, time::Duration};

/// See the real one.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// See the real one.
    pub key: usize,
    /// See the real one.
    pub readable: bool,
    /// See the real one.
    pub writable: bool,
}

/// See the real one.
#[derive(Debug, Default)]
pub struct Selector {
    notified: Mutex<bool>,
    changed: Condvar,
}

/// See the real one.
#[derive(Debug, Default)]
pub struct Buffer;

impl Buffer {
    /// See the real one.
    pub fn new() -> Self {
        Self
    }
}

impl Selector {
    /// See the real one.
    pub fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// See the real one.
    pub fn add(&self, _: BorrowedFd<'_>, _: usize) -> io::Result<()> {
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
