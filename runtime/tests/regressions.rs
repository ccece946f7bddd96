//! What was wrong once. A broken promise is a hang, which the runner ends, or a panic.

use futures::task::ArcWake;
use heist::{
    __private, Builder,
    net::{TcpListener, TcpStream, lookup_host},
    spawn, spawn_blocking,
    sync::channel,
};
use rustix::{
    net::{SendFlags, send},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{
    fs,
    future::{pending, poll_fn},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    pin::{Pin, pin},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

async fn begin(future: &mut (impl Future + Unpin)) {
    let pending = poll_fn(|cx| Poll::Ready(pin!(&mut *future).poll(cx).is_pending()));
    assert!(pending.await, "nothing has come yet");
}

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new().current_thread().build().unwrap();
    runtime.block_on(future)
}

async fn accepted_with_a_plain_peer() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().await.unwrap().0, peer)
}

/// The leader is in the reactor already when its birth is told: the kick left a token that nobody
/// took, and every later unpark believed that the thread had been called.
#[test]
fn the_first_source_while_a_worker_falls_asleep() {
    for round in 0..3_000_u64 {
        let runtime = Builder::new().workers(1).build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            spawn(async {}).await.unwrap();
            let until = Instant::now() + Duration::from_nanos(round * 37 % 60_000);
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            let mut accept = listener.accept();
            begin(&mut accept).await;
            // The worker sleeps, in the reactor, and is called.
            spawn(async {}).await.unwrap();
        });
    }
}

/// A read stops at the urgent mark, and what lies behind is no new edge.
#[test]
fn bytes_behind_urgent_data_are_not_lost() {
    on_one_thread(async {
        let (stream, mut peer) = accepted_with_a_plain_peer().await;
        let mut buffer = [0; 64];
        begin(&mut stream.read(&mut buffer)).await;
        peer.write_all(b"abc").unwrap();
        send(&peer, b"X", SendFlags::OOB).unwrap();
        peer.write_all(b"def").unwrap();
        let mut got = Vec::new();
        while got.len() < 6 {
            let read = stream.read(&mut buffer).await.unwrap();
            got.extend_from_slice(&buffer[..read]);
        }
        assert_eq!(got, b"abcdef");
    });
}

/// A read into nothing gives 0, also while there is nothing to read.
#[test]
fn a_read_into_nothing_is_ready() {
    on_one_thread(async {
        let (stream, _peer) = accepted_with_a_plain_peer().await;
        assert_eq!(stream.read(&mut []).await.unwrap(), 0);
    });
}

