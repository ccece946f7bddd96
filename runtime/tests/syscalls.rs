//! How many system calls there are, as strace counts them: steady figures, unlike times.
//!
//! Each program is this executable, told by a variable which one to be, under strace. A look at a
//! path that does not exist marks a place in the log. Without strace the tests say so and end, and
//! the one that idles for twenty seconds does so always; with `HEIST_REQUIRE_STRACE` set, as in CI,
//! all of them run.

use heist::{
    Builder, Reactor, gather,
    net::{TcpListener, TcpStream, lookup_host},
    sleep, spawn, yield_now,
};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

const PROGRAM: &str = "HEIST_TEST_PROGRAM";

/// How many requests come before those that are counted.
const WARM_UP: usize = 1_000;

fn mark(name: &str) {
    let _ = fs::metadata(format!("/heist-mark/{name}"));
}

/// Tasks alone.
fn computes() {
    let runtime = Builder::new().workers(2).build().unwrap();
    runtime.block_on(async {
        mark("begin");
        for _ in 0..100 {
            let tasks: Vec<_> = (0..100)
                .map(|n| {
                    spawn(async move {
                        yield_now().await;
                        n
                    })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        }
        sleep(Duration::from_millis(1)).await;
        mark("end");
    });
}

/// A server of 64-byte requests, one after the other.
fn serves() {
    let builder = Builder::new().workers(2).reactor(Reactor::Epoll);
    builder
        .run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            println!("port {}", listener.local_addr().unwrap().port());
            let (stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            for request in 0.. {
                if request == WARM_UP {
                    mark("begin");
                }
                if stream.read(&mut buffer).await.unwrap() == 0 {
                    break;
                }
                stream.write_all(&buffer[..64]).await.unwrap();
            }
            mark("end");
        })
        .unwrap();
}

/// Everything waits: sockets that are open, a timer that is far away, threads that were used.
fn idles() {
    let builder = Builder::new().workers(2).reactor(Reactor::Epoll);
    builder
        .run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (client, server) = gather!(TcpStream::connect(address), listener.accept()).await;
            let (client, server) = (client.unwrap(), server.unwrap().0);
            lookup_host("localhost:1").await.unwrap();
            spawn(async move { client.read(&mut [0; 1]).await });
            spawn(async move { server.read(&mut [0; 1]).await });
            spawn(async move { listener.accept().await });
            let far = spawn(sleep(Duration::from_secs(3600)));
            let watch = std::thread::spawn(|| {
                std::thread::sleep(Duration::from_secs(15));
                mark("begin");
                std::thread::sleep(Duration::from_secs(5));
                mark("end");
                std::process::exit(0);
            });
            far.await.unwrap();
            watch.join().unwrap();
        })
        .unwrap();
}

/// Addresses in digits.
fn looks_up() {
    let runtime = Builder::new().workers(2).build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        mark("begin");
        for _ in 0..100 {
            let (client, served) =
                gather!(TcpStream::connect(("127.0.0.1", port)), listener.accept()).await;
            client.unwrap();
            served.unwrap();
            lookup_host("[::1]:80").await.unwrap();
        }
        mark("end");
    });
}

#[test]
fn program() {
    match std::env::var(PROGRAM).as_deref() {
        Ok("computes") => computes(),
        Ok("serves") => serves(),
        Ok("idles") => idles(),
        Ok("looks_up") => looks_up(),
        Ok(other) => panic!("no program `{other}`"),
        Err(_) => {}
    }
}

fn is_required() -> bool {
    std::env::var_os("HEIST_REQUIRE_STRACE").is_some()
}

fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok();
    assert!(found || !is_required(), "strace is missing");
    if !found {
        eprintln!("not run: strace is missing");
    }
    found
}

fn log(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("heist-strace-{name}-{}", std::process::id()))
}

fn start(name: &str) -> Child {
    Command::new("strace")
        .args(["--follow-forks", "--quiet=all", "--output"])
        .arg(log(name))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "program", "--nocapture"])
        .env(PROGRAM, name)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The names of the calls between the two marks, of all threads.
