//! How does smol do it?

use super::{Listener, Rt, Stream};
use futures_util::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt},
};
use smol::{
    Task, Timer, future,
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use smol_hyper::rt::FuturesIo;
use std::{env, io, net::SocketAddr, time::Duration};

/// From where, and only from where, smol takes the number of its threads.
pub const THREADS: &str = "SMOL_THREADS";

/// The global executor, which `smol::spawn` starts at its first call.
pub struct Smol;

impl Rt for Smol {
    const NAME: &'static str = "smol";

    type Handle<T: Send + 'static> = Task<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn start(workers: usize) -> io::Result<Self> {
        let threads = env::var(THREADS)
            .ok()
            .and_then(|threads| threads.parse().ok());
        if threads == Some(workers) {
            Ok(Self)
        } else {
            Err(io::Error::other(format!("{THREADS} is not {workers}")))
        }
    }

    fn run<F>(&self, root: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        smol::block_on(smol::spawn(root))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn_on<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        smol::spawn(future)
    }

    fn spawn_detached_on<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        smol::spawn(future).detach();
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        smol::spawn(future)
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        smol::spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        future::yield_now()
    }

    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }

    fn timeout<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send,
    {
        let output = async { Some(future.await) };
        future::or(output, async move {
            Timer::after(limit).await;
            None
        })
    }

    fn gather<F>(futures: Vec<F>) -> impl Future<Output = Vec<F::Output>> + Send
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        join_all(futures)
    }

    async fn as_completed<F>(futures: Vec<F>, mut each: impl FnMut(F::Output) + Send)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let mut outputs: FuturesUnordered<_> = futures.into_iter().collect();
        while let Some(output) = outputs.next().await {
            each(output);
        }
    }

    async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        Ok(stream)
    }
}

impl Stream for TcpStream {
    type Hyper = FuturesIo<TcpStream>;

    fn for_hyper(self) -> FuturesIo<TcpStream> {
        FuturesIo::new(self)
    }

    fn set_nodelay(&self) -> io::Result<()> {
        self.set_nodelay(true)
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        AsyncReadExt::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        AsyncReadExt::read_exact(self, buffer).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        AsyncWriteExt::write_all(self, bytes).await
    }
}
