//! How is one cell measured in a fresh process?
//!
//! The parent starts its own program, or its twin with another allocator, with [`FLAG`]; the child
//! starts one runtime, runs one workload on it, and prints one line. A fresh process has a heap, a
//! page table and file descriptors that no earlier measurement has touched.

use crate::{
    args::{Alloc, Mode},
    limit::RAW_EPOLL,
    meter::{self, Sample},
    rt::{Heist, HeistPolling, Rt, SMOL_THREADS, Smol, Tokio, TokioJoinSet},
    workloads,
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::{
    env,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The first argument of a child; runtime, workload and mode follow.
pub const FLAG: &str = "--child";

/// A cell takes a second; one that takes this long hangs.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Under callgrind it takes fifty times as long.
const TIME_MAX_COUNTED: Duration = Duration::from_secs(300);

/// The program whose processes are measured: this one, or the other one, built first.
pub fn program(alloc: Alloc) -> Result<PathBuf, String> {
    const OTHER: &str = "compare-mimalloc";
    let this = env::current_exe().map_err(|error| error.to_string())?;
    if alloc == Alloc::System {
        return Ok(this);
    }
    let folder = this.parent().expect("a program lies in a folder");
    let target = folder
        .parent()
        .expect("the profile's folder lies in another");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    eprintln!("building {OTHER}");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--features", "mimalloc"])
        .args(["--bin", OTHER, "--manifest-path", manifest, "--target-dir"])
        .arg(target)
        .status();
    match built {
        Ok(status) if status.success() => Ok(target.join("release").join(OTHER)),
        Ok(status) => Err(format!("building {OTHER}: {status}")),
        Err(error) => Err(format!("building {OTHER}: {error}")),
    }
}

/// Measures one cell.
pub fn measure(
    program: &Path,
    runtime: &str,
    workload: &str,
    mode: Mode,
) -> Result<Sample, String> {
    last_sample(Command::new(program), runtime, workload, mode, TIME_MAX)
}

/// Has one cell make so many passes, under the tool that `command` begins with.
pub fn measure_passes(
    mut command: Command,
    passes: usize,
    runtime: &str,
    workload: &str,
    mode: Mode,
) -> Result<Sample, String> {
    command.env(meter::PASSES, passes.to_string());
    last_sample(command, runtime, workload, mode, TIME_MAX_COUNTED)
}

fn last_sample(
    mut command: Command,
    runtime: &str,
    workload: &str,
    mode: Mode,
    limit: Duration,
) -> Result<Sample, String> {
    let child = command
        .args([FLAG, runtime, workload, &mode.to_string()])
        .env(SMOL_THREADS, mode.workers().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let line = child
        .map_err(|error| error.to_string())
        .and_then(|child| last_words(child, limit))?;
    line.parse()
}

/// What `child` printed, once it has ended well; killed if that takes more than `limit`.
fn last_words(mut child: Child, limit: Duration) -> Result<String, String> {
    let mut stdout = child.stdout.take().expect("it is piped");
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = stdout.read_to_string(&mut line);
        // Fails when the parent has given up.
        let _ = send.send(read.map(|_| line));
    });
    let line = receive.recv_timeout(limit);
    if line.is_err() {
        // Fails when the child ends by itself just now; either way it ends.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    match line {
        Err(_) => Err(format!("hangs: killed after {limit:?}")),
        Ok(_) if !status.success() => Err(status.to_string()),
        Ok(line) => line.map_err(|error| error.to_string()),
    }
}

/// The child's side.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let [runtime, workload, mode] = arguments else {
        return Err(format!("{FLAG} is for the program itself"));
    };
    let mode: Mode = mode.parse()?;
    if mode.is_pinned() {
        // Threads inherit it, so it comes before the runtime.
        pin().map_err(|error| error.to_string())?;
    }
    let sample = match runtime.as_str() {
        Heist::NAME => run::<Heist>(workload, mode),
        HeistPolling::NAME => run::<HeistPolling>(workload, mode),
        Tokio::NAME => run::<Tokio>(workload, mode),
        TokioJoinSet::NAME => run::<TokioJoinSet>(workload, mode),
        Smol::NAME => run::<Smol>(workload, mode),
        RAW_EPOLL => workloads::without_runtime(workload)
            .ok_or_else(|| format!("{workload} needs a runtime")),
        _ => Err(format!("no runtime is called {runtime}")),
    }?;
    println!("{sample}");
    Ok(())
}

fn run<R: Rt>(name: &str, mode: Mode) -> Result<Sample, String> {
    let workload = workloads::all::<R>()
        .into_iter()
        .find(|workload| workload.facts.name == name);
    let workload = workload.ok_or_else(|| format!("no workload is called {name}"))?;
    let runtime = R::start(mode.workers()).map_err(|error| error.to_string())?;
    Ok(workload.run(&runtime))
}

/// Keeps this thread, and those it will start, on the first CPU it may use.
fn pin() -> rustix::io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu));
    let mut one = CpuSet::new();
    one.set(first.expect("this thread runs somewhere"));
    sched_setaffinity(None, &one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Child {
        let mut shell = Command::new("sh");
        let child = shell.args(["-c", script]).stdout(Stdio::piped()).spawn();
        child.expect("there is a shell")
    }

    #[test]
    fn a_child_is_heard_to_its_end() {
        let words = last_words(shell("echo 1; echo 2"), TIME_MAX);
        assert_eq!(words.as_deref(), Ok("1\n2\n"));
    }

    #[test]
    fn a_child_that_fails_gives_no_number() {
        let words = last_words(shell("echo 1 2 3; exit 3"), TIME_MAX);
        assert_eq!(words, Err("exit status: 3".to_owned()));
    }

    #[test]
    fn a_child_that_hangs_is_killed() {
        let words = last_words(shell("exec sleep 1000"), Duration::ZERO);
        assert!(words.unwrap_err().starts_with("hangs"));
    }
}
