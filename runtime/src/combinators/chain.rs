//! How do futures of different types stand in one row, pinned in place?
//!
//! As a chain of [`Link`]s, each a seat for one future and the rest of the chain. Only the macros
//! make chains; what they need of one is asked by number.

use pin_project_lite::pin_project;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// One future and those behind it.
    pub struct Link<F: Future, R> {
        #[pin]
        seat: Seat<F>,
        #[pin]
        rest: R,
    }
}

pin_project! {
    /// A future until it has returned, then its output until that is taken.
    #[project = SeatPinned]
    #[project_replace = SeatTaken]
    enum Seat<F: Future> {
        Running { #[pin] future: F },
        Done { output: F::Output },
        Empty,
    }
}

/// Where a chain ends.
pub struct End;

/// A seat for `future`, before `rest`.
pub fn link<F: IntoFuture, R>(future: F, rest: R) -> Link<F::IntoFuture, R> {
    link_if(Some(future), rest)
}

/// As [`link`], for a future that is perhaps not there.
pub fn link_if<F: IntoFuture, R>(future: Option<F>, rest: R) -> Link<F::IntoFuture, R> {
    let future = future.map(F::into_future);
    Link {
        seat: future.map_or(Seat::Empty, |future| Seat::Running { future }),
        rest,
    }
}

/// Futures in a row.
pub trait Chain {
    /// How many seats.
    const LEN: usize;

    /// Polls one future. Ready once, when its output has come to lie in its seat.
    fn poll_at(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()>;

    /// How many are running.
    fn running(&self) -> usize;

    /// Drops everything.
    fn clear(self: Pin<&mut Self>);
}

impl Chain for End {
    const LEN: usize = 0;

    fn poll_at(self: Pin<&mut Self>, _: usize, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn running(&self) -> usize {
        0
    }

    fn clear(self: Pin<&mut Self>) {}
}

impl<F: Future, R: Chain> Chain for Link<F, R> {
    const LEN: usize = R::LEN + 1;

    fn poll_at(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if let Some(index) = index.checked_sub(1) {
            return this.rest.poll_at(index, cx);
        }
        let mut seat = this.seat;
        let SeatPinned::Running { future } = seat.as_mut().project() else {
            return Poll::Pending;
        };
        let output = ready!(future.poll(cx));
        seat.project_replace(Seat::Done { output });
        Poll::Ready(())
    }

    fn running(&self) -> usize {
        usize::from(matches!(self.seat, Seat::Running { .. })) + self.rest.running()
    }

    fn clear(self: Pin<&mut Self>) {
        let this = self.project();
        this.seat.project_replace(Seat::Empty);
        this.rest.clear();
    }
}

impl<F: Future> Seat<F> {
    fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Self::Empty) {
            SeatTaken::Done { output } => output,
            _ => unreachable!("an output is taken once, when its future has returned"),
        }
    }
}

/// A chain of which every output is wanted.
pub trait TakeAll: Chain {
    /// A nested tuple.
    type Outputs;

    /// All outputs; all have returned.
    fn take_all(self: Pin<&mut Self>) -> Self::Outputs;
}

impl TakeAll for End {
    type Outputs = ();

    fn take_all(self: Pin<&mut Self>) {}
}

impl<F: Future, R: TakeAll> TakeAll for Link<F, R> {
    type Outputs = (F::Output, R::Outputs);

    fn take_all(self: Pin<&mut Self>) -> Self::Outputs {
        let this = self.project();
        (this.seat.take(), this.rest.take_all())
    }
}

/// A chain that the first error ends.
pub trait TryTakeAll<E>: Chain {
    /// A nested tuple of the `Ok` values.
    type Outputs;

    /// All values; all have returned, and none an error.
    fn try_take_all(self: Pin<&mut Self>) -> Self::Outputs;

    /// The error, if this future has returned one.
    fn take_error_at(self: Pin<&mut Self>, index: usize) -> Option<E>;
}

impl<E> TryTakeAll<E> for End {
    type Outputs = ();

    fn try_take_all(self: Pin<&mut Self>) {}

    fn take_error_at(self: Pin<&mut Self>, _: usize) -> Option<E> {
        None
    }
}

impl<T, E, F, R> TryTakeAll<E> for Link<F, R>
where
    F: Future<Output = Result<T, E>>,
    R: TryTakeAll<E>,
{
    type Outputs = (T, R::Outputs);

    fn try_take_all(self: Pin<&mut Self>) -> Self::Outputs {
        let this = self.project();
        let Ok(value) = this.seat.take() else {
            unreachable!("an error is taken as soon as it is there");
        };
        (value, this.rest.try_take_all())
    }

    fn take_error_at(self: Pin<&mut Self>, index: usize) -> Option<E> {
        let mut this = self.project();
        if let Some(index) = index.checked_sub(1) {
            return this.rest.take_error_at(index);
        }
        match this.seat.as_mut().project() {
            SeatPinned::Done { output: Err(_) } => this.seat.take().err(),
            _ => None,
        }
    }
}

/// A chain of which one output is wanted, and all are of type `T`.
pub trait TakeOne<T>: Chain {
    /// The output of a future that has returned.
    fn take_at(self: Pin<&mut Self>, index: usize) -> T;
}

impl<T> TakeOne<T> for End {
    fn take_at(self: Pin<&mut Self>, _: usize) -> T {
        unreachable!("nobody sits at the end of a chain")
    }
}

impl<F: Future, R: TakeOne<F::Output>> TakeOne<F::Output> for Link<F, R> {
    fn take_at(self: Pin<&mut Self>, index: usize) -> F::Output {
        let this = self.project();
        match index.checked_sub(1) {
            Some(index) => this.rest.take_at(index),
            None => this.seat.take(),
        }
    }
}

/// A chain of which one output is wanted, whatever its type.
pub trait Choose: Chain {
    /// One output, and by its place in the nest, whose.
    type Choice;

    /// The output of a future that has returned.
    fn choose(self: Pin<&mut Self>, index: usize) -> Self::Choice;
}

/// The output of the first future, or of one behind it.
pub enum Choice<A, B> {
    /// Of the first.
    Here(A),
    /// Of one behind it.
    There(B),
}

impl Choose for End {
    type Choice = Infallible;

    fn choose(self: Pin<&mut Self>, _: usize) -> Infallible {
        unreachable!("nobody sits at the end of a chain")
    }
}

impl<F: Future, R: Choose> Choose for Link<F, R> {
    type Choice = Choice<F::Output, R::Choice>;

    fn choose(self: Pin<&mut Self>, index: usize) -> Self::Choice {
        let this = self.project();
        match index.checked_sub(1) {
            Some(index) => Choice::There(this.rest.choose(index)),
            None => Choice::Here(this.seat.take()),
        }
    }
}
