//! What happens in one run of a task?
//!
//! Poll the future once, with its task current on this thread; then, by what the state word says:
//! nothing, again, or the end. This is the one place where a panic of user code is caught.
//!
//! - **panics-stay**: whatever a future does in its poll, its drop, its output's drop or its
//!   joiner's waker, the worker goes on.

use super::{
    cell::{Entry, Failure, Outcome, Schedule, TaskRef},
    cold::Cold,
    join, locals,
    state::{AfterDrop, AfterFinish, AfterPending, Running, Start},
    waker,
};
use crate::scheduler::Hint;
use heist_core::{current, panics::contain};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

/// Runs the task once.
pub fn run<F: Future, S: Schedule>(entry: Entry<F, S>) {
    match entry.header().state.start() {
        Start::Poll(running) => poll(entry, running),
        Start::Drop(running) => finish(entry, running, Err(Failure::Cancelled)),
    }
}

fn poll<F: Future, S: Schedule>(entry: Entry<F, S>, running: Running) {
    let polled = {
        let header = entry.header();
        let entered = current::enter(header.id);
        let _locals = locals::enter(header.cold.as_deref().and_then(Cold::locals));
        let waker = waker::borrowed(&entry);
        let mut cx = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| entry.poll(&running, &mut cx)));
        if let Ok(Poll::Pending) = polled {
            header.wait.set(entered.reason());
        }
        polled
    };
    match polled {
        Ok(Poll::Pending) => match entry.header().state.pending(running) {
            AfterPending::Idle => {}
            AfterPending::Again => entry.schedule(Hint::Behind),
            AfterPending::Drop(running) => finish(entry, running, Err(Failure::Cancelled)),
        },
        Ok(Poll::Ready(output)) => finish(entry, running, Ok(output)),
        Err(panic) => finish(entry, running, Err(Failure::Panicked(panic))),
    }
}

/// The end: the future is dropped, the outcome stored, the joiner woken.
fn finish<F: Future, S: Schedule>(
    entry: Entry<F, S>,
    running: Running,
    outcome: Outcome<F::Output>,
) {
    {
        let header = entry.header();
        let _entered = current::enter(header.id);
        let _locals = locals::enter(header.cold.as_deref().and_then(Cold::locals));
        // A panic in the drop of a future that has returned: the value wins; the hook has spoken.
        contain(|| entry.store(&running, outcome));
    }
    entry.delist(&running);
    match entry.header().state.finish(running) {
        AfterFinish::Stored => {}
        AfterFinish::WakeJoiner => wake_joiner(&entry.reference()),
        AfterFinish::Detached(running) => {
            contain(|| entry.clear(&running));
            if entry.header().state.finish_detached(running) == AfterDrop::Free {
                entry.free();
            }
        }
    }
}

#[allow(unsafe_code)]
fn wake_joiner(task: &TaskRef) {
    // SAFETY: `finish` has just said `WakeJoiner`, and `task` is the reference it took.
    let waker = unsafe { join::completer_take(task.header()) };
    contain(|| waker.wake());
}
