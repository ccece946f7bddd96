//! What does a round trip over a socket cost?

use super::Workload;
use crate::{
    meter::{Meter, Sample},
    rt::{Listener, POLLING, Rt, Stream},
};
use std::{io, net::Ipv4Addr, sync::Arc};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let rows = [
        Workload::new("tcp_1", "round trip", echo::<R, 1>),
        Workload::new("tcp_64", "round trip", echo::<R, 64>),
        Workload::new("tcp_512", "round trip", echo::<R, 512>),
        Workload::new("tcp_bulk", "MiB", bulk::<R>),
        Workload::new("connect_close", "connection", connect_close::<R>),
    ];
    rows.map(|row| row.also(&[POLLING])).into()
}

/// Bytes in a message.
const MESSAGE: usize = 64;

/// `CONNECTIONS` clients send a message each to an echo task and await it back, at the same time
/// and in the same runtime. Connecting is not measured.
async fn echo<R: Rt, const CONNECTIONS: usize>() -> Sample {
    // At least a dozen for each connection, and as many in all for few connections as for 64.
    let trips = (6_400 / CONNECTIONS).max(12);
    let mut streams = connect::<R>(CONNECTIONS)
        .await
        .expect("the loopback accepts");
    let mut meter = Meter::new((CONNECTIONS * trips) as u64);
    while meter.again() {
        let clients: Vec<_> = streams
            .drain(..)
            .map(|stream| R::spawn(client(stream, trips)))
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

/// One task sends 64 KiB at a time, another reads them; it says a word when it has all.
async fn bulk<R: Rt>() -> Sample {
    const MIB: usize = 64;
    let listener = R::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
    let listener = listener.expect("a port is free");
    let address = listener.address().expect("it is bound");
    let reader = R::spawn(async move {
        let mut stream = listener.accept().await?;
        while take::<R>(&mut stream, MIB << 20).await? {
            stream.write_all(&[1]).await?;
        }
        io::Result::Ok(())
    });
    let mut stream = R::connect(address).await.expect("somebody listens");
    let chunk = vec![7; CHUNK];
    let mut meter = Meter::new(MIB as u64);
    while meter.again() {
        for _ in 0..(MIB << 20) / CHUNK {
            stream.write_all(&chunk).await.expect("somebody reads");
        }
        let mut word = [0];
        stream.read_exact(&mut word).await.expect("all came");
        assert_eq!(word, [1]);
    }
    drop(stream);
    reader.await.expect("the sender stays to the end");
    meter.finish()
}

const CHUNK: usize = 64 << 10;

/// Reads `length` bytes, or says that nothing comes any more.
async fn take<R: Rt>(stream: &mut R::Stream, length: usize) -> io::Result<bool> {
    let mut buffer = vec![0; CHUNK];
    let mut left = length;
    while left > 0 {
        let room = left.min(CHUNK);
        match stream.read(&mut buffer[..room]).await? {
            0 if left == length => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => left -= read,
        }
    }
    assert_eq!(buffer[0], 7);
    Ok(true)
}

/// A client connects and waits until the server has closed, again and again.
async fn connect_close<R: Rt>() -> Sample {
    const TIMES: u64 = 500;
    let listener = R::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
    let listener = listener.expect("a port is free");
    let address = listener.address().expect("it is bound");
    R::spawn_detached(async move {
        loop {
            drop(listener.accept().await.expect("a client comes"));
        }
    });
    let mut meter = Meter::new(TIMES);
    while meter.again() {
        for _ in 0..TIMES {
            let mut stream = R::connect(address).await.expect("somebody listens");
            let read = stream.read(&mut [0]).await.expect("the server closes");
            assert_eq!(read, 0);
        }
    }
    meter.finish()
}
