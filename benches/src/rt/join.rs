//! What is left of a handle when no task panics?

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// A handle that gives the output itself, where the runtime's own gives a `Result`.
pub struct Join<H>(pub H);

impl<H, T, E> Future for Join<H>
where
    H: Future<Output = Result<T, E>> + Unpin,
    E: fmt::Debug,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let joined = Pin::new(&mut self.0).poll(cx);
        joined.map(|output| output.expect("no workload panics"))
    }
}
