//! What does a pending task wait for?
//!
//! A leaf that returns `Pending` says so by [`pending`]. The runner copies the last reason into the
//! task's [`Slot`] after the poll.

pub use crate::reason::{Kind, Reason, Slot};

use crate::current;
use std::{panic::Location, ptr};

/// Says why the current task is about to return `Pending`.
#[inline]
pub fn pending(kind: Kind, at: &'static Location<'static>, object: u64) {
    current::set_reason(Reason {
        kind,
        at: Some(at),
        object,
    });
}

/// The line that was named last, to be compared with what it is after another poll: who has said
/// something has named its own.
#[inline]
pub fn line() -> *const Location<'static> {
    current::reason().at.map_or(ptr::null(), ptr::from_ref)
}
