//! A panic in each of a user's hooks, in each state of a task: it stays there.
//!
//! Each cell of the tables below is one panic on a fresh runtime, with one worker and with two. The
//! join handle gives what its table says, a witness goes on, every worker still works, nothing is
//! left behind, and the panic did happen.

#[path = "panic_matrix/stage.rs"]
mod stage; // a task in a state
#[path = "panic_matrix/plan.rs"]
mod plan; // the user's code, which panics

#[path = "support/foreign.rs"]
#[allow(unsafe_code)]
mod foreign;
#[path = "support/guard.rs"]
mod guard;
#[path = "support/mod.rs"]
mod support;

use futures::{StreamExt as _, channel::oneshot, executor::block_on};
use guard::Alive;
use heist::{Builder, Runtime};
use plan::{Plan, Planned};
use stage::{Hold, Stage};
use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

/// What a task is doing when the hook panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a queue, never polled.
    Queued,
    /// In its first poll.
    First,
    /// For a wake.
    Waiting,
    /// In a queue once more.
    Woken,
    /// In a later poll.
    Again,
    /// In a poll, and woken meanwhile.
    WokenRunning,
    AbortedQueued,
    AbortedWaiting,
    /// Aborted in a poll, which returns `Pending`.
    AbortedRunning,
    /// At its end; the join handle has the output.
    Finished,
    /// In a poll, and after it, without a join handle.
    Detached,
}

/// The user's code that panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hook {
    /// The poll of the future, or the call of the closure.
    Poll,
    /// The drop of what the future or the closure holds.
    Held,
    /// The drop of the output.
    Output,
    /// A foreign waker that the join handle is polled with: its clone, its wake, its last drop.
    Clone,
    Wake,
    Drop,
    /// The drop of a panic's payload.
    Payload,
    /// The drop of a task-local value.
    Local,
    /// The hooks of a thread.
    Start,
    Stop,
}

const STATES: &[State] = &[
    State::Queued,
    State::First,
    State::Waiting,
    State::Woken,
    State::Again,
    State::WokenRunning,
    State::AbortedQueued,
    State::AbortedWaiting,
    State::AbortedRunning,
    State::Finished,
    State::Detached,
];

const HOOKS: &[Hook] = &[
    Hook::Poll,
    Hook::Held,
    Hook::Output,
    Hook::Clone,
    Hook::Wake,
    Hook::Drop,
    Hook::Payload,
    Hook::Local,
    Hook::Start,
    Hook::Stop,
];

/// What the join handle gives after the panic: `P` the panic, `C` that the task was cancelled, `V`
/// its value; `-` the handle is gone. With `!` it is who polls or drops the handle that gets the
/// panic. A small letter: it cannot be, for one of the [`REASONS`].
const TASKS: &str = "
                   Poll  Held  Output  Clone  Wake  Drop  Payload  Local  Start  Stop
    Queued         a     b     c       V!     d     V!    e        f      V      t
    First          P     V     h       V!     d     V!    V        V      V      t
    Waiting        a     b     c       V!     d     V!    e        f      V      t
    Woken          a     b     c       V!     d     V!    e        f      V      t
    Again          P     V     h       V!     d     V!    V        V      V      t
    WokenRunning   P     V     h       V!     d     V!    V        V      V      t
    AbortedQueued  a     C     c       C!     d     C!    C        C      C      t
    AbortedWaiting a     C     c       C!     d     C!    C        C      C      t
    AbortedRunning P     C     c       C!     d     C!    C        C      C      t
    Finished       g     g     -!      i      V     V     -!       V      V      V
    Detached       -     -     -       j      j     -!    -        -      -      -
";

/// The same for a closure on a blocking thread. It is called once, and nobody wakes it: it has no
/// other states.
const CLOSURES: &str = "
                   Poll  Held  Output  Clone  Wake  Drop  Payload  Local  Start  Stop
    Queued         a     b     c       V!     d     V!    e        f      V      t
    First          P     P     h       V!     d     V!    e        f      V      t
    AbortedQueued  a     C     c       C!     d     C!    C        f      C      t
    AbortedRunning P     P     h       V!     d     V!    e        f      V      t
    Finished       g     g     -!      i      V     V     -!       V      V      V
    Detached       -     -     -       j      j     -!    -        -      -      -
";

const REASONS: &str = "
    a nobody polls it in this state
    b what was not aborted is not dropped before its end
    c there is no output
    d the joiner is woken when the task is `Finished`
    e there is no payload, or the task keeps it until it is `Finished`
    f the task keeps the value until it is `Finished`
    g what the task held is gone before it is `Finished`
    h the output is the join handle's
    i the handle of a finished task takes the output, and gives nobody its waker
    j the waker has gone with the handle
    t a thread stops when all tasks are gone, or after ten idle seconds
