//! The first one, with something to do for each.

use super::{
    chain::Choose,
    ready::{Ready, Start},
    turn,
};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Awaits several futures until one returns, drops the others, and runs that one's handler.
///
/// ```text
/// select! {
///     biased;                                    // optional: poll from top to bottom
///     pattern = future => handler,
///     pattern = future, if condition => { … }    // not even made when the condition is false
///     else => handler                            // when every branch has dropped out
/// }
/// ```
///
/// Unlike [`race!`](crate::race!) it awaits by itself, because handlers may `return`, `break`, use
/// `?` and `.await`; they run when all futures are gone and may use what those had borrowed. A
/// branch whose output does not fit its pattern drops out, and the others are awaited further. The
/// branch that is polled first is another one each time, unless `biased;` stands at the top.
///
/// In a pattern that may fail, a name is just a name: `Some(mut x)`, `Some(ref x)` and `Some(&x)`
/// do not compile. `mut x`, which cannot fail, does.
///
/// # Panics
///
/// When every branch has dropped out and there is no `else`.
///
/// # Cancel safety
///
/// A branch that loses is dropped, each time: what stands there should be cancel safe, or passed
/// by `&mut` and made outside of the loop.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, numbers) = heist::sync::channel(4);
/// let (stop, mut stopped) = heist::sync::oneshot::<()>();
/// let mut sum = 0;
/// for n in 1..=3 {
///     sender.send(n).await.unwrap();
/// }
/// drop((sender, stop));
/// loop {
///     heist::select! {
///         biased;
///         Ok(n) = numbers.recv() => sum += n,
///         _ = &mut stopped => break,
///     }
/// }
/// assert_eq!(sum, 6);
/// # });
/// ```
#[doc(alias = "asyncio.wait")]
#[doc(alias = "FIRST_COMPLETED")]
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)+) => { $crate::__heist_select!(@read true [] [] $($branches)+) };
    ($($branches:tt)+) => { $crate::__heist_select!(@read false [] [] $($branches)+) };
}

