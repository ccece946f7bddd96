//! How does one wait for many descriptors on any system?
//!
//! By `polling`. Where the system has edges a descriptor is added once, for both directions, and
//! reported each time something comes in or room appears. Without edges it is armed for what
//! somebody waits for, and a report disarms it.

use crate::report::{Interest, Report};
use polling::{Event, Events, PollMode, Poller};
use std::{fmt, io, os::fd::BorrowedFd, time::Duration};

/// How descriptors are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    EdgeIfThereAre,
    Oneshot,
}

#[derive(Debug)]
pub struct Selector {
    poller: Poller,
    mode: PollMode,
}

/// Where one wait's events go.
pub struct Buffer(Events);

impl Default for Buffer {
    fn default() -> Self {
        Self(Events::new())
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").finish_non_exhaustive()
    }
}

impl Selector {
    pub fn new(mode: Mode) -> io::Result<Self> {
        let poller = Poller::new()?;
        let mode = if mode == Mode::EdgeIfThereAre && poller.supports_edge() {
            PollMode::Edge
        } else {
            PollMode::Oneshot
        };
        Ok(Self { poller, mode })
    }

    pub fn is_oneshot(&self) -> bool {
        self.mode == PollMode::Oneshot
    }

    pub fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        let event = match self.mode {
            PollMode::Oneshot => Event::none(to_usize(key)?),
            _ => Event::all(to_usize(key)?),
        };
        // SAFETY: the descriptor is deleted before it is closed: `Source` does so in its drop, and
        // is the only caller.
        unsafe { self.poller.add_with_mode(&fd, event, self.mode) }
    }

    pub fn arm(&self, fd: BorrowedFd<'_>, key: u64, interest: Interest) -> io::Result<()> {
        if !self.is_oneshot() {
            return Ok(());
        }
        let Interest { read, write } = interest;
        self.poller
            .modify(fd, Event::new(to_usize(key)?, read, write))
    }

    pub fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.delete(fd)
    }

    pub fn wait(
        &self,
        Buffer(buffer): &mut Buffer,
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
            // A report disarms both directions; whoever still waits for one arms it again.
            let failed = self.is_oneshot() || event.is_err() == Some(true);
            report(Report {
                key: event.key as u64,
                readable: event.readable || failed,
                writable: event.writable || failed,
                ended: false,
                urgent: false,
            });
        }
        Ok(())
    }

    pub fn notify(&self) -> io::Result<()> {
        self.poller.notify()
    }
}

/// `polling` has keys of a word; a smaller one has no room for generations.
fn to_usize(key: u64) -> io::Result<usize> {
    usize::try_from(key).map_err(io::Error::other)
}
