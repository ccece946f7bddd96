//! Of several kinds of jobs that are always there, each gets its turns.
//!
//! Turns are counted, not timed: there is one worker, and what ends a test is a turn of those that
//! would have to wait.

mod support;

use futures::future::BoxFuture;
use heist::{Builder, Handle};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};
use support::watch_of;

/// Each task of the chain spawns the next, by way of the LIFO slot.
#[test]
fn a_chain_of_spawns_goes_behind_those_that_wait() {
    const WAITING: usize = 100;
    fn link(left: Arc<AtomicUsize>, links: usize) -> BoxFuture<'static, usize> {
        Box::pin(async move {
            if left.load(SeqCst) == 0 {
                return links;
            }
            heist::spawn(link(left, links + 1)).await.unwrap()
        })
    }
    let runtime = Builder::new().workers(1).build().unwrap();
    let _watch = watch_of(runtime.handle().clone(), "a chain".to_string());
    let links = runtime.spawn(async {
        let left = Arc::new(AtomicUsize::new(WAITING));
        for _ in 0..WAITING {
            let left = left.clone();
            heist::spawn(async move { left.fetch_sub(1, SeqCst) });
        }
        heist::spawn(link(left, 0)).await.unwrap()
    });
    let links = runtime.block_on(links).unwrap();
    assert!(links < WAITING / 2, "{links} links before {WAITING} tasks");
}

/// There is always more from outside, and each of it is so slow that every turn would look there
/// first.
#[test]
fn own_jobs_run_beside_slow_ones_from_outside_that_never_end() {
    const YIELDS: usize = 20;
    fn slow(handle: Handle, done: Arc<AtomicBool>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if !done.load(SeqCst) {
                let next = slow(handle.clone(), done);
                let outside = thread::spawn(move || drop(handle.spawn(next)));
                outside.join().expect("it is in the injector now");
                thread::sleep(Duration::from_millis(1));
            }
        })
    }
    let runtime = Builder::new().workers(1).build().unwrap();
    let _watch = watch_of(runtime.handle().clone(), "slow from outside".to_string());
    let done = Arc::new(AtomicBool::new(false));
    runtime.spawn(slow(runtime.handle().clone(), done.clone()));
    let own = runtime.spawn(async move {
        for _ in 0..YIELDS {
            heist::yield_now().await;
        }
        done.store(true, SeqCst);
    });
    runtime.block_on(own).unwrap();
}
