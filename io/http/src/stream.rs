//! Plain or encrypted bytes, as hyper wants them.
//!
//! hyper's buffer may be uninitialised, so bytes come by way of a small initialised one: a copy,
//! and no `unsafe`.

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::TlsStream;
use heist::net::TcpStream;
use hyper::rt::ReadBufCursor;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A buffer on the stack: half of a TLS record.
const CHUNK: usize = 8 * 1024;

/// A connection's bytes.
pub enum Stream {
    Plain(TcpStream),
    /// Boxed: its state is ten times as large.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Anything that reads and writes.
trait Both: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Both for S {}

impl Stream {
    fn both(self: Pin<&mut Self>) -> Pin<&mut dyn Both> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(&mut **stream),
        }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut chunk = [0; CHUNK];
        let room = buffer.remaining().min(CHUNK);
        let read = ready!(self.both().poll_read(cx, &mut chunk[..room]))?;
        buffer.put_slice(&chunk[..read]);
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.both().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.both().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.both().poll_close(cx)
    }
}
