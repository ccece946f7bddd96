//! How is one value handed over?
//!
//! Sender and receiver share a slot. Each leaves its waker in a cell before it looks into the slot
//! for the last time, and wakes the other after it has changed the slot.

use super::{Closed, SendError, blocking};
use heist_core::{
    budget,
    primitive::{Arc, Mutex},
    wait::{self, Kind},
    waker_cell::WakerCell,
};
use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A channel for one value.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, receiver) = heist::sync::oneshot();
/// std::thread::spawn(move || sender.send("hello"));
/// assert_eq!(receiver.await, Ok("hello"));
/// # });
/// ```
#[doc(alias = "Future")]
#[doc(alias = "set_result")]
#[doc(alias = "promise")]
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        slot: Mutex::new(Slot::Empty),
        receiver: WakerCell::new(),
        sender: WakerCell::new(),
    });
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    (sender, Receiver { shared })
}

struct Shared<T> {
    slot: Mutex<Slot<T>>,
    receiver: WakerCell,
    /// Of [`Sender::closed`].
    sender: WakerCell,
}

enum Slot<T> {
    Empty,
    Full(T),
    /// One side is gone, or the value has been taken.
    Closed,
}

/// The end that sends.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, receiver) = heist::sync::oneshot();
/// assert_eq!(sender.send(42), Ok(()));
/// assert_eq!(receiver.await, Ok(42));
///
/// let (mut sender, receiver) = heist::sync::oneshot();
/// assert!(!sender.is_closed());
/// heist::gather!(sender.closed(), async { drop(receiver) }).await;
/// assert!(sender.is_closed()); // so there is no need to compute the value
/// assert_eq!(sender.send(42).unwrap_err().0, 42);
/// # });
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Hands `value` over. It never waits.
    ///
    /// # Errors
    ///
    /// The value, when the receiver is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::sync::{SendError, oneshot};
    ///
    /// let (sender, receiver) = oneshot();
    /// drop(receiver);
    /// assert_eq!(sender.send(7), Err(SendError(7)));
    /// ```
    #[doc(alias = "set_result")]
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        {
            let mut slot = self.shared.slot.lock();
            match *slot {
                Slot::Empty => *slot = Slot::Full(value),
                Slot::Full(_) | Slot::Closed => return Err(SendError(value)),
            }
        }
        // `drop` wakes the receiver.
        Ok(())
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        matches!(*self.shared.slot.lock(), Slot::Closed)
    }

    /// Waits until the receiver is gone: nobody wants the value any more.
    ///
    /// # Cancel safety
    ///
    /// It only waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (mut sender, receiver) = heist::sync::oneshot::<u8>();
    /// drop(receiver);
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> ReceiverGone<'_, T> {
        ReceiverGone {
            shared: &self.shared,
            at: Location::caller(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        {
            let mut slot = self.shared.slot.lock();
            if let Slot::Empty = *slot {
                *slot = Slot::Closed;
            }
        }
        drop(self.shared.sender.take());
        self.shared.receiver.wake();
    }
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless awaited"]
pub struct ReceiverGone<'a, T> {
    shared: &'a Shared<T>,
    at: &'static Location<'static>,
}

impl<T> Future for ReceiverGone<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(budget::poll_left(cx));
        // Liveness: the waker first, then the slot; the receiver does it the other way round.
        self.shared.sender.register(cx.waker());
        if let Slot::Closed = *self.shared.slot.lock() {
            budget::spend();
            return Poll::Ready(());
        }
        wait::pending(Kind::Send, self.at, 0);
        Poll::Pending
    }
}

/// The end that receives: a future of the value.
///
/// # Cancel safety
///
/// It may be polled by `&mut` in a [`select!`](crate::select!) as often as wanted. Dropped, it
/// drops a value that was sent meanwhile.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, mut receiver) = heist::sync::oneshot();
/// assert_eq!(receiver.try_recv(), Ok(None)); // not yet
/// sender.send("hello").unwrap();
/// assert_eq!(receiver.try_recv(), Ok(Some("hello")));
/// assert!(receiver.try_recv().is_err()); // it was taken
///
/// let (sender, receiver) = heist::sync::oneshot::<u8>();
/// drop(sender);
/// assert_eq!(receiver.await, Err(heist::sync::Closed));
/// # });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// The value, if it is there.
    ///
    /// # Errors
    ///
    /// When the sender is gone without having sent, or the value has been taken.
    pub fn try_recv(&mut self) -> Result<Option<T>, Closed> {
        let mut slot = self.shared.slot.lock();
        match std::mem::replace(&mut *slot, Slot::Closed) {
            Slot::Full(value) => Ok(Some(value)),
            Slot::Closed => Err(Closed),
            Slot::Empty => {
                *slot = Slot::Empty;
                Ok(None)
            }
        }
    }

    /// Blocks the thread until the value is there.
    ///
    /// # Errors
    ///
    /// When the sender is gone without having sent.
    ///
    /// # Panics
    ///
    /// In a task, whose worker it would block.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = heist::sync::oneshot();
    /// std::thread::spawn(move || sender.send("hello"));
    /// assert_eq!(receiver.blocking_recv(), Ok("hello"));
    /// ```
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, Closed> {
        blocking::block_on(self)
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(budget::poll_left(cx));
        let mut received = self.try_recv();
        if let Ok(None) = received {
            // Liveness: the waker first, then the slot; the sender does it the other way round.
            self.shared.receiver.register(cx.waker());
            received = self.try_recv();
        }
        let Some(received) = received.transpose() else {
            wait::pending(Kind::Receive, Location::caller(), 0);
            return Poll::Pending;
        };
        budget::spend();
        Poll::Ready(received)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = std::mem::replace(&mut *self.shared.slot.lock(), Slot::Closed);
        drop(left);
        drop(self.shared.receiver.take());
        self.shared.sender.wake();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ReceiverGone<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverGone").finish_non_exhaustive()
    }
}
