//! Who accepts connections?

use super::TcpStream;
use crate::{
    dns::{LookupHost, ToAddrs},
    readiness::Direction,
    source::{Source, Waiter, Waits},
};
use heist_core::wait::Kind;
use std::{
    io,
    net::SocketAddr,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// How many connections may wait to be accepted. The system cuts it to its own limit
/// (`net.core.somaxconn`, 4096 on Linux).
const BACKLOG: i32 = 4096;

/// A TCP socket that accepts connections.
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let caller = TcpStream::connect(address).await?;
/// let (_answerer, peer) = listener.accept().await?;
/// assert_eq!(peer, caller.local_addr()?);
///
/// // The standard library's, and back. It goes on listening.
/// let listener: std::net::TcpListener = listener.into_std()?;
/// let listener = TcpListener::from_std(listener)?;
/// assert_eq!(listener.local_addr()?, address);
/// # std::io::Result::Ok(()) });
/// ```
#[doc(alias = "start_server")]
#[derive(Debug)]
pub struct TcpListener(Source<std::net::TcpListener>);

impl TcpListener {
    /// Binds to the first of the addresses that can be bound. Port 0 lets the system choose.
    /// Reuses an address that lingers (`SO_REUSEADDR`).
    ///
    /// # Errors
    ///
    /// When the name has no address, or none of them can be bound: the last one's error.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is bound.
    #[track_caller]
    pub fn bind(address: impl ToAddrs) -> Bind {
        Bind {
            addresses: LookupHost::new(address, Location::caller()),
            at: Location::caller(),
        }
    }

    /// Accepts the next connection. Several tasks may accept at once.
    ///
    /// # Errors
    ///
    /// When the system is out of descriptors, say. A peer that has gone before it was accepted is
    /// no error: the next one is waited for.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has accepted nothing.
    #[doc(alias = "sock_accept")]
    #[track_caller]
    pub fn accept(&self) -> Accept<'_> {
        let at = Location::caller();
        let waits = Waits {
            direction: Direction::Read,
            kind: Kind::Accept,
            at,
        };
        Accept {
            waiter: Waiter::new(&self.0, waits),
            at,
        }
    }

    /// The address it is bound to.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    #[doc(alias = "getsockname")]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// Makes a listener of one of the standard library's.
    ///
    /// # Errors
    ///
    /// When it cannot be made non-blocking.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Source::new(listener, Location::caller())))
    }

    /// The standard library's listener, in blocking mode.
    ///
    /// # Errors
    ///
    /// When it cannot be made blocking.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        let listener = self.0.into_io();
        listener.set_nonblocking(false)?;
        Ok(listener)
    }
}

/// What [`TcpListener::bind`] waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct Bind {
    addresses: LookupHost,
    at: &'static Location<'static>,
}

impl Future for Bind {
    type Output = io::Result<TcpListener>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let addresses = ready!(Pin::new(&mut self.addresses).poll(cx))?;
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match bind(address) {
                Ok(listener) => {
                    return Poll::Ready(Ok(TcpListener(Source::new(listener, self.at))));
                }
                Err(error) => failed = error,
            }
        }
        Poll::Ready(Err(failed))
    }
}

fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM.nonblocking(), None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What [`TcpListener::accept`] waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct Accept<'a> {
    waiter: Waiter<'a, std::net::TcpListener>,
    at: &'static Location<'static>,
}

impl Future for Accept<'_> {
    type Output = io::Result<(TcpStream, SocketAddr)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { waiter, at } = self.get_mut();
        let (stream, peer) = ready!(waiter.poll_io(cx, accept))?;
        Poll::Ready(Ok((TcpStream::new(Source::stream(stream, at)), peer)))
    }
}

fn accept(listener: &std::net::TcpListener) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    loop {
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            other => {
                let (stream, peer) = other?;
                stream.set_nonblocking(true)?;
                return Ok((stream, peer));
            }
        }
    }
}
