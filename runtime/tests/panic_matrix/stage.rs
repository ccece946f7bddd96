//! How does a task come into a state, and what does the test do to it there?

use crate::{
    Cell, Hook, Kind, State, THREADS,
    plan::{IN_CELL, LOCAL, Plan, Script, Value},
};
use heist::{JoinHandle, Runtime};
use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Barrier, atomic::Ordering::SeqCst, mpsc},
    task::{Context, Poll, Waker},
};

/// Threads that do nothing else, until they are released.
pub struct Hold(Arc<Barrier>);

impl Hold {
    /// All `threads` that run this kind of tasks.
    pub fn new(runtime: &Runtime, kind: Kind, threads: usize) -> Self {
        let all = Arc::new(Barrier::new(threads + 1));
        for _ in 0..threads {
            let all = all.clone();
            let stay = move || {
                all.wait();
                all.wait();
            };
            match kind {
                Kind::Task => drop(runtime.spawn(async move { stay() })),
                Kind::Closure => drop(runtime.handle().spawn_blocking(stay)),
            }
        }
        all.wait();
        Self(all)
    }

    pub fn release(self) {
        self.0.wait();
    }
}

/// A task in the state of its cell, and what keeps it there.
pub struct Stage<'a> {
    cell: &'a Cell,
    plan: &'a Plan,
    runtime: &'a Runtime,
    handle: Option<JoinHandle<Value>>,
    waker: Waker,
    go: mpsc::Sender<()>,
    hold: Option<Hold>,
    /// The thread whose start panics is the one that is to run the task.
    starts: bool,
}

impl<'a> Stage<'a> {
    /// Brings a new task into the state.
    pub fn new(cell: &'a Cell, plan: &'a Plan, runtime: &'a Runtime) -> Self {
        use State::*;
        let (begun, begins) = mpsc::channel();
        let (go, goes) = mpsc::channel();
        let script = Script {
            plan: plan.clone(),
            pauses: matches!(cell.state, Waiting | Woken | Again | AbortedWaiting),
            stays: cell.kind == Kind::Task && cell.state == AbortedRunning,
            begun,
            go: goes,
            _held: plan.value(Hook::Held),
        };
        let pauses = script.pauses;
        let threads = match cell.kind {
            Kind::Task => cell.workers,
            Kind::Closure => THREADS,
        };
        let hold = || Some(Hold::new(runtime, cell.kind, threads));
        let queues = matches!(cell.state, Queued | AbortedQueued);
        let starts = queues && cell.kind == Kind::Closure && cell.hook == Hook::Start;
        plan.armed.fetch_or(starts, SeqCst);
        let mut stage = Self {
            cell,
            plan,
            runtime,
            hold: if queues && !starts { hold() } else { None },
            handle: Some(spawn(cell, plan, runtime, script)),
            waker: Waker::noop().clone(),
            go,
            starts,
        };
        if starts {
            plan.start.wait();
        }
        if !queues {
            stage.waker = begins.recv().unwrap();
        }
        if pauses {
            // Every worker does something else: the poll is over.
            stage.hold = hold();
        }
        stage.arrive(&begins);
        stage
    }

    fn arrive(&mut self, begins: &mpsc::Receiver<Waker>) {
        use State::*;
        match self.cell.state {
            Queued | First | Waiting | Detached => {}
            Woken | WokenRunning => self.waker.wake_by_ref(),
            Again => {
                self.waker.wake_by_ref();
                self.release();
                drop(begins.recv().unwrap());
            }
            AbortedQueued | AbortedWaiting | AbortedRunning => self.handle().abort(),
            Finished => {
                if matches!(self.cell.hook, Hook::Wake | Hook::Drop) {
                    self.poll(&self.plan.waker());
                }
                self.go();
                while !self.handle().is_finished() {
                    std::thread::yield_now();
                }
            }
        }
        let dumped = match self.cell.state {
            Waiting => "waiting",
            AbortedQueued | AbortedWaiting | AbortedRunning => "being aborted",
            Finished => "finished",
            Queued | First | Woken | Again | WokenRunning | Detached => "runnable",
        };
        assert_eq!(self.dumped(), dumped, "{:?}", self.cell);
    }