fn calls(name: &str, mut child: Child) -> Vec<String> {
    assert!(child.wait().unwrap().success());
    let text = fs::read_to_string(log(name)).unwrap();
    let _ = fs::remove_file(log(name));
    let begin = text.find("/heist-mark/begin").expect("the begin is marked");
    let end = text.find("/heist-mark/end").expect("the end is marked");
    let between = text[begin..end].lines().skip(1);
    let mut calls: Vec<String> = between
        // The second half of a call that another thread's came between.
        .filter(|line| !line.contains(" resumed>"))
        .filter_map(|line| {
            let (_, call) = line.trim_start().split_once(' ')?;
            call.trim_start()
                .split_once('(')
                .map(|(call, _)| call.to_owned())
        })
        .collect();
    // The mark of the end.
    calls.pop();
    calls
}

fn count(calls: &[String], wanted: &[&str]) -> usize {
    calls
        .iter()
        .filter(|call| wanted.contains(&call.as_str()))
        .count()
}

#[test]
fn tasks_alone_need_no_reactor() {
    if has_strace() {
        let calls = calls("computes", start("computes"));
        let reactor = [
            "epoll_create1",
            "epoll_ctl",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
        ];
        assert_eq!(count(&calls, &reactor), 0, "{calls:?}");
        assert_eq!(
            count(&calls, &["eventfd2", "timerfd_create", "socketpair"]),
            0,
            "{calls:?}"
        );
    }
}

/// The calls of a server for one request, on average.
struct Served {
    calls: f64,
    waits: f64,
    moves: f64,
    watch: f64,
    text: String,
}

/// One client sends `requests`, and thinks between two of them.
fn served(requests: usize, thinking: Duration) -> Served {
    let mut child = start("serves");
    let mut port = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    while !port.contains("port ") {
        port.clear();
        assert_ne!(out.read_line(&mut port).unwrap(), 0, "the server has ended");
    }
    let port: u16 = port.trim().rsplit(' ').next().unwrap().parse().unwrap();
    let mut client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut reply = [0; 64];
    for _ in 0..WARM_UP + requests {
        client.write_all(&[7; 64]).unwrap();
        client.read_exact(&mut reply).unwrap();
        std::thread::sleep(thinking);
    }
    drop(client);
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    let all = calls("serves", child);
    let each = |calls: usize| calls as f64 / requests as f64;
    let waits = each(count(&all, &["epoll_wait", "epoll_pwait", "epoll_pwait2"]));
    let moves = each(count(&all, &["recvfrom", "read", "sendto", "write"]));
    let watch = each(count(&all, &["futex"]));
    let calls = each(all.len());
    let text = format!(
        "{calls:.3} calls a request: {waits:.3} waits, {moves:.3} reads and writes, {watch:.3} of \
         the watch"
    );
    println!("{text}");
    Served {
        calls,
        waits,
        moves,
        watch,
        text,
    }
}

#[test]
fn a_warm_request_is_three_calls() {
    if !has_strace() {
        return;
    }
    let back_to_back = served(10_000, Duration::ZERO);
    let text = back_to_back.text;
    assert!(back_to_back.calls - back_to_back.watch <= 3.02, "{text}");
    // Who comes from the reactor does not ask it again for maintenance, once in 61 turns.
    assert!(back_to_back.waits <= 1.01, "{text}");
    // The deputy looks by the clock, and strace makes a request take twenty times as long.
    assert!(back_to_back.watch <= 0.2, "{text}");
    // Back to back, a request comes while strace still holds the reply, and a second read would
    // find it. For these the server waits, and a read too many is one that would block.
    let waited_for = served(1_000, Duration::from_millis(1));
    assert!(waited_for.moves <= 2.1, "{}", waited_for.text);
}

#[test]
fn an_idle_program_makes_no_call() {
    if is_required() && has_strace() {
        let calls = calls("idles", start("idles"));
        // The watch's own sleep.
        let own = ["clock_nanosleep", "nanosleep"];
        assert_eq!(calls.len(), count(&calls, &own), "{calls:?}");
    }
}

#[test]
fn digits_are_looked_up_by_nobody() {
    if has_strace() {
        let calls = calls("looks_up", start("looks_up"));
        assert_eq!(
            count(&calls, &["clone", "clone3", "openat"]),
            0,
            "{calls:?}"
        );
    }
}
