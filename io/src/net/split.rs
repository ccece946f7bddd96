//! How do two tasks share a stream?
//!
//! All operations work on `&TcpStream`, so a half is only a promise: to read, or to write.

use super::{Read, ReadExact, TcpStream, Write, WriteAll};
use futures_io::{AsyncRead, AsyncWrite};
use heist_core::primitive::Arc;
use std::{
    io,
    net::Shutdown,
    pin::Pin,
    task::{Context, Poll},
};

/// The reading half of [`TcpStream::split`].
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let caller = TcpStream::connect(listener.local_addr()?).await?;
/// let (answerer, _) = listener.accept().await?;
/// caller.write_all(b"2 + 2").await?;
/// caller.shutdown(std::net::Shutdown::Write)?;
///
/// let (mut reader, _writer) = answerer.split();
/// let mut question = [0; 5];
/// reader.read_exact(&mut question).await?;
/// assert_eq!(&question, b"2 + 2");
/// assert_eq!(reader.read(&mut question).await?, 0);
/// # std::io::Result::Ok(()) });
/// ```
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a TcpStream);

/// The writing half of [`TcpStream::split`].
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let caller = TcpStream::connect(listener.local_addr()?).await?;
/// let (answerer, _) = listener.accept().await?;
///
/// let (_reader, mut writer) = answerer.split();
/// let answer = b"4\n";
/// let written = writer.write(answer).await?;
/// writer.write_all(&answer[written..]).await?;
///
/// let mut heard = [0; 2];
/// caller.read_exact(&mut heard).await?;
/// assert_eq!(&heard, answer);
/// # std::io::Result::Ok(()) });
/// ```
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a TcpStream);

/// The reading half of [`TcpStream::into_split`].
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let caller = TcpStream::connect(listener.local_addr()?).await?;
/// let (answerer, _) = listener.accept().await?;
/// caller.write_all(b"2 + 2").await?;
/// caller.shutdown(std::net::Shutdown::Write)?;
///
/// let (mut reader, _writer) = answerer.into_split();
/// let mut question = [0; 5];
/// reader.read_exact(&mut question).await?;
/// assert_eq!(&question, b"2 + 2");
/// assert_eq!(reader.read(&mut question).await?, 0);
/// # std::io::Result::Ok(()) });
/// ```
#[doc(alias = "StreamReader")]
#[derive(Debug)]
pub struct OwnedReadHalf(Arc<TcpStream>);

/// The writing half of [`TcpStream::into_split`]. Dropped, it says that nothing more will be
/// written.
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let caller = TcpStream::connect(listener.local_addr()?).await?;
/// let (answerer, _) = listener.accept().await?;
///
/// let (_reader, mut writer) = answerer.into_split();
/// let answer = b"4\n";
/// let written = writer.write(answer).await?;
/// writer.write_all(&answer[written..]).await?;
/// drop(writer);
///
/// let mut heard = [0; 2];
/// caller.read_exact(&mut heard).await?;
/// assert_eq!(&heard, answer);
/// assert_eq!(caller.read(&mut heard).await?, 0);
/// # std::io::Result::Ok(()) });
/// ```
#[doc(alias = "StreamWriter")]
#[derive(Debug)]
pub struct OwnedWriteHalf(Arc<TcpStream>);

impl TcpStream {
    /// Two halves that borrow the stream, for two futures of one task.
    ///
    /// ```
    /// # heist_io::drive::drive(async {
    /// use heist_io::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let caller = TcpStream::connect(listener.local_addr()?).await?;
    /// let (answerer, _) = listener.accept().await?;
    ///
    /// let (mut reader, mut writer) = caller.split();
    /// let mut answer = [0; 1];
    /// writer.write_all(b"2 + 2").await?;
    /// answerer.write_all(b"4").await?;
    /// reader.read_exact(&mut answer).await?;
    /// assert_eq!(&answer, b"4");
    /// # std::io::Result::Ok(()) });
    /// ```
    pub fn split(&self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// Two halves that own the stream, for two tasks. Dropping the writing half says that nothing
    /// more will be written.
    ///
    /// ```
    /// # heist_io::drive::drive(async {
    /// use heist_io::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let caller = TcpStream::connect(listener.local_addr()?).await?;
    /// let (answerer, _) = listener.accept().await?;
    ///
    /// let (mut reader, mut writer) = caller.into_split();
    /// writer.write_all(b"2 + 2").await?;
    /// drop(writer);
    ///
    /// let mut question = [0; 1024];
    /// assert_eq!(answerer.read(&mut question[..5]).await?, 5);
    /// assert_eq!(answerer.read(&mut question).await?, 0); // that was all
    /// answerer.write_all(b"4").await?;
    /// let mut answer = [0; 1];
    /// reader.read_exact(&mut answer).await?;
    /// assert_eq!(&answer, b"4");
    /// # std::io::Result::Ok(()) });
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        let stream = Arc::new(self);
        (OwnedReadHalf(stream.clone()), OwnedWriteHalf(stream))
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        // It fails on a connection that is gone, which needs no farewell.
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

macro_rules! read_half {
    ($($type:ty),+) => {$(
        impl $type {
            /// See [`TcpStream::read`].
            #[track_caller]
            pub fn read<'b>(&'b mut self, buffer: &'b mut [u8]) -> Read<'b> {
                self.0.read(buffer)
            }

            /// See [`TcpStream::read_exact`].
            #[track_caller]
            pub fn read_exact<'b>(&'b mut self, buffer: &'b mut [u8]) -> ReadExact<'b> {
                self.0.read_exact(buffer)
            }
        }

        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_read_into(cx, buffer)
            }
        }
    )+};
}

macro_rules! write_half {
    ($($type:ty),+) => {$(
        impl $type {
            /// See [`TcpStream::write`].
            #[track_caller]
            pub fn write<'b>(&'b mut self, bytes: &'b [u8]) -> Write<'b> {
                self.0.write(bytes)
            }

            /// See [`TcpStream::write_all`].
            #[track_caller]
            pub fn write_all<'b>(&'b mut self, bytes: &'b [u8]) -> WriteAll<'b> {
                self.0.write_all(bytes)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write_from(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.0.shutdown(Shutdown::Write))
            }
        }
    )+};
}

read_half!(ReadHalf<'_>, OwnedReadHalf);
write_half!(WriteHalf<'_>, OwnedWriteHalf);
