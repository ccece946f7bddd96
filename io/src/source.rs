//! How does an operation wait until it would not block?
//!
//! Try it; if it would block, wait for a report and try again. A [`Source`] is a descriptor and
//! its readiness; it registers at the first operation that would block, and deregisters before the
//! descriptor is closed.

use crate::{
    context,
    reactor::{Key, Reactor, closed},
    readiness::{Direction, Place, Readiness},
};
use heist_core::{
    budget,
    primitive::{Arc, Mutex},
    wait::{self, Kind},
    wait_list::Ticket,
};
use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    panic::Location,
    task::{Context, Poll, ready},
};

/// A descriptor of this runtime's reactor. The descriptor is in non-blocking mode.
#[derive(Debug)]
pub struct Source<T: AsFd> {
    /// `None` once it was taken out.
    io: Option<T>,
    reactor: Arc<Reactor>,
    readiness: Arc<Readiness>,
    key: Mutex<Option<Key>>,
}

impl<T: AsFd> Source<T> {
    /// A source of this thread's reactor, made at the user's line `at`.
    pub fn new(io: T, at: &Location<'_>) -> Self {
        let (reactor, readiness) = (context::reactor(at), Arc::default());
        Self {
            io: Some(io),
            reactor,
            readiness,
            key: Mutex::new(None),
        }
    }

    /// The descriptor.
    pub fn io(&self) -> &T {
        self.io.as_ref().expect("taken out only by value")
    }

    /// Takes the descriptor out; it is no source any more.
    pub fn into_io(mut self) -> T {
        self.deregister();
        self.io.take().expect("taken out only here")
    }

    /// Tries `operation` until it does not block.
    pub fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        mut place: Place<'_>,
        waits: Waits,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let Waits {
            direction,
            kind,
            at,
        } = waits;
        loop {
            ready!(budget::poll_left(cx));
            let place = match &mut place {
                Place::Future(ticket) => Place::Future(ticket),
                Place::Poller => Place::Poller,
            };
            let Some(tick) = self.readiness.ready_or_wait(direction, place, cx.waker()) else {
                let fd = self.io().as_fd().as_raw_fd();
                wait::pending(kind, at, fd.cast_unsigned().into());
                return Poll::Pending;
            };
            match operation(self.io()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readiness.would_block(direction, tick);
                    if let Err(error) = self.register() {
                        // Nobody will report: let the next operation find that out as well.
                        self.readiness.unblock(direction);
                        return Poll::Ready(Err(error));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => {
                    budget::spend();
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// Registers once. What is ready already is reported again, so nothing that came between the
    /// operation and here is missed.
    fn register(&self) -> io::Result<()> {
        let mut key = self.key.lock();
        if key.is_none() {
            *key = Some(self.reactor.register(self.io().as_fd(), &self.readiness)?);
        } else if self.reactor.is_closed() {
            return Err(closed());
        }
        Ok(())
    }

    fn deregister(&mut self) {
        if let Some(io) = &self.io
            && let Some(key) = self.key.lock().take()
        {
            self.reactor.deregister(io.as_fd(), key);
        }
    }
}

impl<T: AsFd> Drop for Source<T> {
    fn drop(&mut self) {
        // Before the descriptor is closed: its number may belong to another at once after that.
        self.deregister();
    }
}

/// What an operation waits for, and where the user asked.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// Which way.
    pub direction: Direction,
    /// For the dump.
    pub kind: Kind,
    /// The user's line.
    pub at: &'static Location<'static>,
}

/// One future's wait for a source. Dropped, it leaves no waiter behind.
#[derive(Debug)]
pub struct Waiter<'a, T: AsFd> {
    source: &'a Source<T>,
    waits: Waits,
    ticket: Option<Ticket>,
}

impl<'a, T: AsFd> Waiter<'a, T> {
    /// Waits for nothing yet.
    pub fn new(source: &'a Source<T>, waits: Waits) -> Self {
        Self {
            source,
            waits,
            ticket: None,
        }
    }

    /// The source's descriptor.
    pub fn io(&self) -> &'a T {
        self.source.io()
    }

    /// Tries `operation` until it does not block.
    pub fn poll_io<R>(
        &mut self,
        cx: &mut Context<'_>,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.source
            .poll_io(cx, Place::Future(&mut self.ticket), self.waits, operation)
    }
}

impl<T: AsFd> Drop for Waiter<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.source.readiness.leave(self.waits.direction, ticket);
        }
    }
}
