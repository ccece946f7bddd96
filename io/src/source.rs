//! How does an operation wait until it would not block?
//!
//! Try it; if it would block, wait for a report and try again. A [`Source`] is a descriptor that
//! registers at the first operation that would block, and deregisters before the descriptor is
//! closed.

use crate::{
    context,
    reactor::{Reactor, Registration},
    readiness::{Cleared, Direction, Look, Place, Ticket},
    slab::closed,
};
use heist_core::{
    budget,
    primitive::{Arc, Mutex, OnceLock},
    wait::{self, Kind},
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
    registration: OnceLock<Registration>,
    /// Held while it is registered or armed.
    registering: Mutex<()>,
    /// Whether a short read or write says that the next would block, if the selector agrees.
    is_stream: bool,
}

impl<T: AsFd> Source<T> {
    /// A source of this thread's reactor, made at the user's line `at`.
    pub fn new(io: T, at: &Location<'_>) -> Self {
        Self::of(io, at, false)
    }

    /// The same, for a stream socket that nobody else has a descriptor of: it does what it can, and
    /// a short read or write means that there is no more. A descriptor that came from elsewhere may
    /// be anything: one with messages, or with other descriptors among its bytes.
    pub fn stream(io: T, at: &Location<'_>) -> Self {
        Self::of(io, at, true)
    }

    fn of(io: T, at: &Location<'_>, is_stream: bool) -> Self {
        Self {
            io: Some(io),
            reactor: context::reactor(at),
            registration: OnceLock::new(),
            registering: Mutex::new(()),
            is_stream,
        }
    }

    /// The descriptor.
    pub fn io(&self) -> &T {
        self.io.as_ref().expect("taken out only by value")
    }

    /// Takes the descriptor out; it is no source any more.
    pub fn into_io(mut self) -> T {
        self.take().expect("taken out only here")
    }

    /// Tries `operation` until it does not block.
    pub fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        place: Place<'_>,
        waits: Waits,
        operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_until(cx, place, waits, operation, |_| false)
    }

    /// The same, for an operation that moves up to `length` bytes.
    pub fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        place: Place<'_>,
        waits: Waits,
        length: usize,
        operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let is_short = |moved: &usize| self.is_stream && *moved > 0 && *moved < length;
        self.poll_until(cx, place, waits, operation, is_short)
    }

    fn poll_until<R>(
        &self,
        cx: &mut Context<'_>,
        mut place: Place<'_>,
        waits: Waits,
        mut operation: impl FnMut(&T) -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        let direction = waits.direction;
        loop {
            ready!(budget::poll_left(cx));
            let look = match self.registration.get() {
                None => None,
                Some(registration) => {
                    let readiness = registration.readiness();
                    let look = match readiness.look(direction) {
                        Look::Wait => self.wait(registration, direction, &mut place, cx)?,
                        look => look,
                    };
                    Some((readiness, look))
                }
            };
            let seen = match look {
                None => None,
                Some((readiness, Look::Try(seen))) => Some((readiness, seen)),
                Some((_, Look::Wait)) => {
                    let fd = self.io().as_fd().as_raw_fd();
                    wait::pending(waits.kind, waits.at, fd.cast_unsigned().into());
                    return Poll::Pending;
                }
                Some((_, Look::Shut)) => return Poll::Ready(Err(closed())),
            };
            match operation(self.io()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match seen {
                    Some((readiness, seen)) => {
                        readiness.clear(direction, seen, Cleared::WouldBlock);
                    }
                    None => self.register(direction)?,
                },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => {
                    if let (Ok(result), Some((readiness, seen))) = (&done, seen)
                        && is_short(result)
                        && self.reactor.tells_the_end()
                    {
                        readiness.clear(direction, seen, Cleared::Short);
                    }
                    budget::spend();
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// Leaves a waker, and looks again.
    fn wait(
        &self,
        registration: &Registration,
        direction: Direction,
        place: &mut Place<'_>,
        cx: &Context<'_>,
    ) -> io::Result<Look> {
        let place = match place {
            Place::Future(ticket) => Place::Future(ticket),
            Place::Poller => Place::Poller,
        };
        let readiness = registration.readiness();
        let look = readiness.wait(direction, place, cx.waker());
        if look == Look::Wait && self.reactor.is_oneshot() {
            // Liveness: what came between the operation and here is reported at once.
            let _one = self.registering.lock();
            self.reactor.arm(self.io().as_fd(), registration)?;
        }
        Ok(look)
    }

    /// Registers once; `direction` would have blocked. What is ready already is reported, so
    /// nothing that came between the operation and here is missed.
    fn register(&self, direction: Direction) -> io::Result<()> {
        let _one = self.registering.lock();
        if self.registration.get().is_some() {
            // The other direction's was first; the operation is tried once more.
            return Ok(());
        }
        let registration = self.reactor.register(self.io().as_fd(), |readiness| {
            if let Look::Try(seen) = readiness.look(direction) {
                readiness.clear(direction, seen, Cleared::WouldBlock);
            }
        })?;
        let is_first = self.registration.set(registration).is_ok();
        assert!(is_first, "registered under the lock");
        Ok(())
    }

    /// The descriptor, which has no slot any more.
    fn take(&mut self) -> Option<T> {
        let io = self.io.take()?;
        if let Some(registration) = self.registration.get() {
            self.reactor.deregister(io.as_fd(), registration);
        }
        Some(io)
    }
}

impl<T: AsFd> Drop for Source<T> {
    fn drop(&mut self) {
        // Not closed before: its number may belong to another at once after that.
        drop(self.take());
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

    /// The same, for an operation that moves up to `length` bytes.
    pub fn poll_transfer(
        &mut self,
        cx: &mut Context<'_>,
        length: usize,
        operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let place = Place::Future(&mut self.ticket);
        self.source
            .poll_transfer(cx, place, self.waits, length, operation)
    }
}

impl<T: AsFd> Drop for Waiter<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take()
            && let Some(registration) = self.source.registration.get()
        {
            let readiness = registration.readiness();
            readiness.leave(self.waits.direction, ticket);
        }
    }
}
