//! The first one.
//!
//! Whoever is ready first wins; of those that are ready by the same poll, somebody else each
//! time. The losers are dropped before the winner's output is returned.

use super::{children::Children, gather::Outputs, ready::Order, turn};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Awaits the futures of `iter` concurrently until one returns, and drops the others.
///
/// A future that shall survive its defeat is passed by `&mut`. For futures of different types
/// there are [`race!`](crate::race!) and [`select!`](crate::select!).
///
/// # Panics
///
/// When `iter` is empty: nobody would ever win. With a child's panic, when a child panics.
///
/// # Cancel safety
///
/// Dropped, it drops the children; a join handle among them detaches.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, receiver) = heist::sync::oneshot::<&str>();
/// let (other, silent) = heist::sync::oneshot();
/// sender.send("first").unwrap();
/// assert_eq!(heist::race([silent, receiver]).await, Ok("first"));
/// assert!(other.send("late").is_err());
/// # });
/// ```
#[doc(alias = "select_all")]
#[doc(alias = "FIRST_COMPLETED")]
#[track_caller]
pub fn race<I>(iter: I) -> Race<I::IntoIter>
where
    I: IntoIterator<Item: IntoFuture>,
{
    let mut children = Children::new(iter.into_iter(), Order::Argument);
    let racing = children.start(turn::first_of);
    assert!(racing > 0, "a race of nobody would never end");
    Race { children }
}

/// The future of [`race()`].
#[must_use = "futures do nothing unless awaited"]
pub struct Race<I: Iterator<Item: IntoFuture>> {
    children: Children<I>,
}

// Nothing is pinned in place: the children lie in a row of their own.
impl<I: Iterator<Item: IntoFuture>> Unpin for Race<I> {}

impl<I: Iterator<Item: IntoFuture>> Future for Race<I> {
    type Output = <I::Item as IntoFuture>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.children.begin(cx);
        let winner = ready!(self.children.poll_next(cx));
        self.children.clear();
        let (_, output) = winner.expect("everybody in the race has panicked");
        Poll::Ready(output)
    }
}

/// Awaits the futures of `iter` concurrently until one returns `Ok`, and drops the others.
///
/// # Errors
///
/// When all have failed, everybody's error, in argument order; of nobody, no errors.
///
/// # Panics
///
/// With a child's panic, when a child panics; the others are dropped.
///
/// # Cancel safety
///
/// Dropped, it drops the children; a join handle among them detaches.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let mirrors = ["?", "7", "!"].map(|text| async move { text.parse::<u8>() });
/// assert_eq!(heist::first_ok(mirrors).await, Ok(7));
/// # });
/// ```
#[doc(alias = "select_ok")]
#[doc(alias = "any")]
#[doc(alias = "staggered_race")]
pub fn first_ok<I, T, E>(iter: I) -> FirstOk<I::IntoIter, E>
where
    I: IntoIterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    let mut children = Children::new(iter.into_iter(), Order::Argument);
    children.start(turn::first_of);
    FirstOk {
        children,
        errors: Outputs::default(),
    }
}

/// The future of [`first_ok`].
#[must_use = "futures do nothing unless awaited"]
pub struct FirstOk<I: Iterator<Item: IntoFuture>, E> {
    children: Children<I>,
    errors: Outputs<E>,
}

impl<I: Iterator<Item: IntoFuture>, E> Unpin for FirstOk<I, E> {}

impl<I, T, E> Future for FirstOk<I, E>
where
    I: Iterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    type Output = Result<T, Vec<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.children.begin(cx);
        while let Some((position, output)) = ready!(this.children.poll_next(cx)) {
            match output {
                Ok(output) => {
                    this.children.clear();
                    this.errors = Outputs::default();
                    return Poll::Ready(Ok(output));
                }
                Err(error) => this.errors.put(position, error),
            }
        }
        Poll::Ready(Err(this.errors.take()))
    }
}

impl<I: Iterator<Item: IntoFuture>> fmt::Debug for Race<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race").finish_non_exhaustive()
    }
}

impl<I: Iterator<Item: IntoFuture>, E> fmt::Debug for FirstOk<I, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstOk").finish_non_exhaustive()
    }
}
