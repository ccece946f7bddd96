//! Who waits for whom, and what becomes of the rest?
//!
//! | call | waits for | on the first error or panic | when its own future is dropped |
//! | --- | --- | --- | --- |
//! | [`gather!`](crate::gather!), [`gather()`] | all | outputs are what they are; a panic unwinds, siblings are dropped | futures dropped, handles detached |
//! | [`try_gather!`](crate::try_gather!), [`try_gather()`] | all `Ok`, or the first `Err` | other futures dropped, handles detached | same |
//! | [`par_gather_on`] | all | outputs are what they are, a panic is an `Err` | tasks aborted |
//! | [`try_par_gather_on`] | all `Ok`, or the first failure and the end of its siblings | siblings aborted and awaited | tasks aborted |
//! | [`as_completed`] | one at a time | an output like any other; a panic unwinds | futures dropped, handles detached |
//! | [`race!`](crate::race!), [`race()`], [`select!`](crate::select!) | the first | losers dropped, `&mut` keeps them | futures dropped, handles detached |
//! | [`first_ok`] | the first `Ok`, or all `Err` | goes on; a panic unwinds | futures dropped, handles detached |
//!
//! Everything here works under any executor. Each takes whatever `.await` takes: futures, join
//! handles, `&mut` of them.
//!
//! Up to three children are polled together. From the fourth on each has a waker of its own and is
//! polled at most once more than it is woken, however many there are. One poll of a combinator
//! polls whom the last one left over, and then those that were woken until then; those that wake
//! themselves meanwhile wait for the next one.

mod tuple; // futures of different types: the macros
mod select; // the first one, with something to do for each
mod par_gather; // everything, each child a task
mod race; // the first one
mod as_completed; // one by one, in the order in which they complete
mod gather; // everything, in argument order
mod children; // many futures of one type, each polled when it was woken
mod chain; // futures of different types in one row
mod ready; // which children were woken since the last poll?
mod tree; // which children were woken, when their order does not matter?
mod list; // which children were woken, in which order?
#[allow(unsafe_code)]
mod block; // the wakers of many children, in one allocation
#[allow(unsafe_code)]
mod row; // pinned places in one allocation
mod turn; // who is polled first?

pub use as_completed::{AsCompleted, Indexed, as_completed};
pub use gather::{Gather, TryGather, gather, try_gather};
pub use par_gather::{
    Failure, ParError, ParGather, TryParGather, par_gather_on, try_par_gather_on,
};
pub use race::{FirstOk, Race, first_ok, race};
pub use tuple::{GatherTuple, RaceTuple, TryGatherTuple};

#[doc(hidden)]
pub mod __private {
    pub use super::{
        chain::{Choice, End, link, link_if},
        select::Select,
        tuple::{gather, race, try_gather},
    };
}
