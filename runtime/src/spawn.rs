//! A task with a name, or with another start.

use crate::{
    context,
    scheduler::{self, Route},
    task::{
        JoinHandle,
        cold::Cold,
        kinds::{self, First, Workers},
        locals,
    },
};
use std::{borrow::Cow, panic::Location};

/// Spawns a task with more than the usual: a name, or its first poll at once.
///
/// ```
/// use heist::task::Builder;
///
/// heist::run(async {
///     let mailer = Builder::new().name("mailer").spawn(async { panic!("no network") });
///     let error = mailer.await.unwrap_err();
///     assert_eq!(error.name(), Some("mailer"));
///
///     let eager = Builder::new().eager().spawn(async { 42 });
///     assert!(eager.is_finished()); // it did not have to wait
///
///     let local = Builder::new().name("counter").spawn_local(async {
///         let count = std::rc::Rc::new(1); // need not be `Send`
///         heist::yield_now().await;
///         *count
///     });
///     assert_eq!(local.await.unwrap(), 1);
/// });
/// ```
#[doc(alias = "create_task")]
#[derive(Debug, Default, Clone)]
#[must_use = "a builder spawns nothing until `spawn`"]
pub struct Builder {
    name: Option<Cow<'static, str>>,
    eager: bool,
}

impl Builder {
    /// Nothing special yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the task, for errors and dumps. Without one its spawn location stands for it.
    #[doc(alias = "set_name")]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Polls the task once on this thread before `spawn` returns; only a task that is pending
    /// then is queued (asyncio's `eager_start`).
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// static STARTED: AtomicBool = AtomicBool::new(false);
    ///
    /// heist::run(async {
    ///     heist::task::Builder::new().eager().spawn(async {
    ///         STARTED.store(true, Ordering::Relaxed);
    ///     });
    ///     assert!(STARTED.load(Ordering::Relaxed));
    /// });
    /// ```
    #[doc(alias = "eager_start")]
    #[doc(alias = "eager_task_factory")]
    pub fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    /// Spawns on the runtime of this thread.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let outside;
        let route = match Route::here() {
            Some(route) => route,
            None => {
                outside = context::shared();
                Route::Injector(&outside)
            }
        };
        let first = if self.eager && scheduler::local::is_worker_of(route.shared()) {
            First::Eager
        } else {
            First::Queued
        };
        let cold = Cold::new(self.name, locals::inherit());
        kinds::spawn::<F, Workers>(future, route, (), cold, first, Location::caller())
    }

    /// Spawns a task that stays on this thread, and need not be `Send`.
    ///
    /// # Panics
    ///
    /// On a thread that neither is a worker nor runs a `block_on`.
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(self, future: F) -> JoinHandle<F::Output> {
        let thread = context::thread();
        let first = if self.eager {
            First::Eager
        } else {
            First::Queued
        };
        let cold = Cold::new(self.name, locals::inherit());
        kinds::spawn_pinned(future, &thread, cold, first, Location::caller())
    }
}
