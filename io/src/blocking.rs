//! Where may a call block?
//!
//! On threads that do nothing else. They start when there is a job and nobody idle, up to a limit;
//! the one that became idle last is used first, and one that stays idle ends. Beyond the limit
//! jobs queue.
//!
//! - **no-thread-no-loss**: a thread that is refused costs nothing while others are there to take
//!   the job; with none, the job comes back to the caller.

use heist_core::{
    job::Job,
    panics::contain,
    primitive::{Arc, Condvar, Mutex, Wait, thread},
};
use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// How long an idle thread waits for a job before it ends. tokio's figure.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

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
    /// Those that are lent to somebody, and do not count.
    lent: usize,
    started: usize,
    closed: bool,
}

/// Lookups, which have a limit of their own.
#[derive(Default)]
pub(crate) struct Lookups {
    pub(crate) queue: VecDeque<Job>,
    /// How many jobs of the pool take from the queue.
    pub(crate) running: usize,
}

/// Threads on which calls may block.
pub struct Pool {
    state: Mutex<State>,
    /// What `look_up` keeps here.
    pub(crate) lookups: Mutex<Lookups>,
    ended: Condvar,
    limit: usize,
    name: String,
    on_start: Hook,
    on_stop: Hook,
    pub(crate) spare: Spare,
}

impl State {
    /// How many count against the limit.
    fn counted(&self) -> usize {
        self.threads - self.leaving - self.lent
    }

    /// One more thread; its number.
    fn count_thread(&mut self) -> usize {
        self.threads += 1;
        self.started += 1;
        self.started
    }

    /// Gives the job to an idle thread, or back.
    fn hand(&mut self, job: Job) -> Result<(), Job> {
        let Some(desk) = self.idle.pop() else {
            return Err(job);
        };
        // Under the state's lock: a desk that is off the list has its job, or has been told to
        // end.
        *desk.job.lock() = Some(job);
        desk.handed.notify_one();
        Ok(())
    }
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
        match Self::start(this, job, number) {
            Ok(()) => Ok(()),
            Err(job) => this.refused(job),
        }
    }

    /// Lends somebody a thread, which runs `body` now and then comes back. Until then it counts
    /// for no limit. False if nothing runs: the pool is closed, or the operating system refuses the
    /// thread.
    pub fn lend(this: &Arc<Self>, body: impl FnOnce() + Send + 'static) -> bool {
        let body = Arc::new(Mutex::new(Some(body)));
        let (take, pool) = (body.clone(), this.clone());
        let job = Job::call(move || {
            let body = take.lock().take();
            // Whatever happens, the thread comes back.
            body.into_iter().for_each(contain);
            pool.state.lock().lent -= 1;
        });
        let (job, number) = {
            let mut state = this.state.lock();
            state.lent += 1;
            if state.closed {
                drop(state);
                drop(body.lock().take());
                job.run(); // without its closure it only frees itself
                return false;
            }
            match state.hand(job) {
                Ok(()) => return true,
                Err(job) => (job, state.count_thread()),
            }
        };
        let Err(job) = Self::start(this, job, number) else {
            return true;
        };
        drop(body.lock().take());
        job.into_iter().for_each(Job::run); // as above
        let _ = this.refused(None);
        false
    }

    /// A thread whose first job this is.
    ///
    /// # Errors
    ///
    /// When the operating system refuses it: with the job.
    fn start(this: &Arc<Self>, job: Job, number: usize) -> Result<(), Option<Job>> {
        let first = Arc::new(Mutex::new(Some(job)));
        let (take, pool) = (first.clone(), this.clone());
        let body = move || {
            let job = take.lock().take();
            if let Some(job) = job {
                pool.work(job);
            }
        };
        let started = thread::start(format!("{}-{number}", this.name), body);
        started.map(drop).map_err(|_| first.lock().take())
    }

    /// A thread was refused: its job finds another, or goes back. If it was the last that others
    /// waited for, nobody will take theirs.
    fn refused(&self, job: Option<Job>) -> Result<(), Job> {
        let stranded = {
            let mut state = self.state.lock();
            state.threads -= 1;
            self.tell_end(&state);
            if state.counted() == 0 {
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

    fn place(&self, job: Job, may_start: bool) -> Placed {
        let mut state = self.state.lock();
        if state.closed {
            return Placed::Refused(job);
        }
        let Err(job) = state.hand(job) else {
            return Placed::Done;
        };
        if may_start && state.counted() < self.limit {
            return Placed::Start(job, state.count_thread());
        }
        if state.counted() == 0 {
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
            // One that comes back from whom it was lent to may be too many.
            let is_spare = state.counted() > self.limit;
            if !is_spare && let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            if state.closed || is_spare {
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
