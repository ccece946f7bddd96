//! TCP, over real sockets.

use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use heist::{
    Builder,
    net::{TcpListener, TcpStream, lookup_host},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr},
    pin::pin,
    task::{Context, Waker},
};

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = heist::spawn(TcpStream::connect(address));
    let (server, peer) = listener.accept().await.unwrap();
    let client = client.await.unwrap().unwrap();
    assert_eq!(client.local_addr().unwrap(), peer);
    assert_eq!(client.peer_addr().unwrap(), address);
    (client, server)
}

#[heist::test]
async fn bytes_come_back_from_an_echo() {
    let (client, server) = pair().await;
    heist::spawn(async move {
        let mut buffer = [0; 16];
        loop {
            match server.read(&mut buffer).await.unwrap() {
                0 => return,
                some => server.write_all(&buffer[..some]).await.unwrap(),
            }
        }
    });
    for round in 0_u32..1000 {
        client.write_all(&round.to_le_bytes()).await.unwrap();
        let mut answer = [0; 4];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(u32::from_le_bytes(answer), round);
    }
}

#[heist::test(local)]
async fn one_thread_serves_itself() {
    let (client, server) = pair().await;
    client.write_all(b"ping").await.unwrap();
    let mut bytes = [0; 4];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
}

#[heist::test]
async fn data_and_the_end_in_one_edge_are_both_seen() {
    let (client, server) = pair().await;
    let mut buffer = [0; 64];
    // Pending once, so that the next thing is an edge.
    let mut read = pin!(server.read(&mut buffer));
    assert!(
        read.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    client.write_all(b"ab").await.unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read.await.unwrap(), 2);
    assert_eq!(server.read(&mut [0; 64]).await.unwrap(), 0);
    // Half-closed: the other way is open.
    server.write_all(b"cd").await.unwrap();
    let mut answer = [0; 2];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"cd");
}

#[heist::test]
async fn a_writer_waits_for_a_slow_reader_and_no_byte_is_lost() {
    let (client, server) = pair().await;
    const LENGTH: usize = 8 << 20;
    let sent: Vec<u8> = (0..LENGTH).map(|at| (at / 7) as u8).collect();
    let expected = sent.clone();
    let mut write = client.write_all(&sent);
    // Nobody reads yet, so it fills the socket's buffer and waits.
    let first = std::future::poll_fn(|cx| {
        std::task::Poll::Ready(pin!(&mut write).as_mut().poll(cx).is_pending())
    });
    assert!(first.await);
    assert!(write.written() > 0 && write.written() < LENGTH);
    let reader = heist::spawn(async move {
        let mut received = vec![0; LENGTH];
        server.read_exact(&mut received).await.unwrap();
        (received, server)
    });
    write.await.unwrap();
    drop(client);
    let (received, server) = reader.await.unwrap();
    assert!(received == expected);
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
}

#[heist::test]
async fn a_cancelled_read_has_read_nothing() {
    let (client, server) = pair().await;
    for round in 0..100_u8 {
        let mut buffer = [0; 8];
        {
            let mut read = pin!(server.read(&mut buffer));
            assert!(
                read.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
        }
        client.write_all(&[round]).await.unwrap();
        assert_eq!(server.read(&mut buffer).await.unwrap(), 1);
        assert_eq!(buffer[0], round);
    }
}

#[heist::test(workers = 4)]
async fn many_tasks_accept_from_one_listener() {
    let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    let accepting: Vec<_> = (0..8)
        .map(|_| {
            let listener = listener.clone();
            heist::spawn(async move {
                for _ in 0..25 {
                    let (stream, _) = listener.accept().await.unwrap();
                    stream.write_all(b"!").await.unwrap();
                }
            })
        })
        .collect();
    for _ in 0..200 {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.read_exact(&mut [0; 1]).await.unwrap();
    }
    for task in accepting {
        task.await.unwrap();
    }
}

#[heist::test]
async fn a_refused_connection_names_every_address() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let other = std::net::TcpListener::bind("127.0.0.2:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = TcpStream::connect([closed, other]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = error.to_string();
    assert!(
        text.contains(&closed.to_string()) && text.contains(&other.to_string()),
        "{text}"
    );
}

#[heist::test]
async fn connect_goes_on_to_the_next_address() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let stream = TcpStream::connect([closed, open]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), open);
}

