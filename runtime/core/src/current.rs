//! Which task does this thread poll, what may it still spend, and why did it last wait?
//!
//! `task::run` enters before a poll and leaves after it, also for a poll inside a poll; the guard
//! puts back what was there. After a thread's thread-locals are gone it acts as a foreign thread:
//! nothing is current, the budget is unlimited.

use crate::{primitive, reason::Reason, task::TaskId};
use std::cell::Cell;

/// How many operations one poll may complete before it must let others run. tokio's figure
/// (`task/coop`), which nobody has found reason to change.
pub(crate) const BUDGET: u8 = 128;

#[derive(Clone, Copy)]
struct Current {
    task: Option<TaskId>,
    /// `None`: no limit, because nobody would poll again.
    budget: Option<u8>,
    reason: Reason,
}

const NOBODY: Current = Current {
    task: None,
    budget: None,
    reason: Reason::NONE,
};

primitive::thread_local! {
    static CURRENT: Cell<Current> = Cell::new(NOBODY);
}

/// The time of one poll. Dropped, it puts back what was current before.
#[derive(Debug)]
#[must_use]
pub struct Entered {
    before: Option<Current>,
    /// A guard belongs to the thread that made it.
    _here: std::marker::PhantomData<*const ()>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}

/// Makes `task` current on this thread, with a full budget.
#[inline]
pub fn enter(task: TaskId) -> Entered {
    let now = Current {
        task: Some(task),
        budget: Some(BUDGET),
        reason: Reason::NONE,
    };
    let before = CURRENT.try_with(|current| current.replace(now)).ok();
    Entered {
        before,
        _here: std::marker::PhantomData,
    }
}

impl Entered {
    /// What the last leaf that returned `Pending` waits for.
    #[inline]
    pub fn reason(&self) -> Reason {
        get().reason
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before {
            let _ = CURRENT.try_with(|current| current.set(before));
        }
    }
}

/// The task that this thread polls now.
pub fn task() -> Option<TaskId> {
    get().task
}

fn get() -> Current {
    CURRENT.try_with(Cell::get).unwrap_or(NOBODY)
}

pub(crate) fn budget() -> Option<u8> {
    get().budget
}

pub(crate) fn set_budget(budget: Option<u8>) {
    let _ = CURRENT.try_with(|current| {
        current.set(Current {
            budget,
            ..current.get()
        })
    });
}

pub(crate) fn set_reason(reason: Reason) {
    let _ = CURRENT.try_with(|current| {
        current.set(Current {
            reason,
            ..current.get()
        })
    });
}
