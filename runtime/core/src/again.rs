//! Who is pending only until the next turn?
//!
//! A future that lets others run, and waits for nothing, wakes its own task in the midst of its
//! poll. A waker may [`note`] that; whoever wraps the future asks by [`watch`], and spares what
//! only a real wait is worth, as a timer is.
//!
//! - **same-waker**: the answer is about the waker that the wrapper itself was polled with. It has
//!   been woken since, so whoever owns it polls the wrapper once more.

use crate::current::{self, WakerAddress};
use std::{
    ptr,
    task::{Context, Poll, RawWakerVTable},
};

/// A waker with this address is woken, on this thread. Without a note nothing goes wrong.
#[inline]
pub fn note(data: *const (), vtable: &'static RawWakerVTable) {
    current::set_again(Some(address(data, vtable)));
}

/// Calls `poll`, and says besides whether the caller is known to be polled again at once.
#[inline]
pub fn watch<T>(
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> (Poll<T>, bool) {
    // What was noted before may have been answered, by a poll inside this one.
    current::set_again(None);
    let polled = poll(cx);
    let ours = address(cx.waker().data(), cx.waker().vtable());
    (polled, current::again() == Some(ours))
}

fn address(data: *const (), vtable: &'static RawWakerVTable) -> WakerAddress {
    (data, ptr::from_ref(vtable))
}
