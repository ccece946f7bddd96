//! What lies in a channel, and whose turn is it?
//!
//! A queue of at most `capacity` values under one lock, with a [`Line`] of senders that wait for
//! room and one of receivers that wait for values. With a capacity of 0 a sender that waits
//! leaves its value on offer, and is served when a receiver has taken it.
//!
//! - **wait-only-for-something**: while a sender waits, all room is set aside for senders that
//!   were chosen. The same for receivers and values.
//! - **wake-unlocked**: wakers and values leave the lock before they are woken or dropped.

use crate::sync::{Closed, SendError, line::Line};
use heist_core::{
    budget,
    primitive::{Mutex, MutexGuard},
    wait_list::Ticket,
};
use std::{
    collections::{BTreeMap, VecDeque},
    task::{Context, Poll, Waker, ready},
};

/// What both ends share.
pub struct Shared<T>(Mutex<State<T>>);

/// The channel, locked.
pub struct State<T> {
    capacity: usize,
    pub queue: VecDeque<T>,
    /// The values of senders that wait for a rendezvous.
    offers: BTreeMap<Ticket, T>,
    pub senders: usize,
    pub receivers: usize,
    pub sending: Line,
    pub receiving: Line,
}

/// What came of an operation, and who is to be woken now.
pub type Done<R> = (R, Woken);

/// Who is to be woken: one for a value or for room, all for the end.
#[must_use]
pub enum Woken {
    One(Option<Waker>),
    All(Vec<Waker>),
}

impl Woken {
    pub fn wake(self) {
        match self {
            Self::One(waker) => wake(waker),
            Self::All(wakers) => wakers.into_iter().for_each(Waker::wake),
        }
    }
}

/// Something that may have to wait.
pub trait Operation<T> {
    type Result;

    /// `None`: it has to wait.
    fn attempt(&mut self, state: &mut State<T>) -> Option<Done<Self::Result>>;

    /// Waits. Gives out an old waker and one to wake.
    fn wait(&mut self, state: &mut State<T>, waker: Waker) -> [Option<Waker>; 2];
}

impl<T> Shared<T> {
    pub fn new(capacity: usize) -> Self {
        Self(Mutex::new(State {
            capacity,
            queue: VecDeque::new(),
            offers: BTreeMap::new(),
            senders: 1,
            receivers: 1,
            sending: Line::default(),
            receiving: Line::default(),
        }))
    }

    pub fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock()
    }

    /// Attempts an operation. If it has to wait, attempts it again with a waker at hand, which is
    /// foreign code and must not be cloned under the lock, and waits if that fails too.
    pub fn poll<O: Operation<T>>(
        &self,
        operation: &mut O,
        cx: &mut Context<'_>,
    ) -> Poll<O::Result> {
        ready!(budget::poll_left(cx));
        let mut done = operation.attempt(&mut self.lock());
        if done.is_none() {
            let waker = cx.waker().clone();
            let mut state = self.lock();
            done = operation.attempt(&mut state);
            if done.is_none() {
                let [old, woken] = operation.wait(&mut state, waker);
                drop(state);
                drop(old);
                wake(woken);
                return Poll::Pending;
            }
        }
        let Some((result, woken)) = done else {
            return Poll::Pending;
        };
        woken.wake();
        budget::spend();
        Poll::Ready(result)
    }
}

/// Wakes, if there is anybody.
pub fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl<T> State<T> {
    /// How many values may be added by newcomers.
    pub fn room(&self) -> usize {
        self.sending
            .free(self.capacity.saturating_sub(self.queue.len()))
    }

    fn values(&self) -> usize {
        self.queue.len() + self.offers.len()
    }

    /// Whether no value will ever come again.
    pub fn is_over(&self) -> bool {
        self.senders == 0 && self.values() == 0
    }

    /// How many newcomers need not wait: they take a value, or hear that none will come.
    fn receivable(&self) -> usize {
        if self.is_over() {
            usize::MAX
        } else {
            self.receiving.free(self.values())
        }
    }

    /// Adds a value, for which there is room.
    #[must_use]
    pub fn push(&mut self, value: T) -> Option<Waker> {
        self.queue.push_back(value);
        self.receiving.choose(self.receivable())
    }

    pub fn send(
        &mut self,
        value: &mut Option<T>,
        ticket: &mut Option<Ticket>,
    ) -> Option<Done<Result<(), SendError<T>>>> {
        if self.capacity == 0
            && let Some(held) = *ticket
        {
            return self.send_by_offer(held, ticket);
        }
        let is_closed = self.receivers == 0;
        let free = if is_closed { usize::MAX } else { self.room() };
        if !self.sending.may_go(ticket, free) {
            return None;
        }
        let value = value.take().expect("polled again after it had returned");
        if is_closed {
            return Some((Err(SendError(value)), Woken::One(None)));
        }
        Some((Ok(()), Woken::One(self.push(value))))
    }

    /// A sender looks for what has become of his offer.
    fn send_by_offer(
        &mut self,
        held: Ticket,
        ticket: &mut Option<Ticket>,
    ) -> Option<Done<Result<(), SendError<T>>>> {
        if !self.offers.contains_key(&held) {
            *ticket = None;
            return Some((Ok(()), Woken::One(None)));
        }
        if self.receivers > 0 {
            return None;
        }
        // With the last receiver gone every sender was chosen.
        self.sending.may_go(ticket, 0);
        let value = self.offers.remove(&held)?;
        Some((Err(SendError(value)), Woken::One(None)))
    }

    pub fn wait_to_send(
        &mut self,
        value: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        waker: Waker,
    ) -> [Option<Waker>; 2] {
        let old = self.sending.wait(ticket, waker);
        let offer = if self.capacity == 0 {
            value.take()
        } else {
            None
        };
        let Some((ticket, value)) = ticket.zip(offer) else {
            return [old, None];
        };
        self.offers.insert(ticket, value);
        [old, self.receiving.choose(self.receivable())]
    }

    /// A sender goes away: his offer, his waker, and who is chosen in his place.
    pub fn give_up_sending(&mut self, ticket: Ticket) -> (Option<T>, Option<Waker>, Option<Waker>) {
        let offer = self.offers.remove(&ticket);
        if self.capacity == 0 && offer.is_none() {
            // He was served, and has not noticed.
            return (None, None, None);
        }
        let old = self.sending.leave(ticket);
        (offer, old, self.sending.choose(self.room()))
    }

    pub fn receive(&mut self, ticket: &mut Option<Ticket>) -> Option<Done<Result<T, Closed>>> {
        // An offer may be withdrawn before the receiver that was chosen for it comes; he goes back
        // to his place.
        let nothing_yet = self.values() == 0 && self.senders > 0;
        if nothing_yet || !self.receiving.may_go(ticket, self.receivable()) {
            return None;
        }
        if let Some((sender, value)) = self.offers.pop_first() {
            return Some((Ok(value), Woken::One(self.sending.serve(sender))));
        }
        let value = self.queue.pop_front().ok_or(Closed);
        let woken = if self.is_over() {
            // Everybody hears it: nothing is scarce any more.
            Woken::All(self.receiving.choose_all())
        } else {
            Woken::One(self.sending.choose(self.room()))
        };
        Some((value, woken))
    }

    #[must_use]
    pub fn wait_to_receive(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        self.receiving.wait(ticket, waker)
    }

    /// A receiver goes away: his waker, and who is chosen in his place.
    pub fn give_up_receiving(&mut self, ticket: Ticket) -> (Option<Waker>, Option<Waker>) {
        let old = self.receiving.leave(ticket);
        (old, self.receiving.choose(self.receivable()))
    }
}
