//! Nobody is held hostage, and nobody starves, where sockets and signals are in play.
//!
//! As in `starvation`, what blocks waits for something that only the promised progress can bring.

mod support;

use heist::{
    Builder, Handle, JoinHandle, interval,
    net::{TcpListener, TcpStream},
    signal::ctrl_c,
    spawn, spawn_blocking, yield_now,
};
use rustix::process::{Signal, getpid, kill_process};
use std::{
    future::poll_fn,
    io::{Read as _, Write as _},
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Barrier, Mutex, mpsc},
    task::Poll,
    thread,
    time::Duration,
};
use support::watch;

/// Echoes until the other side ends.
async fn echo(stream: TcpStream) {
    let mut buffer = [0; 64];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        stream.write_all(&buffer[..read]).await.unwrap();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A connection that blocks its worker when a byte comes, until the answer to another one, which
/// came in the same turn of the reactor, is there.
#[test]
fn an_echo_that_a_blocked_worker_has_harvested_is_answered() {
    for workers in [2, 4] {
        let root = async move {
            let _watch = watch(format!("{workers} workers"));
            let (listener, address) = listen().await;
            for _ in 0..20 {
                let together = Arc::new(Barrier::new(workers - 1));
                let mut blocked = Vec::new();
                for _ in 0..workers - 1 {
                    let (release, released) = mpsc::channel();
                    let mut plain = [0; 2].map(|_| std::net::TcpStream::connect(address).unwrap());
                    let (blocks, _) = listener.accept().await.unwrap();
                    let (echoes, _) = listener.accept().await.unwrap();
                    spawn(echo(echoes));
                    let together = together.clone();
                    blocked.push(spawn(async move {
                        blocks.read_exact(&mut [0]).await.unwrap();
                        together.wait();
                        released.recv().unwrap();
                    }));
                    thread::spawn(move || {
                        plain
                            .iter_mut()
                            .for_each(|stream| stream.write_all(&[7]).unwrap());
                        plain[1].read_exact(&mut [0]).unwrap();
                        release.send(()).unwrap();
                    });
                }
                for task in blocked {
                    task.await.unwrap();
                }
            }
        };
        Builder::new().workers(workers).run(root).unwrap();
    }
}

/// Beside a worker that waits for what it has spawned, the other one is called by the reactor all
/// the time. With a clock that stands still the time does not tell how long that has lasted.
#[test]
fn a_blocked_workers_job_runs_beside_traffic() {
    for paused in [false, true] {
        let root = async move {
            let _watch = watch(format!("paused: {paused}"));
            let (listener, address) = listen().await;
            let peer = thread::spawn(move || {
                let mut plain = std::net::TcpStream::connect(address).unwrap();
                while plain.write_all(&[7]).is_ok() && plain.read_exact(&mut [0]).is_ok() {}
            });
            let (stream, _) = listener.accept().await.unwrap();
            let echoes = spawn(echo(stream));
            for _ in 0..5 {
                let blocks = spawn(async {
                    let (send, receive) = mpsc::channel();
                    drop(spawn(async move { send.send(()).unwrap() }));
                    receive.recv().unwrap();
                });
                blocks.await.unwrap();
            }
            echoes.abort();
            spawn_blocking(move || peer.join().unwrap()).await.unwrap();
        };
        let builder = Builder::new().workers(2).paused_clock(paused);
        builder.run(root).unwrap();
    }
}

#[test]
fn a_signal_is_heard_while_all_but_one_are_blocked() {
    for workers in [2, 4] {
        let root = async move {
            let _watch = watch(format!("{workers} workers"));
            // A signal may be delivered when everybody has heard another one and gone: somebody
            // hears it for ever.
            let mut hears = Box::pin(ctrl_c());
            let begin = poll_fn(|cx| Poll::Ready(hears.as_mut().poll(cx).is_pending()));
            assert!(begin.await);
            std::mem::forget(hears);
            for _ in 0..20 {
                let mut listeners = Vec::new();
                for _ in 0..workers - 1 {
                    let (tell, told) = mpsc::channel();
                    let (listens, begun) = heist::sync::oneshot();
                    let mut listens = Some(listens);
                    spawn(async move {
                        let mut signal = pin!(ctrl_c());
                        let hears = poll_fn(|cx| {
                            let poll = signal.as_mut().poll(cx);
                            if let Some(listens) = listens.take() {
                                listens.send(()).unwrap();
                            }
                            poll
                        });
                        hears.await.unwrap();
                        tell.send(()).unwrap();
                    });
                    begun.await.unwrap();
                    listeners.push(told);
                }
                let together = Arc::new(Barrier::new(workers - 1));
                let listeners = Arc::new(Mutex::new(listeners));
                let blocked: Vec<_> = (0..workers - 1)
                    .map(|_| {
                        let (together, listeners) = (together.clone(), listeners.clone());
                        spawn(async move {
                            together.wait();
                            kill_process(getpid(), Signal::INT).unwrap();
                            let told = listeners.lock().unwrap().pop().unwrap();
                            told.recv().unwrap();
                        })
                    })
                    .collect();
                for task in blocked {
                    task.await.unwrap();
                }
            }
        };
        Builder::new().workers(workers).run(root).unwrap();
    }
}

/// What would take a whole worker if it could.
#[derive(Debug, Clone, Copy)]
enum Greedy {
    /// A task that is always runnable.
    WakesItself,
    /// A socket that is always ready.
    Socket,
    /// Two tasks that wake each other, by way of the LIFO slot.
    PingPong,
    /// Tasks that make tasks.
    Spawns,
}

impl Greedy {
    fn spawn(self) -> Vec<JoinHandle<()>> {
        match self {
            Self::WakesItself => vec![spawn(poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::Pending
            }))],
            Self::Socket => vec![spawn(async {
                let (listener, address) = listen().await;
                let (client, accepted) =
                    heist::gather!(TcpStream::connect(address), listener.accept()).await;
                let (client, server) = (client.unwrap(), accepted.unwrap().0);
                loop {
                    client.write_all(&[1; 64]).await.unwrap();
                    server.read_exact(&mut [0; 64]).await.unwrap();
                }
            })],
            Self::PingPong => {
                let (ping, pinged) = heist::sync::channel(1);
                let (pong, ponged) = heist::sync::channel(1);
                vec![
                    spawn(async move {
                        while ping.send(()).await.is_ok() && ponged.recv().await.is_ok() {}
                    }),
                    spawn(async move {
                        while pinged.recv().await.is_ok() && pong.send(()).await.is_ok() {}
                    }),
                ]
            }
            Self::Spawns => vec![spawn(async {
                loop {
                    (0..100).for_each(|_| drop(spawn(async {})));
                    yield_now().await;
                }
            })],
        }
    }
}

