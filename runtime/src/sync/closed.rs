//! What is said when nobody is left at the other side?

use std::{error::Error, fmt};

/// Nobody is left who could send, and everything that was sent has been received. Given by
/// [`Receiver::recv`](super::channel::Receiver::recv), and by a [`oneshot()`](super::oneshot())
/// whose sender is gone.
#[doc(alias = "RecvError")]
#[doc(alias = "QueueShutDown")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody is left who could send")
    }
}

impl Error for Closed {}

/// Nobody is left who could receive; the value comes back. Given by
/// [`Sender::send`](super::channel::Sender::send) and by that of a [`oneshot()`](super::oneshot()).
#[doc(alias = "QueueShutDown")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody is left who could receive")
    }
}

impl<T> Error for SendError<T> {}
