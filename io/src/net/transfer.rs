//! When is a read or a write done?

use crate::source::Waiter;
use std::{
    io::{self, Read as _, Write as _},
    pin::Pin,
    task::{Context, Poll, ready},
};

/// What bytes are read from and written to.
pub(super) type Io = std::net::TcpStream;

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
        waiter.poll_io(cx, |mut io| io.read(buffer))
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
        waiter.poll_io(cx, |mut io| io.write(bytes))
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
            match ready!(waiter.poll_io(cx, |mut io| io.read(&mut buffer[*filled..])))? {
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
            match ready!(waiter.poll_io(cx, |mut io| io.write(&bytes[*written..])))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                some => *written += some,
            }
        }
        Poll::Ready(Ok(()))
    }
}
