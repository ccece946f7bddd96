//! What `#[heist::main]` and `#[heist::test]` expand to. Not for use by hand.

use crate::{Builder, Handle, Runtime, interrupt::Interrupt, sync::oneshot};
use heist_core::{
    primitive::{Arc, Condvar, Mutex, Wait, thread},
    stderr,
};
use heist_io::{disposition, termination};
use std::{
    io::{self, Write as _},
    panic,
    process::{ExitCode, Termination},
    time::Duration,
};

/// A test that is older prints what every task is waiting for; it is about to be killed.
const TEST_IS_OLD: Duration = Duration::from_secs(20);

/// `#[heist::main]`: the future is the first task, and its result becomes the exit code there, so
/// that it need not be `Send`.
pub fn main<F>(builder: Builder, signals: bool, future: F) -> ExitCode
where
    F: Future<Output: Termination> + Send + 'static,
{
    let grace = builder.grace();
    let runtime = match builder.build_with_caller() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&error),
    };
    let heard = heard(signals);
    let root = runtime.spawn(async move { future.await.report() });
    let stop = root.abort_handle();
    let interrupt = Interrupt::new(heard, runtime.handle(), grace, move || stop.abort());
    let joined = runtime.block_on(root);
    let code = match joined {
        Ok(code) => Some(code),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            Err(_) => None,
        },
    };
    end(runtime, interrupt, code)
}

/// `#[heist::main(local)]`: the future stays on this thread, which runs everything.
pub fn main_local<F: Future<Output: Termination>>(
    builder: Builder,
    signals: bool,
    future: F,
) -> ExitCode {
    let grace = builder.grace();
    let runtime = match builder.current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&error),
    };
    let (sender, stopped) = oneshot();
    let stop = move || _ = sender.send(());
    let interrupt = Interrupt::new(heard(signals), runtime.handle(), grace, stop);
    let stopped = async {
        if stopped.await.is_err() {
            // Nobody listens for signals.
            std::future::pending::<()>().await;
        }
        None
    };
    let root = async { Some(future.await.report()) };
    let code = runtime.block_on(crate::race!(root, stopped));
    end(runtime, interrupt, code)
}

/// Before the root starts. `None`: signals do what they do to any program.
fn heard(signals: bool) -> Option<(termination::Termination, termination::Requests)> {
    signals
        .then(|| termination::Termination::new().ok())
        .flatten()
}

/// The root is over; without a code, because it was stopped.
fn end(runtime: Runtime, interrupt: Option<Interrupt>, code: Option<ExitCode>) -> ExitCode {
    if let Some(interrupt) = &interrupt {
        interrupt.root_is_over();
    }
    drop(runtime);
    match (code, interrupt.and_then(|interrupt| interrupt.first())) {
        (Some(code), _) => code,
        (None, Some(signal)) => {
            // Dying, the process flushes nothing. A closed stdout is no reason to live.
            let _ = io::stdout().flush();
            disposition::die_of(signal)
        }
        (None, None) => panic!("the root was aborted"),
    }
}

fn refused(error: &io::Error) -> ExitCode {
    stderr::say(format_args!("the runtime could not start: {error}"));
    ExitCode::FAILURE
}

/// `#[heist::test]`.
pub fn test<F>(builder: Builder, future: F)
where
    F: Future<Output: Termination> + Send + 'static,
{
    let code = builder.run(async move {
        let _watch = Watch::new(Handle::current());
        future.await.report()
    });
    succeeded(code.expect("the runtime of a test starts"));
}

/// `#[heist::test(local)]`.
pub fn test_local<F: Future<Output: Termination>>(builder: Builder, future: F) {
    let runtime: Runtime = builder
        .current_thread()
        .build()
        .expect("the runtime of a test starts");
    let code = runtime.block_on(async {
        let _watch = Watch::new(Handle::current());
        future.await.report()
    });
    succeeded(code);
}

#[track_caller]
fn succeeded(code: ExitCode) {
    assert!(code == ExitCode::SUCCESS, "the test returned an error");
}

/// Prints a dump when it grows old.
struct Watch(Arc<Over>);

#[derive(Default)]
struct Over {
    is_over: Mutex<bool>,
    changed: Condvar,
}

impl Watch {
    fn new(handle: Handle) -> Self {
        let over = Arc::<Over>::default();
        let watched = over.clone();
        let watch = move || {
            let mut is_over = watched.is_over.lock();
            while !*is_over {
                if watched.changed.wait_for(&mut is_over, TEST_IS_OLD) == Wait::TimedOut {
                    let dump = handle.dump();
                    stderr::say(format_args!("the test has run for {TEST_IS_OLD:?}; {dump}"));
                    return;
                }
            }
        };
        // Refused, the test goes on unwatched.
        let _ = thread::start(String::from("heist-test-watch"), watch);
        Self(over)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *self.0.is_over.lock() = true;
        self.0.changed.notify_one();
    }
}
