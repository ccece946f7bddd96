//! How does one wait for many descriptors?
//!
//! By `polling`, edge-triggered: a descriptor is added once, for both directions, and reported
//! each time something comes in or room appears. Systems without edges are not supported yet
//! (ADR 0001).

use polling::{Event, Events, PollMode, Poller};
use std::{io, os::fd::BorrowedFd, time::Duration};

/// What the operating system said of one descriptor.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// The number it was added with.
    pub key: usize,
    /// Something may be read, or reading would fail or end.
    pub readable: bool,
    /// Something may be written, or writing would fail.
    pub writable: bool,
}

/// The instance of the operating system.
#[derive(Debug)]
pub struct Selector {
    poller: Poller,
}

/// Where one wait's reports go; kept for its memory.
pub type Buffer = Events;

impl Selector {
    /// A new instance.
    pub fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        if !poller.supports_edge() {
            let what = "this system cannot report edges, which heist needs for now";
            return Err(io::Error::new(io::ErrorKind::Unsupported, what));
        }
        Ok(Self { poller })
    }

    /// Adds a descriptor. It is reported at once if it is ready already.
    ///
    /// The caller deletes it before it closes it.
    pub fn add(&self, fd: BorrowedFd<'_>, key: usize) -> io::Result<()> {
        // SAFETY: the descriptor is deleted before it is closed: `Source` does so in its drop, and
        // is the only caller.
        unsafe {
            self.poller
                .add_with_mode(&fd, Event::all(key), PollMode::Edge)
        }
    }

    /// Deletes a descriptor.
    pub fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.delete(fd)
    }

    /// Waits until something is reported, `notify` is called, or the time is over. One thread at
    /// a time.
    pub fn wait(
        &self,
        buffer: &mut Buffer,
        timeout: Option<Duration>,
        mut report: impl FnMut(Report),
    ) -> io::Result<()> {
        // `polling` appends, and a full buffer is an error.
        buffer.clear();
        match self.poller.wait(buffer, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        };
        for event in buffer.iter() {
            let failed = event.is_err() == Some(true);
            report(Report {
                key: event.key,
                readable: event.readable || failed,
                writable: event.writable || failed,
            });
        }
        Ok(())
    }

    /// Ends the wait that is going on, or the next one.
    pub fn notify(&self) -> io::Result<()> {
        self.poller.notify()
    }
}
