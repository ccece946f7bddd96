//! How does one reach a runtime from elsewhere?

use crate::{
    dump::{self, Dump},
    scheduler::{AtWork, Shared},
    task::{
        JoinHandle, Spawn,
        cold::Cold,
        kinds::{self, Blocking, BlockingOwner, First, Workers},
        locals,
    },
};
use heist_core::{budget, primitive::Arc};
use heist_io::blocking::Pool;
use pin_project_lite::pin_project;
use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

/// A reference to a runtime, to spawn on it from any thread.
///
/// It does not keep the runtime running: spawning after its end gives a handle whose task was
/// cancelled.
///
/// ```
/// heist::run(async {
///     let handle = heist::Handle::current();
///     std::thread::spawn(move || handle.spawn(async { println!("from outside") })).join().unwrap();
/// });
/// ```
#[doc(alias = "get_running_loop")]
#[derive(Clone)]
pub struct Handle {
    blocking: Arc<BlockingOwner>,
}

/// There is no runtime on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRuntime(());

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no heist runtime on this thread")
    }
}

impl std::error::Error for NoRuntime {}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>, pool: Arc<Pool>) -> Self {
        Self {
            blocking: Arc::new(BlockingOwner { shared, pool }),
        }
    }

    /// The runtime of this thread.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn current() -> Self {
        crate::context::handle()
    }

    /// The runtime of this thread.
    ///
    /// # Errors
    ///
    /// Outside a runtime.
    pub fn try_current() -> Result<Self, NoRuntime> {
        crate::context::try_handle().ok_or(NoRuntime(()))
    }

    /// Spawns a task, as [`spawn`](crate::spawn) does on this thread's runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cold = Cold::new(None, locals::inherit());
        let (shared, at) = (self.shared().clone(), Location::caller());
        kinds::spawn::<F, Workers>(future, shared, cold, First::Queued, at)
    }

    /// Runs a closure on a blocking thread, as [`spawn_blocking`](crate::spawn_blocking) does.
    #[track_caller]
    pub fn spawn_blocking<R, C>(&self, closure: C) -> JoinHandle<R>
    where
        C: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let future = BlockingTask {
            closure: Some(closure),
            handle: self.clone(),
            _at_work: self.shared().driver.outside.at_work(),
        };
        let cold = Cold::new(None, locals::inherit());
        let (owner, at) = (self.blocking.clone(), Location::caller());
        kinds::spawn::<_, Blocking>(future, owner, cold, First::Queued, at)
    }

    /// What every task is waiting for, now. Works from any thread, also while every worker is
    /// stuck.
    ///
    /// ```
    /// heist::run(async {
    ///     let _sleeper = heist::spawn(heist::sleep(std::time::Duration::from_secs(60)));
    ///     println!("{}", heist::Handle::current().dump());
    /// });
    /// ```
    #[doc(alias = "all_tasks")]
    #[doc(alias = "print_call_graph")]
    pub fn dump(&self) -> Dump {
        dump::take(self.shared())
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.blocking.shared
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.blocking.pool
    }
}

impl Spawn for Handle {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Handle::spawn(self, future)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("workers", &self.shared().workers())
            .finish()
    }
}

pin_project! {
    /// A closure as a future: its one poll is the call.
    struct BlockingTask<C> {
        closure: Option<C>,
        handle: Handle,
        _at_work: AtWork,
    }
}

impl<R, C: FnOnce() -> R> Future for BlockingTask<C> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        let closure = this.closure.take().expect("a blocking task is polled once");
        let _entered = crate::context::enter(this.handle, None, None);
        // Not polled again, and so never given another budget: what the closure polls itself, in a
        // `block_on`, must not run out of this one.
        Poll::Ready(budget::unlimited(closure))
    }
}
