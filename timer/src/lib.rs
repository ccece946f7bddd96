//! What time is it, and who must be woken when?
//!
//! [`sleep()`], [`timeout()`] and [`interval()`] are what programs use; `heist` shows them again as
//! `heist::time`. Below them lies one timing wheel for each worker, which any thread may turn, so
//! that a worker that is stuck holds up nobody's timers.
//!
//! # Reading order
//!
//! The modules are listed from the user inwards; each imports only modules further down.

pub mod interval; // when is it time again?
pub mod timeout; // what if it takes too long?
pub mod sleep; // how does a task wait for a point in time?
mod alarm; // what do sleep, timeout and interval have in common?
#[doc(hidden)]
pub mod drive; // how does an example run without a runtime?
pub mod instant; // what time is it here?
pub mod context; // whose timers are this thread's?
pub mod timers; // who fires which timers, and who is told?
mod shard; // how do several threads share one wheel?
pub mod clock; // where does time come from?
pub mod wheel; // which timer is due next?

#[doc(inline)]
pub use {
    clock::Clock,
    context::{Entered, current, enter},
    instant::{Instant, advance, pause, resume},
    interval::{Interval, MissedTick, Tick, interval, interval_at},
    sleep::{Sleep, sleep, sleep_until},
    timeout::{Elapsed, MoveOnAfter, Timeout, move_on_after, timeout, timeout_at},
    timers::Timers,
};
