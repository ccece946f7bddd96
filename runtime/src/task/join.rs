//! How does the join handle wait for the output?
//!
//! It leaves its waker in the cell's join slot and shows it to the completer by one bit.
//!
//! 1. Bit clear: the slot is the handle's. It writes a waker and sets the bit.
//! 2. Bit set: both sides may read the slot and nobody writes. The handle compares wakers.
//! 3. To replace the waker, the handle clears the bit. Finished meanwhile: the completer has the
//!    waker, and the handle has its output. Else the slot is the handle's again.
//! 4. The completer clears the bit in the step that finishes the task, and *reads* the waker out,
//!    holding a reference for it, since the handle may free everything else.

use super::{
    cell::Header,
    reference::TaskRef,
    state::{AfterLeave, Join},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    task::{Context, Poll, Waker},
};

/// Ready when the task is finished. Only its join handle asks.
pub fn poll(header: &Header, cx: &Context<'_>) -> Poll<()> {
    let found = match header.state().join() {
        // SAFETY: step 2: the bit is set, and only we clear it while the task is not finished; the
        // completer only reads.
        Join::Compare if unsafe { holds(header, cx.waker()) } => return Poll::Pending,
        Join::Compare => {
            let waker = cx.waker().clone();
            match header.state().reclaim_slot() {
                Join::Finished => Join::Finished,
                Join::Write | Join::Compare => {
                    // SAFETY: step 3: the slot is ours, and holds what we wrote.
                    let old = unsafe { take(header) };
                    let found = publish(header, waker);
                    drop(old);
                    found
                }
            }
        }
        Join::Write => publish(header, cx.waker().clone()),
        Join::Finished => Join::Finished,
    };
    if found == Join::Finished {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

/// Steps 1 and 3: the slot is the caller's.
fn publish(header: &Header, waker: Waker) -> Join {
    header.joiner.with_mut(|slot| {
        // SAFETY: the bit is clear, so nobody else touches the slot.
        unsafe { slot.cast::<Waker>().write(waker) };
    });
    let found = header.state().publish_slot();
    if found == Join::Finished {
        // SAFETY: it came too late for the completer, so the waker is still ours.
        drop(unsafe { take(header) });
    }
    found
}

/// The completer's: the waker, after [`AfterFinish::WakeJoiner`](super::state::AfterFinish).
///
/// # Safety
///
/// The state has just said so to the caller, who calls once, and has the reference of step 4.
pub unsafe fn completer_take(header: &Header) -> Waker {
    // SAFETY: the bit was set when the task finished, so the slot holds a waker; nobody writes it
    // any more, and the handle no longer counts it as its own.
    header
        .joiner
        .with(|slot| unsafe { slot.cast::<Waker>().read() })
}

/// # Safety
///
/// The slot is the handle's, and holds a waker, which leaves it.
unsafe fn take(header: &Header) -> Waker {
    // SAFETY: the contract of this function.
    header
        .joiner
        .with_mut(|slot| unsafe { slot.cast::<Waker>().read() })
}

/// # Safety
///
/// The slot holds a waker, and nobody writes it.
unsafe fn holds(header: &Header, waker: &Waker) -> bool {
    header.joiner.with(|slot| {
        // SAFETY: the contract of this function.
        let held = unsafe { &*slot.cast::<Waker>() };
        held.will_wake(waker)
    })
}

/// The join handle goes: its reference, the waker in the slot, the output.
pub fn leave(task: TaskRef) {
    loop {
        match task.header().state().leave() {
            AfterLeave::Nothing => return task.uncounted(),
            AfterLeave::DropWaker => {
                // SAFETY: the state says that the slot is ours and holds our waker.
                let waker = unsafe { take(task.header()) };
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(waker)));
                if let Err(panic) = dropped {
                    // The handle has not left yet: without that nobody would drop the output.
                    leave(task);
                    resume_unwind(panic);
                }
            }
            AfterLeave::Finished => {
                // SAFETY: finished, and this is the join handle's reference.
                let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { task.drop_output() }));
                task.leave_finished();
                if let Err(panic) = dropped {
                    resume_unwind(panic);
                }
                return;
            }
        }
    }
}