    /// The task's state, as a dump has it.
    fn dumped(&self) -> &'static str {
        let id = self.handle().id();
        let tasks = self.runtime.dump().tasks;
        let dumped = tasks.iter().find(|dump| dump.task.id == id);
        dumped.map_or("finished", |dump| dump.state)
    }

    /// Has the hook called, if it is not the task itself that calls it. Whether that panics here.
    pub fn act(&mut self) -> bool {
        let finished = self.cell.state == State::Finished;
        let detached = self.cell.state == State::Detached;
        match self.cell.hook {
            Hook::Clone => {
                // The one that is registered stays so.
                self.poll(&self.plan.quiet_waker());
                let waker = self.plan.waker();
                return panics(|| self.poll(&waker));
            }
            Hook::Drop if !finished => {
                self.poll(&self.plan.waker());
                if !detached {
                    return panics(|| self.poll(Waker::noop()));
                }
            }
            Hook::Output | Hook::Payload if finished => return panics(|| self.handle = None),
            Hook::Start => self.start(),
            _ => {}
        }
        if detached {
            // What runs the task has the last reference.
            self.waker = Waker::noop().clone();
            return panics(|| self.handle = None);
        }
        false
    }

    /// Lets the task go on.
    pub fn leave(mut self) -> Option<JoinHandle<Value>> {
        self.go();
        if self.cell.state == State::Waiting {
            self.waker.wake_by_ref();
        }
        self.release();
        self.handle
    }

    fn handle(&self) -> &JoinHandle<Value> {
        self.handle.as_ref().unwrap()
    }

    fn poll(&mut self, waker: &Waker) {
        let handle = Pin::new(self.handle.as_mut().unwrap());
        assert!(handle.poll(&mut Context::from_waker(waker)).is_pending());
    }

    fn go(&self) {
        // One that was aborted in the queue does not listen.
        let _ = self.go.send(());
    }

    fn release(&mut self) {
        if let Some(hold) = self.hold.take() {
            hold.release();
        }
    }

    /// Starts a blocking thread: at most one is idle, and here is work for two.
    fn start(&self) {
        if !self.starts {
            self.plan.armed.store(true, SeqCst);
            let both = Arc::new(Barrier::new(2));
            for both in [both.clone(), both] {
                self.runtime.handle().spawn_blocking(move || both.wait());
            }
            self.plan.start.wait();
        }
        self.plan.start.wait();
    }
}

fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// Spawns the task, whose cell holds a guard. The task-local value lies there, too, or in a future.
fn spawn(cell: &Cell, plan: &Plan, runtime: &Runtime, mut script: Script) -> JoinHandle<Value> {
    let late = matches!(cell.state, State::Finished | State::Detached);
    let inherited = late || cell.kind == Kind::Closure;
    let (outside, inside) = match plan.value(Hook::Local) {
        local if inherited => (Some(local), None),
        local => (None, Some(local)),
    };
    let mut handle = None;
    let spawns = IN_CELL.scope(plan.alive.guard(), async {
        handle = Some(match (cell.kind, inside) {
            (Kind::Closure, _) => heist::spawn_blocking(move || call(script)),
            (Kind::Task, None) => heist::spawn(poll_fn(move |cx| script.poll(cx.waker()))),
            (Kind::Task, Some(local)) => {
                let future = poll_fn(move |cx| script.poll(cx.waker()));
                heist::spawn(LOCAL.scope(local, future))
            }
        });
    });
    match outside {
        Some(local) => runtime.block_on(LOCAL.scope(local, spawns)),
        None => runtime.block_on(spawns),
    }
    handle.expect("the root has spawned it")
}

fn call(mut script: Script) -> Value {
    let returned = script.poll(Waker::noop());
    // Why not at the end: the compiler forgets what a block returns when its end panics
    // (rust-lang/rust#47949).
    drop(script);
    match returned {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a closure waits for nobody"),
    }
}
