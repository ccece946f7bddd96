//! What `#[heist::main]` and `#[heist::test]` expand to. Not for use by hand.

use crate::{Builder, Handle, Runtime};
use heist_core::primitive::{Arc, Condvar, Mutex, Wait, thread};
use std::{
    process::{ExitCode, Termination},
    time::Duration,
};

/// A test that is older prints what every task is waiting for; it is about to be killed.
const TEST_IS_OLD: Duration = Duration::from_secs(20);

/// `#[heist::main]`: the future is the first task, and its result becomes the exit code there, so
/// that it need not be `Send`.
pub fn main<F>(builder: Builder, future: F) -> ExitCode
where
    F: Future<Output: Termination> + Send + 'static,
{
    match builder.run(async move { future.await.report() }) {
        Ok(code) => code,
        Err(error) => refused(&error),
    }
}

/// `#[heist::main(local)]`: the future stays on this thread, which runs everything.
pub fn main_local<F: Future<Output: Termination>>(builder: Builder, future: F) -> ExitCode {
    match builder.current_thread().build() {
        Ok(runtime) => runtime.block_on(future).report(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &std::io::Error) -> ExitCode {
    eprintln!("heist: the runtime could not start: {error}");
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
                    eprintln!("the test has run for {TEST_IS_OLD:?}; {}", handle.dump());
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
