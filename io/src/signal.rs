//! How does a program hear of ctrl-c?
//!
//! Each subscription has a pair of sockets: the signal's handler writes a byte into one, the
//! reactor reports the other.

use crate::{
    disposition::{self, Hearing, SIGINT},
    readiness::{Direction, Place},
    source::{Source, Waits},
};
use heist_core::wait::Kind;
use std::{
    ffi::c_int,
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Waits for the next ctrl-c (SIGINT). From the first poll until it is dropped, the signal does
/// not end the process, nor what `#[heist::main]` runs. Afterwards it does so again.
///
/// ```no_run
/// # heist_io::drive::drive(async {
/// heist_io::signal::ctrl_c().await?;
/// println!("stopping");
/// # std::io::Result::Ok(()) });
/// ```
///
/// # Errors
///
/// When the operating system refuses the sockets or the handler.
///
/// # Cancel safety
///
/// Dropped, it hears nothing; a signal that came meanwhile is gone.
#[doc(alias = "add_signal_handler")]
#[doc(alias = "KeyboardInterrupt")]
#[track_caller]
pub fn ctrl_c() -> CtrlC {
    CtrlC {
        heard: None,
        at: Location::caller(),
    }
}

/// What [`ctrl_c`] waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct CtrlC {
    heard: Option<Subscription>,
    at: &'static Location<'static>,
}

#[derive(Debug)]
struct Subscription {
    bytes: Source<UnixStream>,
    _hearing: Hearing,
}

impl Subscription {
    fn new(signal: c_int, at: &Location<'_>) -> io::Result<Self> {
        let (bytes, bell) = UnixStream::pair()?;
        bytes.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        let ring = move || {
            // Full: there is a byte already.
            let _ = (&bell).write(&[1]);
        };
        // SAFETY: it only writes to a socket, which is async-signal-safe.
        let hearing = unsafe { disposition::subscribe(signal, ring) }?;
        Ok(Self {
            bytes: Source::new(bytes, at),
            _hearing: hearing,
        })
    }
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { heard, at } = self.get_mut();
        let subscription = match heard {
            Some(subscription) => subscription,
            None => heard.insert(Subscription::new(SIGINT, at)?),
        };
        let waits = Waits {
            direction: Direction::Read,
            kind: Kind::Signal,
            at,
        };
        let read = |mut bytes: &UnixStream| bytes.read(&mut [0; 16]);
        ready!(
            subscription
                .bytes
                .poll_io(cx, Place::Poller, waits, |io| read(io))
        )?;
        Poll::Ready(Ok(()))
    }
}
