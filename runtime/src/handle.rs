//! How does one reach a runtime from elsewhere?

use crate::{
    dump::{self, Dump},
    scheduler::{Route, Shared},
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
/// use heist::{Handle, Runtime, task::CancelReason};
///
/// let runtime = Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let outside = std::thread::spawn(move || {
///     assert!(Handle::try_current().is_err()); // this thread has no runtime
///     (handle.spawn(async { 6 }), handle.spawn_blocking(|| 7), handle)
/// });
/// let (six, seven, handle) = outside.join().unwrap();
/// let product = runtime.block_on(async { six.await.unwrap() * seven.await.unwrap() });
/// assert_eq!(product, 42);
///
/// drop(runtime);
/// let late = futures::executor::block_on(handle.spawn(async {}));
/// assert_eq!(late.unwrap_err().reason(), Some(&CancelReason::Shutdown));
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "get_running_loop")]
#[derive(Clone)]
pub struct Handle {
    blocking: Arc<BlockingOwner>,
}

/// There is no runtime on this thread. Given by [`Handle::try_current`].
#[doc(alias = "TryCurrentError")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRuntime(pub(crate) ());

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no heist runtime on this thread")
    }
}

impl std::error::Error for NoRuntime {}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>, pool: Arc<Pool>, is_current_thread: bool) -> Self {
        Self {
            blocking: Arc::new(BlockingOwner {
                shared,
                pool,
                is_current_thread,
            }),
        }
    }

    /// Spawns a task, as [`spawn`](crate::spawn) does on this thread's runtime.
    #[doc(alias = "run_coroutine_threadsafe")]
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cold = Cold::new(None, locals::inherit());
        let (route, at) = (Route::to(self.shared()), Location::caller());
        kinds::spawn::<F, Workers>(future, route, (), cold, First::Queued, at)
    }

    /// What every task is waiting for, now. Works from any thread, also while every worker is
    /// stuck.
    ///
    /// ```
    /// heist::run(async {
    ///     let sleeper = heist::spawn(heist::sleep(std::time::Duration::from_secs(60)));
    ///     let dump = heist::Handle::current().dump();
    ///     assert!(dump.to_string().contains(&format!("task {}", sleeper.id())));
    /// });
    /// ```
    #[doc(alias = "all_tasks")]
    #[doc(alias = "print_call_graph")]
    #[doc(alias = "capture_call_graph")]
    pub fn dump(&self) -> Dump {
        dump::take(self.shared())
    }

    pub(crate) fn blocking(&self) -> &Arc<BlockingOwner> {
        &self.blocking
    }

    /// Whether both are of one runtime.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.shared(), other.shared())
    }

    /// Whether tasks run on the thread in `block_on` alone.
    pub(crate) fn is_current_thread(&self) -> bool {
        self.blocking.is_current_thread
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
