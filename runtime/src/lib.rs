//! heist is Python's asyncio as a Rust library that uses every core.
//!
//! ```
//! use heist::gather;
//!
//! async fn square(n: u32) -> u32 {
//!     heist::yield_now().await;
//!     n * n
//! }
//!
//! let (nine, sixteen) = heist::run(async {
//!     let four = heist::spawn(square(4)); // runs now, perhaps on another core
//!     gather!(square(3), async { four.await.unwrap() }).await
//! });
//! assert_eq!(nine + sixteen, 25);
//! ```
//!
//! Between two awaits other tasks *do* run, on other cores: what asyncio gives by having one
//! thread, Rust gives by `Send` and `Sync`.
//!
//! # Reading order
//!
//! The modules are listed from the user inwards; each imports only modules further down.

pub mod prelude; // what a program imports at once
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-asyncio.md")]
struct ComingFromAsyncio;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private; // what `#[heist::main]` and `#[heist::test]` expand to
#[cfg(heist_model)]
#[allow(missing_docs)]
pub mod internals; // what the models reach, and nobody else
mod interrupt; // what does a signal do to a program of `#[heist::main]`?
mod parallel; // `par_gather` on this thread's runtime
pub mod combinators; // who waits for whom, and what becomes of the rest?
pub mod stream; // an `async` body that gives many values
pub mod sync; // how do tasks hand things to each other?
mod close; // a resource whose closing is awaited
mod verbs; // from the thread's runtime to a task: run, spawn, spawn_local, spawn_blocking
mod spawn; // a task with a name, or with another start
mod builder; // which knobs are there, what are their defaults, and why those?
mod runtime; // how does a runtime start, and how does it end?
mod in_place; // how does a task call what blocks, without moving it to another thread?
mod block_on; // how does a thread drive one future, and nothing else?
mod blocking; // how does a closure that blocks become a task?
mod context; // which runtime does this thread belong to?
mod handle; // how does one reach a runtime from elsewhere?
mod dump; // what is every task waiting for?
pub mod task; // spawned futures, the handles to them, and the values they carry
mod scheduler; // which job, on which worker, and when to sleep?

pub use builder::Builder;
pub use close::{Close, with};
pub use combinators::{as_completed, first_ok, gather, race, try_gather};
pub use dump::{Dump, TaskDump};
pub use handle::{Handle, NoRuntime};
pub use heist_macros::{main, test};
pub use heist_timer::{interval, move_on_after, sleep, sleep_until, timeout, timeout_at};
pub use in_place::block_in_place;
pub use parallel::{CurrentRuntime, par_gather, try_par_gather};
pub use runtime::Runtime;
pub use task::{JoinError, JoinHandle, yield_now};
pub use verbs::{run, spawn, spawn_blocking, spawn_local};

/// Sockets. See [`heist_io::net`].
pub use heist_io::net;

/// Signals. See [`heist_io::signal`].
pub use heist_io::signal;

/// The traits of bytes that come and go: those of `futures-io`.
pub mod io {
    pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
}

/// Which way of waiting for the operating system a runtime uses.
pub use heist_io::Variant as Reactor;

/// Time: sleep, timeout, interval, and the clock that tests can stop.
pub mod time {
    pub use heist_timer::{
        Clock, Elapsed, Instant, Interval, MissedTick, MoveOnAfter, Sleep, Tick, Timeout, advance,
        interval, interval_at, move_on_after, pause, resume, sleep, sleep_until, timeout,
        timeout_at,
    };
}
