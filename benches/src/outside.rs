//! Who asks, when the client is elsewhere?
//!
//! Another process of this program: plain descriptors and an epoll, without any runtime. The server
//! tells it when to make a pass, and hears when it is done. So the server's CPU clock counts the
//! server alone. With one worker both are on one CPU, which the client inherits.

use rustix::{
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    fd::OwnedFd,
};
use std::{
    env,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    str::FromStr,
};

/// The first argument of a client; address, connections and protocol follow.
pub const FLAG: &str = "--client";

/// The body of every HTTP response.
pub const HELLO: &str = "Hello, world!";

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// 64 bytes, and the same again.
    Echo,
    /// A request and a response, and the connection stays open.
    Http,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Http => "http",
        }
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = [Self::Echo, Self::Http].into_iter();
        let found = found.clone().find(|protocol| protocol.name() == text);
        found.ok_or_else(|| format!("no protocol is called {text:?}"))
    }
}

/// Exchanges in a pass over each of `connections`.
pub fn trips(connections: usize) -> usize {
    (6_400 / connections).max(12)
}

/// The client, as the server sees it.
pub struct Client {
    process: Child,
    tell: ChildStdin,
    hear: ChildStdout,
}

impl Client {
    /// Starts a client with `connections` to `address`.
    pub fn start(address: SocketAddr, connections: usize, protocol: Protocol) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args([FLAG, &address.to_string(), &connections.to_string()])
            .arg(protocol.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let tell = process.stdin.take().expect("it is piped");
        let hear = process.stdout.take().expect("it is piped");
        Ok(Self {
            process,
            tell,
            hear,
        })
    }

    /// Has it make a pass, and blocks until it is done.
    pub fn pass(&mut self) -> io::Result<()> {
        self.tell.write_all(&[1])?;
        self.hear.read_exact(&mut [0])
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Both fail if it has ended, and then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The client's side.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let [address, connections, protocol] = arguments else {
        return Err(format!("{FLAG} is for the program itself"));
    };
    let address = address.parse().map_err(|_| "that is no address")?;
    let connections = connections.parse().map_err(|_| "that is no number")?;
    let passes = passes(address, connections, protocol.parse()?);
    passes.map_err(|error| format!("client: {error}"))
}

fn passes(address: SocketAddr, connections: usize, protocol: Protocol) -> io::Result<()> {
    let mut asker = Asker::connect(address, connections, protocol)?;
    while io::stdin().read(&mut [0])? == 1 {
        asker.pass()?;
        io::stdout().write_all(&[1])?;
        io::stdout().flush()?;
    }
    Ok(())
}

/// Many connections and what is said on each.
struct Asker {
    epoll: OwnedFd,
    connections: Vec<Connection>,
    question: &'static [u8],
    /// Bytes of an answer: they are all alike.
    answer: usize,
}

struct Connection {
    stream: TcpStream,
    trips_left: usize,
    bytes_left: usize,
}

impl Asker {
    fn connect(address: SocketAddr, connections: usize, protocol: Protocol) -> io::Result<Self> {
        let (question, answer) = match protocol {
            Protocol::Echo => (&[7; 64][..], 64),
            Protocol::Http => (REQUEST, response_length(address)?),
        };
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let connect = |number| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            epoll::add(&epoll, &stream, EventData::new_u64(number), EventFlags::IN)?;
            Ok(Connection {
                stream,
                trips_left: 0,
                bytes_left: 0,
            })
        };
        let connections: io::Result<Vec<_>> = (0..connections as u64).map(connect).collect();
        Ok(Self {
            connections: connections?,
            epoll,
            question,
            answer,
        })
    }

    /// Asks on every connection, [`trips`] times on each.
    fn pass(&mut self) -> io::Result<()> {
        let mut open = self.connections.len();
        let trips = trips(open);
        for connection in &mut self.connections {
            connection.trips_left = trips;
            connection.ask(self.question, self.answer)?;
        }
        let mut events = Vec::with_capacity(open);
        while open > 0 {
            epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                None,
            )?;
            for event in events.drain(..) {
                let connection = &mut self.connections[event.data.u64() as usize];
                open -= usize::from(connection.hear(self.question, self.answer)?);
            }
        }
        Ok(())
    }
}

impl Connection {
    fn ask(&mut self, question: &[u8], answer: usize) -> io::Result<()> {
        self.bytes_left = answer;
        self.trips_left -= 1;
        // So little always fits: nothing else is on its way.
        self.stream.write_all(question)
    }

    /// Takes what has come, and asks again after a whole answer. Whether it was the last one.
    fn hear(&mut self, question: &[u8], answer: usize) -> io::Result<bool> {
        let read = self.stream.read(&mut [0; 4096])?;
        if read == 0 || read > self.bytes_left {
            return Err(io::Error::other("the server says something else"));
        }
        self.bytes_left -= read;
        match (self.bytes_left, self.trips_left) {
            (0, 0) => Ok(true),
            (0, _) => self.ask(question, answer).map(|()| false),
            _ => Ok(false),
        }
    }
}

/// How long the response to [`REQUEST`] is: its date has always the same length.
fn response_length(address: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(REQUEST)?;
    let mut response = Vec::new();
    while !response.ends_with(HELLO.as_bytes()) {
        let mut chunk = [0; 512];
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => response.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(response.len())
}
