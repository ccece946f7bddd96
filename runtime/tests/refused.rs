//! What happens when the operating system says no: no threads, no descriptors. An error or a
//! degraded mode; never a hang, an abort, or a loss.
//!
//! Each test runs in a process of its own, whose limits it lowers.

use heist::{
    Builder, Runtime,
    net::{TcpListener, TcpStream, lookup_host},
    spawn, spawn_blocking,
};
use rustix::process::{
    Resource, Rlimit, Signal, getpid, getrlimit, getuid, kill_process, setrlimit,
};
use std::{
    fs,
    future::pending,
    io::ErrorKind,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    panic::catch_unwind,
    process::{Command, ExitCode, Output},
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
    time::Duration,
};

/// Set in the process that is to run the test called so.
const INSIDE: &str = "HEIST_TEST_INSIDE";

/// Set in a process that may have no more threads because it has as many as it may.
const COUNTED: &str = "HEIST_TEST_COUNTED";

/// Nobody's number: root's threads are not counted (setrlimit(2), `RLIMIT_NPROC`).
const NOBODYS: u32 = 54_321;

fn is_inside(test: &str) -> bool {
    std::env::var(INSIDE).is_ok_and(|inside| inside == test)
}

/// This executable, with only this test. By a name that leads there also where another user may
/// not look.
fn process(test: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", test, "--nocapture"]);
    command.env(INSIDE, test);
    command
}

/// Runs `body` in a process of its own.
fn in_a_process(test: &str, body: impl FnOnce()) {
    if is_inside(test) {
        body();
    } else {
        passes(&process(test).output().unwrap(), test);
    }
}

/// What a process that has passed its test has said on stderr.
#[track_caller]
fn passes(output: &Output, test: &str) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "there is no test `{test}`");
    text.into_owned()
}

/// Runs `body` in two processes that may refuse threads: by the room for their stacks, and by
/// their number.
fn in_processes_without_threads(test: &str, body: impl FnOnce()) {
    if is_inside(test) {
        return body();
    }
    passes(&process(test).output().unwrap(), test);
    if let Some(output) = counted(test) {
        passes(&output, test);
    }
}

/// What a process whose threads are counted has said. `None`, and a word on it, where root may not
/// become another user; with `HEIST_REQUIRE_COUNTED_THREADS` set, as in CI, that is a failure.
fn counted(test: &str) -> Option<Output> {
    let mut command = process(test);
    command.env(COUNTED, "");
    if getuid().is_root() {
        command.uid(NOBODYS).gid(NOBODYS);
    }
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            let required = std::env::var_os("HEIST_REQUIRE_COUNTED_THREADS").is_some();
            assert!(!required, "no other user: {error}");
            eprintln!("left out: root's threads are not counted, and no other user: {error}");
            None
        }
    }
}

/// A runtime of two workers, whose threads have all they need.
fn started() -> Runtime {
    let (tell, told) = mpsc::channel();
    let told_by = Mutex::new(tell);
    let builder = Builder::new().workers(2).on_thread_start(move || {
        let _ = told_by.lock().unwrap().send(());
    });
    let runtime = builder.build().unwrap();
    assert_eq!(told.iter().take(2).count(), 2);
    runtime
}

fn limit(resource: Resource, current: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(resource);
    setrlimit(resource, Rlimit { current, maximum }).unwrap();
}

/// From here on no thread starts.
fn refuse_threads() {
    if std::env::var_os(COUNTED).is_some() {
        limit(Resource::Nproc, Some(1));
    } else {
        refuse_stacks();
    }
    let refused = thread::Builder::new().spawn(|| ());
    assert!(refused.is_err(), "threads still start");
}

/// There is no room for them, for nobody, root or not.
fn refuse_stacks() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmSize:"))
        .unwrap();
    let used: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let used = used * 1024;
    // Less than the two MiB of a stack, and enough for what a test allocates.
    limit(Resource::As, Some(used + (1 << 20)));
}

fn allow_threads() {
    for resource in [Resource::As, Resource::Nproc] {
        limit(resource, getrlimit(resource).maximum);
    }
}

/// From here on no descriptor is opened.
fn refuse_descriptors() {
    limit(Resource::Nofile, Some(0));
    assert!(fs::File::open("/proc/self/statm").is_err());
}

fn allow_descriptors() {
    limit(Resource::Nofile, getrlimit(Resource::Nofile).maximum);
}

