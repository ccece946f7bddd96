//! Combinators, generators and channels.

mod close; // a resource whose closing is awaited
pub mod combinators; // who waits for whom, and what becomes of the rest?
pub mod stream; // an `async` body that gives many values
pub mod sync; // how do tasks hand things to each other?

pub use close::{Close, with};
pub use combinators::{as_completed, first_ok, gather, race, try_gather};
