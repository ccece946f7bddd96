//! Does a change pass everything that it must pass?
//!
//! Formatting, clippy, the census of tests, the tests themselves (tidy is one of them) and the doc
//! tests, in this order, with the seconds of each. The first failure ends it.

use std::{
    env,
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};

mod census; // is every test that is written also listed?

/// A step that takes longer hangs; a cold build on two slow cores takes a third of it.
const STEP_MAX: Duration = Duration::from_secs(20 * 60);

/// The steps that are one cargo command each; the census stands before `test`.
const STEPS: &[(&str, &str)] = &[
    ("format", "fmt --all --check"),
    (
        "clippy",
        "clippy --quiet --workspace --all-targets -- -D warnings",
    ),
    (
        "test",
        "nextest run --workspace --profile check --no-tests=fail",
    ),
    ("doc test", "test --quiet --doc --workspace"),
];

fn main() -> ExitCode {
    let start = Instant::now();
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    env::set_current_dir(top).expect("the sources are where they were built");
    match install_nextest().and_then(|()| steps()) {
        Ok(tests) => {
            let seconds = start.elapsed().as_secs_f64();
            println!("check-all: passed, {tests} tests, {seconds:.1} s");
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("check-all: FAILED: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every step, and says how many tests there are.
fn steps() -> Result<usize, String> {
    let mut tests = 0;
    for (name, arguments) in STEPS {
        if *name == "test" {
            tests = timed("census", census::take)?;
        }
        timed(name, || cargo(arguments))?;
    }
    Ok(tests)
}

fn timed<T>(name: &str, step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let start = Instant::now();
    let done = step();
    let seconds = start.elapsed().as_secs_f64();
    let end = if done.is_ok() { "" } else { "  FAILED" };
    println!("check-all: {name:<9}{seconds:>7.1} s{end}");
    done.map_err(|error| format!("{name}: {error}"))
}

/// cargo nextest kills a test that hangs, which `cargo test` does not.
fn install_nextest() -> Result<(), String> {
    let probe = command("nextest --version").output();
    if probe.is_ok_and(|probe| probe.status.success()) {
        return Ok(());
    }
    println!("check-all: cargo-nextest is missing; installing it");
    cargo("install --locked cargo-nextest")
}

fn cargo(arguments: &str) -> Result<(), String> {
    let failed = |why: &dyn std::fmt::Display| format!("`cargo {arguments}`: {why}");
    let mut child = command(arguments).spawn().map_err(|error| failed(&error))?;
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|error| failed(&error))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(failed(&status)),
            None if start.elapsed() < STEP_MAX => thread::sleep(Duration::from_millis(20)),
            None => {
                let _ = child.kill();
                return Err(failed(&format!("not done after {STEP_MAX:?}")));
            }
        }
    }
}

fn command(arguments: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' '));
    command
}
