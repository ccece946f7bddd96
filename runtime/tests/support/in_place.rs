//! What the tests of `block_in_place` share.

use super::support::watch;
use heist::{Builder, block_in_place};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

pub const MILLISECOND: Duration = Duration::from_millis(1);

/// Runs `root` on so many workers, under a name for the dump of a hang.
pub fn run<T: Send + 'static>(
    workers: usize,
    what: &str,
    root: impl Future<Output = T> + Send + 'static,
) -> T {
    let what = format!("{what}, {workers} workers");
    let root = async move {
        let _watch = watch(what);
        root.await
    };
    let threads = Arc::new(AtomicUsize::new(0));
    let (started, stopped) = (threads.clone(), threads.clone());
    let output = Builder::new()
        .workers(workers)
        .blocking_threads(1)
        .on_thread_start(move || _ = started.fetch_add(1, SeqCst))
        .on_thread_stop(move || _ = stopped.fetch_sub(1, SeqCst))
        .run(root)
        .unwrap();
    assert_eq!(threads.load(SeqCst), 0, "a thread is left");
    output
}

/// Blocks in place until a message comes.
pub fn receive<T>(from: &mpsc::Receiver<T>) -> T {
    block_in_place(|| from.recv().unwrap())
}
