//! Who is polled first?
//!
//! Somebody else each time, so that of two futures that are both ready neither always wins.

/// A number below `len`, which is not 0; another one each time, from the thread's generator.
pub fn first_of(len: usize) -> usize {
    fastrand::usize(..len)
}
