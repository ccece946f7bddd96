//! Everything, in argument order, each child a task of its own.
//!
//! The tasks belong to the combinator: dropped, it aborts them.

use super::{
    children::Children,
    gather::{Gather, Outputs, gather},
    ready::Order,
};
use heist_core::task::{JoinError, Spawn, Task};
use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Spawns all futures of `iter` by `spawner` and gives what they return in argument order.
///
/// The tasks run in parallel, on as many cores as there are; [`gather`](super::gather()) stays in
/// its caller's task. A child's panic is its `Err`. They are spawned at the first poll.
///
/// # Cancel safety
///
/// Dropped, it aborts the tasks that have not returned, and does not wait for them.
///
/// # Examples
///
/// ```
/// use heist_core::task::{JoinError, Spawn};
///
/// async fn lengths(spawner: &impl Spawn, words: Vec<String>) -> Result<usize, JoinError> {
///     let tasks = words.into_iter().map(|word| async move { word.len() });
///     let lengths = heist::combinators::par_gather_on(spawner, tasks).limit(64).await;
///     lengths.into_iter().sum()
/// }
/// ```
#[doc(alias = "JoinSet")]
#[doc(alias = "join_all")]
#[doc(alias = "create_task")]
#[doc(alias = "asyncio.gather")]
pub fn par_gather_on<S, I>(spawner: S, iter: I) -> ParGather<S, I::IntoIter>
where
    S: Spawn,
    I: IntoIterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    ParGather(gather(Tasks {
        spawner,
        futures: iter.into_iter(),
    }))
}

/// The future of [`par_gather_on`].
///
/// # Examples
///
/// ```
/// heist::run(async {
///     let halves = [8, 5, 2].map(|n| async move {
///         assert!(n % 2 == 0, "{n} is odd");
///         n / 2
///     });
///     let halves = heist::par_gather(halves).limit(2).await; // two tasks at a time
///     assert!(halves[1].as_ref().unwrap_err().is_panic());
///     assert_eq!(halves.iter().flatten().sum::<u32>(), 5);
/// });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct ParGather<S, I>(Gather<Tasks<S, I>>)
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>;

impl<S, I> ParGather<S, I>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    /// At most `limit` tasks at a time; the iterator is drawn from as tasks end.
    ///
    /// # Panics
    ///
    /// When `limit` is 0.
    #[track_caller]
    pub fn limit(self, limit: usize) -> Self {
        Self(self.0.limit(limit))
    }
}

impl<S, I> Future for ParGather<S, I>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    type Output = Vec<Result<<I::Item as IntoFuture>::Output, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Spawns all futures of `iter` by `spawner`, until all have returned `Ok` or one has failed.
///
/// After the first failure, which may be an `Err`, a panic or a cancelled task, the other tasks
/// are aborted and awaited. Nothing runs any more when this returns.
///
/// # Errors
///
/// The first failure, and those of the siblings until they had stopped.
///
/// # Cancel safety
///
/// Dropped, it aborts the tasks that have not returned, and does not wait for them.
///
/// # Examples
///
/// ```
/// use heist::combinators::{ParError, try_par_gather_on};
/// use heist_core::task::Spawn;
/// use std::num::ParseIntError;
///
/// async fn sum(spawner: &impl Spawn, words: Vec<String>) -> Result<u64, ParError<ParseIntError>> {
///     let tasks = words.into_iter().map(|word| async move { word.parse::<u64>() });
///     Ok(try_par_gather_on(spawner, tasks).await?.into_iter().sum())
/// }
/// ```
#[doc(alias = "JoinSet")]
#[doc(alias = "try_join_all")]
#[doc(alias = "TaskGroup")]
pub fn try_par_gather_on<S, I, T, E>(spawner: S, iter: I) -> TryParGather<S, I::IntoIter, T, E>
where
    S: Spawn,
    I: IntoIterator<Item: IntoFuture<IntoFuture: Send + 'static, Output = Result<T, E>>>,
    Result<T, E>: Send + 'static,
{
    let tasks = Tasks {
        spawner,
        futures: iter.into_iter(),
    };
    TryParGather {
        children: Children::new(tasks, Order::Wake),
        outputs: Outputs::default(),
        failures: Vec::new(),
    }
}

/// The future of [`try_par_gather_on`].
///
/// # Examples
///
/// ```
/// heist::run(async {
///     let bytes = (250_u32..).map(|n| async move { u8::try_from(n).map_err(|_| n) });
///     let bytes = heist::try_par_gather(bytes).limit(1).await; // one task at a time
///     assert_eq!(bytes.unwrap_err().to_string(), "256");
/// });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct TryParGather<S, I, T, E>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    children: Children<Tasks<S, I>>,
    outputs: Outputs<T>,
    failures: Vec<(usize, Failure<E>)>,
}

