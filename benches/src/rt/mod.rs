//! What is it measured over?
//!
//! A workload is written once, over [`Rt`]. An adapter passes each call on to what that runtime
//! itself offers for it, with its default settings, and adds nothing.

use std::{io, net::SocketAddr, time::Duration};

mod heist;
mod smol;
mod tokio;
mod join; // what is left of a handle when no task panics?

pub use self::{
    heist::{Heist, HeistPolling},
    smol::{Smol, THREADS as SMOL_THREADS},
    tokio::{Tokio, TokioJoinSet},
};

/// The runtimes that run everything, as the table names them. Ratios are to [`PEER`].
pub const NAMES: [&str; 3] = [Heist::NAME, Tokio::NAME, Smol::NAME];

/// heist on the portable reactor.
pub const POLLING: &str = HeistPolling::NAME;

/// tokio with a task for each future.
pub const JOIN_SET: &str = TokioJoinSet::NAME;

/// The runtime that the others are divided by, and that is measured twice.
pub const PEER: &str = Tokio::NAME;

/// A runtime whose tasks run on several workers.
pub trait Rt: Sized + Sync + 'static {
    const NAME: &'static str;

    /// Waits for a task, and must be awaited. It names no future, so tasks can spawn their like.
    type Handle<T: Send + 'static>: Future<Output = T> + Send + 'static;
    type Listener: Listener<Stream = Self::Stream>;
    type Stream: Stream;

    /// Starts a runtime of `workers` threads.
    fn start(workers: usize) -> io::Result<Self>;

    /// Spawns `root` and blocks this thread, which is no worker, until it has returned. So a
    /// workload is always a task among tasks.
    fn run<F>(&self, root: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Drives `future` on this thread, which is no worker, as a program's `main` would.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Spawns a task from a thread that need not be a worker.
    fn spawn_on<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Spawns a task that nobody waits for, from a thread that need not be a worker.
    fn spawn_detached_on<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Spawns a task from a task.
    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Spawns a task that nobody waits for.
    fn spawn_detached<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Lets other tasks run first.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Waits for `duration`.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;

    /// What `future` gives, or nothing if that takes longer than `limit`.
    fn timeout<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send;

    /// What all `futures` give, in their order.
    fn gather<F>(futures: Vec<F>) -> impl Future<Output = Vec<F::Output>> + Send
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Calls `each` with what each of `futures` gives, as soon as it does.
    fn as_completed<F>(
        futures: Vec<F>,
        each: impl FnMut(F::Output) + Send,
    ) -> impl Future<Output = ()> + Send
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Listens at `address`.
    fn bind(address: SocketAddr) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Connects to `address`.
    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A listening TCP socket.
pub trait Listener: Send + Sync + 'static {
    type Stream;

    fn address(&self) -> io::Result<SocketAddr>;
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A connected TCP socket.
pub trait Stream: Send + Sync + 'static {
    /// The same, as hyper wants it.
    type Hyper: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static;

    fn for_hyper(self) -> Self::Hyper;
    fn set_nodelay(&self) -> io::Result<()>;
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;
    fn read_exact(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;
    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}
