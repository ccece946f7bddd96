//! How does an `async` body give many values?
//!
//! A [`generator()`] is to a stream what an `async` block is to a future. Every stream of heist has
//! an inherent `next`; for `map`, `filter` and the like import `futures::StreamExt`, which does
//! not clash with it.

mod generator; // an `async` body that emits
mod next; // the next item

pub use generator::{Emit, Emitter, Generator, TryGenerator, generator, try_generator};
pub use next::Next;
