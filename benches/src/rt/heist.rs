//! How does heist do it?

use super::{Listener, Rt, Stream, join::Join};
use heist::{
    Builder, JoinHandle, Reactor, Runtime,
    net::{TcpListener, TcpStream},
};
use std::{io, net::SocketAddr, time::Duration};

/// `Runtime`, whose workers are threads of their own, with the reactor of the system.
pub type Heist = On<false>;

/// The same with the reactor that every system has.
pub type HeistPolling = On<true>;

/// A runtime on one of the two reactors.
pub struct On<const POLLING: bool>(Runtime);

impl<const POLLING: bool> Rt for On<POLLING> {
    const NAME: &'static str = if POLLING { "heist-polling" } else { "heist" };

    type Handle<T: Send + 'static> = Join<JoinHandle<T>>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn start(workers: usize) -> io::Result<Self> {
        let reactor = if POLLING {
            Reactor::Polling
        } else {
            Reactor::default()
        };
        let builder = Builder::new().workers(workers).reactor(reactor);
        builder.build().map(Self)
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
        Join(heist::spawn(future))
    }

    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        heist::spawn(future);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        heist::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        heist::sleep(duration)
    }

    async fn timeout<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send,
    {
        heist::timeout(limit, future).await.ok()
    }

    fn gather<F>(futures: Vec<F>) -> impl Future<Output = Vec<F::Output>> + Send
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        heist::gather(futures)
    }

    async fn as_completed<F>(futures: Vec<F>, mut each: impl FnMut(F::Output) + Send)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let mut outputs = heist::as_completed(futures);
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
    type Hyper = TcpStream;

    fn for_hyper(self) -> TcpStream {
        self
    }

    fn set_nodelay(&self) -> io::Result<()> {
        self.set_nodelay(true)
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        TcpStream::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        TcpStream::read_exact(self, buffer).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        TcpStream::write_all(self, bytes).await
    }
}
