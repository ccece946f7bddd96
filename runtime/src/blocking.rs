//! How does a closure that blocks become a task?

use crate::{
    context,
    handle::Handle,
    scheduler::AtWork,
    task::{
        JoinHandle,
        cold::Cold,
        kinds::{self, Blocking, First},
        locals,
    },
};
use heist_core::budget;
use pin_project_lite::pin_project;
use std::{
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

impl Handle {
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
        let (owner, at) = (self.blocking(), Location::caller());
        kinds::spawn::<_, Blocking>(future, owner, owner.clone(), cold, First::Queued, at)
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
        let _entered = context::enter(this.handle, None, None);
        // Not polled again, and so never given another budget: what the closure polls itself, in a
        // `block_on`, must not run out of this one.
        Poll::Ready(budget::unlimited(closure))
    }
}
