//! Do the attributes expand to functions that compile and run?
//!
//! Over a stand-in for `heist`: a builder that remembers what it was told, and a runner that polls
//! until done. What the real ones do is tested where they live.

extern crate self as heist;

use std::{
    cell::RefCell,
    fmt,
    pin::pin,
    process::{ExitCode, Termination},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What `heist::Builder` was told.
#[derive(Default, Debug, PartialEq)]
pub struct Builder(Vec<String>);

impl Builder {
    /// The same name as the real one's.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.0.push(format!("workers {workers}"));
        self
    }

    /// The same.
    #[must_use]
    pub fn paused_clock(mut self, paused: bool) -> Self {
        self.0.push(format!("paused {paused}"));
        self
    }
}

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What the builder of the runtime around this code was told.
fn seen() -> Vec<String> {
    SEEN.with_borrow(Clone::clone)
}

/// What the attributes call.
pub mod __private {
    use super::*;

    fn poll<F: Future>(runner: &str, builder: Builder, future: F) -> F::Output {
        let mut told = builder.0;
        told.insert(0, runner.to_owned());
        SEEN.set(told);
        let mut future = pin!(future);
        loop {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
        }
    }

    /// `#[heist::main]`.
    pub fn main<F>(builder: Builder, signals: bool, future: F) -> ExitCode
    where
        F: Future<Output: Termination> + Send + 'static,
    {
        let runner = if signals { "main" } else { "main, deaf" };
        poll(runner, builder, async { future.await.report() })
    }

    /// `#[heist::main(local)]`.
    pub fn main_local<F: Future<Output: Termination>>(
        builder: Builder,
        signals: bool,
        future: F,
    ) -> ExitCode {
        assert!(signals, "the default");
        poll("main_local", builder, future).report()
    }

    /// `#[heist::test]`.
    pub fn test<F>(builder: Builder, future: F)
    where
        F: Future<Output: Termination> + Send + 'static,
    {
        let code = poll("test", builder, async { future.await.report() });
        assert_eq!(code, ExitCode::SUCCESS, "the test returned an error");
    }

    /// `#[heist::test(local)]`.
    pub fn test_local<F: Future<Output: Termination>>(builder: Builder, future: F) {
        let code = poll("test_local", builder, future).report();
        assert_eq!(code, ExitCode::SUCCESS, "the test returned an error");
    }
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

/// The root's error is not `Send`: it becomes a code where it was made.
#[heist_macros::main]
async fn fails() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(seen(), ["main"]);
    std::future::ready(()).await;
    Err(Refused)?;
    Ok(())
}

#[heist_macros::main(workers = 1 + 2, signals = 1 > 2)]
async fn succeeds() {
    assert_eq!(seen(), ["main, deaf", "workers 3"]);
}

#[heist_macros::main(local)]
async fn holds_what_is_not_send() -> ExitCode {
    let shared = Rc::new(7);
    std::future::ready(()).await;
    ExitCode::from(*shared)
}

#[test]
fn what_main_returns_becomes_the_exit_code() {
    assert_eq!(fails(), ExitCode::FAILURE);
    assert_eq!(succeeds(), ExitCode::SUCCESS);
    assert_eq!(holds_what_is_not_send(), ExitCode::from(7));
    assert_eq!(seen(), ["main_local"]);
}

#[heist_macros::test]
async fn a_test_has_two_workers() {
    assert_eq!(seen(), ["test", "workers 2"]);
}

#[heist_macros::test(paused, workers = 4)]
async fn a_test_takes_options() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(seen(), ["test", "workers 4", "paused true"]);
    Ok(())
}

#[heist_macros::test(local, paused)]
async fn a_local_test_says_no_number_of_workers() {
    let shared = Rc::new(());
    std::future::ready(()).await;
    drop(shared);
    assert_eq!(seen(), ["test_local", "paused true"]);
}

#[heist_macros::test]
#[should_panic(expected = "on purpose")]
async fn should_panic_is_kept() {
    panic!("on purpose");
}

#[heist_macros::test]
#[should_panic(expected = "the test returned an error")]
async fn an_error_fails_the_test() -> Result<(), Refused> {
    Err(Refused)
}