#[test]
fn a_runtime_without_threads_is_an_error() {
    in_processes_without_threads("a_runtime_without_threads_is_an_error", || {
        refuse_threads();
        let error = Builder::new().workers(4).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        // What needs no threads has none.
        let runtime = Builder::new().current_thread().build().unwrap();
        assert_eq!(
            runtime.block_on(async { spawn(async { 7 }).await.unwrap() }),
            7
        );
        allow_threads();
        let runtime = Runtime::new().unwrap();
        assert_eq!(
            runtime.block_on(async { spawn(async { 8 }).await.unwrap() }),
            8
        );
    });
}

/// With each limit, from none that starts to all of them: those that did are gone after the error.
#[test]
fn a_runtime_starts_whole_or_is_an_error() {
    let name = "a_runtime_starts_whole_or_is_an_error";
    let body = || {
        let threads = || fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        for most in 1.. {
            limit(Resource::Nproc, Some(most));
            match Builder::new().workers(4).build() {
                Ok(runtime) => {
                    let all = Arc::new(Barrier::new(5));
                    for all in vec![all.clone(); 4] {
                        runtime.spawn(async move { all.wait() });
                    }
                    all.wait();
                    break;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
            // One that was joined may still be listed.
            while threads() > before {
                thread::yield_now();
            }
        }
    };
    if is_inside(name) {
        body();
    } else if let Some(output) = counted(name) {
        passes(&output, name);
    }
}

#[test]
fn run_without_threads_says_so() {
    in_processes_without_threads("run_without_threads_says_so", || {
        refuse_threads();
        let error = Builder::new().workers(2).run(async { 1 }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        // The caller is the one worker.
        let root = async { spawn(async { 2 }).await.unwrap() };
        assert_eq!(Builder::new().workers(1).run(root).unwrap(), 2);
        if thread::available_parallelism().unwrap().get() > 1 {
            let panic = catch_unwind(|| heist::run(async {})).unwrap_err();
            let said = panic.downcast::<String>().unwrap();
            assert!(said.starts_with("the runtime could not start: "), "{said}");
        }
        allow_threads();
    });
}

#[heist::main(workers = 2)]
async fn begins() {
    unreachable!("the runtime has not all its threads");
}

#[heist::main(workers = 1)]
async fn works_alone() {
    assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
}

#[heist::main(local)]
async fn works_locally() {
    assert_eq!(heist::spawn_local(async { 1 }).await.unwrap(), 1);
}

/// Without a thread that hears signals.
#[heist::main(workers = 1)]
async fn is_ended() {
    kill_process(getpid(), Signal::TERM).unwrap();
    pending::<()>().await;
}

#[test]
fn a_main_without_threads_says_so_and_fails() {
    let name = "a_main_without_threads_says_so_and_fails";
    if is_inside(name) {
        refuse_threads();
        assert!(begins() == ExitCode::FAILURE);
        assert!(works_alone() == ExitCode::SUCCESS);
        assert!(works_locally() == ExitCode::SUCCESS);
        return allow_threads();
    }
    let outputs = [Some(process(name).output().unwrap()), counted(name)];
    for output in outputs.into_iter().flatten() {
        let said = passes(&output, name);
        assert!(said.contains("the runtime could not start: "), "{said}");
    }
}

#[test]
fn a_main_without_a_thread_for_signals_is_ended_by_them() {
    let name = "a_main_without_a_thread_for_signals_is_ended_by_them";
    if is_inside(name) {
        refuse_threads();
        is_ended();
    }
    let outputs = [Some(process(name).output().unwrap()), counted(name)];
    for output in outputs.into_iter().flatten() {
        assert_eq!(output.status.signal(), Some(Signal::TERM.as_raw()));
    }
}

/// With some threads there and others refused, the first ones do all the work.
#[test]
fn blocking_closures_use_the_threads_there_are() {
    in_processes_without_threads("blocking_closures_use_the_threads_there_are", || {
        let runtime = started();
        runtime.block_on(async {
            let both = Arc::new(Barrier::new(2));
            let waits = both.clone();
            let first = spawn_blocking(move || waits.wait());
            both.wait();
            first.await.unwrap();
            refuse_threads();
            let closures: Vec<_> = (0..100).map(|n| spawn_blocking(move || n)).collect();
            for (n, closure) in closures.into_iter().enumerate() {
                assert_eq!(closure.await.unwrap(), n);
            }
        });
        allow_threads();
    });
}

#[test]
fn without_any_thread_closures_run_on_workers_and_lookups_fail() {
    in_processes_without_threads(
        "without_any_thread_closures_run_on_workers_and_lookups_fail",
        || {
            let runtime = started();
            refuse_threads();
            runtime.block_on(async {
                let closures: Vec<_> = (0..100).map(|n| spawn_blocking(move || n)).collect();
                for (n, closure) in closures.into_iter().enumerate() {
                    assert_eq!(closure.await.unwrap(), n);
                }
                let error = lookup_host("localhost:1").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                // Digits ask nobody.
                assert_eq!(lookup_host("127.0.0.1:1").await.unwrap().len(), 1);
            });
            allow_threads();
            runtime
                .block_on(async { assert!(!lookup_host("localhost:1").await.unwrap().is_empty()) });
        },
    );
}

#[test]
fn a_runtime_that_is_dropped_by_its_task_without_a_thread_ends_nothing_else() {
    let name = "a_runtime_that_is_dropped_by_its_task_without_a_thread_ends_nothing_else";
    in_processes_without_threads(name, || {
        let runtime = started();
        let inner = started();
        runtime.block_on(async {
            refuse_threads();
            spawn(async move { drop(inner) }).await.unwrap();
            assert_eq!(spawn(async { 9 }).await.unwrap(), 9);
        });
        allow_threads();
    });
}

#[test]
fn the_first_source_without_descriptors_is_an_error_and_the_next_try_works() {
    let name = "the_first_source_without_descriptors_is_an_error_and_the_next_try_works";
    in_a_process(name, || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        heist::run(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            refuse_descriptors();
            // It would wait, and there is nothing to wait in.
            for _ in 0..3 {
                listener.accept().await.unwrap_err();
                TcpStream::connect(address).await.unwrap_err();
                TcpListener::bind("127.0.0.1:0").await.unwrap_err();
            }
            allow_descriptors();
            let client = spawn(TcpStream::connect(address));
            let (server, _) = listener.accept().await.unwrap();
            let client = client.await.unwrap().unwrap();
            client.write_all(b"hello").await.unwrap();
            let mut bytes = [0; 5];
            server.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"hello");
        });
    });
}

