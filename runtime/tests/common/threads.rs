//! `Spawn` over plain threads: each task a thread.

use super::Executor;
use futures::{
    channel::oneshot,
    future::{AbortHandle, Aborted, FutureExt, abortable},
};
use heist_core::task::{CancelReason, JoinError, Spawn, Task, TaskId, TaskInfo};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
    thread,
};

#[derive(Default)]
pub struct Threads;

impl Executor for Threads {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures::executor::block_on(future)
    }
}

type Returned<T> = Result<Result<T, Aborted>, Box<dyn Any + Send>>;

pub struct Handle<T> {
    receiver: oneshot::Receiver<Returned<T>>,
    abort: AbortHandle,
    thread: thread::JoinHandle<()>,
    info: TaskInfo,
}

impl Spawn for Threads {
    type Handle<T: Send + 'static> = Handle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let (future, abort) = abortable(future);
        let thread = thread::spawn(move || {
            let run = || futures::executor::block_on(future);
            let _ = sender.send(catch_unwind(AssertUnwindSafe(run)));
        });
        let info = TaskInfo {
            id: TaskId::fresh(),
            name: None,
            spawned_at: Location::caller(),
        };
        Handle {
            receiver,
            abort,
            thread,
            info,
        }
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let returned = ready!(self.receiver.poll_unpin(cx)).expect("the thread sends");
        let info = self.info.clone();
        Poll::Ready(match returned {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(Aborted)) => Err(JoinError::cancelled(info, CancelReason::Aborted)),
            Err(payload) => Err(JoinError::panicked(info, payload)),
        })
    }
}

impl<T> Task for Handle<T> {
    fn id(&self) -> TaskId {
        self.info.id
    }

    fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    fn abort(&self) {
        self.abort.abort();
    }
}
