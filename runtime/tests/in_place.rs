//! `block_in_place`: while a task blocks its thread, everybody else goes on.
//!
//! Each closure waits for something that only the rest of the runtime can do, so a broken promise
//! is a hang. Mostly there is one worker: nobody but a stand-in can help.

mod support;
#[path = "support/in_place.rs"]
mod in_place;

use heist::{
    Builder, Handle, Runtime, block_in_place,
    net::{TcpListener, TcpStream},
    sleep, spawn, yield_now,
};
use in_place::{MILLISECOND, receive, run};
use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    task::Poll,
    time::Duration,
};

#[test]
fn what_was_queued_behind_it_runs() {
    for workers in [1, 2] {
        run(workers, "queued", async {
            for _ in 0..100 {
                let (tell, told) = mpsc::channel();
                // All but the last one in the queue, and the last one in the slot.
                let tasks: Vec<_> = (0..10)
                    .map(|_| {
                        let tell = tell.clone();
                        spawn(async move {
                            yield_now().await;
                            tell.send(()).unwrap();
                        })
                    })
                    .collect();
                block_in_place(|| assert_eq!(told.iter().take(10).count(), 10));
                for task in tasks {
                    task.await.unwrap();
                }
            }
        });
    }
}

#[test]
fn what_its_own_task_has_woken_runs() {
    run(1, "woken", async {
        let (tell, told) = mpsc::channel();
        let (wake, woken) = heist::sync::oneshot();
        let waiter = spawn(async move {
            woken.await.unwrap();
            tell.send(()).unwrap();
        });
        yield_now().await;
        wake.send(()).unwrap();
        receive(&told);
        waiter.await.unwrap();
    });
}

#[test]
fn timers_that_its_worker_has_armed_fire() {
    for workers in [1, 2] {
        run(workers, "timers", async {
            for _ in 0..20 {
                let (tell, told) = mpsc::channel();
                let sleeper = spawn(async move {
                    sleep(MILLISECOND).await;
                    tell.send(()).unwrap();
                });
                yield_now().await; // it is armed
                receive(&told);
                sleeper.await.unwrap();
            }
        });
    }
}

#[test]
fn sockets_are_heard() {
    for workers in [1, 2] {
        run(workers, "sockets", async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let echo = spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                let mut byte = [0];
                while stream.read(&mut byte).await.unwrap() == 1 {
                    stream.write_all(&byte).await.unwrap();
                }
            });
            block_in_place(|| {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                for round in 0..100 {
                    let mut byte = [round];
                    std::io::Write::write_all(&mut stream, &byte).unwrap();
                    byte = [0];
                    std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
                    assert_eq!(byte, [round]);
                }
            });
            echo.await.unwrap();
        });
    }
}

/// The bridge from synchronous code back to asynchronous code.
#[test]
fn a_future_may_be_driven_inside() {
    run(1, "inside", async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = spawn(async move { listener.accept().await.unwrap().1 });
        let handle = Handle::current();
        let runtime = Builder::new().workers(1).build().unwrap();
        let ours = block_in_place(|| {
            // By another runtime, by this one, and by nobody's executor.
            runtime.block_on(sleep(MILLISECOND));
            futures::executor::block_on(handle.spawn(sleep(MILLISECOND))).unwrap();
            let stream = futures::executor::block_on(async {
                sleep(MILLISECOND).await;
                TcpStream::connect(address).await
            });
            stream.unwrap().local_addr().unwrap()
        });
        assert_eq!(accepted.await.unwrap(), ours);
        block_in_place(|| drop(runtime));
    });
}

/// Each blocks until the next one has run, whoever that is run by.
#[test]
fn those_who_stand_in_may_block_as_well() {
    fn link(left: usize) -> usize {
        if left == 0 {
            return 0;
        }
        let (tell, told) = mpsc::channel();
        spawn(async move { tell.send(link(left - 1)).unwrap() });
        receive(&told) + 1
    }
    for workers in [1, 2] {
        assert_eq!(run(workers, "chain", async { link(40) }), 40);
    }
}

/// All are blocked at the same time, and then all come back.
#[test]
fn many_block_together() {
    for workers in [1, 2, 4] {
        run(workers, "together", async {
            let together = Arc::new(std::sync::Barrier::new(50));
            let tasks = (0..50).map(|n| {
                let together = together.clone();
                async move {
                    block_in_place(|| _ = together.wait());
                    yield_now().await;
                    n
                }
            });
            let numbers = heist::par_gather(tasks).await;
            assert!(numbers.into_iter().map(Result::unwrap).eq(0..50));
        });
    }
}