#[test]
fn timers_sockets_and_spawns_from_outside_get_their_turns_beside_the_greedy() {
    for greedy in [
        Greedy::WakesItself,
        Greedy::Socket,
        Greedy::PingPong,
        Greedy::Spawns,
    ] {
        for workers in [1, 2, 4] {
            let root = async move {
                let _watch = watch(format!("{workers} workers, {greedy:?}"));
                let greedy: Vec<_> = (0..workers * 2).flat_map(|_| greedy.spawn()).collect();
                let ticks = spawn(async {
                    let mut interval = interval(Duration::from_millis(10));
                    for _ in 0..10 {
                        interval.tick().await;
                    }
                });
                let handle = Handle::current();
                let spawns = spawn_blocking(move || {
                    for n in 0..50 {
                        let (tell, told) = mpsc::channel();
                        handle.spawn(async move { tell.send(n).unwrap() });
                        assert_eq!(told.recv().unwrap(), n);
                    }
                });
                let (listener, address) = listen().await;
                let echoes = spawn_blocking(move || {
                    let mut plain = std::net::TcpStream::connect(address).unwrap();
                    for _ in 0..50 {
                        plain.write_all(&[9; 64]).unwrap();
                        plain.read_exact(&mut [0; 64]).unwrap();
                    }
                });
                spawn(echo(listener.accept().await.unwrap().0));
                ticks.await.unwrap();
                spawns.await.unwrap();
                echoes.await.unwrap();
                greedy.into_iter().for_each(|task| task.abort());
            };
            Builder::new().workers(workers).run(root).unwrap();
        }
    }
}
