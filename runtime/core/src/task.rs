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

/// Why a task was cancelled.
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
