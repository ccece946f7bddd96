//! What does a pending task wait for?
//!
//! A leaf that returns `Pending` says so by [`pending`]. The runner copies the last reason into the
//! task's [`Slot`] after the poll.

pub use crate::reason::{Kind, Reason, Slot};

use crate::current;
use std::panic::Location;

/// Says why the current task is about to return `Pending`.
#[inline]
pub fn pending(kind: Kind, at: &'static Location<'static>, object: u64) {
    current::set_reason(Reason {
        kind,
        at: Some(at),
        object,
    });
}

/// How often something was said on this thread, modulo 2^32. Who wraps a future knows by that
/// whether the future has said why it is pending.
#[inline]
pub fn said() -> u32 {
    current::said()
}
