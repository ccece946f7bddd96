//! How is a reason to wait written down?
//!
//! As a [`Reason`]: what kind of thing, at which line of the user's, and which one. A task keeps
//! its last one in a [`Slot`], where a dump reads it from any thread, also while every worker is
//! stuck.

use crate::primitive::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::{fmt, panic::Location, ptr};

/// The kinds of things a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// A future that is not heist's.
    #[default]
    Unknown,
    /// A point in time.
    Sleep,
    /// Bytes to read.
    Read,
    /// Room to write.
    Write,
    /// A connection to accept.
    Accept,
    /// A connection to be made.
    Connect,
    /// Another task.
    Join,
    /// A value from a channel.
    Receive,
    /// Room in a channel.
    Send,
    /// A lock or a permit.
    Lock,
    /// A closure on a blocking thread.
    Blocking,
    /// A signal of the operating system.
    Signal,
    /// Its next turn.
    Yield,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Unknown,
        Self::Sleep,
        Self::Read,
        Self::Write,
        Self::Accept,
        Self::Connect,
        Self::Join,
        Self::Receive,
        Self::Send,
        Self::Lock,
        Self::Blocking,
        Self::Signal,
        Self::Yield,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "something that is not heist's",
            Self::Sleep => "sleep",
            Self::Read => "read",
            Self::Write => "write",
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Join => "join",
            Self::Receive => "receive",
            Self::Send => "send",
            Self::Lock => "lock",
            Self::Blocking => "blocking closure",
            Self::Signal => "signal",
            Self::Yield => "its next turn",
        })
    }
}

/// One reason to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// What kind of thing.
    pub kind: Kind,
    /// The line of the user's that waits.
    pub at: Option<&'static Location<'static>>,
    /// Which one: a file descriptor, a task's number; 0 when there is nothing to say. 56 bits.
    pub object: u64,
}

impl Reason {
    /// No leaf has said anything.
    pub const NONE: Self = Self {
        kind: Kind::Unknown,
        at: None,
        object: 0,
    };
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if self.object != 0 {
            write!(f, " of {}", self.object)?;
        }
        self.at.map_or(Ok(()), |at| write!(f, " at {at}"))
    }
}

/// A task's last reason, written by its runner and read by anybody.
///
/// The two words may come from two reasons when a dump reads during a write: a dump is a picture
/// of something that moves.
#[derive(Debug)]
pub struct Slot {
    at: AtomicPtr<Location<'static>>,
    /// Kind in the low byte, object above.
    what: AtomicU64,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            at: AtomicPtr::new(ptr::null_mut()),
            what: AtomicU64::new(0),
        }
    }
}

impl Slot {
    /// Keeps `reason`.
    #[inline]
    pub fn set(&self, reason: Reason) {
        let at = reason
            .at
            .map_or(ptr::null_mut(), |at| ptr::from_ref(at).cast_mut());
        self.at.store(at, Ordering::Relaxed);
        self.what
            .store(reason.object << 8 | reason.kind as u64, Ordering::Relaxed);
    }

    /// The reason kept last.
    #[allow(unsafe_code)]
    pub fn get(&self) -> Reason {
        let at = self.at.load(Ordering::Relaxed);
        let what = self.what.load(Ordering::Relaxed);
        Reason {
            kind: Kind::ALL
                .get((what & 0xff) as usize)
                .copied()
                .unwrap_or_default(),
            // SAFETY: null, or stored by `set` from a reference that is `'static` and immutable.
            at: unsafe { at.as_ref() },
            object: what >> 8,
        }
    }
}
