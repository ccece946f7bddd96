//! How soon after the time does the system wake a thread? As soon as it does: here is nothing to
//! choose.

/// The time in which this thread's waits are as they always are.
#[derive(Debug)]
#[must_use]
pub struct Punctual;

impl Punctual {
    /// Changes nothing.
    pub fn here() -> Self {
        Self
    }
}
