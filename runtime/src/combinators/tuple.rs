//! `gather!`, `try_gather!` and `race!`: the same as the functions, for futures of different
//! types.
//!
//! The futures are pinned in place: up to three of them cost no allocation.

use super::{
    chain::{Chain, TakeAll, TakeOne, TryTakeAll},
    ready::{Order, Ready},
    turn,
};
use pin_project_lite::pin_project;
use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Awaits several futures concurrently and gives their outputs as a tuple.
///
/// `gather!(a, b, c)` *is* a future: await it, put a timeout around it, spawn it. It takes up to
/// 16 futures, or whatever else `.await` takes, and behaves as [`gather()`](crate::gather()).
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let text = String::from("borrowed");
/// let (length, first) = heist::gather!(async { text.len() }, async { text.chars().next() }).await;
/// assert_eq!((length, first), (8, Some('b')));
/// # });
/// ```
#[doc(alias = "join")]
#[doc(alias = "asyncio.gather")]
#[macro_export]
macro_rules! gather {
    ($($future:expr),* $(,)?) => {
        $crate::combinators::__private::gather($crate::__heist_chain!($($future,)*))
    };
}

/// Awaits several futures concurrently until all have returned `Ok` or one `Err`.
///
/// `try_gather!(a, b, c)` *is* a future, of a tuple in a `Result`. All errors are of one type. It
/// behaves as [`try_gather()`](crate::try_gather()).
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// async fn number(text: &str) -> Result<u16, std::num::ParseIntError> {
///     text.parse()
/// }
/// async fn name(text: &str) -> Result<String, std::num::ParseIntError> {
///     Ok(text.to_owned())
/// }
/// let pair = heist::try_gather!(number("7"), name("seven")).await?;
/// assert_eq!(pair, (7, String::from("seven")));
/// let never = std::future::pending::<Result<(), _>>();
/// assert!(heist::try_gather!(number("x"), never).await.is_err());
/// # Ok::<_, std::num::ParseIntError>(()) }).unwrap();
/// ```
#[doc(alias = "try_join")]
#[doc(alias = "asyncio.gather")]
#[macro_export]
macro_rules! try_gather {
    ($($future:expr),* $(,)?) => {
        $crate::combinators::__private::try_gather($crate::__heist_chain!($($future,)*))
    };
}

/// Awaits several futures with one type of output until one returns, and drops the others.
///
/// `race!(a, b, c)` *is* a future. It behaves as [`race()`](crate::race()); a future that shall
/// survive its defeat is passed by `&mut`.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let never = std::future::pending();
/// assert_eq!(heist::race!(async { 1 }, never).await, 1);
/// # });
/// ```
#[doc(alias = "select")]
#[doc(alias = "FIRST_COMPLETED")]
#[macro_export]
macro_rules! race {
    ($($future:expr),+ $(,)?) => {
        $crate::combinators::__private::race($crate::__heist_chain!($($future,)+))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __heist_chain {
    () => { $crate::combinators::__private::End };
    ($future:expr, $($rest:tt)*) => {
        $crate::combinators::__private::link($future, $crate::__heist_chain!($($rest)*))
    };
}

pin_project! {
    /// The future of [`gather!`](crate::gather!).
    #[must_use = "futures do nothing unless awaited"]
    pub struct GatherTuple<C> {
        #[pin]
        futures: Futures<C>,
    }
}

/// `gather!`
pub fn gather<C>(chain: C) -> GatherTuple<C>
where
    C: TakeAll<Outputs: Flat>,
{
    let futures = Futures::new(chain, 0);
    GatherTuple { futures }
}

impl<C: TakeAll<Outputs: Flat>> Future for GatherTuple<C> {
    type Output = <C::Outputs as Flat>::Tuple;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut futures = self.project().futures;
        futures.as_mut().begin(cx);
        while ready!(futures.as_mut().poll_next(cx)).is_some() {}
        Poll::Ready(futures.project().chain.take_all().flat())
    }
}

pin_project! {
    /// The future of [`try_gather!`](crate::try_gather!).
    #[must_use = "futures do nothing unless awaited"]
    pub struct TryGatherTuple<C, E> {
        #[pin]
        futures: Futures<C>,
        error: PhantomData<fn() -> E>,
    }
}

/// `try_gather!`
pub fn try_gather<C, E>(chain: C) -> TryGatherTuple<C, E>
where
    C: TryTakeAll<E, Outputs: Flat>,
{
    let futures = Futures::new(chain, 0);
    TryGatherTuple {
        futures,
        error: PhantomData,
    }
}

impl<E, C: TryTakeAll<E, Outputs: Flat>> Future for TryGatherTuple<C, E> {
    type Output = Result<<C::Outputs as Flat>::Tuple, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut futures = self.project().futures;
        futures.as_mut().begin(cx);
        while let Some(index) = ready!(futures.as_mut().poll_next(cx)) {
            let mut chain = futures.as_mut().project().chain;
            if let Some(error) = chain.as_mut().take_error_at(index) {
                chain.clear();
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(futures.project().chain.try_take_all().flat()))
    }
}

pin_project! {
    /// The future of [`race!`](crate::race!).
    #[must_use = "futures do nothing unless awaited"]
    pub struct RaceTuple<C, T> {
        #[pin]
        futures: Futures<C>,
        output: PhantomData<fn() -> T>,
    }
}

/// `race!`
pub fn race<C: TakeOne<T>, T>(chain: C) -> RaceTuple<C, T> {
    let futures = Futures::new(chain, turn::first_of(C::LEN));
    RaceTuple {
        futures,
        output: PhantomData,
    }
}

impl<T, C: TakeOne<T>> Future for RaceTuple<C, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut futures = self.project().futures;
        futures.as_mut().begin(cx);
        let winner = ready!(futures.as_mut().poll_next(cx));
        let winner = winner.expect("polled again after it had returned");
        let mut chain = futures.project().chain;
        let output = chain.as_mut().take_at(winner);
        chain.clear();
        Poll::Ready(output)
    }
}

