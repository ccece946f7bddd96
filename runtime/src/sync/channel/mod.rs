//! How are many values handed over, in order?

mod state; // what lies in the channel, and whose turn is it?

use super::{Closed, SendError, blocking};
use heist_core::{
    primitive::Arc,
    wait::{self, Kind},
    wait_list::Ticket,
};
use state::{Done, Operation, Shared, State, wake};
use std::{
    error::Error,
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// A channel for at most `capacity` values that wait to be received.
///
/// Both ends can be cloned; each value is received once. With a capacity of 0 a value is handed
/// over only when somebody receives it (a rendezvous).
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (sender, receiver) = heist::sync::channel(8);
/// std::thread::spawn(move || {
///     for n in 0..3 {
///         sender.blocking_send(n).unwrap();
///     }
/// });
/// let mut sum = 0;
/// while let Ok(n) = receiver.recv().await {
///     sum += n;
/// }
/// assert_eq!(sum, 3);
/// # });
/// ```
#[doc(alias = "mpsc")]
#[doc(alias = "mpmc")]
#[doc(alias = "bounded")]
#[doc(alias = "Queue")]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(capacity));
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    (sender, Receiver { shared })
}

/// An end that sends.
///
/// # Examples
///
/// ```
/// use heist::sync::{channel, channel::TrySendError};
///
/// # futures::executor::block_on(async {
/// let (sender, receiver) = channel(2);
/// sender.send("soup").await.unwrap();
/// sender.blocking_send("fish").unwrap(); // on a thread that runs no task
/// let full = sender.try_send("cake").unwrap_err();
/// assert_eq!(full, TrySendError::Full("cake"));
/// assert_eq!(full.into_inner(), "cake"); // nothing is lost
///
/// assert!(!sender.is_closed());
/// drop(receiver);
/// assert!(sender.is_closed());
/// assert_eq!(sender.send("cake").await.unwrap_err().0, "cake");
/// # });
/// ```
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends `value`, and waits for room first.
    ///
    /// # Errors
    ///
    /// The value, when no receiver is left.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has not sent, and drops the value; the room that was meant
    /// for it goes to the next sender. In a rendezvous a receiver may have taken the value just
    /// before.
    #[doc(alias = "put")]
    #[track_caller]
    pub fn send(&self, value: T) -> Send<'_, T> {
        Send {
            shared: &self.shared,
            value: Some(value),
            ticket: None,
            at: Location::caller(),
        }
    }

    /// Sends `value` if there is room, and nobody waits for it.
    ///
    /// # Errors
    ///
    /// The value, when there is no room (a rendezvous never has any) or no receiver is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::sync::{channel, channel::TrySendError};
    ///
    /// let (sender, receiver) = channel(1);
    /// assert_eq!(sender.try_send('a'), Ok(()));
    /// assert_eq!(sender.try_send('b'), Err(TrySendError::Full('b')));
    /// # drop(receiver);
    /// ```
    #[doc(alias = "put_nowait")]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut state = self.shared.lock();
        if state.receivers == 0 {
            return Err(TrySendError::Closed(value));
        }
        if state.room() == 0 {
            return Err(TrySendError::Full(value));
        }
        let woken = state.push(value);
        drop(state);
        wake(woken);
        Ok(())
    }

    /// Sends `value`, and blocks the thread until there is room.
    ///
    /// # Errors
    ///
    /// The value, when no receiver is left.
    ///
    /// # Panics
    ///
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        blocking::block_on(self.send(value))
    }

    /// Whether no receiver is left.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().receivers == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.senders -= 1;
        if state.is_over() {
            let woken = state.receiving.choose_all();
            drop(state);
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

/// An end that receives.
///
/// # Examples
///
/// ```
/// use heist::sync::{Closed, channel, channel::TryRecvError};
///
/// # futures::executor::block_on(async {
/// let (sender, receiver) = channel(8);
/// for dish in ["soup", "fish", "cake"] {
///     sender.try_send(dish).unwrap();
/// }
/// drop(sender);
/// assert!(receiver.is_closed() && receiver.len() == 3); // what was sent is still there
///
/// let other = receiver.clone();
/// assert_eq!(receiver.recv().await, Ok("soup"));
/// assert_eq!(other.blocking_recv(), Ok("fish")); // on a thread that runs no task
/// assert_eq!(receiver.try_recv(), Ok("cake"));
///
/// assert!(receiver.is_empty());
/// assert_eq!(other.recv().await, Err(Closed));
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
/// # });
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// Receives the next value, and waits for one first.
    ///
    /// # Errors
    ///
    /// When no sender is left, and everything that was sent has been received.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has not received; the value that was meant for it goes to
    /// the next receiver.
    #[doc(alias = "get")]
    #[track_caller]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv {
            shared: &self.shared,
            ticket: None,
            at: Location::caller(),
        }
    }

    /// Receives the next value if there is one, and nobody waits for it.
    ///
    /// # Errors
    ///
    /// When there is none, or no sender is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::sync::{channel, channel::TryRecvError};
    ///
    /// let (sender, receiver) = channel(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.try_send('a').unwrap();
    /// assert_eq!(receiver.try_recv(), Ok('a'));
    /// ```
    #[doc(alias = "get_nowait")]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let received = self.shared.lock().receive(&mut None);
        let (value, woken) = received.ok_or(TryRecvError::Empty)?;
        woken.wake();
        value.map_err(|Closed| TryRecvError::Closed)
    }

    /// Receives the next value, and blocks the thread until there is one.
    ///
    /// # Errors
    ///
    /// When no sender is left, and everything that was sent has been received.
    ///
    /// # Panics
    ///
    /// In a task, whose worker it would block.
    #[track_caller]
    pub fn blocking_recv(&self) -> Result<T, Closed> {
        blocking::block_on(self.recv())
    }

    /// How many values wait to be received.
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Whether no value waits to be received.
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no sender is left. There may be values left.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().senders == 0
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.lock().receivers += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.receivers -= 1;
        if state.receivers == 0 {
            // Nobody can receive them; what they hold may wait for them to be gone.
            let left = std::mem::take(&mut state.queue);
            let woken = state.sending.choose_all();
            drop(state);
            woken.into_iter().for_each(Waker::wake);
            drop(left);
        }
    }
}

