//! What a reactor may get wrong: ends and bytes that come together, descriptors of one socket,
//! numbers that are used again. Run under every variant of the reactor.

use heist::{
    Builder, gather,
    net::{TcpListener, TcpStream},
    spawn,
};
use heist_core::wait::Kind;
use heist_io::{
    readiness::{Direction, Place},
    source::{Source, Waits},
};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, send, sendmsg};
use std::{
    future::poll_fn,
    io::{IoSlice, Read as _, Write as _},
    mem::MaybeUninit,
    net::{Ipv4Addr, Shutdown},
    os::{fd::AsFd as _, unix::net::UnixStream},
    panic::Location,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::Poll,
};

/// Runs a future on one thread, so that what it does between two awaits is one event to the
/// reactor.
fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new().current_thread().build().unwrap();
    runtime.block_on(future)
}

/// Polls a future once, which has to wait.
async fn begin(future: &mut (impl Future + Unpin)) {
    let pending = poll_fn(|cx| Poll::Ready(pin!(&mut *future).poll(cx).is_pending()));
    assert!(pending.await, "nothing has come yet");
}

/// One end of a connection, and the other one as the standard library's.
fn with_a_plain_peer() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (
        TcpStream::from_std(listener.accept().unwrap().0).unwrap(),
        peer,
    )
}

/// The same, of a stream that heist accepted itself, for which a short read means something.
async fn accepted_with_a_plain_peer() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().await.unwrap().0, peer)
}

#[test]
fn bytes_and_the_end_in_one_event_are_both_seen() {
    on_one_thread(async {
        for round in 0..50 {
            let (stream, mut peer) = if round % 2 == 0 {
                accepted_with_a_plain_peer().await
            } else {
                with_a_plain_peer()
            };
            let mut buffer = [0; 64];
            let mut read = stream.read(&mut buffer);
            begin(&mut read).await;
            peer.write_all(b"ab").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read.await.unwrap(), 2, "fewer than there was room for");
            assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 0, "the end");
            assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 0, "it stays");
            stream.write_all(b"cd").await.unwrap();
            let mut answer = [0; 2];
            peer.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"cd", "the other way is open");
        }
    });
}

#[test]
fn the_end_after_a_short_read_is_seen() {
    on_one_thread(async {
        let (stream, mut peer) = accepted_with_a_plain_peer().await;
        for _ in 0..100 {
            let mut buffer = [0; 64];
            let mut read = stream.read(&mut buffer);
            begin(&mut read).await;
            peer.write_all(b"ab").unwrap();
            assert_eq!(read.await.unwrap(), 2);
        }
        let mut buffer = [0; 64];
        let mut read = stream.read(&mut buffer);
        begin(&mut read).await;
        drop(peer);
        assert_eq!(read.await.unwrap(), 0);
    });
}

#[test]
fn a_reset_is_an_error_for_who_waits() {
    on_one_thread(async {
        let (stream, peer) = accepted_with_a_plain_peer().await;
        let mut buffer = [0; 64];
        let mut read = stream.read(&mut buffer);
        begin(&mut read).await;
        // Bytes that the peer has not read make its close a reset.
        stream.write_all(b"unread").await.unwrap();
        drop(peer);
        let error = read.await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    });
}

/// A read stops at bytes that came with a descriptor, though there are more behind them: a short
/// read says nothing of a socket like that.
#[test]
fn bytes_behind_a_descriptor_are_not_lost() {
    on_one_thread(async {
        let (ours, peer) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let source = Source::new(ours, Location::caller());
        let mut buffer = [0; 64];
        let mut read = async || {
            let waits = Waits {
                direction: Direction::Read,
                kind: Kind::Read,
                at: Location::caller(),
            };
            let room = buffer.len();
            poll_fn(|cx| {
                source.poll_transfer(cx, Place::Poller, waits, room, |mut io| {
                    io.read(&mut buffer)
                })
            })
            .await
            .unwrap()
        };
        {
            // Registered, and found empty.
            let mut first = Box::pin(read());
            begin(&mut first).await;
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = [peer.as_fd()];
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
        let bytes = [IoSlice::new(b"abc")];
        sendmsg(&peer, &bytes, &mut control, SendFlags::empty()).unwrap();
        (&peer).write_all(b"defgh").unwrap();
        assert_eq!(read().await, 3, "up to where the descriptor came");
        assert_eq!(read().await, 5);
    });
}

/// Each of two descriptors of one socket is a source; closing one does not silence the other.
#[test]
fn a_second_descriptor_of_a_socket_lives_on() {
    on_one_thread(async {
        let (stream, mut peer) = with_a_plain_peer();
        let stream = stream.into_std().unwrap();
        let first = TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
        let second = TcpStream::from_std(stream).unwrap();
        let (mut one, mut other) = ([0; 8], [0; 8]);
        let mut reads = second.read(&mut other);
        {
            let mut waits = first.read(&mut one);
            begin(&mut waits).await;
            begin(&mut reads).await;
        }
        drop(first);
        peer.write_all(b"ab").unwrap();
        assert_eq!(reads.await.unwrap(), 2);
    });
}

async fn echo(stream: TcpStream) {
    let mut buffer = [0; 4];
    while let Ok(1..) = stream.read(&mut buffer).await {
        stream.write_all(&buffer).await.unwrap();
    }
}

/// Descriptor numbers and slots come again and again, while other connections are busy.
#[heist::test(workers = 2)]
async fn ten_thousand_connections_come_and_go_under_load() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            spawn(echo(stream));
        }
    });
    let is_over = Arc::new(AtomicBool::new(false));
    let load = (0..8_u32).map(|number| {
        let is_over = is_over.clone();
        async move {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            while !is_over.load(SeqCst) {
                exchange(&stream, number).await;
            }
        }
    });
    let load = heist::par_gather(load);
    let comes_and_goes = async {
        for round in 0..10_000_u32 {
            // Another address each time: a closed connection's port rests for a minute.
            let address = (Ipv4Addr::new(127, 0, 0, 2 + (round % 200) as u8), port);
            let stream = TcpStream::connect(address).await.unwrap();
            // Half of them go without a word.
            if round % 2 == 0 {
                exchange(&stream, round).await;
            }
        }
        is_over.store(true, SeqCst);
    };
    let (ended, ()) = gather!(load, comes_and_goes).await;
    assert!(ended.iter().all(Result::is_ok));
    server.abort();
}

async fn exchange(stream: &TcpStream, number: u32) {
    stream.write_all(&number.to_le_bytes()).await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(u32::from_le_bytes(answer), number, "a foreign byte");
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
