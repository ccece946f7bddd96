//! How is a call that blocks awaited?
//!
//! Lookups of names, for now, which share the pool's threads with what users run there.
//!
//! - **lookups-apart**: a resolver that hangs keeps a few threads and not all of them.

use crate::blocking::Pool;
use heist_core::{
    job::Job,
    panics::contain,
    primitive::{Arc, Mutex},
    waker_cell::WakerCell,
};
use std::{
    collections::VecDeque,
    fmt, io,
    task::{Context, Poll},
};

/// How many names are looked up at the same time. One lookup may take half a minute when no
/// nameserver answers (resolv.conf(5): 2 attempts of 5 s for each of up to 3 servers).
const LOOKUPS_MAX: usize = 32;

struct Answer<T> {
    value: Mutex<Option<T>>,
    waker: WakerCell,
}

impl Pool {
    /// What a lookup's thread does after it.
    fn run_lookups(&self) {
        loop {
            let job = {
                let mut lookups = self.lookups.lock();
                let job = lookups.queue.pop_front();
                if job.is_none() {
                    lookups.running -= 1;
                }
                job
            };
            match job {
                Some(job) => job.run(),
                None => return,
            }
        }
    }

    /// A lookup got no thread. If others queued behind it, and nobody is left who would take them,
    /// they go where jobs without threads go.
    fn lookup_refused(&self) {
        let stranded = {
            let mut lookups = self.lookups.lock();
            lookups.running -= 1;
            if lookups.running == 0 {
                std::mem::take(&mut lookups.queue)
            } else {
                VecDeque::new()
            }
        };
        stranded.into_iter().for_each(&self.spare);
    }
}

/// The result of a closure on a blocking thread, to come. Made by [`look_up`].
///
/// Dropping it does not stop the closure.
#[must_use = "futures do nothing until awaited"]
pub struct Unblock<T>(Result<Arc<Answer<T>>, Option<io::Error>>);

impl<T> fmt::Debug for Unblock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unblock").finish_non_exhaustive()
    }
}

/// Looks a name up: runs `closure`, which must not panic, on a thread of `pool`.
pub fn look_up<T: Send + 'static>(
    pool: &Arc<Pool>,
    closure: impl FnOnce() -> T + Send + 'static,
) -> Unblock<T> {
    let call = {
        let mut lookups = pool.lookups.lock();
        if lookups.running == LOOKUPS_MAX {
            let Call { answer, job, .. } = Call::new(closure, || ());
            lookups.queue.push_back(job);
            return Unblock(Ok(answer));
        }
        lookups.running += 1;
        let after = pool.clone();
        Call::new(closure, move || after.run_lookups())
    };
    let call = call.send(pool);
    if call.0.is_err() {
        pool.lookup_refused();
    }
    call
}

/// A closure as a job, which somebody waits for.
struct Call<T, C> {
    answer: Arc<Answer<T>>,
    closure: Arc<Mutex<Option<C>>>,
    job: Job,
}

impl<T: Send + 'static, C: FnOnce() -> T + Send + 'static> Call<T, C> {
    /// A job that answers with the closure's result, and calls `after`.
    fn new(closure: C, after: impl FnOnce() + Send + 'static) -> Self {
        let answer = Arc::new(Answer {
            value: Mutex::new(None),
            waker: WakerCell::new(),
        });
        let closure = Arc::new(Mutex::new(Some(closure)));
        let (to, take) = (answer.clone(), closure.clone());
        let job = Job::call(move || {
            let closure = take.lock().take();
            if let Some(closure) = closure {
                let value = closure();
                *to.value.lock() = Some(value);
                // A panic in a foreign waker is its owner's.
                contain(|| _ = to.waker.wake());
                after();
            }
        });
        Self {
            answer,
            closure,
            job,
        }
    }

    fn send(self, pool: &Arc<Pool>) -> Unblock<T> {
        match Pool::push(pool, self.job) {
            Ok(()) => Unblock(Ok(self.answer)),
            Err(job) => {
                drop(self.closure.lock().take());
                job.run(); // without its closure it only frees itself
                let what = "the system gives no thread for a call that blocks";
                Unblock(Err(Some(io::Error::new(io::ErrorKind::WouldBlock, what))))
            }
        }
    }
}

impl<T> Unblock<T> {
    /// Ready with the closure's result.
    ///
    /// # Errors
    ///
    /// When there is no thread for the closure.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        match &mut self.0 {
            Err(error) => Poll::Ready(Err(error.take().expect("polled until ready"))),
            Ok(answer) => {
                answer.waker.register(cx.waker());
                let value = answer.value.lock().take();
                value.map_or(Poll::Pending, |value| Poll::Ready(Ok(value)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that run are refused at once, and another one has queued behind them.
    #[test]
    fn refused_lookups_hand_on_those_that_queue() {
        let nothing = || Box::new(|| ());
        let pool = Pool::new(1, String::new(), nothing(), nothing(), Box::new(Job::run));
        pool.lookups.lock().running = LOOKUPS_MAX;
        let mut queued = look_up(&pool, || 7);
        let mut poll = || queued.poll(&mut Context::from_waker(std::task::Waker::noop()));
        for _ in 0..LOOKUPS_MAX {
            assert!(poll().is_pending());
            pool.lookup_refused();
        }
        assert!(matches!(poll(), Poll::Ready(Ok(7))));
    }
}