";

#[test]
fn a_task_in_each_state_survives_a_panic_in_each_hook() {
    assert_eq!(each_cell(Kind::Task, TASKS), 64);
}

#[test]
fn a_closure_in_each_state_survives_a_panic_in_each_hook() {
    assert_eq!(each_cell(Kind::Closure, CLOSURES), 33);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Task,
    Closure,
}

/// How many blocking threads there are.
const THREADS: usize = 3;

/// The entry of `all` that is called so.
fn named<T: std::fmt::Debug + Copy>(all: &[T], name: &str) -> T {
    let found = all.iter().find(|item| format!("{item:?}") == name);
    *found.unwrap_or_else(|| panic!("what is `{name}`?"))
}

/// How many there were.
fn each_cell(kind: Kind, table: &str) -> usize {
    let rows = table.lines().map(|row| row.split_whitespace().collect());
    let mut rows = rows.filter(|row: &Vec<_>| !row.is_empty());
    let hooks = rows.next().unwrap();
    assert_eq!(hooks.len(), HOOKS.len());
    let mut cells = 0;
    for row in rows {
        assert_eq!(row.len(), 1 + hooks.len(), "{row:?}");
        let state = named(STATES, row[0]);
        for (hook, given) in hooks.iter().zip(&row[1..]) {
            if REASONS.contains(&format!("\n    {given} ")) {
                continue;
            }
            let hook = named(HOOKS, hook);
            for workers in [1, 2] {
                Cell {
                    kind,
                    state,
                    hook,
                    workers,
                }
                .run(given);
            }
            cells += 1;
        }
    }
    cells
}

/// One cell of a table.
#[derive(Debug)]
struct Cell {
    kind: Kind,
    state: State,
    hook: Hook,
    workers: usize,
}

impl Cell {
    fn run(&self, given: &str) {
        let plan = self.plan();
        let (at_start, at_stop) = (plan.clone(), plan.clone());
        let runtime = Builder::new()
            .workers(self.workers)
            .blocking_threads(THREADS)
            .on_thread_start(move || at_start.at(Hook::Start))
            .on_thread_stop(move || at_stop.at(Hook::Stop))
            .build()
            .unwrap();
        let _watch = support::watch_of(runtime.handle().clone(), format!("{self:?}"));
        let (ask, mut asked) = futures::channel::mpsc::unbounded::<oneshot::Sender<()>>();
        let witness = runtime.spawn(async move {
            while let Some(answer) = asked.next().await {
                answer.send(()).unwrap();
            }
        });
        let witness_answers = || {
            let (answer, answered) = oneshot::channel();
            ask.unbounded_send(answer).unwrap();
            block_on(answered).unwrap();
        };
        self.every_worker_works(&runtime);
        witness_answers();
        let mut stage = Stage::new(self, &plan, &runtime);
        assert_eq!(stage.act(), given.ends_with('!'), "{self:?}");
        let handle = stage.leave();
        let is_given = match (handle.map(block_on), &given[..1]) {
            (None, "-") => true,
            (Some(Ok(value)), "V") => value.hook == Hook::Output,
            (Some(Err(error)), "C") => error.is_cancelled(),
            (Some(Err(error)), "P") => error.into_panic().is::<Planned>(),
            _ => false,
        };
        assert!(is_given, "{self:?} does not give {given}");
        witness_answers();
        self.every_worker_works(&runtime);
        drop(ask);
        block_on(witness).unwrap();
        while !runtime.dump().tasks.is_empty() {
            std::thread::yield_now();
        }
        runtime.shutdown(Duration::MAX).unwrap();
        assert!(!plan.armed.load(SeqCst), "{self:?} did not panic");
        assert_eq!(plan.alive.count(), 0, "{self:?} keeps what it should drop");
    }

    /// At the same time.
    fn every_worker_works(&self, runtime: &Runtime) {
        Hold::new(runtime, Kind::Task, self.workers).release();
    }

    fn plan(&self) -> Plan {
        let late = matches!(self.state, State::Finished | State::Detached);
        Plan {
            hook: self.hook,
            carrier: if late { Hook::Poll } else { Hook::Held },
            armed: Arc::new(AtomicBool::new(self.hook != Hook::Start)),
            start: Arc::new(Barrier::new(2)),
            alive: Alive::default(),
        }
    }
}
