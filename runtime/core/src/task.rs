//! What is a task, to somebody who only wants to wait for it?
//!
//! Combinators are built over these two traits and know no scheduler: anything that implements
//! [`Task`] can be awaited and aborted, anything that implements [`Spawn`] can start one.

use crate::primitive::{self, Counter, Mutex};
use std::{any::Any, borrow::Cow, cell::Cell, fmt, num::NonZeroU64, panic::Location};

/// A spawned future, seen from outside.
///
/// Awaiting it gives what the task returned. *Dropping* an implementor detaches the task, unless
/// the type's name says otherwise.
///
/// A combinator asks for no more than this:
///
/// ```
/// use heist_core::task::{Task, TaskId};
/// # use std::{cell::Cell, pin::Pin, task::{Context, Poll}};
/// # struct Endless(TaskId, Cell<bool>);
/// # impl Future for Endless {
/// #     type Output = ();
/// #     fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> { Poll::Pending }
/// # }
/// # impl Task for Endless {
/// #     fn id(&self) -> TaskId { self.0 }
/// #     fn is_finished(&self) -> bool { self.1.get() }
/// #     fn abort(&self) { self.1.set(true); }
/// # }
///
/// /// Stops whoever still runs, and says who that was.
/// fn stop<T: Task>(tasks: &[T]) -> Vec<TaskId> {
///     let running = tasks.iter().filter(|task| !task.is_finished());
///     running.inspect(|task| task.abort()).map(|task| task.id()).collect()
/// }
///
/// let tasks = [(); 2].map(|()| Endless(TaskId::fresh(), Cell::new(false)));
/// assert_eq!(stop(&tasks), [tasks[0].id(), tasks[1].id()]);
/// assert_eq!(stop(&tasks), []);
/// ```
pub trait Task: Future + Unpin {
    /// Which task this is.
    fn id(&self) -> TaskId;

    /// Whether the task has come to its end: returned, panicked, or aborted.
    fn is_finished(&self) -> bool;

    /// Asks the task to stop before its next poll. A poll that is in progress and returns `Ready`
    /// wins.
    fn abort(&self);
}

/// Something that starts tasks.
///
/// What takes any spawner can be tested with a simple one:
///
/// ```
/// use heist_core::task::{JoinError, Spawn, Task, TaskId};
/// use std::{pin::{Pin, pin}, task::{Context, Poll, Waker}};
/// # struct Done<T>(TaskId, Option<T>);
/// # impl<T> Unpin for Done<T> {}
/// # impl<T> Future for Done<T> {
/// #     type Output = Result<T, JoinError>;
/// #     fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
/// #         Poll::Ready(Ok(self.1.take().unwrap()))
/// #     }
/// # }
/// # impl<T> Task for Done<T> {
/// #     fn id(&self) -> TaskId { self.0 }
/// #     fn is_finished(&self) -> bool { true }
/// #     fn abort(&self) {}
/// # }
///
/// /// Runs each task to its end at once.
/// struct Now;
///
/// impl Spawn for Now {
///     type Handle<T: Send + 'static> = Done<T>;
///
///     fn spawn<F>(&self, future: F) -> Done<F::Output>
///     where
///         F: Future + Send + 'static,
///         F::Output: Send + 'static,
///     {
///         let (mut future, mut cx) = (pin!(future), Context::from_waker(Waker::noop()));
///         loop {
///             if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
///                 break Done(TaskId::fresh(), Some(output));
///             }
///         }
///     }
/// }
///
/// async fn double(spawner: &impl Spawn, n: u32) -> Result<u32, JoinError> {
///     spawner.spawn(async move { n * 2 }).await
/// }
///
/// let doubled = pin!(double(&Now, 21)).poll(&mut Context::from_waker(Waker::noop()));
/// assert!(matches!(doubled, Poll::Ready(Ok(42))));
/// ```
pub trait Spawn {
    /// What spawning gives.
    type Handle<T: Send + 'static>: Task<Output = Result<T, JoinError>> + Send;

    /// Starts `future` as a task of its own.
    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

impl<S: Spawn> Spawn for &S {
    type Handle<T: Send + 'static> = S::Handle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        S::spawn(self, future)
    }
}

/// A task's number, unique in the process and never used again.
///
/// ```
/// use heist_core::task::TaskId;
///
/// let (first, second) = (TaskId::fresh(), TaskId::fresh());
/// assert_ne!(first, second);
/// assert_eq!(first.to_string(), first.get().to_string());
/// ```
#[doc(alias = "Id")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(NonZeroU64);

/// Threads take numbers in blocks, so that spawning touches no line that all of them share.
const BLOCK: u64 = 1 << 10;

static NEXT_BLOCK: Counter = Counter::new(1);

primitive::thread_local! {
    static NUMBERS: Cell<(u64, u64)> = Cell::new((0, 0));
}

