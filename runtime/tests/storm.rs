//! Two thousand connections to an echo server in another process, with random kills: no lost
//! reply, no foreign byte, and nothing kept.
//!
//! `HEIST_STORM_EXCHANGES` says how many exchanges a connection has in a round; 4 by default, and
//! 120, with optimisation, for half a minute of storm.

#[path = "support/counting.rs"]
#[allow(unsafe_code)]
mod counting;

use heist::net::TcpStream;
use std::{
    io::{self, BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const CONNECTIONS: u64 = 2_000;
const ROUNDS: usize = 5;
const EXCHANGES: u64 = 4;

/// One exchange in so many ends with the connection killed.
const KILLED: u64 = 40;

/// What later rounds may hold beyond the first: a table or a queue that grew.
const SLACK: isize = 256 * 1024;

struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// The example, which serves until it is killed.
    fn start() -> Self {
        let mut path = std::env::current_exe().expect("a test has a path");
        path.pop();
        path.pop();
        let mut command = Command::new(path.join("examples/echo"));
        command
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command
            .spawn()
            .expect("`cargo build --examples` comes first");
        let mut address = String::new();
        let stdout = process.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut address).unwrap();
        Self {
            process,
            address: address.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client's exchanges; reconnects after a kill. How many replies were right.
async fn client(address: String, number: u64, exchanges: u64) -> io::Result<u64> {
    let mut random = fastrand::Rng::with_seed(number);
    let (mut stream, mut replies) = (TcpStream::connect(&*address).await?, 0);
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
            stream = TcpStream::connect(&*address).await?;
            continue;
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

#[test]
fn two_thousand_connections_lose_no_reply_and_keep_nothing() {
    let exchanges = std::env::var("HEIST_STORM_EXCHANGES");
    let exchanges = exchanges.map_or(EXCHANGES, |text| text.parse().expect("a number"));
    let server = Server::start();
    let runtime = heist::Builder::new().workers(2).build().unwrap();
    let mut live = Vec::new();
    for _ in 0..ROUNDS {
        let address = server.address.clone();
        let replies: u64 = runtime.block_on(async move {
            let clients = (0..CONNECTIONS).map(|n| client(address.clone(), n, exchanges));
            let replies = heist::par_gather(clients).await;
            replies
                .into_iter()
                .map(|replies| replies.unwrap().unwrap())
                .sum()
        });
        // What was not killed was answered; one in forty is killed.
        assert!(
            replies > CONNECTIONS * exchanges * 9 / 10,
            "{replies} replies"
        );
        assert!(runtime.dump().tasks.is_empty());
        live.push(counting::live());
    }
    let most = live[0] + SLACK;
    assert!(live.iter().all(|bytes| *bytes <= most), "{live:?}");
}
