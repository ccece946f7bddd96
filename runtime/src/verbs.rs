//! From the thread's runtime to a task.

use crate::{Builder, Handle, task::JoinHandle};

/// Runs `future` as the first task of a new runtime, with a worker for each processor, and
/// returns what it returns. This thread is one of the workers.
///
/// When the future returns, tasks that are left are cancelled, and waited for, for 5 seconds at
/// most. See [`Builder`] for other settings, and [`Runtime::block_on`](crate::Runtime::block_on)
/// for a root that borrows or is not `Send`.
///
/// ```
/// let answer = heist::run(async {
///     let six = heist::spawn(async { 6 });
///     six.await.unwrap() * 7
/// });
/// assert_eq!(answer, 42);
/// ```
///
/// # Panics
///
/// When the future does; on a worker of a runtime; and when the operating system refuses the
/// threads, where [`Builder::run`] gives an error.
#[doc(alias = "asyncio.run")]
#[doc(alias = "block_on")]
#[track_caller]
pub fn run<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    crate::runtime::refuse_worker("run");
    match Builder::new().run(future) {
        Ok(output) => output,
        Err(error) => panic!("the runtime could not start: {error}"),
    }
}

/// Spawns a task on this thread's runtime: it starts soon, on any core, whether or not it is
/// awaited. Never polls it inline.
///
/// Dropping the handle detaches the task. See [`task`](crate::task) for what a handle can do.
///
/// ```
/// heist::run(async {
///     let handle = heist::spawn(async { "done" });
///     assert_eq!(handle.await.unwrap(), "done");
/// });
/// ```
///
/// # Panics
///
/// Outside a runtime.
#[doc(alias = "create_task")]
#[doc(alias = "ensure_future")]
#[doc(alias = "go")]
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    crate::task::Builder::new().spawn(future)
}

/// Spawns a task that stays on this thread, so that its future need not be `Send`.
///
/// It waits for this thread: while something blocks it, the task does not run. It is aborted when
/// the thread leaves the runtime: at the end of the `block_on` that it was spawned in, or of the
/// worker.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// heist::Runtime::new()?.block_on(async {
///     let count = Rc::new(Cell::new(0));
///     let counted = count.clone();
///     heist::spawn_local(async move { counted.set(1) }).await.unwrap();
///     assert_eq!(count.get(), 1);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// On a thread that neither is a worker nor runs a `block_on`.
#[doc(alias = "LocalSet")]
#[track_caller]
pub fn spawn_local<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    crate::task::Builder::new().spawn_local(future)
}

/// Runs a closure that blocks on a thread made for such closures.
///
/// Aborting a closure that has begun does nothing: it runs to its end.
///
/// ```
/// heist::run(async {
///     let entries = heist::spawn_blocking(|| std::fs::read_dir("/").map(Iterator::count));
///     assert!(entries.await.unwrap().unwrap() > 0);
/// });
/// ```
///
/// # Panics
///
/// Outside a runtime.
#[doc(alias = "to_thread")]
#[doc(alias = "run_in_executor")]
#[doc(alias = "unblock")]
#[track_caller]
pub fn spawn_blocking<R, C>(closure: C) -> JoinHandle<R>
where
    C: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    Handle::current().spawn_blocking(closure)
}
