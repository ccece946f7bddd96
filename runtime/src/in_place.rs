//! How does a task call what blocks, without moving it to another thread?

use crate::{
    context,
    handle::Handle,
    scheduler::{
        Home, Shared,
        local::{self, Seated},
        stand_in::StandIn,
    },
    task::kinds::Thread,
};
use heist_core::{budget, primitive::Arc};
use heist_io::blocking::Pool;

/// Calls a closure that blocks, on this thread. Meanwhile another thread stands in for this one,
/// and runs the other tasks. Unlike [`spawn_blocking`](crate::spawn_blocking) the closure may
/// borrow.
///
/// What waits for it is this task, with all that runs in it, such as the siblings in a `gather!`,
/// and tasks of [`spawn_local`](crate::spawn_local) on the same thread. Inside, calls that a worker
/// refuses are allowed, [`Runtime::block_on`](crate::Runtime::block_on) among them.
///
/// There are as many threads as such calls at a time: they are not counted by
/// [`Builder::blocking_threads`](crate::Builder::blocking_threads). When the operating system
/// refuses one, only the other workers help out.
///
/// It is no more than a call of the closure where nobody may stand in: on a thread that is no
/// worker, in a [current-thread](crate::Builder::current_thread) runtime, and in a waker that is
/// not heist's.
///
/// ```
/// let (ask, asked) = std::sync::mpsc::channel();
/// let answer = heist::Builder::new().workers(1).run(async move {
///     let name = String::from("ada");
///     heist::spawn(async move { ask.send(42).unwrap() });
///     // With one worker: the other task runs all the same.
///     heist::block_in_place(|| asked.recv().unwrap() + name.len())
/// })?;
/// assert_eq!(answer, 45);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// When the closure does.
///
/// # Cancel safety
///
/// A task that is aborted meanwhile ends after the closure, which runs to its end.
#[doc(alias = "unblock")]
pub fn block_in_place<R>(closure: impl FnOnce() -> R) -> R {
    let _away = Away::new();
    budget::unlimited(closure)
}

/// The time in which somebody stands in for this thread.
struct Away {
    shared: Arc<Shared>,
    /// In this order the thread is what it was before.
    _timers: heist_timer::Entered,
    _place: Seated,
}

impl Away {
    /// `None`: this thread is no worker, or nobody may stand in for it.
    fn new() -> Option<Self> {
        let handle = context::try_handle()?;
        if handle.is_current_thread() {
            return None;
        }
        let (shared, place) = local::leave()?;
        if shared.stand_ins.leave(&shared.driver.reactor) {
            stand_in(&handle);
        }
        shared.share();
        Some(Self {
            // Its timers are armed as by any other thread: this one looks at none.
            _timers: heist_timer::enter(shared.driver.timers.clone(), None),
            _place: place,
            shared,
        })
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        self.shared.stand_ins.come_back(&self.shared.driver.reactor);
    }
}

/// Starts a thread that stands in.
fn stand_in(handle: &Handle) {
    let owner = handle.clone();
    let body = move || {
        let (shared, home) = (owner.shared().clone(), Arc::<Home>::default());
        let thread = Thread::new(home.clone(), shared.clone());
        let _context = context::enter(&owner, Some(thread.clone()), None);
        StandIn::new(shared, home).work(|| thread.is_used());
        Thread::close(&thread);
    };
    if !Pool::lend(handle.pool(), body) {
        handle.shared().stand_ins.refused();
    }
}
