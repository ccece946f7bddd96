//! Those who stand in while workers are away: whom they serve, when they go, and who stays.
//!
//! Each closure waits for something that only the rest of the runtime can do, so a broken promise
//! is a hang.

mod support;
#[path = "support/in_place.rs"]
mod in_place;

use heist::{Builder, Handle, block_in_place, sleep, spawn, spawn_local, yield_now};
use in_place::{MILLISECOND, receive, run};
use std::{
    future::pending,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Keeps so many stand-ins to the end of the runtime: each has run a task that pinned one.
fn bind(stand_ins: usize) {
    if stand_ins > 0 {
        let (tell, told) = mpsc::channel();
        spawn(async move {
            spawn_local(async {});
            bind(stand_ins - 1);
            tell.send(()).unwrap();
        });
        receive(&told);
    }
}

#[test]
fn those_whom_pinned_tasks_keep_stand_in_again() {
    for (workers, bound) in [(1, 1), (1, 2), (2, 1), (2, 3)] {
        run(workers, "kept", async move {
            bind(bound);
            for _ in 0..10 {
                sleep(MILLISECOND).await; // they have nothing to do
                let (tell, told) = mpsc::channel();
                spawn(async move {
                    sleep(MILLISECOND).await;
                    tell.send(()).unwrap();
                });
                receive(&told);
            }
        });
    }
}

#[heist::test(paused, workers = 1)]
async fn virtual_time_goes_on_beside_those_whom_pinned_tasks_keep() {
    bind(2);
    sleep(Duration::from_secs(3600)).await;
}

/// One worker is away, the other one blocks without a word, and what it has made lies in its slot.
#[test]
fn a_stand_in_helps_those_who_are_stuck() {
    for bound in [0, 1] {
        run(2, "stuck", async move {
            bind(bound);
            let (tell, told) = mpsc::channel();
            let (begin, begun) = mpsc::channel();
            let (away, is_away) = mpsc::channel();
            let stuck = spawn(async move {
                begin.send(()).unwrap();
                is_away.recv().unwrap();
                let (tell_next, told_next) = mpsc::channel();
                spawn(async move { tell_next.send(()).unwrap() });
                told_next.recv().unwrap();
                tell.send(()).unwrap();
            });
            begun.recv().unwrap(); // on the other worker
            block_in_place(|| {
                away.send(()).unwrap();
                told.recv().unwrap();
            });
            stuck.await.unwrap();
        });
    }
}

/// Everything that a program may do with it, while the runtime ends.
#[test]
fn a_runtime_ends_in_the_middle_of_it_all() {
    struct BlocksWhenDropped;
    impl Drop for BlocksWhenDropped {
        fn drop(&mut self) {
            block_in_place(thread::yield_now);
        }
    }
    async fn does(what: usize) {
        let _blocks = BlocksWhenDropped;
        loop {
            match what % 4 {
                0 => block_in_place(thread::yield_now),
                1 => {
                    spawn_local(async {
                        let _blocks = BlocksWhenDropped;
                        yield_now().await;
                        block_in_place(thread::yield_now);
                        pending::<()>().await;
                    });
                    sleep(MILLISECOND).await;
                }
                2 => {
                    let task = spawn(sleep(MILLISECOND));
                    let _ = block_in_place(|| futures::executor::block_on(task));
                }
                _ => _ = heist::spawn_blocking(|| block_in_place(thread::yield_now)).await,
            }
            yield_now().await;
        }
    }
    for round in 0..60_u64 {
        let builder = Builder::new().workers(1 + round as usize % 3);
        let runtime = builder
            .blocking_threads(1 + round as usize % 2)
            .build()
            .unwrap();
        (0..12).for_each(|what| _ = runtime.spawn(does(what)));
        thread::sleep(Duration::from_micros(round * 37));
        runtime.shutdown(Duration::from_secs(10)).unwrap();
    }
}

/// A task that is pinned to a thread which stood in outlives its standing in.
#[test]
fn what_is_pinned_to_a_stand_in_goes_on() {
    run(1, "pinned", async {
        let (tell, told) = mpsc::channel();
        let (go, goes) = heist::sync::oneshot();
        let (end, ended) = heist::sync::oneshot();
        let me = thread::current().id();
        spawn(async move {
            let here = thread::current().id();
            assert_ne!(here, me);
            let counted = Rc::new(1);
            spawn_local(async move {
                goes.await.unwrap();
                sleep(MILLISECOND).await;
                end.send(*counted + usize::from(thread::current().id() == here))
                    .unwrap();
            });
            spawn_local(pending::<()>()); // to the end of the runtime
            tell.send(()).unwrap();
        });
        receive(&told);
        yield_now().await;
        go.send(()).unwrap();
        assert_eq!(ended.await.unwrap(), 2);
        // It stands in again.
        let (tell, told) = mpsc::channel();
        let again = spawn(async move { tell.send(()).unwrap() });
        receive(&told);
        again.await.unwrap();
    });
}

/// The shutdown waits for those who are away, and finds nothing left.
#[test]
fn a_runtime_ends_while_all_its_workers_are_away() {
    for _ in 0..50 {
        let runtime = Builder::new().workers(2).build().unwrap();
        let (away, is_away) = mpsc::channel();
        let releases: Vec<_> = (0..4)
            .map(|_| {
                let (release, released) = mpsc::channel::<()>();
                let away = away.clone();
                runtime.spawn(async move {
                    away.send(()).unwrap();
                    block_in_place(|| _ = released.recv());
                    pending::<()>().await;
                });
                release
            })
            .collect();
        assert_eq!(is_away.iter().take(4).count(), 4);
        let handle = runtime.handle().clone();
        let ends = thread::spawn(move || runtime.shutdown(Duration::from_secs(10)));
        drop(releases);
        ends.join().unwrap().unwrap();
        assert!(handle.dump().tasks.is_empty());
    }
}

/// Those who stand in do not starve anybody, however busy they are.
#[test]
fn a_stand_in_is_as_fair_as_a_worker() {
    run(1, "fair", async {
        let (tell, told) = mpsc::channel();
        let turns = Arc::new(AtomicUsize::new(0));
        let busy: Vec<_> = (0..3)
            .map(|_| {
                let turns = turns.clone();
                spawn(async move {
                    loop {
                        turns.fetch_add(1, SeqCst);
                        yield_now().await;
                    }
                })
            })
            .collect();
        let sleeper = spawn(async move {
            sleep(MILLISECOND).await;
            tell.send(()).unwrap();
        });
        receive(&told);
        // One more, of which nobody knows but a foreign thread.
        let (tell, told) = mpsc::channel();
        let handle = Handle::current();
        thread::spawn(move || _ = handle.spawn(async move { tell.send(()).unwrap() }));
        receive(&told);
        busy.iter().for_each(|task| task.abort());
        sleeper.await.unwrap();
        assert!(turns.load(SeqCst) > 3);
    });
}
