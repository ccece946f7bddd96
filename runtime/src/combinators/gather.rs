//! Everything, in argument order.
//!
//! The children run concurrently *inside* the caller's task: they may borrow, and they share one
//! core. [`par_gather`](super::par_gather_on) gives each a task of its own.

use super::{children::Children, ready::Order};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Awaits all futures of `iter` concurrently and gives their outputs in argument order.
///
/// What the outputs *are* makes no difference: an `Err` is one like any other, as with
/// `return_exceptions=True`; to stop at the first one use [`try_gather`]. Nothing happens until
/// the future is polled. For futures of different types there is [`gather!`](crate::gather!).
///
/// # Panics
///
/// With a child's panic, when a child panics; the others are dropped.
///
/// # Cancel safety
///
/// Dropped, it drops the children that have not returned and the outputs of those that have. A
/// join handle among the children detaches: its task goes on.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let lengths = ["one", "three"].map(|word| async move { word.len() });
/// assert_eq!(heist::gather(lengths).await, [3, 5]);
/// # });
/// ```
#[doc(alias = "join_all")]
#[doc(alias = "join")]
#[doc(alias = "asyncio.gather")]
#[doc(alias = "return_exceptions")]
pub fn gather<I>(iter: I) -> Gather<I::IntoIter>
where
    I: IntoIterator<Item: IntoFuture>,
{
    Gather {
        children: Children::new(iter.into_iter(), Order::Argument),
        outputs: Outputs::default(),
    }
}

/// The future of [`gather`].
#[must_use = "futures do nothing unless awaited"]
pub struct Gather<I: Iterator<Item: IntoFuture>> {
    children: Children<I>,
    outputs: Outputs<<I::Item as IntoFuture>::Output>,
}

impl<I: Iterator<Item: IntoFuture>> Gather<I> {
    /// At most `limit` children at a time; the iterator is drawn from as places become free.
    ///
    /// # Panics
    ///
    /// When `limit` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let squares = (0..1_000_u64).map(|n| async move { n * n });
    /// let squares = heist::gather(squares).limit(8).await;
    /// assert_eq!(squares[999], 998_001);
    /// # });
    /// ```
    #[doc(alias = "buffered")]
    #[doc(alias = "Semaphore")]
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        self.children.limit(limit);
        self
    }
}

// Nothing is pinned in place: the children lie in a row of their own.
impl<I: Iterator<Item: IntoFuture>> Unpin for Gather<I> {}

impl<I: Iterator<Item: IntoFuture>> Future for Gather<I> {
    type Output = Vec<<I::Item as IntoFuture>::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.children.begin(cx);
        this.outputs.reserve(this.children.places());
        while let Some((position, output)) = ready!(this.children.poll_next(cx)) {
            this.outputs.put(position, output);
        }
        Poll::Ready(this.outputs.take())
    }
}

/// Awaits all futures of `iter` concurrently, until all have returned `Ok` or one `Err`.
///
/// When one returns `Err`, the others are dropped before it is returned. When several have failed
/// by the same poll, it is the error of one of them.
///
/// # Errors
///
/// The first error of a child.
///
/// # Panics
///
/// With a child's panic, when a child panics; the others are dropped.
///
/// # Cancel safety
///
/// As [`gather`]. Mind join handles: dropped, also because a sibling failed, they *detach*.
/// [`try_par_gather`](super::try_par_gather_on) owns its tasks and aborts them.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let numbers = ["1", "two", "3"].map(|text| async move { text.parse::<u8>() });
/// assert!(heist::try_gather(numbers).await.is_err());
/// # });
/// ```
#[doc(alias = "try_join_all")]
#[doc(alias = "try_join")]
#[doc(alias = "asyncio.gather")]
pub fn try_gather<I, T, E>(iter: I) -> TryGather<I::IntoIter, T>
where
    I: IntoIterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    TryGather {
        children: Children::new(iter.into_iter(), Order::Argument),
        outputs: Outputs::default(),
    }
}

/// The future of [`try_gather`].
#[must_use = "futures do nothing unless awaited"]
pub struct TryGather<I: Iterator<Item: IntoFuture>, T> {
    children: Children<I>,
    outputs: Outputs<T>,
}

impl<I: Iterator<Item: IntoFuture>, T> TryGather<I, T> {
    /// At most `limit` children at a time; the iterator is drawn from as places become free, and
    /// no more after an error.
    ///
    /// # Panics
    ///
    /// When `limit` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let checks = (0..).map(|n| async move { if n < 5 { Ok(n) } else { Err("enough") } });
    /// assert_eq!(heist::try_gather(checks).limit(2).await, Err("enough"));
    /// # });
    /// ```
    #[doc(alias = "try_buffered")]
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        self.children.limit(limit);
        self
    }
}

impl<I: Iterator<Item: IntoFuture>, T> Unpin for TryGather<I, T> {}

impl<I, T, E> Future for TryGather<I, T>
where
    I: Iterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.children.begin(cx);
        this.outputs.reserve(this.children.places());
        while let Some((position, output)) = ready!(this.children.poll_next(cx)) {
            match output {
                Ok(output) => this.outputs.put(position, output),
                Err(error) => {
                    this.children.clear();
                    this.outputs = Outputs::default();
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(this.outputs.take()))
    }
}

/// What has been returned so far, by argument.
pub struct Outputs<T>(Vec<Option<T>>);

impl<T> Default for Outputs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Outputs<T> {
    /// Makes room for so many in all.
    pub fn reserve(&mut self, len: usize) {
        self.0.reserve(len.saturating_sub(self.0.len()));
    }

    /// Keeps what the child of an argument has returned.
    pub fn put(&mut self, position: usize, output: T) {
        match self.0.get_mut(position) {
            Some(place) => *place = Some(output),
            None => {
                self.0.resize_with(position, || None);
                self.0.push(Some(output));
            }
        }
    }

    /// Everything, when everything is there.
    ///
    /// # Panics
    ///
    /// When something is missing: its child unwound, and the caller caught that and went on.
    pub fn take(&mut self) -> Vec<T> {
        let outputs = std::mem::take(&mut self.0).into_iter();
        outputs
            .map(|output| output.expect("a child that panicked has no output"))
            .collect()
    }
}

impl<I: Iterator<Item: IntoFuture>> fmt::Debug for Gather<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

impl<I: Iterator<Item: IntoFuture>, T> fmt::Debug for TryGather<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGather").finish_non_exhaustive()
    }
}
