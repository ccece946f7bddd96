//! What does the one who spawned hold?
//!
//! A [`JoinHandle`]: one pointer, which awaits the output, aborts, and detaches when it is
//! dropped. Around it some other ends a task may be held by.

use super::{cell::Failure, join, reference::TaskRef};
use heist_core::{
    budget,
    primitive::Mutex,
    task::{CancelReason, JoinError, Task, TaskId},
    wait,
};
use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A task's output to come. Awaiting it gives what the task returned, or a [`JoinError`].
///
/// Dropping it **detaches** the task, which goes on. See [`abort_on_drop`](Self::abort_on_drop)
/// for the other wish.
///
/// ```
/// heist::run(async {
///     let mut handle = heist::spawn(async { 6 * 7 });
///     assert_eq!(handle.id(), handle.abort_handle().id());
///     assert_eq!((&mut handle).await.unwrap(), 42); // a borrowed handle is still there
///     assert!(handle.is_finished());
/// });
/// ```
///
/// # Cancel safety
///
/// A handle that was polled and is awaited again loses nothing.
#[doc(alias = "asyncio.Task")]
pub struct JoinHandle<T> {
    /// `None` once the handle has left the task.
    task: Option<TaskRef>,
    /// `Send` and `Sync` if the output is `Send`.
    _output: PhantomData<Mutex<T>>,
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// `task` is the reference that the state word counts as the join handle's, and the task's
    /// output is a `T`.
    pub(super) fn new(task: TaskRef) -> Self {
        Self {
            task: Some(task),
            _output: PhantomData,
        }
    }

    fn task(&self) -> &TaskRef {
        self.task
            .as_ref()
            .expect("a handle leaves its task when it is dropped")
    }

    /// Asks the task to stop: its future is dropped on a worker before its next poll. A poll that
    /// is in progress and returns wins. Does nothing to a finished task.
    ///
    /// ```
    /// heist::run(async {
    ///     let handle = heist::spawn(std::future::pending::<()>());
    ///     handle.abort();
    ///     assert!(handle.await.unwrap_err().is_cancelled());
    /// });
    /// ```
    #[doc(alias = "Task.cancel")]
    #[doc(alias = "cancel")]
    pub fn abort(&self) {
        self.task().abort();
    }

    /// Another handle, which can only abort.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(self.task().clone())
    }

    /// Whether the task has come to its end.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.task().header().state().is_finished()
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.task().header().id
    }

    /// Aborts the task, and waits until its future is gone. Gives the output if the task was
    /// faster.
    ///
    /// ```
    /// heist::run(async {
    ///     let handle = heist::spawn(std::future::pending::<()>());
    ///     assert!(handle.cancel().await.is_err());
    /// });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The abort happens at the call; dropping the future only stops the waiting.
    pub fn cancel(self) -> Cancel<T> {
        self.abort();
        Cancel(self)
    }

    /// A handle that aborts the task when it is dropped.
    ///
    /// ```
    /// heist::run(async {
    ///     let (mut sender, receiver) = heist::sync::oneshot::<()>();
    ///     let owned = heist::spawn(async move { receiver.await }).abort_on_drop();
    ///     drop(owned);
    ///     sender.closed().await; // the task is gone, and its receiver with it
    ///     assert!(sender.is_closed());
    /// });
    /// ```
    #[must_use]
    pub fn abort_on_drop(self) -> AbortOnDrop<T> {
        AbortOnDrop(self)
    }
}

impl<T, E> JoinHandle<Result<T, E>> {
    /// For a task that returns a `Result`: one error instead of two nested ones.
    ///
    /// ```
    /// type Error = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// async fn parse(text: &'static str) -> Result<u32, Error> {
    ///     let parsed = heist::spawn(async move { text.parse::<u32>().map_err(Error::from) });
    ///     Ok(parsed.flatten().await?)
    /// }
    ///
    /// heist::run(async {
    ///     assert_eq!(parse("42").await.unwrap(), 42);
    ///     assert!(parse("x").await.is_err());
    /// });
    /// ```
    pub fn flatten(self) -> Flatten<T, E>
    where
        E: From<JoinError>,
    {
        Flatten(self)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[allow(unsafe_code)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(budget::poll_left(cx));
        let task = self.task();
        let header = task.header();
        if join::poll(header, cx).is_pending() {
            wait::pending(wait::Kind::Join, header.spawned_at, header.id.get());
            return Poll::Pending;
        }
        budget::spend();
        // SAFETY: finished; ours is the join handle's reference, made with the output's type.
        let outcome = unsafe { task.take_output::<T>() };
        Poll::Ready(outcome.map_err(|failure| match failure {
            Failure::Panicked(payload) => JoinError::panicked(header.info(), payload),
            Failure::Cancelled => JoinError::cancelled(header.info(), reason(task)),
        }))
    }
}

fn reason(task: &TaskRef) -> CancelReason {
    if task.header().state().is_shutdown() {
        CancelReason::Shutdown
    } else {
        CancelReason::Aborted
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            join::leave(task);
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// A handle that can abort a task, and not wait for it. Made by [`JoinHandle::abort_handle`].
///
/// ```
/// heist::run(async {
///     let handle = heist::spawn(std::future::pending::<()>());
///     let abort = handle.abort_handle();
///     assert_eq!(abort.id(), handle.id());
///     let watchdog = abort.clone();
///     heist::spawn(async move { watchdog.abort() });
///     assert!(handle.await.unwrap_err().is_cancelled());
///     assert!(abort.is_finished());
/// });
/// ```
#[derive(Clone)]
pub struct AbortHandle(TaskRef);

impl AbortHandle {
    /// Asks the task to stop, as [`JoinHandle::abort`] does.
    #[doc(alias = "Task.cancel")]
    #[doc(alias = "cancel")]
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the task has come to its end.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.0.header().state().is_finished()
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.0.header().id
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id())
            .finish()
    }
}

/// A [`JoinHandle`] that aborts its task when it is dropped. Made by
/// [`JoinHandle::abort_on_drop`].
#[doc(alias = "AbortOnDropHandle")]
#[derive(Debug)]
pub struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until an aborted task is gone. Made by [`JoinHandle::cancel`].
#[derive(Debug)]
#[must_use = "the task is aborted, but nobody waits until it is gone"]
pub struct Cancel<T>(JoinHandle<T>);

/// A task's output or error, in one `Result`. Made by [`JoinHandle::flatten`].
pub struct Flatten<T, E>(JoinHandle<Result<T, E>>);

impl<T, E> fmt::Debug for Flatten<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flatten").field(&self.0).finish()
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Future for Cancel<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T, E: From<JoinError>> Future for Flatten<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|joined| joined.map_err(E::from).flatten())
    }
}

macro_rules! task {
    ($(impl[$($generics:tt)*] $type:ty, $this:ident => $handle:expr;)+) => {$(
        impl<$($generics)*> Task for $type {
            fn id(&self) -> TaskId {
                let $this = self;
                JoinHandle::id($handle)
            }

            fn is_finished(&self) -> bool {
                let $this = self;
                JoinHandle::is_finished($handle)
            }

            fn abort(&self) {
                let $this = self;
                JoinHandle::abort($handle);
            }
        }
    )+};
}

task! {
    impl[T] JoinHandle<T>, this => this;
    impl[T] AbortOnDrop<T>, this => &this.0;
    impl[T] Cancel<T>, this => &this.0;
    impl[T, E: From<JoinError>] Flatten<T, E>, this => &this.0;
}
