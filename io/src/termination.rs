//! How does a program hear that it shall end?
//!
//! By SIGINT or SIGTERM that no subscription hears. The first two write their number into a socket,
//! from which one thread reads: one that has nothing else to do, since all workers may be stuck.
//! The third one ends the process in its handler, since that thread may be stuck as well.

use crate::disposition::{self, Hearing, SIGINT, SIGTERM};
use heist_core::primitive::{Arc, Counter};
use std::{
    ffi::c_int,
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Duration,
};

/// The byte that says that the root is over; no signal has this number.
const ROOT_IS_OVER: u8 = 0;
/// So many signals ask; whatever comes after them insists.
const REQUESTS: u64 = 2;

/// Hears SIGINT and SIGTERM until it is dropped.
#[derive(Debug)]
pub struct Termination {
    bell: Arc<UnixStream>,
    _hearing: Vec<Hearing>,
}

/// The end at which one thread waits.
#[derive(Debug)]
pub struct Requests(UnixStream);

/// What a waiting thread hears.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// This signal came.
    Signal(c_int),
    /// [`Termination::root_is_over`] was called.
    RootIsOver,
    /// Nothing came in time.
    TimedOut,
    /// The [`Termination`] was dropped.
    Closed,
}

impl Termination {
    /// Begins to hear those of the two signals that are not ignored.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the sockets or the handlers.
    pub fn new() -> io::Result<(Self, Requests)> {
        let (requests, bell) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let bell = Arc::new(bell);
        let heard = Arc::new(Counter::new(0));
        let mut hearing = Vec::new();
        for signal in [SIGINT, SIGTERM] {
            let number = u8::try_from(signal).expect("their numbers are 2 and 15");
            let (bell, heard) = (bell.clone(), heard.clone());
            let tell = move || {
                if heard.add(1) < REQUESTS {
                    // It cannot be full: a few bytes at most are ever written to it.
                    let _ = (&*bell).write(&[number]);
                } else {
                    disposition::end(signal);
                }
            };
            // SAFETY: a counter is an atomic; to write to a socket and `end` are async-signal-safe.
            hearing.extend(unsafe { disposition::hear_rest(signal, tell) }?);
        }
        let termination = Self {
            bell,
            _hearing: hearing,
        };
        Ok((termination, Requests(requests)))
    }

    /// Tells the thread at the other end.
    pub fn root_is_over(&self) {
        // It cannot be full, as above.
        let _ = (&*self.bell).write(&[ROOT_IS_OVER]);
    }
}

impl Requests {
    /// Blocks the thread until something comes, for `timeout` at most.
    pub fn wait(&self, timeout: Option<Duration>) -> Request {
        // Zero would mean for ever.
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_millis(1)));
        if self.0.set_read_timeout(timeout).is_err() {
            return Request::Closed;
        }
        let mut byte = [0];
        loop {
            match (&self.0).read(&mut byte) {
                Ok(0) => return Request::Closed,
                Ok(_) if byte[0] == ROOT_IS_OVER => return Request::RootIsOver,
                Ok(_) => return Request::Signal(c_int::from(byte[0])),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Request::TimedOut,
                    _ => return Request::Closed,
                },
            }
        }
    }
}
