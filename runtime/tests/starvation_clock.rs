//! A paused clock does not run ahead: while somebody is at work for the runtime, no timer fires.
//!
//! Each test sets work against a timeout of a virtual hour, which must not elapse.

mod support;

use futures::{StreamExt, channel::mpsc};
use heist::Builder;
use std::{thread, time::Duration};
use support::watch;

const HOUR: Duration = Duration::from_secs(3600);

fn builders() -> impl Iterator<Item = Builder> {
    let many = [1, 2, 4].map(|workers| Builder::new().workers(workers));
    let all = many.into_iter().chain([Builder::new().current_thread()]);
    all.map(|builder| builder.paused_clock(true))
}

#[test]
fn while_a_blocking_closure_is_out() {
    for builder in builders() {
        let runtime = builder.build().unwrap();
        let task = runtime.spawn(async {
            let _watch = watch("closures".to_string());
            for _ in 0..300 {
                let closure = heist::spawn_blocking(thread::yield_now);
                heist::timeout(HOUR, closure)
                    .await
                    .expect("in time")
                    .unwrap();
            }
        });
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn while_a_root_is_called() {
    for builder in builders() {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let _watch = watch("roots".to_string());
            let (to_task, mut from_root) = mpsc::unbounded();
            let (to_root, mut from_task) = mpsc::unbounded();
            let echo = heist::spawn(async move {
                while let Ok(Some(n)) = heist::timeout(HOUR, from_root.next()).await {
                    to_root.unbounded_send(n).unwrap();
                }
            });
            for n in 0..300 {
                to_task.unbounded_send(n).unwrap();
                assert_eq!(heist::timeout(HOUR, from_task.next()).await, Ok(Some(n)));
            }
            drop(to_task);
            echo.await.unwrap();
        });
    }
}

#[test]
fn while_a_local_task_is_woken() {
    for builder in builders() {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let _watch = watch("local tasks".to_string());
            let (to_task, mut from_local) = mpsc::unbounded();
            let (to_local, mut from_task) = mpsc::unbounded();
            let echo = heist::spawn(async move {
                while let Ok(Some(n)) = heist::timeout(HOUR, from_local.next()).await {
                    to_local.unbounded_send(n).unwrap();
                }
            });
            let local = heist::spawn_local(async move {
                for n in 0..300 {
                    to_task.unbounded_send(n).unwrap();
                    assert_eq!(heist::timeout(HOUR, from_task.next()).await, Ok(Some(n)));
                }
            });
            local.await.unwrap();
            echo.await.unwrap();
        });
    }
}

#[test]
fn it_stands_still_while_a_task_computes() {
    for builder in builders() {
        let runtime = builder.build().unwrap();
        let before = runtime.block_on(async {
            let slow = heist::spawn(async {
                let before = heist::time::Instant::now();
                // Longer than any look of the others, who have nothing to do.
                thread::sleep(Duration::from_millis(20));
                before.elapsed()
            });
            let timer = heist::spawn(heist::sleep(HOUR));
            let elapsed = slow.await.unwrap();
            timer.abort();
            elapsed
        });
        assert_eq!(before, Duration::ZERO);
    }
}
