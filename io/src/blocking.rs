//! Where may a call block?
//!
//! On threads that do nothing else. They start when there is a job and nobody idle, up to a limit;
//! the one that became idle last is used first, and one that stays idle ends. Beyond the limit
//! jobs queue.
//!
//! - **no-thread-no-loss**: a thread that is refused costs nothing while others are there to take
//!   the job; with none, the job comes back to the caller.
//! - **lookups-apart**: a resolver that hangs keeps a few threads and not all of them.

use heist_core::{
    job::Job,
    panics::contain,
    primitive::{Arc, Condvar, Mutex, Wait, thread},
    waker_cell::WakerCell,
};
use std::{
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
    time::Duration,
};

/// How long an idle thread waits for a job before it ends. tokio's figure.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How many names are looked up at the same time. One lookup may take half a minute when no
/// nameserver answers (resolv.conf(5): 2 attempts of 5 s for each of up to 3 servers).
const LOOKUPS_MAX: usize = 32;

/// A function for each thread's start or end.
pub type Hook = Box<dyn Fn() + Send + Sync>;

/// Runs a job for which there is no thread at all.
pub type Spare = Box<dyn Fn(Job) + Send + Sync>;

/// A place where an idle thread waits to be handed a job.
#[derive(Default)]
struct Desk {
    job: Mutex<Option<Job>>,
    handed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// The last to become idle is the first to be used: the others may end.
    idle: Vec<Arc<Desk>>,
    /// All of them, also those that start and those that go.
    threads: usize,
    /// Those that take no job any more.
    leaving: usize,
    started: usize,
    closed: bool,
}

/// Lookups, which have a limit of their own.
#[derive(Default)]
struct Lookups {
    queue: VecDeque<Job>,
    /// How many jobs of the pool take from the queue.
    running: usize,
}

/// Threads on which calls may block.
pub struct Pool {
    state: Mutex<State>,
    lookups: Mutex<Lookups>,
    ended: Condvar,
    limit: usize,
    name: String,
    on_start: Hook,
    on_stop: Hook,
    spare: Spare,
}

enum Placed {
    Done,
    Refused(Job),
    /// A thread is to be started for it.
    Start(Job, usize),
}

impl Pool {
    /// A pool without threads, of at most `limit`. The hooks are called on each thread, first and
    /// last; they must not panic. `spare` gets the jobs that queued for threads which the operating
    /// system then refused.
    pub fn new(
        limit: usize,
        name: String,
        on_start: Hook,
        on_stop: Hook,
        spare: Spare,
    ) -> Arc<Self> {
        let (state, ended) = (Mutex::default(), Condvar::new());
        Arc::new(Self {
            state,
            lookups: Mutex::default(),
            ended,
            limit,
            name,
            on_start,
            on_stop,
            spare,
        })
    }

    /// Runs `job` on one of the threads, soon or when one is free.
    ///
    /// # Errors
    ///
    /// Gives the job back when the pool is closed, or when there is no thread and the operating
    /// system refuses one.
    pub fn push(this: &Arc<Self>, job: Job) -> Result<(), Job> {
        let (job, number) = match this.place(job, true) {
            Placed::Done => return Ok(()),
            Placed::Refused(job) => return Err(job),
            Placed::Start(job, number) => (job, number),
        };
        // Where the job is found again when the thread is refused.
        let first = Arc::new(Mutex::new(Some(job)));
        let (take, pool) = (first.clone(), this.clone());
        let body = move || {
            let job = take.lock().take();
            if let Some(job) = job {
                pool.work(job);
            }
        };
        if thread::start(format!("{}-{number}", this.name), body).is_ok() {
            return Ok(());
        }
        let job = first.lock().take();
        this.refused(job)
    }

