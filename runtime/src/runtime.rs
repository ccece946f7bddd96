//! How does a runtime start, and how does it end?
//!
//! It ends in this order: no new tasks; every task aborted; wait until they are gone, for the
//! shutdown timeout at most; stop the workers; join them; run what is left in the queues, close
//! reactor, timers and blocking threads. Tasks that are not gone by then are named on stderr, and
//! their threads left to themselves.

use crate::{
    block_on, context,
    dump::Dump,
    handle::Handle,
    scheduler::{Seat, Worker},
    task::{JoinHandle, Spawn, kinds::Thread, reference},
};
use heist_core::{
    panics::contain,
    primitive::{Arc, Mutex, thread},
    stderr,
};
use heist_io::punctual::Punctual;
use std::{fmt, future::poll_fn, io, task::Poll, time::Duration};

/// A runtime: threads that run tasks.
///
/// Dropping it shuts it down, and blocks until its tasks are gone, for the
/// [shutdown timeout](crate::Builder::shutdown_timeout) at most; on a worker's thread it does so
/// in the background.
///
/// ```
/// let runtime = heist::Runtime::new()?;
/// let six = runtime.spawn(async { 6 });
/// let seven = 7; // a root may borrow
/// let product = runtime.block_on(async { six.await.unwrap() * seven });
/// assert_eq!(product, 42);
///
/// let handle = runtime.handle().clone(); // for other threads
/// let endless = handle.spawn(std::future::pending::<()>());
/// let dump = runtime.dump();
/// assert!(dump.tasks.iter().any(|dump| dump.task.id == endless.id()));
/// let left = runtime.shutdown(std::time::Duration::from_secs(1));
/// assert!(left.is_ok() && endless.is_finished());
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "Runner")]
pub struct Runtime {
    /// `None` once the runtime is being shut down.
    parts: Option<Parts>,
}

struct Parts {
    handle: Handle,
    threads: Vec<thread::JoinHandle<()>>,
    /// The seat that is kept for the thread in `block_on`, if it is to work.
    seat: Option<Mutex<Option<Seat>>>,
    timeout: Duration,
}

/// A user's function for a thread's start or end.
#[derive(Clone)]
pub struct Hook(Arc<Box<dyn Fn() + Send + Sync>>);

impl Hook {
    pub fn new(hook: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Box::new(hook)))
    }

    fn call(&self) {
        // The panic hook has reported it; the thread is needed.
        contain(|| (self.0)());
    }
}

/// The user's functions.
#[derive(Clone, Default)]
pub struct Hooks {
    pub start: Option<Hook>,
    pub stop: Option<Hook>,
}

impl Hooks {
    pub fn start_fn(&self) -> Box<dyn Fn() + Send + Sync> {
        call(self.start.clone())
    }

    pub fn stop_fn(&self) -> Box<dyn Fn() + Send + Sync> {
        call(self.stop.clone())
    }
}

fn call(hook: Option<Hook>) -> Box<dyn Fn() + Send + Sync> {
    Box::new(move || {
        if let Some(hook) = &hook {
            hook.call();
        }
    })
}

impl Runtime {
    pub(crate) fn start(
        handle: Handle,
        mut seats: impl Iterator<Item = Seat>,
        caller_works: bool,
        name: String,
        hooks: Hooks,
        timeout: Duration,
    ) -> io::Result<Self> {
        let seat = caller_works.then(|| Mutex::new(seats.next()));
        // Built first: what has been started is shut down when a later thread is refused.
        let mut parts = Parts {
            handle,
            threads: Vec::new(),
            seat,
            timeout,
        };
        for seat in seats {
            let (handle, hooks) = (parts.handle.clone(), hooks.clone());
            let body = move || work(&handle, seat, &hooks);
            match thread::start(format!("{name}-{}", parts.threads.len()), body) {
                Ok(thread) => parts.threads.push(thread),
                Err(error) => {
                    drop(Self { parts: Some(parts) });
                    return Err(error);
                }
            }
        }
        Ok(Self { parts: Some(parts) })
    }

