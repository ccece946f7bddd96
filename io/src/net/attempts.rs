//! Which of a name's addresses answers?
//!
//! They are tried in their order, one after the other.

use super::transfer::{Io, waits};
use crate::{readiness::Place, source::Source};
use heist_core::wait::Kind;
use rustix::io::Errno;
use std::{
    fmt::Write as _,
    io,
    net::SocketAddr,
    panic::Location,
    task::{Context, Poll},
};

#[derive(Debug)]
pub struct Attempts {
    left: std::vec::IntoIter<SocketAddr>,
    current: Option<(SocketAddr, Source<Io>)>,
    failures: Vec<(SocketAddr, io::Error)>,
}

impl Attempts {
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self {
            left: addresses.into_iter(),
            current: None,
            failures: Vec::new(),
        }
    }

    /// Goes on until one answers, or none is left.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<io::Result<Source<Io>>> {
        let waits = waits(Kind::Connect, at);
        loop {
            if let Some((address, source)) = self.current.take() {
                match source.poll_io(cx, Place::Poller, waits, connected) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Ok(source)),
                    Poll::Ready(Err(error)) => self.failures.push((address, error)),
                    Poll::Pending => {
                        self.current = Some((address, source));
                        return Poll::Pending;
                    }
                }
            }
            let Some(address) = self.left.next() else {
                return Poll::Ready(Err(all_failed(&self.failures)));
            };
            match start(address) {
                Ok(stream) => self.current = Some((address, Source::stream(stream, at))),
                Err(error) => self.failures.push((address, error)),
            }
        }
    }
}

fn start(address: SocketAddr) -> io::Result<Io> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM.nonblocking(), None)?;
    match socket.connect(&address.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::INPROGRESS)
}

/// Whether a connection that was started is there.
fn connected(io: &Io) -> io::Result<()> {
    if let Some(error) = io.take_error()? {
        return Err(error);
    }
    match io.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        other => other.map(drop),
    }
}

fn all_failed(failures: &[(SocketAddr, io::Error)]) -> io::Error {
    let Some((_, last)) = failures.last() else {
        return io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    };
    let mut text = String::from("no address answers");
    for (address, error) in failures {
        let _ = write!(text, "; {address}: {error}");
    }
    io::Error::new(last.kind(), text)
}