#[test]
fn a_runtime_inside_a_runtime_has_its_own() {
    run(1, "two runtimes", async {
        let (tell, told) = mpsc::channel();
        let outer = spawn(async move { tell.send(()).unwrap() });
        block_in_place(|| {
            let (tell, told_inside) = mpsc::channel();
            let inner = Builder::new().workers(1).build().unwrap();
            inner.block_on(async {
                let blocks = spawn(async move {
                    let (tell, told) = mpsc::channel();
                    spawn(async move { tell.send(()).unwrap() });
                    receive(&told);
                });
                blocks.await.unwrap();
                tell.send(()).unwrap();
            });
            told_inside.recv().unwrap();
            let single = Builder::new().current_thread().build().unwrap();
            // Nobody stands in there: an ordinary call.
            assert_eq!(single.block_on(async { block_in_place(|| 7) }), 7);
            told.recv().unwrap();
        });
        outer.await.unwrap();
    });
}

/// User code runs in more places than polls.
#[test]
fn in_a_drop() {
    struct Blocks(mpsc::Receiver<()>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            receive(&self.0);
        }
    }
    run(1, "drop", async {
        let (tell, told) = mpsc::channel();
        let blocks = Blocks(told);
        let aborted = spawn(async move {
            let _blocks = blocks;
            pending::<()>().await;
        });
        yield_now().await;
        let helper = spawn(async move {
            yield_now().await;
            tell.send(()).unwrap();
        });
        aborted.abort();
        assert!(aborted.await.unwrap_err().is_cancelled());
        helper.await.unwrap();
    });
}

#[test]
fn an_eager_task_is_polled_inside_as_well() {
    run(1, "eager", async {
        let is_finished = || {
            heist::task::Builder::new()
                .eager()
                .spawn(async {})
                .is_finished()
        };
        assert!(block_in_place(is_finished));
    });
}

#[test]
fn a_panic_inside_leaves_the_worker_as_it_was() {
    run(2, "panic", async {
        let panics = spawn(async { block_in_place(|| panic!("inside")) });
        assert!(panics.await.unwrap_err().is_panic());
        let runtime = Runtime::new().unwrap();
        let is_refused = || catch_unwind(AssertUnwindSafe(|| runtime.block_on(async {}))).is_err();
        assert!(is_refused());
        let caught = catch_unwind(|| block_in_place(|| panic!("inside")));
        assert!(caught.is_err() && is_refused());
        assert!(!block_in_place(is_refused));
        assert!(is_refused());
    });
}

#[test]
fn a_runtime_may_be_dropped_by_its_own_worker_inside() {
    let (tell, told) = mpsc::channel();
    // It would wait for itself, and give up in the end.
    let builder = Builder::new().shutdown_timeout(Duration::from_secs(3600));
    let runtime = builder.workers(1).build().unwrap();
    let handle = runtime.handle().clone();
    let task = handle.spawn(async move {
        block_in_place(|| drop(runtime));
        tell.send(()).unwrap();
    });
    told.recv().unwrap();
    futures::executor::block_on(task).unwrap();
}

/// A clock that is paused stands still: somebody is at work.
#[heist::test(paused, workers = 1)]
async fn virtual_time_stands_still_meanwhile() {
    let hour = spawn(sleep(Duration::from_secs(3600)));
    yield_now().await;
    let (tell, told) = mpsc::channel();
    let helper = spawn(async move {
        let began = heist::time::Instant::now();
        for _ in 0..100 {
            yield_now().await;
        }
        tell.send(began.elapsed()).unwrap();
    });
    assert_eq!(receive(&told), Duration::ZERO);
    helper.await.unwrap();
    assert!(!hour.is_finished());
    hour.await.unwrap();
}

#[test]
fn on_a_foreign_thread_it_is_a_call() {
    let mut text = String::new();
    block_in_place(|| text.push('x'));
    assert_eq!(text, "x");
}

/// Woken while its thread is away, the task itself runs again afterwards, once.
#[test]
fn a_wake_that_comes_meanwhile_is_kept() {
    run(1, "wake", async {
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            let (tell, told) = mpsc::channel();
            spawn(async move {
                waker.wake();
                tell.send(()).unwrap();
            });
            receive(&told);
            Poll::Pending
        })
        .await;
        assert_eq!(polls, 2);
    });
}
