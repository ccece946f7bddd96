//! What does a round trip over a socket cost?

use super::Workload;
use crate::{
    meter::{Meter, Sample},
    rt::{Listener, Rt, Stream},
};
use std::{io, net::Ipv4Addr, sync::Arc};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![Workload::new("tcp_64", "round trip", echo::<R, 64>)]
}

/// Bytes in a message.
const MESSAGE: usize = 64;

/// `CONNECTIONS` clients send a message each to an echo task and await it back, at the same time
/// and in the same runtime. Connecting is not measured.
async fn echo<R: Rt, const CONNECTIONS: usize>() -> Sample {
    const TRIPS: usize = 100;
    let mut streams = connect::<R>(CONNECTIONS)
        .await
        .expect("the loopback accepts");
    let mut meter = Meter::new((CONNECTIONS * TRIPS) as u64);
    while meter.again() {
        let clients: Vec<_> = streams
            .drain(..)
            .map(|stream| R::spawn(client(stream, TRIPS)))
            .collect();
        for client in clients {
            streams.push(client.await.expect("the echo answers"));
        }
    }
    meter.finish()
}

/// The client ends of `connections` connections whose other ends echo.
async fn connect<R: Rt>(connections: usize) -> io::Result<Vec<R::Stream>> {
    let listener = Arc::new(R::bind((Ipv4Addr::LOCALHOST, 0).into()).await?);
    let address = listener.address()?;
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        let accept = R::spawn({
            let listener = listener.clone();
            async move { listener.accept().await }
        });
        let client = R::connect(address).await?;
        let server = accept.await?;
        client.set_nodelay()?;
        server.set_nodelay()?;
        R::spawn_detached(async { serve(server).await.expect("the client stays to the end") });
        clients.push(client);
    }
    Ok(clients)
}

/// Makes `trips` round trips, and gives the stream back for more.
async fn client<S: Stream>(mut stream: S, trips: usize) -> io::Result<S> {
    let message = [7; MESSAGE];
    let mut answer = [0; MESSAGE];
    for _ in 0..trips {
        stream.write_all(&message).await?;
        stream.read_exact(&mut answer).await?;
    }
    assert_eq!(answer, message);
    Ok(stream)
}

/// Sends back what comes, until the other side closes.
async fn serve<S: Stream>(mut stream: S) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}
