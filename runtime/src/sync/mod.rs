//! How do tasks hand things to each other?
//!
//! Everything here works under any executor, and between tasks and plain threads: those use the
//! `blocking_` methods. Who waits is served strictly first in, first out; who gives up waiting
//! passes on what was meant for him.

pub mod channel; // many values, many ends
pub mod oneshot; // one value
mod closed; // nobody is left at the other side
mod line; // whose turn is it?
mod blocking; // how does a thread wait?

pub use channel::channel;
pub use closed::{Closed, SendError};
pub use oneshot::oneshot;
