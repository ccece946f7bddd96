//! `block_in_place`: the seat goes on, whatever the thread does.

use heist::{Builder, Handle, Runtime, block_in_place, spawn, spawn_local, yield_now};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Runtimes in which nobody but the blocked thread could run another task.
fn alone() -> [Builder; 2] {
    [Builder::new().workers(1), Builder::new().current_thread()]
}

#[test]
fn other_tasks_run_while_a_place_is_blocked() {
    for builder in alone() {
        let runtime = builder.build().unwrap();
        let sum = runtime.block_on(async {
            let task = spawn(async {
                let (tell, told) = mpsc::channel();
                for n in 0..100 {
                    let tell = tell.clone();
                    spawn(async move {
                        yield_now().await;
                        tell.send(n).unwrap();
                    });
                }
                block_in_place(|| told.iter().take(100).sum::<u32>())
            });
            task.await.unwrap()
        });
        assert_eq!(sum, 4950);
    }
}

#[test]
fn the_root_and_what_is_woken_from_outside_go_on() {
    for builder in alone() {
        let runtime = builder.build().unwrap();
        // A task: what `block_on` polls is pinned to the thread that is blocked.
        let root = runtime.spawn(async {
            let (release, released) = mpsc::channel();
            let blocked = spawn(async move { block_in_place(|| released.recv().unwrap()) });
            // The root, a timer, a socket, and a task from outside.
            heist::sleep(Duration::from_millis(1)).await;
            let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = heist::net::TcpStream::connect(address);
            let (served, connected) = heist::gather!(listener.accept(), client).await;
            served.unwrap();
            connected.unwrap();
            let handle = Handle::current();
            let outside = thread::spawn(move || handle.spawn(async { 7 }));
            let outside = heist::spawn_blocking(move || outside.join().unwrap())
                .await
                .unwrap();
            assert_eq!(outside.await.unwrap(), 7);
            release.send(8).unwrap();
            assert_eq!(blocked.await.unwrap(), 8);
        });
        runtime.block_on(root).unwrap();
    }
}

/// More at once than there are workers: each substitute lends the seat in its turn.
#[test]
fn any_number_of_places_may_be_blocked_at_once() {
    for workers in [1, 2, 4] {
        let root = async move {
            let together = Arc::new(Barrier::new(12));
            let tasks: Vec<_> = (0..12)
                .map(|n| {
                    let together = together.clone();
                    spawn(async move {
                        block_in_place(|| together.wait());
                        yield_now().await;
                        n
                    })
                })
                .collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        };
        Builder::new().workers(workers).run(root).unwrap();
    }
}

#[test]
fn what_is_pinned_to_the_thread_stays_there_and_goes_on_afterwards() {
    let runtime = Builder::new().current_thread().build().unwrap();
    runtime.block_on(async {
        let here = thread::current().id();
        let count = std::rc::Rc::new(std::cell::Cell::new(0));
        let counted = count.clone();
        let pinned = spawn_local(async move {
            for _ in 0..100 {
                assert_eq!(thread::current().id(), here);
                counted.set(counted.get() + 1);
                yield_now().await;
            }
        });
        for _ in 0..20 {
            let (tell, told) = mpsc::channel();
            spawn(async move { tell.send(thread::current().id()).unwrap() });
            let there = block_in_place(|| told.recv().unwrap());
            assert_ne!(there, here);
            yield_now().await;
            assert_eq!(thread::current().id(), here);
        }
        pinned.await.unwrap();
        assert_eq!(count.get(), 100);
    });
}

/// A local task of the thread that was lent runs while its substitute still has the seat.
#[test]
fn local_tasks_do_not_wait_for_the_substitute() {
    let runtime = Builder::new().current_thread().build().unwrap();
    runtime.block_on(async {
        let local = spawn_local(async move {
            let (hold, held) = mpsc::channel::<()>();
            let (began, begun) = mpsc::channel();
            let holder = spawn(async move {
                began.send(()).unwrap();
                held.recv().unwrap(); // with the seat, on the substitute
            });
            block_in_place(|| begun.recv().unwrap());
            // Nobody but this thread's other local task can release the substitute.
            spawn_local(async move { hold.send(()).unwrap() })
                .await
                .unwrap();
            holder.await.unwrap();
        });
        local.await.unwrap();
    });
}