pin_project! {
    /// A chain, and who of it was woken.
    struct Futures<C> {
        #[pin]
        chain: C,
        start: usize,
        // `None` until the first poll.
        ready: Option<Ready>,
        running: usize,
    }
}

impl<C: Chain> Futures<C> {
    fn new(chain: C, start: usize) -> Self {
        Self {
            running: chain.running(),
            chain,
            start,
            ready: None,
        }
    }

    fn begin(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let this = self.project();
        let start = *this.start;
        let ready = this
            .ready
            .get_or_insert_with(|| Ready::all(C::LEN, Order::Argument, start));
        ready.collect(cx.waker());
    }

    /// The next future that returns; `None` when all have.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        let mut this = self.project();
        let Some(ready) = this.ready else {
            return Poll::Ready(None);
        };
        while let Some(index) = ready!(ready.poll_next(cx)) {
            let waker = ready.waker(index, cx.waker());
            let mut child = Context::from_waker(&waker);
            if this.chain.as_mut().poll_at(index, &mut child).is_ready() {
                *this.running -= 1;
                return Poll::Ready(Some(index));
            }
        }
        match *this.running {
            0 => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }
}

/// A nested tuple that can be flattened.
pub trait Flat {
    /// The flat one.
    type Tuple;

    /// Flattens.
    fn flat(self) -> Self::Tuple;
}

macro_rules! nested {
    ($one:ident) => { ($one, ()) };
    ($one:ident $($rest:ident)+) => { ($one, nested!($($rest)+)) };
}

macro_rules! flat {
    ($($name:ident)+) => {
        impl<$($name),+> Flat for nested!($($name)+) {
            type Tuple = ($($name,)+);

            #[allow(non_snake_case, reason = "a value has the name of its type")]
            fn flat(self) -> Self::Tuple {
                let nested!($($name)+) = self;
                ($($name,)+)
            }
        }
    };
}

impl Flat for () {
    type Tuple = ();

    fn flat(self) {}
}

flat!(A);
flat!(A B);
flat!(A B C);
flat!(A B C D);
flat!(A B C D E);
flat!(A B C D E F);
flat!(A B C D E F G);
flat!(A B C D E F G H);
flat!(A B C D E F G H I);
flat!(A B C D E F G H I J);
flat!(A B C D E F G H I J K);
flat!(A B C D E F G H I J K L);
flat!(A B C D E F G H I J K L M);
flat!(A B C D E F G H I J K L M N);
flat!(A B C D E F G H I J K L M N O);
flat!(A B C D E F G H I J K L M N O P);

macro_rules! debug {
    ($($name:ident<$($parameter:ident),*>)*) => {$(
        impl<$($parameter),*> fmt::Debug for $name<$($parameter),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(GatherTuple<C> TryGatherTuple<C, E> RaceTuple<C, T>);