impl TaskId {
    /// A number nobody has yet.
    pub fn fresh() -> Self {
        let number = NUMBERS.try_with(|numbers| {
            let (mut next, mut end) = numbers.get();
            if next == end {
                next = NEXT_BLOCK.add(BLOCK);
                end = next + BLOCK;
            }
            numbers.set((next + 1, end));
            next
        });
        let number = number.unwrap_or_else(|_| NEXT_BLOCK.add(BLOCK));
        Self(NonZeroU64::new(number).expect("2^64 tasks were never spawned"))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a task was cancelled. Given by [`JoinError::reason`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// Somebody called `abort`, or dropped what owned the task.
    Aborted,
    /// The runtime shut down, or had shut down before the task was spawned.
    Shutdown,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "it was aborted",
            Self::Shutdown => "the runtime shut down",
        })
    }
}

/// Which task an error is about.
#[derive(Debug, Clone)]
pub struct TaskInfo {
    /// The task's number.
    pub id: TaskId,
    /// The task's name, if it was given one.
    pub name: Option<Cow<'static, str>>,
    /// The line that spawned the task.
    pub spawned_at: &'static Location<'static>,
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        write!(f, " (spawned at {})", self.spawned_at)
    }
}

/// A task did not return: it was cancelled, or it panicked.
///
/// ```
/// use heist_core::task::{CancelReason, JoinError, TaskId, TaskInfo};
/// use std::panic::Location;
///
/// let id = TaskId::fresh();
/// let spawned_at = Location::caller();
/// let task = TaskInfo { id, name: Some("backup".into()), spawned_at };
///
/// let error = JoinError::cancelled(task.clone(), CancelReason::Shutdown);
/// assert!(error.is_cancelled());
/// assert_eq!(error.reason(), Some(&CancelReason::Shutdown));
/// assert_eq!((error.id(), error.name()), (id, Some("backup")));
/// assert_eq!(error.spawned_at(), spawned_at);
/// assert!(error.to_string().ends_with("was cancelled: the runtime shut down"));
/// assert!(error.try_into_panic().is_err()); // there was no panic
///
/// let error = JoinError::panicked(task, Box::new("disk full"));
/// assert!(error.is_panic());
/// assert_eq!(error.panic_message().as_deref(), Some("disk full"));
/// let payload = error.into_panic(); // for `std::panic::resume_unwind`
/// assert!(payload.is::<&str>());
/// ```
pub struct JoinError(Box<Inner>);

struct Inner {
    task: TaskInfo,
    cause: Cause,
}

enum Cause {
    Cancelled(CancelReason),
    /// The lock makes the error `Sync`; payloads are not.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    /// The task was cancelled.
    pub fn cancelled(task: TaskInfo, reason: CancelReason) -> Self {
        Self(Box::new(Inner {
            task,
            cause: Cause::Cancelled(reason),
        }))
    }

    /// The task panicked with `payload`.
    pub fn panicked(task: TaskInfo, payload: Box<dyn Any + Send>) -> Self {
        Self(Box::new(Inner {
            task,
            cause: Cause::Panicked(Mutex::new(payload)),
        }))
    }

    /// Whether the task was cancelled.
    #[doc(alias = "CancelledError")]
    #[doc(alias = "cancelled")]
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked(_))
    }

    /// Why the task was cancelled, if it was.
    pub fn reason(&self) -> Option<&CancelReason> {
        match &self.0.cause {
            Cause::Cancelled(reason) => Some(reason),
            Cause::Panicked(_) => None,
        }
    }

    /// What the task panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// Gives the error back when the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.0.cause {
            Cause::Panicked(payload) => Ok(payload.into_inner()),
            Cause::Cancelled(_) => Err(self),
        }
    }

    /// What the task panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// When the task was cancelled; see [`is_panic`](Self::is_panic).
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic()
            .unwrap_or_else(|error| panic!("`into_panic`, but {error}"))
    }

    /// The panic's message, if it was a string.
    pub fn panic_message(&self) -> Option<String> {
        match &self.0.cause {
            Cause::Panicked(payload) => message(&**payload.lock()),
            Cause::Cancelled(_) => None,
        }
    }

    /// Which task.
    pub fn id(&self) -> TaskId {
        self.0.task.id
    }

    /// The task's name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.0.task.name.as_deref()
    }

    /// The line that spawned the task.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.0.task.spawned_at
    }
}

/// What a panic's payload says, if it is a string.
pub fn message(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Cause::Cancelled(reason) => write!(f, "{} was cancelled: {reason}", self.0.task),
            Cause::Panicked(_) => {
                write!(f, "{} panicked", self.0.task)?;
                self.panic_message()
                    .map_or(Ok(()), |message| write!(f, ": {message}"))
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}
