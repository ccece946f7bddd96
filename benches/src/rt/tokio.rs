//! How does tokio do it?

use super::{Listener, Rt, Stream, join::Join};
use futures_util::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt},
};
use hyper_util::rt::TokioIo;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::{self, JoinSet},
};

/// The `multi_thread` runtime with `enable_all`.
pub type Tokio = With<false>;

/// The same; many futures are tasks in a `JoinSet`.
pub type TokioJoinSet = With<true>;

/// A runtime, with one of the two ways to wait for many futures.
pub struct With<const JOIN_SET: bool>(Runtime);

impl<const JOIN_SET: bool> Rt for With<JOIN_SET> {
    const NAME: &'static str = if JOIN_SET { "JoinSet" } else { "tokio" };

    type Handle<T: Send + 'static> = Join<task::JoinHandle<T>>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn start(workers: usize) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(workers)
            .enable_all()
            .build()
            .map(Self)
    }

    fn run<F>(&self, root: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let root = self.spawn_on(root);
        self.0.block_on(root)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn_on<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Join(self.0.spawn(future))
    }

    fn spawn_detached_on<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn(future);
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Join(tokio::spawn(future))
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(future);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    async fn timeout<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send,
    {
        tokio::time::timeout(limit, future).await.ok()
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
        if JOIN_SET {
            let mut tasks: JoinSet<_> = futures.into_iter().collect();
            while let Some(output) = tasks.join_next().await {
                each(output.expect("no workload panics"));
            }
        } else {
            let mut outputs: FuturesUnordered<_> = futures.into_iter().collect();
            while let Some(output) = outputs.next().await {
                each(output);
            }
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
    type Hyper = TokioIo<TcpStream>;

    fn for_hyper(self) -> TokioIo<TcpStream> {
        TokioIo::new(self)
    }

    fn set_nodelay(&self) -> io::Result<()> {
        self.set_nodelay(true)
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        AsyncReadExt::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        AsyncReadExt::read_exact(self, buffer).await.map(drop)
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        AsyncWriteExt::write_all(self, bytes).await
    }
}