#[test]
fn a_worker_may_block_on_a_future_inside() {
    for builder in alone() {
        let runtime = Arc::new(builder.build().unwrap());
        let inner = runtime.clone();
        let task = runtime.spawn(async move {
            let other = spawn(async { 1 });
            block_in_place(|| {
                inner.block_on(other).unwrap() + Runtime::new().unwrap().block_on(async { 2 })
            })
        });
        assert_eq!(runtime.block_on(task).unwrap(), 3);
        // And a blocking closure on the runtime that waits for it.
        let inner = runtime.clone();
        let closure = runtime
            .handle()
            .spawn_blocking(move || inner.block_on(async { 4 }));
        assert_eq!(runtime.block_on(closure).unwrap(), 4);
    }
}

#[test]
fn outside_a_worker_and_inside_another_it_is_a_call() {
    assert_eq!(block_in_place(|| 1), 1);
    heist::run(async {
        let nested = block_in_place(|| block_in_place(|| 2));
        assert_eq!(nested, 2);
        let blocking = heist::spawn_blocking(|| block_in_place(|| 3)).await;
        assert_eq!(blocking.unwrap(), 3);
    });
}

#[test]
fn a_panic_inside_stays_in_its_task() {
    for builder in alone() {
        let runtime = builder.build().unwrap();
        for _ in 0..10 {
            let task = runtime.spawn(async { block_in_place(|| panic!("inside")) });
            let error = runtime.block_on(task).unwrap_err();
            assert_eq!(error.panic_message().as_deref(), Some("inside"));
            let root = || runtime.block_on(async { block_in_place(|| panic!("in the root")) });
            assert!(catch_unwind(AssertUnwindSafe(root)).is_err());
        }
        assert_eq!(
            runtime.block_on(async { spawn(async { 5 }).await.unwrap() }),
            5
        );
    }
}

#[test]
fn the_runtime_ends_while_places_are_lent() {
    for workers in [1, 2, 4] {
        for round in 0..50 {
            let runtime = Builder::new().workers(workers).build().unwrap();
            let (release, released) = mpsc::channel::<()>();
            let released = Arc::new(std::sync::Mutex::new(released));
            let began = Arc::new(AtomicUsize::new(0));
            for _ in 0..round % 5 {
                let (released, began) = (released.clone(), began.clone());
                runtime.spawn(async move {
                    block_in_place(|| {
                        began.fetch_add(1, SeqCst);
                        let _ = released.lock().unwrap().recv();
                    });
                });
            }
            let ends = thread::spawn(move || runtime.shutdown(Duration::from_secs(20)));
            drop(release);
            assert!(ends.join().unwrap().is_ok());
        }
    }
}

/// A paused clock does not run ahead of a closure.
#[heist::test(paused, workers = 1)]
async fn time_stands_still_while_a_place_is_blocked() {
    let sleeps = spawn(heist::sleep(Duration::from_secs(3600)));
    yield_now().await;
    let start = heist::time::Instant::now();
    block_in_place(|| thread::sleep(Duration::from_millis(20)));
    assert_eq!(start.elapsed(), Duration::ZERO);
    sleeps.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3600));
}

/// Without a thread to sit in, it is a call that blocks; the other workers help out.
#[test]
fn without_a_blocking_thread_others_help_out() {
    let builder = Builder::new().workers(2).blocking_threads(1);
    let root = async {
        let (release, released) = mpsc::channel::<()>();
        let (began, begun) = heist::sync::oneshot();
        let taken = heist::spawn_blocking(move || {
            began.send(()).unwrap();
            released.recv()
        });
        begun.await.unwrap();
        let (tell, told) = mpsc::channel();
        let blocked = spawn(async move {
            spawn(async move { tell.send(()).unwrap() });
            block_in_place(|| told.recv().unwrap());
        });
        blocked.await.unwrap();
        release.send(()).unwrap();
        taken.await.unwrap().unwrap();
    };
    builder.run(root).unwrap();
}

#[test]
fn seats_come_and_go_under_load() {
    for workers in [1, 2, 4] {
        let root = async move {
            let sum = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..200)
                .map(|n| {
                    let sum = sum.clone();
                    spawn(async move {
                        for step in 0..20 {
                            if (n + step) % 7 == 0 {
                                let (tell, told) = mpsc::channel();
                                spawn(async move { tell.send(1).unwrap() });
                                sum.fetch_add(block_in_place(|| told.recv().unwrap()), SeqCst);
                            } else {
                                yield_now().await;
                                sum.fetch_add(1, SeqCst);
                            }
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(sum.load(SeqCst), 4000);
        };
        Builder::new().workers(workers).run(root).unwrap();
    }
}
