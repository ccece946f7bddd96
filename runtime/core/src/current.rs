//! Which task does this thread poll, what may it still spend, and why did it last wait?
//!
//! `task::run` enters before a poll and leaves after it, also for a poll inside a poll; the guard
//! puts back what was there. After a thread's thread-locals are gone it acts as a foreign thread:
//! nothing is current, the budget is unlimited.

use crate::{primitive, reason::Reason, task::TaskId};
use std::{cell::Cell, task::RawWakerVTable};

/// How many operations one poll may complete before it must let others run. tokio's figure
/// (`task/coop`), which nobody has found reason to change.
pub(crate) const BUDGET: u8 = 128;

/// A waker, to compare with one that is there at the same time.
pub(crate) type WakerAddress = (*const (), *const RawWakerVTable);

/// What is current on a thread. Cells of their own: a poll changes few of them.
struct Current {
    task: Cell<Option<TaskId>>,
    /// `None`: no limit, because nobody would poll again.
    budget: Cell<Option<u8>>,
    reason: Cell<Reason>,
    /// How often a reason was said.
    said: Cell<u32>,
    /// Which waker was woken last, as far as somebody asks.
    again: Cell<Option<WakerAddress>>,
}

primitive::thread_local! {
    static CURRENT: Current = Current {
        task: Cell::new(None),
        budget: Cell::new(None),
        reason: Cell::new(Reason::NONE),
        said: Cell::new(0),
        again: Cell::new(None),
    };
}

/// The time of one poll. Dropped, it puts back what was current before, but for the reason, since
/// what an outer poll waits for, it says after the inner one, and for who was woken.
#[must_use]
pub struct Entered {
    before: Option<(Option<TaskId>, Option<u8>)>,
    /// A guard belongs to the thread that made it.
    _here: std::marker::PhantomData<*const ()>,
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

/// Makes `task` current on this thread, with a full budget.
#[inline]
pub fn enter(task: TaskId) -> Entered {
    let before = with(|current| {
        current.reason.set(Reason::NONE);
        let task = current.task.replace(Some(task));
        (task, current.budget.replace(Some(BUDGET)))
    });
    Entered {
        before,
        _here: std::marker::PhantomData,
    }
}

impl Entered {
    /// What the last leaf that returned `Pending` waits for.
    #[inline]
    pub fn reason(&self) -> Reason {
        with(|current| current.reason.get()).unwrap_or(Reason::NONE)
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if let Some((task, budget)) = self.before {
            with(|current| {
                current.task.set(task);
                current.budget.set(budget);
            });
        }
    }
}

/// The task that this thread polls now.
pub fn task() -> Option<TaskId> {
    with(|current| current.task.get()).flatten()
}

#[inline]
pub(crate) fn budget() -> Option<u8> {
    with(|current| current.budget.get()).flatten()
}

#[inline]
pub(crate) fn set_budget(budget: Option<u8>) {
    with(|current| current.budget.set(budget));
}

#[inline]
pub(crate) fn said() -> u32 {
    with(|current| current.said.get()).unwrap_or(0)
}

#[inline]
pub(crate) fn set_reason(reason: Reason) {
    with(|current| {
        current.reason.set(reason);
        current.said.set(current.said.get().wrapping_add(1));
    });
}

#[inline]
pub(crate) fn again() -> Option<WakerAddress> {
    with(|current| current.again.get()).flatten()
}

#[inline]
pub(crate) fn set_again(address: Option<WakerAddress>) {
    with(|current| current.again.set(address));
}

/// `None` after the thread's thread-locals are gone.
#[inline]
fn with<R>(look: impl FnOnce(&Current) -> R) -> Option<R> {
    CURRENT.try_with(look).ok()
}