/// Reads one branch at a time into
/// `{ place, pattern that is tested, pattern that binds, future, handler }`, then writes.
#[doc(hidden)]
#[macro_export]
macro_rules! __heist_select {
    // The end, with and without `else`.
    (@read $biased:tt [$($place:tt)*] [$($read:tt)*]) => {
        $crate::__heist_select!(@write $biased [$($read)*] {
            ::core::panic!("every branch of this `select!` has dropped out, and it has no `else`")
        })
    };
    (@read $biased:tt [$($place:tt)*] [$($read:tt)*] else => $handler:expr $(,)?) => {
        $crate::__heist_select!(@write $biased [$($read)*] { $handler })
    };

    // `mut name` cannot fail, and must not be tested by reference.
    (@read $biased:tt $place:tt $read:tt mut $name:ident = $($rest:tt)+) => {
        $crate::__heist_select!(@future $biased $place $read { _ } { mut $name } $($rest)+)
    };
    (@read $biased:tt $place:tt $read:tt $pattern:pat = $($rest:tt)+) => {
        $crate::__heist_select!(@future $biased $place $read { $pattern } { $pattern } $($rest)+)
    };

    (@future $biased:tt $place:tt $read:tt $test:tt $bind:tt
        $future:expr, if $condition:expr => $($rest:tt)+
    ) => {
        $crate::__heist_select!(@handler $biased $place $read $test $bind {
            if $condition { ::core::option::Option::Some($future) } else { None }
        } $($rest)+)
    };
    (@future $biased:tt $place:tt $read:tt $test:tt $bind:tt $future:expr => $($rest:tt)+) => {
        $crate::__heist_select!(@handler $biased $place $read $test $bind {
            ::core::option::Option::Some($future)
        } $($rest)+)
    };

    (@handler $biased:tt [$($place:tt)*] [$($read:tt)*] $test:tt $bind:tt $future:tt
        $handler:block, $($rest:tt)*
    ) => {
        $crate::__heist_select!(@read $biased [$($place)* _] [
            $($read)* { [$($place)*] $test $bind $future $handler }
        ] $($rest)*)
    };
    (@handler $biased:tt [$($place:tt)*] [$($read:tt)*] $test:tt $bind:tt $future:tt
        $handler:block $($rest:tt)*
    ) => {
        $crate::__heist_select!(@read $biased [$($place)* _] [
            $($read)* { [$($place)*] $test $bind $future $handler }
        ] $($rest)*)
    };
    (@handler $biased:tt [$($place:tt)*] [$($read:tt)*] $test:tt $bind:tt $future:tt
        $handler:expr $(, $($rest:tt)*)?
    ) => {
        $crate::__heist_select!(@read $biased [$($place)* _] [
            $($read)* { [$($place)*] $test $bind $future { $handler } }
        ] $($($rest)*)?)
    };

    (@write $biased:tt [
        $({ $place:tt { $($test:tt)+ } { $($bind:tt)+ } { $($future:tt)+ } $handler:tt })+
    ] $otherwise:tt) => {{
        // A `match`, because what the futures borrow must live as long as they do.
        let chosen = match $crate::__heist_select!(@chain $({ $($future)+ })+) {
            futures => {
                let futures = $crate::combinators::__private::Select::new(futures, $biased);
                let mut futures = ::core::pin::pin!(futures);
                loop {
                    let Some(choice) = futures.as_mut().next().await else { break None };
                    #[allow(unused_variables, unreachable_patterns)]
                    let fits = match &choice {
                        $($crate::__heist_select!(@choice $place $($test)+) => true,)+
                        _ => false,
                    };
                    if fits {
                        break Some(choice);
                    }
                }
            }
        };
        match chosen {
            $(Some($crate::__heist_select!(@choice $place $($bind)+)) => $handler,)+
            #[allow(unreachable_patterns)]
            Some(_) => ::core::unreachable!("it did fit"),
            None => $otherwise,
        }
    }};

    (@chain) => { $crate::combinators::__private::End };
    (@chain { $($future:tt)+ } $($rest:tt)*) => {
        $crate::combinators::__private::link_if(
            $($future)+,
            $crate::__heist_select!(@chain $($rest)*)
        )
    };

    (@choice [] $($pattern:tt)+) => {
        $crate::combinators::__private::Choice::Here($($pattern)+)
    };
    (@choice [_ $($place:tt)*] $($pattern:tt)+) => {
        $crate::combinators::__private::Choice::There(
            $crate::__heist_select!(@choice [$($place)*] $($pattern)+)
        )
    };
}

pin_project! {
    /// The branches of one [`select!`](crate::select!).
    pub struct Select<C> {
        #[pin]
        chain: C,
        ready: Ready,
        running: usize,
    }
}

impl<C: Choose> Select<C> {
    /// Branches that are polled from the first one, or from any.
    pub fn new(chain: C, is_biased: bool) -> Self {
        let start = match is_biased {
            true => Start::Fixed,
            false => Start::Rotates(turn::first_of(C::LEN)),
        };
        // Why not a waker for each, from the fourth on: a `select!` is made anew for each turn of
        // its loop, its first poll polls everybody, and one wake mostly ends it; the wakers would
        // cost an allocation each to spare a few polls.
        let ready = Ready::together(C::LEN, start);
        Self {
            running: chain.running(),
            chain,
            ready,
        }
    }

    /// The output of the next branch that returns, `None` when there is none left.
    pub async fn next(mut self: Pin<&mut Self>) -> Option<C::Choice> {
        std::future::poll_fn(|cx| self.as_mut().poll_next(cx)).await
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<C::Choice>> {
        let mut this = self.project();
        if *this.running == 0 {
            return Poll::Ready(None);
        }
        this.ready.collect(cx.waker());
        while let Some(index) = ready!(this.ready.poll_next(cx)) {
            if this.chain.as_mut().poll_at(index, cx).is_ready() {
                *this.running -= 1;
                return Poll::Ready(Some(this.chain.choose(index)));
            }
        }
        Poll::Pending
    }
}
