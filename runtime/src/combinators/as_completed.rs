//! One by one, in the order in which they complete.

use super::{children::Children, ready::Order};
use crate::stream::Next;
use futures_core::{FusedStream, Stream};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Awaits all futures of `iter` concurrently and gives each output as soon as it is there.
///
/// Between two calls of [`next`](AsCompleted::next) nobody is polled. An `Err` is an output like
/// any other and ends nothing.
///
/// # Panics
///
/// [`next`](AsCompleted::next) panics with a child's panic; the stream goes on without that child.
///
/// # Cancel safety
///
/// [`next`](AsCompleted::next) may be dropped at any time and nothing is lost. Dropping the stream
/// drops the children that have not returned; a join handle among them detaches.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, receiver) = heist::sync::oneshot();
/// let later = async move { receiver.await.unwrap_or("nobody") };
/// let sooner = async move { sender.send("later").map_or("lost", |()| "sooner") };
///
/// type Child = std::pin::Pin<Box<dyn Future<Output = &'static str>>>;
/// let mut outputs = heist::as_completed([Box::pin(later) as Child, Box::pin(sooner)]);
/// assert_eq!(outputs.next().await, Some("sooner"));
/// assert_eq!(outputs.next().await, Some("later"));
/// assert_eq!(outputs.next().await, None);
/// # });
/// ```
#[doc(alias = "FuturesUnordered")]
#[doc(alias = "JoinSet")]
#[doc(alias = "join_next")]
#[doc(alias = "asyncio.as_completed")]
pub fn as_completed<I>(iter: I) -> AsCompleted<I::IntoIter>
where
    I: IntoIterator<Item: IntoFuture>,
{
    AsCompleted {
        children: Children::new(iter.into_iter(), Order::Wake),
    }
}

/// The stream of [`as_completed`].
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let guesses = (1_u32..).map(|n| async move { (n, n * n) });
/// let mut squares = heist::as_completed(guesses).limit(2); // two at a time
/// let root = loop {
///     match squares.next().await {
///         Some((root, 49)) => break root,
///         Some(_) => {}
///         None => unreachable!("there is always another number"),
///     }
/// };
/// assert_eq!(root, 7);
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<I: Iterator<Item: IntoFuture>> {
    children: Children<I>,
}

impl<I: Iterator<Item: IntoFuture>> AsCompleted<I> {
    /// The next output, `None` when there was one for every future.
    #[doc(alias = "join_next")]
    #[doc(alias = "anext")]
    #[expect(
        clippy::should_implement_trait,
        reason = "a stream's `next`, not an iterator's"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }

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
    /// let squares = (0_u64..).map(|n| async move { n * n });
    /// let mut squares = heist::as_completed(squares).limit(4);
    /// assert!(squares.next().await.is_some());
    /// # });
    /// ```
    #[doc(alias = "buffer_unordered")]
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        self.children.limit(limit);
        self
    }

    /// Tells with each output which argument it belongs to, counted from 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let hosts = ["a.example", "b.example"];
    /// let lookups = hosts.map(|host| async move { host.len() });
    /// let mut answers = heist::as_completed(lookups).indexed();
    /// while let Some((index, answer)) = answers.next().await {
    ///     assert_eq!(answer, hosts[index].len());
    /// }
    /// # });
    /// ```
    #[doc(alias = "enumerate")]
    pub fn indexed(self) -> Indexed<I> {
        Indexed(self)
    }

    fn poll_indexed(&mut self, cx: &mut Context<'_>) -> Poll<Option<IndexedOutput<I>>> {
        if self.children.is_over() {
            return Poll::Ready(None);
        }
        self.children.begin(cx);
        self.children.poll_next(cx)
    }
}

type IndexedOutput<I> = (usize, <<I as Iterator>::Item as IntoFuture>::Output);

// Nothing is pinned in place: the children lie in a row of their own.
impl<I: Iterator<Item: IntoFuture>> Unpin for AsCompleted<I> {}

impl<I: Iterator<Item: IntoFuture>> Stream for AsCompleted<I> {
    type Item = <I::Item as IntoFuture>::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.poll_indexed(cx));
        Poll::Ready(next.map(|(_, output)| output))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.children.size_hint()
    }
}

impl<I: Iterator<Item: IntoFuture>> FusedStream for AsCompleted<I> {
    fn is_terminated(&self) -> bool {
        self.children.is_over()
    }
}

/// The stream of [`AsCompleted::indexed`].
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let words = ["one", "three", "seventeen"];
/// let lengths = words.map(|word| async move { word.len() });
/// let mut lengths = heist::as_completed(lengths).indexed().limit(2);
/// let mut seen = 0;
/// while let Some((index, length)) = lengths.next().await {
///     assert_eq!(length, words[index].len());
///     seen += 1;
/// }
/// assert_eq!(seen, 3);
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Indexed<I: Iterator<Item: IntoFuture>>(AsCompleted<I>);

impl<I: Iterator<Item: IntoFuture>> Indexed<I> {
    /// The next output with its argument's number, `None` when there was one for every future.
    #[doc(alias = "anext")]
    #[expect(
        clippy::should_implement_trait,
        reason = "a stream's `next`, not an iterator's"
    )]
    pub fn next(&mut self) -> Next<'_, Self> {
        Next::new(self)
    }

    /// As [`AsCompleted::limit`].
    #[track_caller]
    pub fn limit(self, limit: usize) -> Self {
        Self(self.0.limit(limit))
    }
}

impl<I: Iterator<Item: IntoFuture>> Unpin for Indexed<I> {}

impl<I: Iterator<Item: IntoFuture>> Stream for Indexed<I> {
    type Item = IndexedOutput<I>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_indexed(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<I: Iterator<Item: IntoFuture>> FusedStream for Indexed<I> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl<I: Iterator<Item: IntoFuture>> fmt::Debug for AsCompleted<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").finish_non_exhaustive()
    }
}

impl<I: Iterator<Item: IntoFuture>> fmt::Debug for Indexed<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Indexed").finish_non_exhaustive()
    }
}
