//! How many threads does a model have?
//!
//! loom's, at most four besides the first. They are switched on one thread of the system, where
//! loom decides.

use super::site;
use std::{io, num::NonZeroUsize};

pub use loom::thread::{JoinHandle, yield_now};

/// In loom's unit, which is a word: room for a worker's loop with a panic's message on top.
const STACK: usize = 1 << 14;

/// Starts a thread called `name`.
///
/// # Errors
///
/// Never.
pub fn start(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    site::thread_started();
    loom::thread::Builder::new()
        .name(name)
        .stack_size(STACK)
        .spawn(body)
}

/// As many as the smallest machine on which something can go wrong.
///
/// # Errors
///
/// Never.
pub fn available_parallelism() -> io::Result<NonZeroUsize> {
    Ok(NonZeroUsize::MIN.saturating_add(1))
}