impl<S, I, T, E> TryParGather<S, I, T, E>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    /// At most `limit` tasks at a time; the iterator is drawn from as tasks end, and no more
    /// after a failure.
    ///
    /// # Panics
    ///
    /// When `limit` is 0.
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        self.children.limit(limit);
        self
    }

    fn fail(&mut self, position: usize, failure: Failure<E>) {
        let is_first = self.failures.is_empty();
        // A task that stopped because it was told to has not failed.
        let is_echo =
            matches!(&failure, Failure::Joined(error) if !is_first && error.is_cancelled());
        if !is_echo {
            self.failures.push((position, failure));
        }
        if is_first {
            self.children.stop();
            self.children.for_each(|task| task.abort());
        }
    }
}

impl<S, I, T, E> Unpin for TryParGather<S, I, T, E>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
}

impl<S, I, T, E> Future for TryParGather<S, I, T, E>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output = Result<T, E>>>,
    Result<T, E>: Send + 'static,
{
    type Output = Result<Vec<T>, ParError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.children.begin(cx);
        while let Some((position, output)) = ready!(this.children.poll_next(cx)) {
            match output {
                Ok(Ok(output)) => this.outputs.put(position, output),
                Ok(Err(error)) => this.fail(position, Failure::Returned(error)),
                Err(error) => this.fail(position, Failure::Joined(error)),
            }
        }
        if this.failures.is_empty() {
            return Poll::Ready(Ok(this.outputs.take()));
        }
        this.outputs = Outputs::default();
        Poll::Ready(Err(ParError(std::mem::take(&mut this.failures))))
    }
}

/// Spawns a future each time somebody wants the next task.
pub struct Tasks<S, I> {
    spawner: S,
    futures: I,
}

impl<S, I> Iterator for Tasks<S, I>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    type Item = Owned<S::Handle<<I::Item as IntoFuture>::Output>>;

    fn next(&mut self) -> Option<Self::Item> {
        let future = self.futures.next()?.into_future();
        Some(Owned(Some(self.spawner.spawn(future))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.futures.size_hint()
    }
}

/// A task that is aborted when nobody will see what it returns.
pub struct Owned<H: Task>(Option<H>);

impl<H: Task> Owned<H> {
    fn abort(&self) {
        self.0.iter().for_each(Task::abort);
    }
}

impl<H: Task> Future for Owned<H> {
    type Output = H::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::Output> {
        let handle = self.0.as_mut().expect("polled again after it had returned");
        let output = ready!(Pin::new(handle).poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<H: Task> Drop for Owned<H> {
    fn drop(&mut self) {
        self.abort();
    }
}

/// How a task failed. One of those in a [`ParError`].
#[derive(Debug)]
pub enum Failure<E> {
    /// It returned an error.
    Returned(E),
    /// It panicked or was cancelled.
    Joined(JoinError),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(error) => error.fmt(f),
            Self::Joined(error) => error.fmt(f),
        }
    }
}

/// Why [`try_par_gather_on`] failed: one failure at least, the first one first.
///
/// # Examples
///
/// ```
/// use heist::combinators::Failure;
///
/// heist::run(async {
///     let numbers = [7, 300, 9].map(|n| async move { u8::try_from(n).map_err(|_| n) });
///     let error = heist::try_par_gather(numbers).await.unwrap_err();
///     assert!(matches!(error.first(), Failure::Returned(_)));
///     assert_eq!(error.to_string(), "300");
///
///     let failed: Vec<usize> = error.iter().map(|(index, _)| index).collect();
///     assert_eq!(failed, [1]);
///     match error.into_first() {
///         Failure::Returned(number) => assert_eq!(number, 300),
///         Failure::Joined(error) => unreachable!("nobody has panicked: {error}"),
///     }
/// });
/// ```
#[doc(alias = "ExceptionGroup")]
pub struct ParError<E>(Vec<(usize, Failure<E>)>);

impl<E> ParError<E> {
    /// What failed first.
    pub fn first(&self) -> &Failure<E> {
        &self.0[0].1
    }

    /// What failed first, without the rest.
    pub fn into_first(self) -> Failure<E> {
        let first = self.0.into_iter().next();
        first.expect("a `ParError` is never empty").1
    }

    /// Every failure with its argument's number, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Failure<E>)> {
        self.0
            .iter()
            .map(|(position, failure)| (*position, failure))
    }
}

impl<E: fmt::Display> fmt::Display for ParError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first().fmt(f)?;
        match self.0.len() - 1 {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for ParError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<E: Error + 'static> Error for ParError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.first() {
            Failure::Returned(error) => error.source(),
            Failure::Joined(error) => error.source(),
        }
    }
}

impl<S, I> fmt::Debug for ParGather<S, I>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParGather").finish_non_exhaustive()
    }
}

impl<S, I, T, E> fmt::Debug for TryParGather<S, I, T, E>
where
    S: Spawn,
    I: Iterator<Item: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryParGather").finish_non_exhaustive()
    }
}
