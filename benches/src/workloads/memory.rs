//! How much memory does a task take that waits?
//!
//! The difference of what the process has of the machine's memory, before and after, divided by the
//! tasks. So what the allocator rounds up, and what a runtime sets aside for growth, is in it.

use super::{Kind, Workload, countdown::Countdown};
use crate::{
    meter::Sample,
    rt::{Listener, POLLING, Rt, Stream},
};
use std::{
    fs,
    future::{Future, pending},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let rows = [
        Workload::new("mem_task", "task", || tasks::<R, _>(pending)),
        Workload::new("mem_sleep", "task", || tasks::<R, _>(|| R::sleep(HOUR))),
        Workload::new("mem_conn", "connection", connections::<R>).also(&[POLLING]),
    ];
    rows.map(|row| row.of(Kind::Memory)).into()
}

const HOUR: Duration = Duration::from_secs(3600);

/// A million tasks that await what `wait` gives.
async fn tasks<R: Rt, F>(wait: fn() -> F) -> Sample
where
    F: Future<Output = ()> + Send + 'static,
{
    const TASKS: usize = 1_000_000;
    // So few that the queues stay small: they are not what is measured.
    const AT_ONCE: usize = 100;
    let before = resident();
    for _ in 0..TASKS / AT_ONCE {
        let (countdown, all_wait) = Countdown::new(AT_ONCE);
        for _ in 0..AT_ONCE {
            let countdown = countdown.clone();
            R::spawn_detached(async move {
                countdown.arrive();
                drop(countdown);
                wait().await;
            });
        }
        all_wait.await.expect("the countdown ends");
    }
    per(TASKS, before)
}

/// Connections on each of which a task waits for something to echo, with a buffer of 512 bytes. The
/// other ends are plain descriptors.
async fn connections<R: Rt>() -> Sample {
    const CONNECTIONS: usize = 4_000;
    let listener = R::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
    let listener = listener.expect("a port is free");
    let address = listener.address().expect("it is bound");
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let (countdown, all_wait) = Countdown::new(CONNECTIONS);
    let before = resident();
    for _ in 0..CONNECTIONS {
        // Does not wait for the other side: the system accepts it first.
        clients.push(TcpStream::connect(address).expect("somebody listens"));
        let mut stream = listener.accept().await.expect("a client has come");
        let countdown = countdown.clone();
        R::spawn_detached(async move {
            countdown.arrive();
            drop(countdown);
            let mut buffer = [0; 512];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let _ = stream.write_all(&buffer[..read]).await;
            }
        });
    }
    all_wait.await.expect("the countdown ends");
    // Whoever arrived last is not yet reading.
    R::sleep(Duration::from_millis(20)).await;
    per(CONNECTIONS, before)
}

fn per(many: usize, before: u64) -> Sample {
    let grown = resident() - before;
    Sample {
        values: vec![grown as f64 / many as f64],
        of: many,
    }
}

/// Bytes of this process that are in memory, counted page by page.
fn resident() -> u64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("Linux has it");
    let kib: Option<u64> = rollup.lines().find_map(|line| {
        line.strip_prefix("Rss:")?
            .strip_suffix("kB")?
            .trim()
            .parse()
            .ok()
    });
    1024 * kib.unwrap_or_else(|| panic!("no size in {rollup}"))
}
