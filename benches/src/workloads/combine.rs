//! What does it cost to wait for many futures in one task?
//!
//! Each future registers at its first poll and is woken once, by another task, when all have
//! registered. So nobody wakes itself, and every future is polled at least twice.

use super::Workload;
use crate::{
    meter::{Meter, Sample},
    rt::{JOIN_SET, Rt},
};
use futures_channel::oneshot;
use std::{
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("gather_8", "future", gather::<R, 8>),
        Workload::new("gather_1000", "future", gather::<R, 1_000>),
        Workload::new("gather_100k", "future", gather::<R, 100_000>),
        Workload::new("as_completed_8", "future", completed::<R, 8>).also(&[JOIN_SET]),
        Workload::new("as_completed_1000", "future", completed::<R, 1_000>).also(&[JOIN_SET]),
        Workload::new("as_completed_100k", "future", completed::<R, 100_000>).also(&[JOIN_SET]),
    ]
}

/// Futures in a pass: fewer at a time means more often.
const FUTURES: usize = 100_000;

/// All outputs at once, in the order of the futures.
async fn gather<R: Rt, const AT_A_TIME: usize>() -> Sample {
    let mut meter = Meter::new(FUTURES as u64);
    while meter.again() {
        for _ in 0..FUTURES / AT_A_TIME {
            let (guests, ringer) = party::<R>(AT_A_TIME);
            let outputs = R::gather(guests).await;
            assert!(outputs.into_iter().eq(0..AT_A_TIME));
            ringer.await;
        }
    }
    meter.finish()
}

/// One output after the other, as they come.
async fn completed<R: Rt, const AT_A_TIME: usize>() -> Sample {
    let mut meter = Meter::new(FUTURES as u64);
    while meter.again() {
        for _ in 0..FUTURES / AT_A_TIME {
            let (guests, ringer) = party::<R>(AT_A_TIME);
            let mut sum = 0;
            R::as_completed(guests, |output| sum += output).await;
            assert_eq!(sum, AT_A_TIME * (AT_A_TIME - 1) / 2);
            ringer.await;
        }
    }
    meter.finish()
}

/// `size` futures that wait for a bell, and the task that rings it.
fn party<R: Rt>(size: usize) -> (Vec<Guest>, R::Handle<()>) {
    let (full, is_full) = oneshot::channel();
    let bell = Arc::new(Bell {
        has_rung: AtomicBool::new(false),
        hall: Mutex::new(Hall {
            size,
            waiting: Vec::with_capacity(size),
            full: Some(full),
        }),
    });
    let guest = |number| Guest {
        number,
        has_come: false,
        bell: bell.clone(),
    };
    let guests = (0..size).map(guest).collect();
    let ringer = R::spawn(async move {
        let waiting: Vec<Waker> = is_full.await.expect("all guests come");
        bell.has_rung.store(true, Ordering::Release);
        waiting.into_iter().for_each(Waker::wake);
    });
    (guests, ringer)
}

/// What the futures of one party share.
struct Bell {
    has_rung: AtomicBool,
    hall: Mutex<Hall>,
}

impl Bell {
    fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Hall {
    size: usize,
    waiting: Vec<Waker>,
    /// Taken by the last one who comes.
    full: Option<oneshot::Sender<Vec<Waker>>>,
}

impl Hall {
    /// One more waits. All of them are handed over with the last.
    fn enter(&mut self, waker: Waker) {
        self.waiting.push(waker);
        if self.waiting.len() == self.size {
            let full = self.full.take().expect("nobody comes after the last");
            let sent = full.send(mem::take(&mut self.waiting));
            sent.expect("somebody rings");
        }
    }
}

/// A future that waits for the bell and then gives its number.
pub struct Guest {
    number: usize,
    has_come: bool,
    bell: Arc<Bell>,
}

impl Future for Guest {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        if !self.has_come {
            self.has_come = true;
            self.bell.hall().enter(cx.waker().clone());
        } else if self.bell.has_rung.load(Ordering::Acquire) {
            return Poll::Ready(self.number);
        }
        // Whoever polls again before the bell keeps the waker: every contestant gives a future the
        // same one.
        Poll::Pending
    }
}
