//! What do the suites of the combinators run on?
//!
//! A suite is generic over an [`Executor`]; [`over_every_executor!`] makes a test of it for each.
//! A new executor is one line in each of the two macros.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each suite uses a part of this"
)]

pub mod alloc; // what is still allocated?
pub mod child; // scripted children that count
pub mod heist; // `Spawn` over heist's own tasks
pub mod threads; // `Spawn` over plain threads
pub mod tokio; // `Spawn` over tokio

use heist_core::task::Spawn;

/// Something that drives a future on the calling thread.
pub trait Executor: Default {
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// Nothing but `futures::executor::block_on`.
#[derive(Default)]
pub struct Plain;

impl Executor for Plain {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures::executor::block_on(future)
    }
}

/// Makes a test for each executor out of functions that are generic over an [`Executor`].
macro_rules! over_every_executor {
    ($($(#[$meta:meta])* fn $name:ident($executor:ident) $body:block)*) => {
        $(fn $name<E: $crate::common::Executor>($executor: E) $body)*

        mod plain_futures {
            $($(#[$meta])* #[test] fn $name() { super::$name($crate::common::Plain) })*
        }
        $crate::common::on_spawners!($($(#[$meta])* $name)*);
    };
}

/// As [`over_every_executor!`], for functions that also spawn.
macro_rules! over_every_spawner {
    ($($(#[$meta:meta])* fn $name:ident($executor:ident) $body:block)*) => {
        mod spawning {
            use super::*;
            $(fn $name<E: $crate::common::Executor + heist_core::task::Spawn>($executor: E) $body)*

            $crate::common::on_spawners!($($(#[$meta])* $name)*);
        }
    };
}

macro_rules! on_spawners {
    ($($(#[$meta:meta])* $name:ident)*) => {
        mod on_heist {
            use $crate::common::heist::Heist;
            $($(#[$meta])* #[test] fn $name() { super::$name(Heist::default()) })*
        }
        mod on_threads {
            use $crate::common::threads::Threads;
            $($(#[$meta])* #[test] fn $name() { super::$name(Threads::default()) })*
        }
        mod on_tokio {
            use $crate::common::tokio::Tokio;
            $($(#[$meta])* #[test] fn $name() { super::$name(Tokio::default()) })*
        }
    };
}

pub(crate) use {on_spawners, over_every_executor, over_every_spawner};

/// A future of any kind.
pub type Boxed<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + 'a>>;

/// Futures of several types, made one.
pub fn boxed<'a, T>(future: impl Future<Output = T> + 'a) -> Boxed<'a, T> {
    Box::pin(future)
}

/// Returns `Pending` once, after having woken.
pub async fn yield_now() {
    let mut has_yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
