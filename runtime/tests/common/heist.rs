//! `Spawn` over heist's own tasks.

use super::Executor;
use heist::{JoinHandle, Runtime, task::Spawn};

/// A runtime with two workers.
pub struct Heist(Runtime);

impl Default for Heist {
    fn default() -> Self {
        Self(heist::Builder::new().workers(2).build().unwrap())
    }
}

impl Executor for Heist {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

impl Spawn for Heist {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(future)
    }
}
