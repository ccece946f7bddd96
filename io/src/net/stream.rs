//! What can a connection do?

use super::{
    attempts::Attempts,
    transfer::{Io, Read, ReadExact, Write, WriteAll, waits},
};
use crate::{
    dns::{LookupHost, ToAddrs},
    readiness::Place,
    source::{Source, Waiter},
};
use futures_io::{AsyncRead, AsyncWrite};
use heist_core::wait::Kind;
use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr},
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A TCP connection.
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::{TcpListener, TcpStream};
/// use std::net::Shutdown;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let caller = TcpStream::connect(listener.local_addr()?).await?;
/// let (answerer, _) = listener.accept().await?;
/// assert_eq!(answerer.peer_addr()?, caller.local_addr()?);
/// caller.set_nodelay(true)?;
/// assert!(caller.nodelay()?);
///
/// caller.write_all(b"hello").await?;
/// let mut greeting = [0; 5];
/// answerer.read_exact(&mut greeting).await?;
/// assert_eq!(&greeting, b"hello");
///
/// let written = answerer.write(b"bye").await?;
/// answerer.shutdown(Shutdown::Write)?;
/// let mut answer = Vec::new();
/// let mut buffer = [0; 1024];
/// loop {
///     match caller.read(&mut buffer).await? {
///         0 => break,
///         read => answer.extend_from_slice(&buffer[..read]),
///     }
/// }
/// assert_eq!(answer, b"bye"[..written]);
/// # std::io::Result::Ok(()) });
/// ```
///
/// From the standard library's stream and back:
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::TcpStream;
/// use std::io::Read as _;
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let caller = std::net::TcpStream::connect(listener.local_addr()?)?;
/// let (mut answerer, _) = listener.accept()?;
///
/// let caller = TcpStream::from_std(caller)?;
/// caller.write_all(b"hello").await?;
/// drop(caller.into_std()?);
///
/// let mut greeting = String::new();
/// answerer.read_to_string(&mut greeting)?;
/// assert_eq!(greeting, "hello");
/// # std::io::Result::Ok(()) });
/// ```
#[doc(alias = "open_connection")]
#[doc(alias = "StreamReader")]
#[doc(alias = "StreamWriter")]
#[derive(Debug)]
pub struct TcpStream(Source<Io>);

impl TcpStream {
    pub(super) fn new(source: Source<Io>) -> Self {
        Self(source)
    }

    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    ///
    /// When the name has no address, or none answers: one error that names each address and what
    /// it said, of the last one's kind.
    ///
    /// # Cancel safety
    ///
    /// Dropped, an attempt in progress is given up.
    #[doc(alias = "sock_connect")]
    #[track_caller]
    pub fn connect(address: impl ToAddrs) -> Connect {
        let at = Location::caller();
        Connect {
            names: LookupHost::new(address, at),
            step: Step::Resolving,
            at,
        }
    }

    /// Reads what has come, at least one byte, and says how many. 0: the peer has said that
    /// nothing more will come, or `buffer` is empty.
    ///
    /// # Errors
    ///
    /// When the connection has failed.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has read nothing.
    #[doc(alias = "sock_recv")]
    #[track_caller]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a> {
        Read {
            waiter: self.waiter(Kind::Read),
            buffer,
        }
    }

    /// Writes what there is room for, at least one byte, and says how many.
    ///
    /// # Errors
    ///
    /// When the connection has failed, or the peer reads no more.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has written nothing.
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a> {
        Write {
            waiter: self.waiter(Kind::Write),
            bytes,
        }
    }

    /// Reads until `buffer` is full.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` when the peer ends before; and when the connection has failed. What had
    /// come is in `buffer`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it may have read a part, which is in `buffer`; how much,
    /// [`ReadExact::filled`] tells.
    #[doc(alias = "readexactly")]
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a> {
        ReadExact {
            waiter: self.waiter(Kind::Read),
            buffer,
            filled: 0,
        }
    }

    /// Writes all of `bytes`. Waits while the peer does not read: this is the back-pressure.
    ///
    /// # Errors
    ///
    /// When the connection has failed, or the peer reads no more.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it may have written a part; how much,
    /// [`WriteAll::written`] tells.
    #[doc(alias = "drain")]
    #[doc(alias = "sock_sendall")]
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a> {
        WriteAll {
            waiter: self.waiter(Kind::Write),
            bytes,
            written: 0,
        }
    }

    /// Says that nothing more will be written, read, or both.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    #[doc(alias = "write_eof")]
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.io().shutdown(how)
    }

    /// Whether small writes go out at once (`TCP_NODELAY`) and do not wait for more.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    #[doc(alias = "TCP_NODELAY")]
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.io().set_nodelay(nodelay)
    }

    /// What [`set_nodelay`](Self::set_nodelay) has set.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.io().nodelay()
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    #[doc(alias = "getsockname")]
    #[doc(alias = "get_extra_info")]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().local_addr()
    }

    /// The other end's address.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    #[doc(alias = "getpeername")]
    #[doc(alias = "get_extra_info")]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.io().peer_addr()
    }

    /// Makes a stream of one of the standard library's.
    ///
    /// # Errors
    ///
    /// When it cannot be made non-blocking.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self(Source::new(stream, Location::caller())))
    }

    /// The standard library's stream, in blocking mode.
    ///
    /// # Errors
    ///
    /// When it cannot be made blocking.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        let stream = self.0.into_io();
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    #[track_caller]
    fn waiter(&self, kind: Kind) -> Waiter<'_, Io> {
        Waiter::new(&self.0, waits(kind, Location::caller()))
    }

    pub(super) fn poll_read_into(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let waits = waits(Kind::Read, Location::caller());
        let length = buffer.len();
        if length == 0 {
            return Poll::Ready(Ok(0));
        }
        self.0
            .poll_transfer(cx, Place::Poller, waits, length, |mut io| io.read(buffer))
    }

    pub(super) fn poll_write_from(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let waits = waits(Kind::Write, Location::caller());
        let length = bytes.len();
        self.0
            .poll_transfer(cx, Place::Poller, waits, length, |mut io| io.write(bytes))
    }
}

/// What [`TcpStream::connect`] waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct Connect {
    names: LookupHost,
    step: Step,
    at: &'static Location<'static>,
}

#[derive(Debug)]
enum Step {
    Resolving,
    Trying(Attempts),
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { names, step, at } = self.get_mut();
        if let Step::Resolving = step {
            let addresses = ready!(Pin::new(names).poll(cx))?;
            *step = Step::Trying(Attempts::new(addresses));
        }
        let Step::Trying(attempts) = step else {
            unreachable!("resolved above")
        };
        attempts.poll(cx, at).map_ok(TcpStream)
    }
}

macro_rules! futures_io {
    ($($type:ty),+) => {$(
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_read_into(cx, buffer)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_write_from(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.shutdown(Shutdown::Write))
            }
        }
    )+};
}

futures_io!(TcpStream, &TcpStream);
