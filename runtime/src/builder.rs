//! Which knobs are there, what are their defaults, and why those?

use crate::{
    handle::Handle,
    runtime::{Hook, Hooks, Runtime},
    scheduler::{self, Hint, policy},
};
use heist_core::primitive::thread;
use heist_io::{Variant, blocking::Pool};
use heist_timer::Clock;
use std::{fmt, io, time::Duration};

/// Settings of a runtime.
///
/// ```
/// use heist::{Builder, Reactor};
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::time::{Duration, Instant};
///
/// static THREADS: AtomicUsize = AtomicUsize::new(0);
///
/// let runtime = Builder::new()
///     .workers(2)
///     .name("app")
///     .seed(7)
///     .reactor(Reactor::default())
///     .blocking_threads(16)
///     .shutdown_timeout(Duration::from_secs(1))
///     .on_thread_start(|| _ = THREADS.fetch_add(1, Ordering::Relaxed))
///     .on_thread_stop(|| _ = THREADS.fetch_sub(1, Ordering::Relaxed))
///     .build()?;
/// let name = runtime.spawn(async { std::thread::current().name().map(String::from) });
/// let name = runtime.block_on(name).unwrap();
/// assert!(name.unwrap().starts_with("app-"));
/// assert!(THREADS.load(Ordering::Relaxed) > 0);
/// drop(runtime);
/// assert_eq!(THREADS.load(Ordering::Relaxed), 0);
///
/// // For a test: one thread, and a day that passes at once.
/// let start = Instant::now();
/// let day = async { heist::sleep(Duration::from_secs(86_400)).await };
/// Builder::new().current_thread().paused_clock(true).run(day)?;
/// assert!(start.elapsed() < Duration::from_secs(60));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a builder builds nothing until `build` or `run`"]
#[derive(Clone)]
pub struct Builder {
    workers: Option<usize>,
    current_thread: bool,
    name: String,
    seed: Option<u64>,
    reactor: Option<Variant>,
    hooks: Hooks,
    shutdown_timeout: Duration,
    paused_clock: bool,
    blocking_threads: usize,
}

