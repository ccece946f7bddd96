//! How does one reach a runtime from elsewhere?

use crate::{
    dump::{self, Dump},
    scheduler::Shared,
    task::{
        JoinHandle, Spawn,
        cold::Cold,
        kinds::{self, BlockingOwner, First, Workers},
        locals,
    },
};
use heist_core::primitive::Arc;
use heist_io::blocking::Pool;
use std::{fmt, panic::Location};

/// A reference to a runtime, to spawn on it from any thread.
///
/// It does not keep the runtime running: spawning after its end gives a handle whose task was
/// cancelled.
///
/// ```
/// heist::run(async {
///     let handle = heist::Handle::current();
///     let outside = std::thread::spawn(move || handle.spawn(async { 42 }));
///     assert_eq!(outside.join().unwrap().await.unwrap(), 42);
/// });
/// ```
#[doc(alias = "get_running_loop")]
#[derive(Clone)]
pub struct Handle {
    blocking: Arc<BlockingOwner>,
}

/// There is no runtime on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRuntime(pub(crate) ());

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

    pub(crate) fn blocking(&self) -> &Arc<BlockingOwner> {
        &self.blocking
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