/// A server at its limit: connections wait in the kernel, and none is lost.
#[test]
fn a_listener_without_descriptors_says_so_and_loses_no_connection() {
    let name = "a_listener_without_descriptors_says_so_and_loses_no_connection";
    in_a_process(name, || {
        heist::run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let first = TcpStream::connect(address).await.unwrap();
            let (_served, _) = listener.accept().await.unwrap();
            let waits = TcpStream::connect(address).await.unwrap();
            refuse_descriptors();
            let refused = heist::timeout(Duration::from_secs(10), listener.accept()).await;
            refused.expect("an error, and not a wait").unwrap_err();
            // What is open goes on.
            first.write_all(b"x").await.unwrap();
            allow_descriptors();
            let (server, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, waits.local_addr().unwrap());
            drop(server);
        });
    });
}

#[test]
fn ctrl_c_without_descriptors_is_an_error() {
    in_a_process("ctrl_c_without_descriptors_is_an_error", || {
        heist::run(async {
            refuse_descriptors();
            heist::signal::ctrl_c().await.unwrap_err();
            allow_descriptors();
        });
    });
}

#[test]
fn what_still_blocks_at_the_end_is_named() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let stuck = runtime.spawn(async move {
        spawn_blocking(move || {
            start.send(()).unwrap();
            let _ = gate.recv();
        })
        .await
    });
    started.recv().unwrap();
    let left = runtime.shutdown(Duration::from_millis(50)).unwrap_err();
    let text = left.to_string();
    assert!(
        text.contains("refused.rs") && text.contains("closure"),
        "{text}"
    );
    drop(open);
    drop(stuck);
}

/// Two threads are refused, each in sight of the other.
#[test]
fn two_refused_threads_lose_no_closure() {
    in_processes_without_threads("two_refused_threads_lose_no_closure", || {
        let runtime = started();
        refuse_threads();
        runtime.block_on(async {
            for round in 0..5_000 {
                let both = Arc::new(Barrier::new(2));
                let tasks: Vec<_> = (0..2)
                    .map(|_| {
                        let both = both.clone();
                        spawn(async move {
                            both.wait();
                            spawn_blocking(move || round).await.unwrap()
                        })
                    })
                    .collect();
                for task in tasks {
                    assert_eq!(task.await.unwrap(), round);
                }
            }
        });
        allow_threads();
    });
}
