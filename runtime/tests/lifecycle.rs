//! How a runtime starts, runs, and ends.

use heist::{Builder, Handle, Runtime, task::CancelReason};
use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
    time::Duration,
};

fn builders() -> impl Iterator<Item = Builder> {
    let many = [1, 2, 3, 8, 47, 48, 49, 64, 65, 200].map(|workers| Builder::new().workers(workers));
    many.into_iter().chain([Builder::new().current_thread()])
}

#[test]
fn any_number_of_workers_runs_tasks() {
    for builder in builders() {
        let sum = builder.build().unwrap().block_on(async {
            let tasks: Vec<_> = (0..100_u64)
                .map(|n| {
                    heist::spawn(async move {
                        heist::yield_now().await;
                        n
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 4950);
    }
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    for builder in [
        Builder::new().workers(0),
        Builder::new().workers(513),
        Builder::new().current_thread().workers(2),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[test]
fn the_caller_of_run_is_a_worker() {
    let names: Arc<Mutex<Vec<_>>> = Arc::default();
    let seen = names.clone();
    let builder = Builder::new().workers(1).on_thread_start(move || {
        seen.lock().unwrap().push(std::thread::current().id());
    });
    let here = std::thread::current().id();
    let root = builder.run(async { std::thread::current().id() }).unwrap();
    assert_eq!(root, here);
    assert!(names.lock().unwrap().is_empty(), "no thread was started");
}

#[test]
fn a_root_of_block_on_may_borrow_and_need_not_be_send() {
    let text = String::from("borrowed");
    let runtime = Runtime::new().unwrap();
    let length = runtime.block_on(async {
        let rc = std::rc::Rc::new(text.as_str());
        heist::yield_now().await;
        rc.len()
    });
    assert_eq!(length, 8);
}

#[test]
fn block_on_ends_nothing() {
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let runtime = builder.build().unwrap();
        let (send, receive) = mpsc::channel();
        let handle = runtime.spawn(async move {
            for n in 0..3 {
                heist::yield_now().await;
                send.send(n).unwrap();
            }
        });
        runtime.block_on(async {});
        runtime.block_on(handle).unwrap();
        assert_eq!(receive.iter().collect::<Vec<_>>(), [0, 1, 2]);
    }
}

#[test]
fn left_over_tasks_are_cancelled_and_awaited_when_run_ends() {
    for builder in builders() {
        let alive = Arc::new(());
        let held = alive.clone();
        builder
            .run(async move {
                for _ in 0..50 {
                    let held = held.clone();
                    heist::spawn(async move {
                        let _held = held;
                        pending::<()>().await;
                    });
                }
                heist::yield_now().await;
            })
            .unwrap();
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

#[test]
fn no_thread_is_left_after_run() {
    let running = Arc::new(AtomicUsize::new(0));
    let (begin, end) = (running.clone(), running.clone());
    Builder::new()
        .workers(4)
        .on_thread_start(move || {
            begin.fetch_add(1, SeqCst);
        })
        .on_thread_stop(move || {
            end.fetch_sub(1, SeqCst);
        })
        .run(async {
            heist::spawn_blocking(|| ()).await.unwrap();
            heist::spawn(async {}).await.unwrap();
        })
        .unwrap();
    assert_eq!(running.load(SeqCst), 0);
}

#[test]
fn a_task_that_stays_is_named_and_abandoned() {
    let (release, released) = mpsc::channel::<()>();
    let runtime = Builder::new().workers(2).build().unwrap();
    let (began, begun) = mpsc::channel();
    runtime.spawn(async move {
        began.send(()).unwrap();
        let _ = released.recv(); // blocks its worker
    });
    begun.recv().unwrap();
    let left = runtime.shutdown(Duration::from_millis(50)).unwrap_err();
    assert_eq!(left.tasks.len(), 1);
    assert!(left.to_string().contains("lifecycle.rs"), "{left}");
    drop(release);
}

#[test]
fn a_task_spawned_after_the_end_was_cancelled() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let dropped = Arc::new(());
    let inside = dropped.clone();
    let task = handle.spawn(async move { drop(inside) });
    assert!(task.is_finished());
    assert_eq!(Arc::strong_count(&dropped), 1);
    let error = futures::executor::block_on(task).unwrap_err();
    assert_eq!(error.reason(), Some(&CancelReason::Shutdown));
}

#[test]
fn wakers_may_outlive_the_runtime() {
    let runtime = Runtime::new().unwrap();
    let (send, receive) = mpsc::channel();
    let task = runtime.spawn(poll_fn(move |cx| {
        send.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    }));
    let waker = receive.recv().unwrap();
    drop(runtime);
    waker.wake_by_ref();
    let by_value = waker.clone();
    by_value.wake();
    drop(waker);
    assert!(
        futures::executor::block_on(task)
            .unwrap_err()
            .is_cancelled()
    );
}

#[test]
fn a_runtime_may_be_dropped_by_one_of_its_tasks() {
    let outer = Runtime::new().unwrap();
    let inner = Runtime::new().unwrap();
    let (send, receive) = mpsc::channel();
    let alive = Arc::new(());
    let held = alive.clone();
    let blocked = inner.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    outer
        .block_on(outer.spawn(async move {
            drop(inner);
            send.send(()).unwrap();
        }))
        .unwrap();
    receive.recv().unwrap();
    assert!(
        futures::executor::block_on(blocked)
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn misuse_panics_at_the_callers_line() {
    let place = Arc::new(Mutex::new(None));
    let seen = place.clone();
    std::panic::set_hook(Box::new(move |panic| {
        *seen.lock().unwrap() = panic.location().map(|at| at.file().to_string());
    }));
    let check = |misuse: &mut dyn FnMut()| {
        let payload = catch_unwind(AssertUnwindSafe(misuse)).unwrap_err();
        let message = heist_core::task::message(&*payload).unwrap();
        let file = place.lock().unwrap().take().unwrap();
        assert!(file.ends_with("lifecycle.rs"), "{file}");
        message
    };
    assert!(check(&mut || drop(heist::spawn(async {}))).contains("heist::run"));
    assert!(check(&mut || drop(heist::spawn_local(async {}))).contains("spawn_local"));
    assert!(check(&mut || drop(Handle::current())).contains("heist::run"));
    assert!(Handle::try_current().is_err());
    // `catch_unwind` inside a task: the panic is at the misuse, in the task.
    let runtime = Runtime::new().unwrap();
    let other = Arc::new(Runtime::new().unwrap());
    let inner = other.clone();
    let error = runtime.block_on(runtime.spawn(async move { inner.block_on(async {}) }));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("would block a worker")
    );
    assert!(
        place
            .lock()
            .unwrap()
            .take()
            .unwrap()
            .ends_with("lifecycle.rs")
    );
    let error = runtime
        .block_on(runtime.spawn(async { heist::run(async {}) }))
        .unwrap_err();
    assert!(error.to_string().contains("would block a worker"));
    assert!(
        place
            .lock()
            .unwrap()
            .take()
            .unwrap()
            .ends_with("lifecycle.rs")
    );
    let _ = std::panic::take_hook();
}

#[test]
fn a_panic_of_the_root_comes_out_of_run() {
    let panic = catch_unwind(|| heist::run(async { panic!("root") })).unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "root");
}

#[test]
fn a_root_that_panics_leaves_a_runtime_that_works() {
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let runtime = builder.build().unwrap();
        let root = AssertUnwindSafe(|| runtime.block_on(async { panic!("root") }));
        catch_unwind(root).unwrap_err();
        assert_eq!(
            runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }),
            1
        );
    }
}

#[test]
fn one_seat_is_taken_in_turns() {
    let runtime = Arc::new(Builder::new().current_thread().build().unwrap());
    let (ready, go) = (Arc::new(Barrier::new(4)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (runtime, ready, go) = (runtime.clone(), ready.clone(), go.clone());
            std::thread::spawn(move || {
                ready.wait();
                for _ in 0..50 {
                    let go = go.clone();
                    runtime.block_on(async move {
                        heist::spawn(async move { go.fetch_add(1, SeqCst) })
                            .await
                            .unwrap()
                    });
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(go.load(SeqCst), 200);
}

/// A blocking closure that blocks on the runtime which waits for it: there is one seat, and it is
/// taken.
#[test]
fn a_blocking_closure_may_block_on_its_own_runtime() {
    for builder in [Builder::new().workers(1), Builder::new().current_thread()] {
        let runtime = Arc::new(builder.build().unwrap());
        let inner = runtime.clone();
        let closure = move || inner.block_on(async { heist::spawn(async { 4 }).await.unwrap() });
        let closure = runtime.handle().spawn_blocking(closure);
        assert_eq!(runtime.block_on(closure).unwrap(), 4);
    }
}

/// Linux makes each wait up to 50 µs longer, so that timers may run out together, unless a thread
/// wants something else.
#[test]
fn workers_wait_without_slack_and_the_caller_gets_his_own_back() {
    let slack = || rustix::thread::current_timer_slack().unwrap();
    let before = slack();
    let expected = if before == 50_000 { 1 } else { before };
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let runtime = builder.build().unwrap();
        let inside = runtime.spawn(async move { slack() });
        assert_eq!(runtime.block_on(inside).unwrap(), expected);
        assert_eq!(slack(), before);
    }
}
