//! What happens in one run of a task?
//!
//! Poll the future once, with its task current on this thread; then, by what the state word says:
//! nothing, again, or the end. This is the one place where a panic of user code is caught.
//!
//! - **panics-stay**: whatever a future does in its poll, its drop, its output's drop or its
//!   joiner's waker, the worker goes on.

use super::{
    cell::{Entry, Failure, Schedule},
    cold::Cold,
    join, locals,
    reference::TaskRef,
    state::{AfterDrop, AfterFinish, AfterPending, Running, Start},
    waker,
};
use crate::scheduler::Hint;
use heist_core::{current, panics::contain};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Context,
};

/// Runs the task once.
pub fn run<F: Future, S: Schedule>(entry: Entry<F, S>) {
    match entry.header().state().start() {
        Start::Poll(running) => poll(entry, running),
        Start::Drop(running) => cancel(entry, running),
    }
}

fn poll<F: Future, S: Schedule>(entry: Entry<F, S>, running: Running) {
    let is_over = {
        let header = entry.header();
        let entered = current::enter(header.id);
        let _locals = locals::enter(header.cold.as_deref().and_then(Cold::locals));
        let waker = waker::borrowed(&entry);
        let mut cx = Context::from_waker(&waker);
        match catch_unwind(AssertUnwindSafe(|| entry.advance(&running, &mut cx))) {
            Ok(true) => true,
            Ok(false) => {
                header.wait.set(entered.reason());
                false
            }
            Err(panic) => {
                panicked(&entry, &running, panic);
                true
            }
        }
    };
    if is_over {
        return finish(entry, running);
    }
    match entry.header().state().pending(running) {
        AfterPending::Idle => {}
        AfterPending::Again => entry.schedule(Hint::Behind),
        AfterPending::Drop(running) => cancel(entry, running),
    }
}

/// The task was aborted.
fn cancel<F: Future, S: Schedule>(entry: Entry<F, S>, running: Running) {
    {
        let header = entry.header();
        let _entered = current::enter(header.id);
        let _locals = locals::enter(header.cold.as_deref().and_then(Cold::locals));
        store(&entry, &running, Failure::Cancelled);
    }
    finish(entry, running);
}

/// The poll has panicked, or the drop of the future after it: then the value is in its place, and
/// wins; the hook has spoken.
#[cold]
fn panicked<F: Future, S: Schedule>(
    entry: &Entry<F, S>,
    running: &Running,
    panic: Box<dyn Any + Send>,
) {
    if entry.has_outcome(running) {
        contain(|| drop(panic));
    } else {
        store(entry, running, Failure::Panicked(panic));
    }
}

/// Drops the future, while its task is current. If that panics, the hook has spoken.
fn store<F: Future, S: Schedule>(entry: &Entry<F, S>, running: &Running, failure: Failure) {
    contain(|| entry.store(running, Err(failure)));
}

/// The end: the outcome is stored, the joiner is woken.
fn finish<F: Future, S: Schedule>(entry: Entry<F, S>, running: Running) {
    match entry.header().state().finish(running) {
        Ok(AfterFinish::Stored) => {}
        Ok(AfterFinish::WakeJoiner) => wake_joiner(&TaskRef::of(&entry)),
        Ok(AfterFinish::Detached(running)) => {
            if entry.needs_clear(&running) {
                contain(|| entry.clear(&running));
            }
            finish_detached(entry, running);
        }
        Err(running) => {
            entry.leave(&running);
            finish(entry, running);
        }
    }
}

/// The end of a task that nobody waits for.
fn finish_detached<F: Future, S: Schedule>(entry: Entry<F, S>, running: Running) {
    match entry.header().state().finish_detached(running) {
        Ok(AfterDrop::Nothing) => {}
        Ok(AfterDrop::Free) => entry.free(),
        Err(running) => {
            entry.leave(&running);
            finish_detached(entry, running);
        }
    }
}

#[allow(unsafe_code)]
fn wake_joiner(task: &TaskRef) {
    // SAFETY: `finish` has just said `WakeJoiner`, and `task` is the reference it took.
    let waker = unsafe { join::completer_take(task.header()) };
    contain(|| waker.wake());
}