/// Two threads are refused, each in sight of the other.
#[test]
fn two_refused_threads_lose_no_closure() {
    let runtime = Builder::new().workers(2).build().unwrap();
    let both = Arc::new(Barrier::new(2));
    // Both workers run.
    runtime.block_on(async {
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let both = both.clone();
                spawn(async move { both.wait() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmSize:"))
        .unwrap();
    let used: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let Rlimit { maximum, .. } = getrlimit(Resource::As);
    let current = Some(used * 1024 + (1 << 20));
    setrlimit(Resource::As, Rlimit { current, maximum }).unwrap();
    assert!(std::thread::Builder::new().spawn(|| ()).is_err());
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
}

struct Panics;

impl ArcWake for Panics {
    fn wake_by_ref(_: &Arc<Self>) {
        panic!("a foreign waker");
    }
}

struct Counts(AtomicUsize);

impl ArcWake for Counts {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.fetch_add(1, SeqCst);
    }
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// A foreign waker that panics keeps the others asleep.
#[test]
fn a_panicking_waker_keeps_nobody_from_hearing_the_end() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let listeners: Vec<_> = (0..2)
        .map(|_| runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap())
        .collect();
    let panics = futures::task::waker(Arc::new(Panics));
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let mut first = listeners[0].accept();
    let mut second = listeners[1].accept();
    assert!(poll(&mut first, &panics).is_pending());
    assert!(poll(&mut second, &futures::task::waker(counts.clone())).is_pending());
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(runtime)));
    assert!(ended.is_ok(), "the drop panicked");
    assert_eq!(counts.0.load(SeqCst), 1, "the second is woken");
}

/// What comes after a wake was skipped when the wake panicked.
#[test]
fn panicking_wakers_use_no_lookups_up() {
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.block_on(async {
        let panics = futures::task::waker(Arc::new(Panics));
        let mut lost: Vec<_> = (0..32).map(|_| lookup_host("localhost:1")).collect();
        for lookup in &mut lost {
            let _ = poll(lookup, &panics);
        }
        drop(lost);
        lookup_host("localhost:1").await.unwrap();
    });
}

/// Who had been chosen to hear the end kept it from those behind him.
#[test]
fn every_waiting_receiver_hears_the_end() {
    let (sender, receiver) = channel(1);
    let mut first = receiver.recv();
    let mut second = receiver.recv();
    let mut third = receiver.recv();
    let wakers: Vec<_> = (0..3)
        .map(|_| Arc::new(Counts(AtomicUsize::new(0))))
        .collect();
    assert!(poll(&mut first, &futures::task::waker(wakers[0].clone())).is_pending());
    assert!(poll(&mut second, &futures::task::waker(wakers[1].clone())).is_pending());
    assert!(poll(&mut third, &futures::task::waker(wakers[2].clone())).is_pending());
    sender.try_send(7).unwrap();
    drop(sender);
    assert_eq!(poll(&mut first, Waker::noop()), Poll::Ready(Ok(7)));
    assert_eq!(wakers[1].0.load(SeqCst), 1);
    assert_eq!(wakers[2].0.load(SeqCst), 1, "the third hears it too");
}

/// A blocking closure that blocks on the runtime which waits for it: there is one seat, and it is
/// taken.
#[test]
fn a_blocking_closure_may_block_on_its_own_runtime() {
    for builder in [Builder::new().workers(1), Builder::new().current_thread()] {
        let runtime = Arc::new(builder.build().unwrap());
        let inner = runtime.clone();
        let closure = move || inner.block_on(async { spawn(async { 4 }).await.unwrap() });
        let closure = runtime.handle().spawn_blocking(closure);
        assert_eq!(runtime.block_on(closure).unwrap(), 4);
    }
}

// Programs.

const PROGRAM: &str = "HEIST_TEST_PROGRAM";

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn stuck() {
    loop {
        std::thread::park();
    }
}

fn long() -> Builder {
    Builder::new()
        .workers(2)
        .shutdown_timeout(Duration::from_secs(3600))
}

#[test]
fn program() {
    let Ok(name) = std::env::var(PROGRAM) else {
        return;
    };
    match name.as_str() {
        // The root returns while another task is stuck: an ordinary shutdown, of an hour.
        "returns_and_is_stuck" => {
            __private::main(long(), true, async {
                let (tell, told) = mpsc::channel();
                struct Says;
                impl Drop for Says {
                    fn drop(&mut self) {
                        say("ready");
                        stuck();
                    }
                }
                spawn(async move {
                    let _says = Says;
                    tell.send(()).unwrap();
                    pending::<()>().await;
                });
                told.recv().unwrap();
            });
        }
        "is_stuck" => {
            __private::main(long(), true, async {
                say("ready");
                stuck();
            });
        }
        "is_stuck_with_stderr" => {
            __private::main(long(), true, async {
                let _err = std::io::stderr().lock();
                say("ready");
                stuck();
            });
        }
        other => panic!("no program `{other}`"),
    }
}

struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Program {
    fn start(name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .env(PROGRAM, name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Self {
            out: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        program.wait_for("ready");
        program
    }

    fn wait_for(&mut self, line: &str) {
        let found = self
            .out
            .by_ref()
            .lines()
            .any(|said| said.unwrap().ends_with(line));
        assert!(found, "the program ended and never said `{line}`");
    }

    fn signal(&self, signal: i32) {
        let kill = Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Once the root is over nobody reads what the handlers write.
#[test]
fn signals_in_an_ordinary_shutdown_end_the_process() {
    let mut program = Program::start("returns_and_is_stuck");
    program.signal(2);
    program.signal(2);
    program.signal(15);
    assert!(program.child.wait().unwrap().signal().is_some());
}

/// A closed stderr is no reason to live.
#[test]
fn a_second_signal_ends_the_process_also_when_nobody_reads_stderr() {
    let mut program = Program::start("is_stuck");
    drop(program.child.stderr.take());
    program.signal(2);
    program.signal(15);
    program.signal(15);
    assert!(program.child.wait().unwrap().signal().is_some());
}

/// Nor is one that somebody holds for ever.
#[test]
fn a_second_signal_ends_the_process_also_when_stderr_is_locked() {
    let mut program = Program::start("is_stuck_with_stderr");
    program.signal(2);
    program.signal(15);
    program.signal(15);
    assert!(program.child.wait().unwrap().signal().is_some());
}
