//! How do bytes get from a buffer into a connection, and back?
//!
//! The futures that a stream's methods return: each tries, and waits for the stream.

use crate::{
    readiness::Direction,
    source::{Waiter, Waits},
};
use heist_core::wait::Kind;
use std::{
    io::{self, Read as _, Write as _},
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// What lies below a stream.
pub type Io = std::net::TcpStream;

/// A wait of this kind, at the user's line.
pub fn waits(kind: Kind, at: &'static Location<'static>) -> Waits {
    let direction = if kind == Kind::Read {
        Direction::Read
    } else {
        Direction::Write
    };
    Waits {
        direction,
        kind,
        at,
    }
}

/// What [`TcpStream::read`](super::TcpStream::read) waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct Read<'a> {
    pub(super) waiter: Waiter<'a, Io>,
    pub(super) buffer: &'a mut [u8],
}

impl Future for Read<'_> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { waiter, buffer } = self.get_mut();
        let length = buffer.len();
        if length == 0 {
            // The system would say that it blocks while there is nothing.
            return Poll::Ready(Ok(0));
        }
        waiter.poll_transfer(cx, length, |mut io| io.read(buffer))
    }
}

/// What [`TcpStream::write`](super::TcpStream::write) waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct Write<'a> {
    pub(super) waiter: Waiter<'a, Io>,
    pub(super) bytes: &'a [u8],
}

impl Future for Write<'_> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { waiter, bytes } = self.get_mut();
        waiter.poll_transfer(cx, bytes.len(), |mut io| io.write(bytes))
    }
}

/// What [`TcpStream::read_exact`](super::TcpStream::read_exact) waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct ReadExact<'a> {
    pub(super) waiter: Waiter<'a, Io>,
    pub(super) buffer: &'a mut [u8],
    pub(super) filled: usize,
}

impl ReadExact<'_> {
    /// How many bytes of the buffer have been read into.
    ///
    /// ```
    /// # heist_io::drive::drive(async {
    /// use heist_io::net::{TcpListener, TcpStream};
    /// use std::io::ErrorKind;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let caller = TcpStream::connect(listener.local_addr()?).await?;
    /// let (answerer, _) = listener.accept().await?;
    /// caller.write_all(b"half").await?;
    /// drop(caller);
    ///
    /// let mut message = [0; 8];
    /// let mut reading = answerer.read_exact(&mut message);
    /// let error = (&mut reading).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    /// let filled = reading.filled();
    /// drop(reading);
    /// assert_eq!(&message[..filled], b"half");
    /// # std::io::Result::Ok(()) });
    /// ```
    pub fn filled(&self) -> usize {
        self.filled
    }
}

impl Future for ReadExact<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            waiter,
            buffer,
            filled,
        } = self.get_mut();
        while *filled < buffer.len() {
            let rest = &mut buffer[*filled..];
            match ready!(waiter.poll_transfer(cx, rest.len(), |mut io| io.read(rest)))? {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                read => *filled += read,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What [`TcpStream::write_all`](super::TcpStream::write_all) waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct WriteAll<'a> {
    pub(super) waiter: Waiter<'a, Io>,
    pub(super) bytes: &'a [u8],
    pub(super) written: usize,
}

impl WriteAll<'_> {
    /// How many bytes have been written.
    ///
    /// ```
    /// # heist_io::drive::drive(async {
    /// use heist_io::net::{TcpListener, TcpStream};
    /// use std::{future::poll_fn, pin::Pin, task::Poll};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let caller = TcpStream::connect(listener.local_addr()?).await?;
    ///
    /// // Nobody reads, so there is room for a part only.
    /// let film = vec![0; 64 << 20];
    /// let mut writing = caller.write_all(&film);
    /// let done = poll_fn(|cx| Poll::Ready(Pin::new(&mut writing).poll(cx).is_ready())).await;
    /// assert!(!done);
    /// assert!((1..film.len()).contains(&writing.written()));
    /// # std::io::Result::Ok(()) });
    /// ```
    pub fn written(&self) -> usize {
        self.written
    }
}

impl Future for WriteAll<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            waiter,
            bytes,
            written,
        } = self.get_mut();
        while *written < bytes.len() {
            let rest = &bytes[*written..];
            match ready!(waiter.poll_transfer(cx, rest.len(), |mut io| io.write(rest)))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                some => *written += some,
            }
        }
        Poll::Ready(Ok(()))
    }
}
