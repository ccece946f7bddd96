//! Thousands of connections from another process to an echo server, with random kills, resets and
//! pauses: no lost reply, no foreign byte, and nothing kept, on either side.
//!
//! `HEIST_STORM_CONNECTIONS` says how many, 2,000 by default, and `HEIST_STORM_EXCHANGES` how many
//! exchanges each has in a round, 4 by default. With optimisation, 10,000 and 60 are a minute.

#[path = "support/counting.rs"]
#[allow(unsafe_code)]
mod counting;

use heist::{
    Runtime,
    net::{TcpListener, TcpStream},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::Ipv4Addr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const ROUNDS: usize = 5;

/// One exchange in so many ends with the connection killed.
const KILLED: u64 = 40;

/// In one exchange in so many the client waits before it reads.
const PAUSED: u64 = 20;

/// What later rounds may hold beyond the first: a table or a queue that grew.
const SLACK: isize = 256 * 1024;

/// Tells the process of the clients the server's port.
const SERVER: &str = "HEIST_STORM_SERVER";

fn connections() -> u64 {
    number("HEIST_STORM_CONNECTIONS").unwrap_or(2_000)
}

fn exchanges() -> u64 {
    number("HEIST_STORM_EXCHANGES").unwrap_or(4)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// The server's address for one client: a port has 28,000 connections to each address at most, and
/// closed ones rest for a minute.
fn address(port: u16, number: u64) -> (Ipv4Addr, u16) {
    (Ipv4Addr::new(127, 0, 0, 1 + (number % 200) as u8), port)
}

/// A client's exchanges; reconnects after a kill. How many replies were right.
async fn client(port: u16, number: u64, exchanges: u64) -> io::Result<u64> {
    let address = address(port, number);
    let mut random = fastrand::Rng::with_seed(number);
    let (mut stream, mut replies) = (TcpStream::connect(address).await?, 0);
    let mut received = vec![0; 4096];
    for exchange in 0..exchanges {
        // Each connection's bytes are its own, so that a foreign one is seen.
        let length = random.usize(1..4096);
        let sent: Vec<u8> = (0..length)
            .map(|at| (number * 31 + exchange * 7 + at as u64) as u8)
            .collect();
        stream.write_all(&sent).await?;
        if random.u64(0..KILLED) == 0 {
            // With bytes on their way back, this is a reset.
            drop(stream);
            stream = TcpStream::connect(address).await?;
            continue;
        }
        if random.u64(0..PAUSED) == 0 {
            heist::sleep(Duration::from_millis(random.u64(0..20))).await;
        }
        stream.read_exact(&mut received[..length]).await?;
        assert!(
            received[..length] == sent,
            "connection {number} got a foreign byte"
        );
        replies += 1;
    }
    Ok(replies)
}

/// As many descriptors as the system lets a process have.
fn allow_descriptors() {
    let limits = getrlimit(Resource::Nofile);
    let current = limits.maximum;
    setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
}

/// All connections, once; how many replies were right.
fn round(runtime: &Runtime, port: u16) -> u64 {
    let exchanges = exchanges();
    let clients = (0..connections()).map(|n| client(port, n, exchanges));
    let replies = runtime.block_on(async { heist::par_gather(clients).await });
    assert!(runtime.dump().tasks.is_empty());
    let replies = replies.into_iter();
    replies.map(|replies| replies.unwrap().unwrap()).sum()
}

/// The process of the clients, if this is it: a round for each line of its input.
#[test]
fn the_clients() {
    let Some(port) = number(SERVER) else {
        return;
    };
    allow_descriptors();
    let runtime = heist::Builder::new().workers(2).build().unwrap();
    for line in io::stdin().lines() {
        line.unwrap();
        let replies = round(&runtime, port as u16);
        println!("replies {replies} live {}", counting::live());
    }
}

struct Clients {
    process: Child,
    orders: ChildStdin,
    reports: BufReader<ChildStdout>,
}

impl Clients {
    fn start(port: u16) -> Self {
        let this = std::env::current_exe().expect("a test has a path");
        let mut process = Command::new(this)
            .args(["--exact", "the_clients", "--nocapture"])
            .env(SERVER, port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            orders: process.stdin.take().expect("piped"),
            reports: BufReader::new(process.stdout.take().expect("piped")),
            process,
        }
    }

    /// One round: how many replies were right, and what the clients' process holds after it.
    fn round(&mut self) -> (u64, isize) {
        writeln!(self.orders).unwrap();
        let mut lines = self.reports.by_ref().lines().map(Result::unwrap);
        let report = lines.find(|line| line.contains("replies "));
        let report = report.expect("the clients have failed, and said why");
        let mut words = report.split_once("replies ").unwrap().1.split(" live ");
        let (replies, live) = (words.next().unwrap(), words.next().unwrap());
        (replies.parse().unwrap(), live.parse().unwrap())
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n]).await?,
        }
    }
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        heist::spawn(echo(stream));
    }
}

#[test]
fn connections_lose_no_reply_and_keep_nothing() {
    allow_descriptors();
    let runtime = heist::Builder::new().workers(2).build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("0.0.0.0:0")).unwrap();
    let mut clients = Clients::start(listener.local_addr().unwrap().port());
    let _server = runtime.spawn(serve(listener));
    let (mut served, mut held) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (replies, live) = clients.round();
        // What was not killed was answered; one in forty is killed.
        let all = connections() * exchanges();
        assert!(replies > all * 9 / 10, "{replies} replies of {all}");
        held.push(live);
        // Each connection's task sees its end; that of the listener stays.
        while runtime.dump().tasks.len() > 1 {
            std::thread::yield_now();
        }
        served.push(counting::live());
    }
    // The slab keeps the memory of the most tasks that each of the two workers had at once, which
    // in the first round need not have been all of them: a slot is 112 bytes here.
    let slots = (connections() * 2 * 112) as isize;
    for live in [served, held] {
        let most = live[0] + SLACK + slots;
        assert!(live.iter().all(|bytes| *bytes <= most), "{live:?}");
    }
}
