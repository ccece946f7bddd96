//! Who is pending only until the next turn?
//!
//! A future that lets others run, and waits for nothing, wakes its own task in the midst of its
//! poll. A waker may [`note`] that; whoever wraps the future may [`watch`], and spare what only a
//! real wait is worth, as a timer is.
//!
//! - **same-waker**: the answer is about the waker that the wrapper itself was polled with. It has
//!   been woken since, so whoever owns it polls the wrapper once more.

use crate::current::{self, WakerAddress};
use std::{
    ptr,
    task::{Context, RawWakerVTable},
};

/// A waker with this address is woken, on this thread. Without a note nothing goes wrong.
#[inline]
pub fn note(data: *const (), vtable: &'static RawWakerVTable) {
    current::set_again(Some(address(data, vtable)));
}

/// Forgets what was noted before: it may have been answered, by a poll inside this one.
#[inline]
pub fn watch() {
    current::set_again(None);
}

/// Whether the caller's waker was woken since it called [`watch`], so that it is polled again at
/// once. "No" means nothing.
#[inline]
pub fn is_due(cx: &Context<'_>) -> bool {
    let ours = address(cx.waker().data(), cx.waker().vtable());
    current::again() == Some(ours)
}

fn address(data: *const (), vtable: &'static RawWakerVTable) -> WakerAddress {
    (data, ptr::from_ref(vtable))
}