#[heist::test]
async fn names_are_looked_up_and_digits_are_not() {
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    TcpStream::connect(("localhost", port)).await.unwrap();
    TcpStream::connect(format!("localhost:{port}"))
        .await
        .unwrap();
    assert!(
        lookup_host("localhost:1")
            .await
            .unwrap()
            .iter()
            .all(|a| a.ip().is_loopback())
    );
    assert_eq!(
        TcpStream::connect("no port").await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    // Digits are ready at the first poll: no thread was asked.
    for digits in ["127.0.0.1:1", "[::1]:1"] {
        let mut lookup = pin!(lookup_host(digits));
        let ready = lookup
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let expected: SocketAddr = digits.parse().unwrap();
        assert!(matches!(ready, std::task::Poll::Ready(Ok(list)) if list == [expected]));
    }
}

#[heist::test]
async fn a_standard_stream_goes_in_and_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let peer = heist::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"std").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let (stream, _) = listener.accept().await.unwrap();
    stream.read_exact(&mut [0; 3]).await.unwrap();
    let mut stream = stream.into_std().unwrap();
    stream.write_all(b"blocking").unwrap();
    drop(stream);
    assert_eq!(peer.await.unwrap(), "blocking");
    drop(listener.into_std().unwrap());
}

#[heist::test]
async fn two_tasks_share_a_stream_by_its_halves() {
    let (client, server) = pair().await;
    let (mut read, mut write) = client.into_split();
    let reader = heist::spawn(async move {
        let mut all = Vec::new();
        read.read_to_end(&mut all).await.unwrap();
        all
    });
    write.write_all(b"question").await.unwrap();
    drop(write); // says that nothing more will come
    let mut server = server;
    let mut question = Vec::new();
    server.read_to_end(&mut question).await.unwrap();
    assert_eq!(question, b"question");
    futures::io::AsyncWriteExt::write_all(&mut server, b"answer")
        .await
        .unwrap();
    server.close().await.unwrap();
    assert_eq!(reader.await.unwrap(), b"answer");

    let (client, server) = pair().await;
    let ((mut read, mut write), (mut r, mut w)) = (client.split(), server.split());
    write.write_all(b"x").await.unwrap();
    r.read_exact(&mut [0; 1]).await.unwrap();
    w.write_all(b"y").await.unwrap();
    assert_eq!(read.read(&mut [0; 4]).await.unwrap(), 1);
}

#[test]
fn the_end_of_the_runtime_ends_what_waits_elsewhere() {
    let runtime = Builder::new().workers(2).build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    // Polled by a foreign executor, which a shutdown does not abort.
    let waiting = std::thread::scope(|scope| {
        let mut accept = Box::pin(listener.accept());
        let first = accept
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending());
        let waiting = scope.spawn(move || futures::executor::block_on(accept));
        drop(runtime);
        waiting.join().unwrap()
    });
    assert!(waiting.unwrap_err().to_string().contains("shut down"));
    let error = futures::executor::block_on(listener.accept()).unwrap_err();
    assert!(error.to_string().contains("shut down"));
}

#[test]
fn ctrl_c_is_heard_and_ends_nothing() {
    heist::run(async {
        let mut heard = pin!(heist::signal::ctrl_c());
        let first =
            std::future::poll_fn(|cx| std::task::Poll::Ready(heard.as_mut().poll(cx).is_pending()));
        assert!(first.await, "nobody has pressed it yet");
        let kill = std::process::Command::new("kill")
            .args(["-INT", &std::process::id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        heard.await.unwrap();
    });
}
