//! Which runtime does this thread belong to?
//!
//! Set for as long as a thread works for a runtime: its workers, the thread in `block_on`, and
//! blocking threads during a closure. Entering also sets what timers and sockets look for.

use crate::{
    handle::{Handle, NoRuntime},
    scheduler::Shared,
    task::kinds::Thread,
};
use heist_core::primitive::{self, Arc};
use std::cell::RefCell;

impl Handle {
    /// The runtime of this thread.
    ///
    /// ```
    /// heist::run(async {
    ///     let handle = heist::Handle::current();
    ///     assert_eq!(handle.spawn(async { 42 }).await.unwrap(), 42);
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[doc(alias = "get_running_loop")]
    #[doc(alias = "get_event_loop")]
    #[track_caller]
    pub fn current() -> Self {
        handle()
    }

    /// The runtime of this thread.
    ///
    /// # Errors
    ///
    /// Outside a runtime.
    pub fn try_current() -> Result<Self, NoRuntime> {
        try_handle().ok_or(NoRuntime(()))
    }
}

#[derive(Clone)]
struct Context {
    handle: Handle,
    /// The thread as a place for pinned tasks, if it is one.
    thread: Option<Arc<Thread>>,
}

primitive::thread_local! {
    static CONTEXT: RefCell<Option<Context>> = RefCell::new(None);
}

/// The time in which a thread belongs to a runtime. Dropped, it belongs to where it did before.
#[must_use]
pub struct Entered {
    before: Option<Context>,
    _timers: heist_timer::Entered,
    _io: heist_io::Entered,
}

/// Makes this thread belong to `handle`'s runtime; `shard` is its timer shard if it is a worker.
pub fn enter(handle: &Handle, thread: Option<Arc<Thread>>, shard: Option<usize>) -> Entered {
    let driver = &handle.shared().driver;
    let timers = heist_timer::enter(driver.timers.clone(), shard);
    let io = heist_io::enter(driver.reactor.clone(), handle.pool().clone());
    let context = Context {
        handle: handle.clone(),
        thread,
    };
    let before = CONTEXT.with(|current| current.replace(Some(context)));
    Entered {
        before,
        _timers: timers,
        _io: io,
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let ours = CONTEXT.try_with(|current| current.replace(self.before.take()));
        drop(ours);
    }
}

/// The runtime of this thread.
pub fn try_handle() -> Option<Handle> {
    let get = |context: &RefCell<Option<Context>>| {
        context
            .borrow()
            .as_ref()
            .map(|context| context.handle.clone())
    };
    CONTEXT.try_with(get).ok().flatten()
}

/// The runtime of this thread.
#[track_caller]
pub fn handle() -> Handle {
    match try_handle() {
        Some(handle) => handle,
        None => panic!(
            "there is no heist runtime on this thread: call this inside `heist::run` or \
             `Runtime::block_on`, or use a `Handle`"
        ),
    }
}

/// The scheduler of this thread's runtime: what a spawn needs, for one reference count.
#[track_caller]
pub fn shared() -> Arc<Shared> {
    let get = |context: &RefCell<Option<Context>>| {
        context
            .borrow()
            .as_ref()
            .map(|context| context.handle.shared().clone())
    };
    match CONTEXT.try_with(get).ok().flatten() {
        Some(shared) => shared,
        None => handle().shared().clone(),
    }
}

/// This thread, as a place for pinned tasks.
#[track_caller]
pub fn thread() -> Arc<Thread> {
    let get = |context: &RefCell<Option<Context>>| {
        context
            .borrow()
            .as_ref()
            .and_then(|context| context.thread.clone())
    };
    match CONTEXT.try_with(get).ok().flatten() {
        Some(thread) => thread,
        None => panic!(
            "`spawn_local` needs a thread that polls tasks: call it inside `heist::run` or \
             `Runtime::block_on`"
        ),
    }
}
