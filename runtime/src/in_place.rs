//! How does a task call what blocks, without moving it to another thread?

use crate::{
    context,
    handle::Handle,
    scheduler::{Worker, lease::Lease, lend},
    task::kinds::Thread,
};
use heist_core::{budget, job::Job, primitive::Arc};
use heist_io::blocking::Pool;

/// Calls a closure that blocks, on this thread, which lends its seat for that time: a blocking
/// thread sits in for it, and runs the other tasks. The closure may borrow, unlike that of
/// [`spawn_blocking`](crate::spawn_blocking).
///
/// Only this task waits for it, and what runs in the same task: the siblings in a `gather!`, say.
/// Inside, `Runtime::block_on` and other calls that a worker refuses are allowed. On a thread that
/// is no worker it is an ordinary call. So it is when the operating system gives no thread, or the
/// limit of [blocking threads](crate::Builder::blocking_threads) is reached: then other workers
/// help out, if there are any.
///
/// ```
/// let (ask, asked) = std::sync::mpsc::channel();
/// let answer = heist::Builder::new().workers(1).run(async move {
///     let name = String::from("ada");
///     heist::spawn(async move { ask.send(42).unwrap() });
///     // With one worker: the other task runs all the same.
///     let answer = heist::block_in_place(|| asked.recv().unwrap() + name.len());
///     heist::yield_now().await;
///     answer
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
pub fn block_in_place<R>(closure: impl FnOnce() -> R) -> R {
    if let Some(lease) = lend() {
        offer(context::handle(), lease);
    }
    budget::unlimited(closure)
}

/// Finds a thread that sits in.
fn offer(handle: Handle, lease: Arc<Lease>) {
    let (pool, theirs) = (handle.pool().clone(), lease.clone());
    let sit_in = Job::call(move || {
        Worker::sit_in(&theirs, |local| {
            let thread = Thread::new(local.home.clone(), local.shared.clone());
            let context = context::enter(&handle, Some(thread.clone()), Some(local.me));
            Pinned(thread, context)
        });
    });
    if let Err(job) = Pool::push(&pool, sit_in) {
        // Nobody: the owner has it back at once, so this only frees itself.
        lease.recall();
        job.run();
    }
}

/// The substitute as a thread of the runtime. Dropped, what was pinned to it has ended.
struct Pinned(Arc<Thread>, #[expect(dead_code)] context::Entered);

impl Drop for Pinned {
    fn drop(&mut self) {
        Thread::close(&self.0);
    }
}
