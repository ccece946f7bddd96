//! How long may one poll go on?
//!
//! Every leaf of heist asks [`poll_left`] before it works and calls [`spend`] when it has
//! completed something. A task whose budget is used up is woken at once and goes to the back of
//! the queue, so an always-ready socket cannot hold its worker. Outside a task there is no limit.

use crate::current;
use std::task::{Context, Poll};

/// Ready while something is left. Pending wakes the task: it only has to queue again.
#[inline]
pub fn poll_left(cx: &mut Context<'_>) -> Poll<()> {
    if is_used_up() {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(())
}

/// Whether nothing is left, for a caller who must know before it asks.
#[inline]
pub fn is_used_up() -> bool {
    current::budget() == Some(0)
}

/// Takes one unit for an operation that has completed.
#[inline]
pub fn spend() {
    if let Some(left) = current::budget() {
        current::set_budget(Some(left.saturating_sub(1)));
    }
}

/// Whether there is a limit here: whether a worker polls, which a call that blocks would block.
pub fn is_limited() -> bool {
    current::budget().is_some()
}

/// Runs `poll` without a limit, for a caller that bounds itself; what it spends is not counted.
pub fn unlimited<R>(poll: impl FnOnce() -> R) -> R {
    struct Restore(Option<u8>);
    impl Drop for Restore {
        fn drop(&mut self) {
            current::set_budget(self.0);
        }
    }
    let _restore = Restore(current::budget());
    current::set_budget(None);
    poll()
}