/// The default of [`Builder::shutdown_timeout`]: long enough for a connection's farewell, short
/// enough for a person who waits for the prompt.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The default of [`Builder::blocking_threads`]. tokio's figure: threads that block cost memory
/// and no time, and a limit that is reached is a hang to the user.
const BLOCKING_THREADS: usize = 512;

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// The defaults: a worker for each processor.
    #[doc(alias = "new_multi_thread")]
    pub fn new() -> Self {
        Self {
            workers: None,
            current_thread: false,
            name: String::from("heist"),
            seed: None,
            reactor: None,
            hooks: Hooks::default(),
            shutdown_timeout: SHUTDOWN_TIMEOUT,
            paused_clock: false,
            blocking_threads: BLOCKING_THREADS,
        }
    }

    /// How many workers; by default as many as the process may use processors. 1 to 512.
    #[doc(alias = "worker_threads")]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// One worker, which is the thread that calls `block_on`: nothing runs between two calls.
    #[doc(alias = "new_current_thread")]
    pub fn current_thread(mut self) -> Self {
        self.current_thread = true;
        self
    }

    /// What the threads are called: the name and a number. `heist` by default.
    #[doc(alias = "thread_name")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Where the workers' random choices begin (whom to steal from). Random by default.
    #[doc(alias = "rng_seed")]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Which reactor waits for the operating system. The environment variable `HEIST_REACTOR`
    /// overrides it.
    pub fn reactor(mut self, variant: Variant) -> Self {
        self.reactor = Some(variant);
        self
    }

    /// Called on each worker's and blocking thread when it starts, but not on a thread that is
    /// not heist's: that of `run` or `block_on`. A panic in it is reported, and the thread goes on.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.start = Some(Hook::new(hook));
        self
    }

    /// Called on each of these threads before it ends. A panic in it is reported.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.stop = Some(Hook::new(hook));
        self
    }

    /// How long the end of the runtime waits for its tasks; then they are named on stderr and
    /// abandoned. 5 seconds by default.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// How many blocking threads there may be. 512 by default; at least 1.
    #[doc(alias = "max_blocking_threads")]
    #[doc(alias = "max_workers")]
    pub fn blocking_threads(mut self, limit: usize) -> Self {
        self.blocking_threads = limit.max(1);
        self
    }

    /// For tests: a clock that stands still, and jumps to the next timer when every task waits.
    #[doc(alias = "start_paused")]
    pub fn paused_clock(mut self, paused: bool) -> Self {
        self.paused_clock = paused;
        self
    }

    /// Starts a runtime.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a thread, or a setting makes no sense: no workers, more
    /// than 512, several in one thread, an unknown `HEIST_REACTOR`.
    pub fn build(self) -> io::Result<Runtime> {
        let caller_works = self.current_thread;
        self.start(caller_works)
    }

    /// Starts a runtime in which this thread is a worker, runs `future` as a task, and shuts the
    /// runtime down. See [`run`](crate::run).
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// # Panics
    ///
    /// When the future does; and on a worker of a runtime.
    #[track_caller]
    pub fn run<F>(self, future: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        crate::runtime::refuse_worker("run");
        let runtime = self.build_with_caller()?;
        let root = runtime.spawn(future);
        let joined = runtime.block_on(root);
        drop(runtime);
        match joined {
            Ok(output) => Ok(output),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => panic!("the root did not return: {error}"),
            },
        }
    }

    /// A runtime whose one seat is left to the thread that blocks on it.
    pub(crate) fn build_with_caller(self) -> io::Result<Runtime> {
        self.start(true)
    }

    pub(crate) fn grace(&self) -> Duration {
        self.shutdown_timeout
    }

    fn start(self, caller_works: bool) -> io::Result<Runtime> {
        let workers = self.worker_count()?;
        let variant = match std::env::var("HEIST_REACTOR") {
            Ok(name) => name
                .parse()
                .map_err(|error| invalid(format!("HEIST_REACTOR: {error}")))?,
            Err(_) => self.reactor.unwrap_or_default(),
        };
        let clock = if self.paused_clock {
            Clock::paused()
        } else {
            Clock::real()
        };
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let (shared, seats) = scheduler::assemble(workers, variant, clock, seed);
        let pool = Pool::new(
            self.blocking_threads,
            format!("{}-blocking", self.name),
            self.hooks.start_fn(),
            self.hooks.stop_fn(),
            {
                let shared = shared.clone();
                Box::new(move |job| scheduler::schedule(&shared, job, Hint::Behind))
            },
        );
        let handle = Handle::new(shared, pool, self.current_thread);
        Runtime::start(
            handle,
            seats,
            caller_works,
            self.name,
            self.hooks,
            self.shutdown_timeout,
        )
    }

    fn worker_count(&self) -> io::Result<usize> {
        let processors = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let default = if self.current_thread {
            1
        } else {
            processors().min(policy::MAX_WORKERS)
        };
        match self.workers.unwrap_or(default) {
            0 => Err(invalid("a runtime needs a worker")),
            many if many > policy::MAX_WORKERS => {
                Err(invalid(format!("at most {} workers", policy::MAX_WORKERS)))
            }
            many if many > 1 && self.current_thread => {
                Err(invalid("`current_thread` has one worker"))
            }
            workers => Ok(workers),
        }
    }
}

impl Runtime {
    /// A runtime with the default settings. See [`Builder`](crate::Builder) for others.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a thread.
    #[doc(alias = "new_event_loop")]
    pub fn new() -> io::Result<Self> {
        Builder::new().build()
    }
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.into())
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("current_thread", &self.current_thread)
            .field("name", &self.name)
            .field("shutdown_timeout", &self.shutdown_timeout)
            .finish_non_exhaustive()
    }
}
