//! What does a request cost the server, whose clients are elsewhere?

use super::Workload;
use crate::{
    limit::{self, RAW_EPOLL},
    meter::{Meter, Sample},
    outside::{self, Client, HELLO, Protocol},
    rt::{Listener, POLLING, Rt, Stream},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, server::conn::http1, service::service_fn};
use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
};

/// The echoes and their connections.
const ECHOES: [(&str, usize); 3] = [("echo_1", 1), ("echo_64", 64), ("echo_512", 512)];

const HTTPS: [(&str, usize); 3] = [("http_1", 1), ("http_64", 64), ("http_256", 256)];

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let echoes = ECHOES.map(|row| served(row, Protocol::Echo).also(&[POLLING, RAW_EPOLL]));
    let https = HTTPS.map(|row| served(row, Protocol::Http).also(&[POLLING]));
    echoes.into_iter().chain(https).collect()
}

fn served<R: Rt>((name, connections): (&'static str, usize), protocol: Protocol) -> Workload<R> {
    Workload::outside(name, "request", move |runtime: &R| {
        let address = runtime.run(start::<R>(protocol));
        ask(address, connections, protocol)
    })
}

/// One of the echoes, without a runtime.
pub fn without_runtime(name: &str) -> Option<Sample> {
    let (_, connections) = ECHOES.into_iter().find(|(echo, _)| *echo == name)?;
    let address = limit::start_echo().expect("a port is free");
    Some(ask(address, connections, Protocol::Echo))
}

/// Has a client make passes.
fn ask(address: SocketAddr, connections: usize, protocol: Protocol) -> Sample {
    let client = Client::start(address, connections, protocol);
    let mut client = client.expect("this program can be started");
    let mut meter = Meter::new((connections * outside::trips(connections)) as u64);
    while meter.again() {
        client.pass().expect("the client gets its answers");
    }
    meter.finish()
}

/// Starts a server that accepts for the rest of the process.
async fn start<R: Rt>(protocol: Protocol) -> SocketAddr {
    let listener = R::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
    let listener = listener.expect("a port is free");
    let address = listener.address().expect("it is bound");
    R::spawn_detached(async move {
        loop {
            let stream = listener.accept().await.expect("a client comes");
            stream.set_nodelay().expect("it is connected");
            match protocol {
                Protocol::Echo => R::spawn_detached(async { echo(stream).await.unwrap_or(()) }),
                Protocol::Http => R::spawn_detached(http(stream)),
            }
        }
    });
    address
}

/// Sends back what comes. A client that ends is no error.
async fn echo<S: Stream>(mut stream: S) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

/// hyper's own server for HTTP/1.1, and the shortest of services.
async fn http<S: Stream>(stream: S) {
    let hello = service_fn(|_| async {
        let body = Full::new(Bytes::from_static(HELLO.as_bytes()));
        Ok::<_, Infallible>(Response::new(body))
    });
    let server = http1::Builder::new();
    // A client that ends is no error.
    let _ = server.serve_connection(stream.for_hyper(), hello).await;
}
