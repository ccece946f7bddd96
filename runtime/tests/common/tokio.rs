//! `Spawn` over tokio.

use super::Executor;
use heist_core::task::{CancelReason, JoinError, Spawn, Task, TaskId, TaskInfo};
use std::{
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{runtime, task};

pub struct Tokio(runtime::Runtime);

impl Default for Tokio {
    fn default() -> Self {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build();
        Self(runtime.expect("tokio starts"))
    }
}

impl Executor for Tokio {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

pub struct Handle<T>(task::JoinHandle<T>, TaskInfo);

impl Spawn for Tokio {
    type Handle<T: Send + 'static> = Handle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let info = TaskInfo {
            id: TaskId::fresh(),
            name: None,
            spawned_at: Location::caller(),
        };
        Handle(self.0.spawn(future), info)
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let returned = ready!(Pin::new(&mut self.0).poll(cx));
        let info = self.1.clone();
        Poll::Ready(returned.map_err(|error| match error.try_into_panic() {
            Ok(payload) => JoinError::panicked(info, payload),
            Err(_) => JoinError::cancelled(info, CancelReason::Aborted),
        }))
    }
}

impl<T> Task for Handle<T> {
    fn id(&self) -> TaskId {
        self.1.id
    }

    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    fn abort(&self) {
        self.0.abort();
    }
}
