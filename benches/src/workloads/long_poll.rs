//! How late is an echo beside a task that blocks?
//!
//! Once a second a task blocks its worker for 50 ms. A client outside the runtime sends a message
//! every millisecond, whether or not the last one came back in time. The lateness of an answer
//! counts from the moment at which its message should have been sent.

use super::{Kind, Workload};
use crate::{
    meter::Sample,
    rt::{Listener, POLLING, Rt, Stream},
};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let row = Workload::outside("long_poll", "echo", long_poll::<R>);
    vec![row.of(Kind::Lateness).with_two_workers().also(&[POLLING])]
}

const BLOCKED: Duration = Duration::from_millis(50);
const EVERY: Duration = Duration::from_secs(1);

const MESSAGES: u32 = 4_000;
const PERIOD: Duration = Duration::from_millis(1);

fn long_poll<R: Rt>(runtime: &R) -> Sample {
    let address = runtime.run(async {
        let listener = R::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
        let listener = listener.expect("a port is free");
        let address = listener.address().expect("it is bound");
        R::spawn_detached(async move {
            let mut stream = listener.accept().await.expect("the client comes");
            let mut buffer = [0; 64];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let _ = stream.write_all(&buffer[..read]).await;
            }
        });
        R::spawn_detached(async {
            loop {
                R::sleep(EVERY - BLOCKED).await;
                thread::sleep(BLOCKED);
            }
        });
        address
    });
    Sample::lateness(client(address).expect("the echo answers"))
}

fn client(address: SocketAddr) -> std::io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let began = Instant::now();
    let mut lateness = Vec::new();
    for number in 0..MESSAGES {
        let due = began + PERIOD * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let message = number.to_le_bytes();
        let mut answer = [0; 4];
        stream.write_all(&message)?;
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, message);
        lateness.push(due.elapsed());
    }
    Ok(lateness)
}
