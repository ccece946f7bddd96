//! Tasks: spawned futures, the handles to them, and the values they carry.
//!
//! A task is spawned by [`spawn`](crate::spawn), [`spawn_local`](crate::spawn_local),
//! [`spawn_blocking`](crate::spawn_blocking) or, with a name, by [`Builder`]. *Dropping a future
//! cancels it; dropping a handle detaches the task.*
//!
//! | what | how |
//! | --- | --- |
//! | wait for the output | `handle.await` |
//! | stop it | [`JoinHandle::abort`]; and wait until it is gone: [`JoinHandle::cancel`] |
//! | own it | [`JoinHandle::abort_on_drop`] |
//! | one `?` for both errors | [`JoinHandle::flatten`] |

pub(crate) mod kinds; // who runs which kind of tasks?
mod handle; // what does the one who spawned hold?
mod yield_now; // how does a task let the others run?
pub(crate) mod run; // what happens in one run of a task?
#[allow(unsafe_code)]
pub(crate) mod waker; // how is a task woken?
#[allow(unsafe_code)]
pub(crate) mod join; // how does the join handle wait for the output?
#[allow(unsafe_code)]
pub(crate) mod reference; // who may reach a task without running it?
#[allow(unsafe_code)]
pub(crate) mod cell; // where do a task's future and its output live?
pub(crate) mod cold; // what do only few tasks have?
pub(crate) mod locals; // how does a task carry values that belong to it?
pub(crate) mod state; // in which state is a task, and who may do what in it?

pub use crate::spawn::Builder;
pub use handle::{AbortHandle, AbortOnDrop, Cancel, Flatten, JoinHandle};
pub use heist_core::task::{CancelReason, JoinError, Spawn, Task, TaskId};
pub use locals::{Local, Scope};
pub use yield_now::{YieldNow, yield_now};

/// The task that is polled on this thread now; `None` outside tasks.
///
/// ```
/// heist::run(async {
///     assert!(heist::task::current_id().is_some());
/// });
/// assert!(heist::task::current_id().is_none());
/// ```
#[doc(alias = "current_task")]
#[doc(alias = "try_id")]
pub fn current_id() -> Option<TaskId> {
    heist_core::current::task()
}
