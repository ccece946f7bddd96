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
    ///
    /// ```
    /// # use heist_io::{blocking::Pool, enter, reactor::Reactor};
    /// # use std::{pin::pin, task::{Context, Poll, Waker}, time::Duration};
    /// # let reactor = Reactor::new(Default::default(), Waker::noop().clone());
    /// # let pool = Pool::new(1, "example".into(), Box::new(|| ()), Box::new(|| ()));
    /// # let _here = enter(reactor.clone(), pool);
    /// # let mut example = pin!(async {
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
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// # loop {
    /// #     if let Poll::Ready(done) = example.as_mut().poll(&mut cx) {
    /// #         break done.unwrap();
    /// #     }
    /// #     reactor.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
    /// # }
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
    ///
    /// ```
    /// # use heist_io::{blocking::Pool, enter, reactor::Reactor};
    /// # use std::{pin::pin, task::{Context, Poll, Waker}, time::Duration};
    /// # let reactor = Reactor::new(Default::default(), Waker::noop().clone());
    /// # let pool = Pool::new(1, "example".into(), Box::new(|| ()), Box::new(|| ()));
    /// # let _here = enter(reactor.clone(), pool);
    /// # let mut example = pin!(async {
    /// use heist_io::net::{TcpListener, TcpStream};
    /// use std::{future::poll_fn, pin::Pin};
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
    /// # let mut cx = Context::from_waker(Waker::noop());
    /// # loop {
    /// #     if let Poll::Ready(done) = example.as_mut().poll(&mut cx) {
    /// #         break done.unwrap();
    /// #     }
    /// #     reactor.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
    /// # }
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
            match ready!(waiter.poll_io(cx, |mut io| io.write(&bytes[*written..])))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                some => *written += some,
            }
        }
        Poll::Ready(Ok(()))
    }
}
