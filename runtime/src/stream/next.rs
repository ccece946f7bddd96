//! How is the next item of a stream awaited?

use futures_core::Stream;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The next item of a stream. Made by each stream of heist: see
/// [`Generator::next`](super::Generator::next) and
/// [`AsCompleted::next`](crate::combinators::AsCompleted::next).
///
/// # Cancel safety
///
/// Dropped before it is ready, it takes nothing out of the stream.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Next<'a, S: ?Sized>(&'a mut S);

impl<'a, S: ?Sized> Next<'a, S> {
    pub(crate) fn new(stream: &'a mut S) -> Self {
        Self(stream)
    }
}

impl<S: Stream + Unpin + ?Sized> Future for Next<'_, S> {
    type Output = Option<S::Item>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.0).poll_next(cx)
    }
}