/// The future of [`Sender::send`].
#[must_use = "futures do nothing unless awaited"]
pub struct Send<'a, T> {
    shared: &'a Shared<T>,
    /// `None` once it is sent, or on offer.
    value: Option<T>,
    ticket: Option<Ticket>,
    at: &'static Location<'static>,
}

impl<T> Unpin for Send<'_, T> {}

impl<T> Operation<T> for Send<'_, T> {
    type Result = Result<(), SendError<T>>;

    fn attempt(&mut self, state: &mut State<T>) -> Option<Done<Self::Result>> {
        state.send(&mut self.value, &mut self.ticket)
    }

    fn wait(&mut self, state: &mut State<T>, waker: Waker) -> [Option<Waker>; 2] {
        state.wait_to_send(&mut self.value, &mut self.ticket, waker)
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = self.shared.poll(&mut *self, cx);
        if poll.is_pending() {
            wait::pending(Kind::Send, self.at, 0);
        }
        poll
    }
}

impl<T> Drop for Send<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.shared.lock();
            let (offer, old, woken) = state.give_up_sending(ticket);
            drop(state);
            drop((offer, old));
            wake(woken);
        }
    }
}

/// The future of [`Receiver::recv`].
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<Ticket>,
    at: &'static Location<'static>,
}

impl<T> Operation<T> for Recv<'_, T> {
    type Result = Result<T, Closed>;

    fn attempt(&mut self, state: &mut State<T>) -> Option<Done<Self::Result>> {
        state.receive(&mut self.ticket)
    }

    fn wait(&mut self, state: &mut State<T>, waker: Waker) -> [Option<Waker>; 2] {
        [state.wait_to_receive(&mut self.ticket, waker), None]
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = self.shared.poll(&mut *self, cx);
        if poll.is_pending() {
            wait::pending(Kind::Receive, self.at, 0);
        }
        poll
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.shared.lock();
            let (old, woken) = state.give_up_receiving(ticket);
            drop(state);
            drop(old);
            wake(woken);
        }
    }
}

/// Why [`Sender::try_send`] did not send; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrySendError<T> {
    /// There is no room.
    #[doc(alias = "QueueFull")]
    Full(T),
    /// No receiver is left.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The value.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = heist::sync::channel(1);
    /// drop(receiver);
    /// assert_eq!(sender.try_send(7).unwrap_err().into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => "nobody is left who could receive",
        })
    }
}

impl<T> Error for TrySendError<T> {}

/// Why [`Receiver::try_recv`] did not receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TryRecvError {
    /// There is nothing.
    #[doc(alias = "QueueEmpty")]
    Empty,
    /// There is nothing, and no sender is left.
    #[doc(alias = "Disconnected")]
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty",
            Self::Closed => "nobody is left who could send",
        })
    }
}

impl Error for TryRecvError {}

macro_rules! debug {
    ($($name:ident<$($life:lifetime,)? T>)*) => {$(
        impl<T> fmt::Debug for $name<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(Sender<T> Receiver<T> Send<'_, T> Recv<'_, T>);