    /// A thread was refused: its job finds another, or goes back. If it was the last that others
    /// waited for, nobody will take theirs.
    fn refused(&self, job: Option<Job>) -> Result<(), Job> {
        let stranded = {
            let mut state = self.state.lock();
            state.threads -= 1;
            self.tell_end(&state);
            if state.threads == state.leaving {
                std::mem::take(&mut state.queue)
            } else {
                VecDeque::new()
            }
        };
        stranded.into_iter().for_each(&self.spare);
        match job.map(|job| self.place(job, false)) {
            Some(Placed::Refused(job) | Placed::Start(job, _)) => Err(job),
            Some(Placed::Done) | None => Ok(()),
        }
    }

    /// Once, at the end: a wait for it with a timeout shall not begin anew for each thread.
    fn tell_end(&self, state: &State) {
        if state.threads == 0 {
            self.ended.notify_all();
        }
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.state.lock().threads
    }

    /// Takes no more jobs, and waits until every thread has ended, for `timeout` at most. Whether
    /// they have.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        let mut state = self.state.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        for desk in idle {
            // Liveness: the lock, or the notification falls between the test and the wait.
            drop(desk.job.lock());
            desk.handed.notify_one();
        }
        while state.threads > 0 {
            if self.ended.wait_for(&mut state, timeout) == Wait::TimedOut {
                return state.threads == 0;
            }
        }
        true
    }

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

    fn place(&self, job: Job, may_start: bool) -> Placed {
        let mut state = self.state.lock();
        if state.closed {
            return Placed::Refused(job);
        }
        if let Some(desk) = state.idle.pop() {
            // Under the state's lock: a desk that is off the list has its job, or has been told
            // to end.
            *desk.job.lock() = Some(job);
            desk.handed.notify_one();
            return Placed::Done;
        }
        if may_start && state.threads - state.leaving < self.limit {
            state.threads += 1;
            state.started += 1;
            return Placed::Start(job, state.started);
        }
        if state.threads == state.leaving {
            return Placed::Refused(job);
        }
        state.queue.push_back(job);
        Placed::Done
    }

    /// A thread's life: its first job, then what queues, then what it is handed.
    fn work(&self, first: Job) {
        (self.on_start)();
        let mut next = Some(first);
        while let Some(job) = next {
            // A closure of ours does not panic; a task's panic stays in the task.
            let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
            next = self.next();
        }
        (self.on_stop)();
        let mut state = self.state.lock();
        state.threads -= 1;
        state.leaving -= 1;
        self.tell_end(&state);
    }

    /// The next job; `None` when the thread is to end.
    fn next(&self) -> Option<Job> {
        let desk = {
            let mut state = self.state.lock();
            if let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            if state.closed {
                state.leaving += 1;
                return None;
            }
            let desk = Arc::new(Desk::default());
            state.idle.push(desk.clone());
            desk
        };
        let mut handed = desk.job.lock();
        loop {
            if let Some(job) = handed.take() {
                return Some(job);
            }
            let wait = desk.handed.wait_for(&mut handed, KEEP_ALIVE);
            if handed.is_none() {
                drop(handed);
                if self.leave(&desk, wait) {
                    return None;
                }
                handed = desk.job.lock();
            }
        }
    }

    /// Ends an idle thread whose time is over, or whose pool is closed; false when somebody has
    /// chosen it meanwhile and is about to hand it a job.
    fn leave(&self, desk: &Arc<Desk>, wait: Wait) -> bool {
        let mut state = self.state.lock();
        let place = state.idle.iter().position(|idle| Arc::ptr_eq(idle, desk));
        let goes = match place {
            Some(_) => wait == Wait::TimedOut,
            // Taken off the list by the shutdown, or by a push that will hand over its job.
            None => state.closed && desk.job.lock().is_none() && state.queue.is_empty(),
        };
        if goes {
            if let Some(place) = place {
                state.idle.remove(place);
            }
            state.leaving += 1;
        }
        goes
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}

struct Answer<T> {
    value: Mutex<Option<T>>,
    waker: WakerCell,
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
