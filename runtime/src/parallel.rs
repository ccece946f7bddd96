//! `par_gather` on this thread's runtime.

use crate::{
    combinators::{ParGather, TryParGather, par_gather_on, try_par_gather_on},
    task::{JoinHandle, Spawn},
};

/// The runtime of whichever thread asks: spawns as [`spawn`](crate::spawn) does.
///
/// ```
/// use heist::{CurrentRuntime, task::Spawn};
///
/// async fn answer(spawner: &impl Spawn) -> i32 {
///     spawner.spawn(async { 42 }).await.unwrap()
/// }
///
/// assert_eq!(heist::run(async { answer(&CurrentRuntime).await }), 42);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CurrentRuntime;

impl Spawn for CurrentRuntime {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        crate::spawn(future)
    }
}

/// Spawns each future as a task, and gives what they return in argument order. See
/// [`par_gather_on`], which takes another spawner.
///
/// ```
/// heist::run(async {
///     let squares = heist::par_gather((0..4).map(|n| async move { n * n })).await;
///     let squares: Vec<i32> = squares.into_iter().map(Result::unwrap).collect();
///     assert_eq!(squares, [0, 1, 4, 9]);
/// });
/// ```
///
/// # Panics
///
/// Awaited outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it aborts the tasks that have not returned.
#[doc(alias = "JoinSet")]
#[doc(alias = "join_all")]
#[doc(alias = "asyncio.gather")]
pub fn par_gather<I>(iter: I) -> ParGather<CurrentRuntime, I::IntoIter>
where
    I: IntoIterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    par_gather_on(CurrentRuntime, iter)
}

/// Spawns each future as a task, and gives what they return, or the failures: the first one
/// aborts the others, which are awaited. See [`try_par_gather_on`], which takes another spawner.
///
/// ```
/// heist::run(async {
///     let tasks = [1_u32, 2].map(|n| async move { u8::try_from(n) });
///     assert_eq!(heist::try_par_gather(tasks).await.unwrap(), [1, 2]);
/// });
/// ```
///
/// # Panics
///
/// Awaited outside a runtime.
///
/// # Cancel safety
///
/// Dropped, it aborts the tasks that have not returned.
#[doc(alias = "JoinSet")]
#[doc(alias = "try_join_all")]
#[doc(alias = "TaskGroup")]
pub fn try_par_gather<I, T, E>(iter: I) -> TryParGather<CurrentRuntime, I::IntoIter, T, E>
where
    I: IntoIterator<Item: IntoFuture<IntoFuture: Send + 'static, Output = Result<T, E>>>,
    T: Send + 'static,
    E: Send + 'static,
{
    try_par_gather_on(CurrentRuntime, iter)
}
