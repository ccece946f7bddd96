//! How does one wait for many descriptors?
//!
//! In one of three ways, chosen at run time (ADR 0001). All of them stand on an instance that
//! `polling` owns:
//!
//! | variant | a descriptor | a wait |
//! | --- | --- | --- |
//! | `Epoll` | is added once, for both directions, and reported at edges; its end is told apart | one system call |
//! | `Polling` | the same, but its end looks like data | three to five system calls |
//! | `PollingOneshot` | is armed anew for each wait of a task | as `Polling`, and one for each arming |

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
mod epoll; // by Linux's own calls
#[allow(unsafe_code)]
mod portable; // by what every system has

use crate::{
    report::{Interest, Report},
    variant::Variant,
};
use portable::Mode;
use std::{io, os::fd::BorrowedFd, time::Duration};

/// The instance of the operating system.
#[derive(Debug)]
pub enum Selector {
    /// By Linux's own calls.
    #[cfg(target_os = "linux")]
    Epoll(epoll::Selector),
    /// By what every system has.
    Portable(portable::Selector),
}

/// Where one wait's reports go; kept for its memory.
#[derive(Debug, Default)]
pub struct Buffer {
    #[cfg(target_os = "linux")]
    epoll: epoll::Buffer,
    portable: portable::Buffer,
}

impl Selector {
    /// A new instance, of another variant if the system has not this one.
    pub fn new(variant: Variant) -> io::Result<Self> {
        match variant {
            #[cfg(target_os = "linux")]
            Variant::Epoll => epoll::Selector::new().map(Self::Epoll),
            Variant::PollingOneshot => portable::Selector::new(Mode::Oneshot).map(Self::Portable),
            _ => portable::Selector::new(Mode::EdgeIfThereAre).map(Self::Portable),
        }
    }

    /// Adds a descriptor. What is ready already is reported at once.
    ///
    /// The caller deletes it before it closes it.
    pub fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(epoll) => epoll.add(fd, key),
            Self::Portable(portable) => portable.add(fd, key),
        }
    }

    /// Whether a descriptor must be armed whenever somebody begins to wait for it.
    pub fn is_oneshot(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(_) => false,
            Self::Portable(portable) => portable.is_oneshot(),
        }
    }

    /// Whether a stream's end is reported apart from data, so that a short read means that
    /// everything was read.
    pub fn tells_the_end(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(_) => true,
            Self::Portable(_) => false,
        }
    }

    /// Arms a descriptor: the next thing in one of these directions is reported, once.
    pub fn arm(&self, fd: BorrowedFd<'_>, key: u64, interest: Interest) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(_) => Ok(()),
            Self::Portable(portable) => portable.arm(fd, key, interest),
        }
    }

    /// Deletes a descriptor.
    pub fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(epoll) => epoll.delete(fd),
            Self::Portable(portable) => portable.delete(fd),
        }
    }

    /// Waits until something is reported, `notify` is called, or the time is over. One thread at
    /// a time.
    pub fn wait(
        &self,
        buffer: &mut Buffer,
        timeout: Option<Duration>,
        report: impl FnMut(Report),
    ) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(epoll) => epoll.wait(&mut buffer.epoll, timeout, report),
            Self::Portable(portable) => portable.wait(&mut buffer.portable, timeout, report),
        }
    }

    /// Ends the wait that is going on, or the next one.
    pub fn notify(&self) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Epoll(epoll) => epoll.notify(),
            Self::Portable(portable) => portable.notify(),
        }
    }
}