    /// Runs `future` on this thread until it returns; the workers run the rest. It may borrow,
    /// and need not be `Send`. Ends nothing: what it has spawned goes on.
    ///
    /// Tasks of [`spawn_local`](crate::spawn_local) inside it are aborted when it returns, since
    /// they cannot live on another thread. In a current-thread runtime, calls from several threads
    /// take turns.
    ///
    /// # Panics
    ///
    /// When the future does; and on a worker of a runtime, which it would block.
    #[doc(alias = "run_until_complete")]
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        refuse_worker("block_on");
        // In a blocking closure of this runtime: the thread with the seat may wait for it.
        let is_inside = context::try_handle().is_some_and(|handle| handle.is_same(self.handle()));
        match &self.parts().seat {
            Some(seat) if !is_inside => block_on::with_seat(self.handle(), seat, future),
            _ => block_on::without_seat(self.handle(), future),
        }
    }

    /// Spawns a task. See [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle().spawn(future)
    }

    /// A reference that can be sent elsewhere.
    pub fn handle(&self) -> &Handle {
        &self.parts().handle
    }

    /// What every task is waiting for, now. See [`Handle::dump`].
    #[doc(alias = "all_tasks")]
    pub fn dump(&self) -> Dump {
        self.handle().dump()
    }

    /// Shuts the runtime down, as dropping it does, with another timeout. Says who is left.
    ///
    /// # Errors
    ///
    /// With the tasks that were not gone in time; their threads are left to themselves.
    #[doc(alias = "shutdown_timeout")]
    pub fn shutdown(mut self, timeout: Duration) -> Result<(), Dump> {
        let mut parts = self.parts.take().expect("taken only here and in `drop`");
        parts.timeout = timeout;
        parts.shut_down()
    }

    fn parts(&self) -> &Parts {
        self.parts
            .as_ref()
            .expect("taken only by what ends the runtime")
    }
}

/// Panics where a call would block a worker.
#[track_caller]
pub fn refuse_worker(what: &str) {
    assert!(
        !crate::scheduler::local::is_worker(),
        "`{what}` would block a worker, which has other tasks to run: await instead, or use \
         `spawn_blocking`"
    );
}

/// A worker thread's life.
fn work(handle: &Handle, seat: Seat, hooks: &Hooks) {
    hooks.start_fn()();
    let home = seat.shared.remotes[seat.me].home.clone();
    let thread = Thread::new(home, seat.shared.clone());
    {
        let _context = context::enter(handle, Some(thread.clone()), Some(seat.me));
        let _punctual = Punctual::here();
        Worker::sit(seat).work(None);
        Thread::close(&thread);
    }
    hooks.stop_fn()();
}

impl Parts {
    fn shut_down(self) -> Result<(), Dump> {
        let Self {
            handle,
            threads,
            seat,
            timeout,
        } = self;
        let shared = handle.shared();
        shared.driver.timers.clock().resume();
        reference::abort_all(&shared.slab);
        let began = shared.driver.timers.now_ns();
        let empty = poll_fn(|cx| match shared.slab.ending.is_over_or_wakes(cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let gone = heist_timer::timeout(timeout, empty);
        let gone = match &seat {
            Some(seat) => block_on::with_seat(&handle, seat, gone),
            None => block_on::without_seat(&handle, gone),
        };
        shared.stop();
        if gone.is_ok() {
            for thread in threads {
                // Its panic has been reported.
                let _ = thread.join();
            }
        }
        {
            let _context = context::enter(&handle, None, None);
            drop(seat);
            shared.drain();
        }
        let passed = shared.driver.timers.now_ns().saturating_sub(began);
        let left = timeout.saturating_sub(Duration::from_nanos(passed));
        handle.pool().shutdown(left);
        shared.driver.reactor.close();
        shared.driver.timers.close();
        if gone.is_ok() {
            shared.slab.release();
        }
        gone.map_err(|_| handle.dump())
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else {
            return;
        };
        let timeout = parts.timeout;
        let end = move || {
            if let Err(left) = parts.shut_down() {
                stderr::say(format_args!("left behind after {timeout:?}: {left}"));
            }
        };
        if crate::scheduler::local::belongs_to_a_runtime() {
            // Joining the workers from one of them would never end. Refused the thread, the
            // runtime is leaked: its threads go on.
            let _ = thread::start(String::from("heist-shutdown"), end);
        } else {
            end();
        }
    }
}

impl Spawn for Runtime {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Runtime::spawn(self, future)
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("handle", self.handle())
            .finish()
    }
}
