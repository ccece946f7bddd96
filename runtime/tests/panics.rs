//! A panic of user code stays where it happened: the runtime goes on, and nobody is left behind.

use heist::{Builder, JoinHandle, Runtime, task};
use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the bomb was dropped");
        }
    }
}

/// Does `wrong` on each kind of runtime. Afterwards the same runtime runs a hundred tasks, and no
/// other is left on its list.
fn survives(wrong: impl Fn(&Runtime)) {
    let many = [1, 2, 4].map(|workers| Builder::new().workers(workers));
    for builder in many.into_iter().chain([Builder::new().current_thread()]) {
        let runtime = builder.build().unwrap();
        for _ in 0..3 {
            wrong(&runtime);
        }
        runtime.block_on(async {
            let tasks: Vec<_> = (0..100).map(|n| heist::spawn(yields(n))).collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        });
        assert!(runtime.dump().tasks.is_empty(), "{}", runtime.dump());
    }
}

async fn yields(n: usize) -> usize {
    heist::yield_now().await;
    n
}

/// Waits until the task has ended.
fn finishes(runtime: &Runtime, task: &task::AbortHandle) {
    runtime.block_on(async {
        while !task.is_finished() {
            heist::yield_now().await;
        }
    });
}

/// Runs `end` in a task whose handle is gone by then.
fn detached<T: Send + 'static>(runtime: &Runtime, end: impl FnOnce() -> T + Send + 'static) {
    let (go, gone) = futures::channel::oneshot::channel::<()>();
    let task = runtime.spawn(async move {
        gone.await.unwrap();
        end()
    });
    let watch = task.abort_handle();
    drop(task);
    go.send(()).unwrap();
    finishes(runtime, &watch);
}

/// A future that holds a bomb, and otherwise does what `inner` does.
async fn armed<F: Future>(inner: F) -> F::Output {
    let _bomb = Bomb;
    inner.await
}

#[test]
fn in_a_poll() {
    survives(|runtime| {
        let error = runtime
            .block_on(runtime.spawn(async { panic!("polled") }))
            .unwrap_err();
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "polled");
        detached(runtime, || -> () { panic!("detached") });
    });
}

#[test]
fn in_a_poll_after_others() {
    survives(|runtime| {
        let task = runtime.spawn(async {
            heist::sleep(Duration::from_millis(1)).await;
            heist::yield_now().await;
            panic!("polled again")
        });
        let error = runtime.block_on(task).unwrap_err();
        assert!(error.is_panic());
    });
}

#[test]
fn in_the_first_poll_of_an_eager_task() {
    survives(|runtime| {
        let spawner = runtime.spawn(async {
            let eager = task::Builder::new().eager();
            let error = eager.spawn(async { panic!("eager") }).await;
            error.unwrap_err()
        });
        let error = runtime.block_on(spawner).unwrap();
        assert!(error.is_panic());
    });
}

#[test]
fn in_a_local_task() {
    survives(|runtime| {
        runtime.block_on(async {
            let error = heist::spawn_local(async { panic!("local") }).await;
            assert!(error.unwrap_err().is_panic());
            // Dropped at the end of `block_on`, polled or not.
            drop(heist::spawn_local(armed(pending::<()>())));
            heist::yield_now().await;
            drop(heist::spawn_local(armed(pending::<()>())));
        });
    });
}

#[test]
fn in_the_drop_of_a_future_that_has_returned() {
    survives(|runtime| {
        let bomb = || {
            let bomb = Bomb;
            poll_fn(move |_| {
                let _held = &bomb;
                Poll::Ready("the value wins")
            })
        };
        let task = runtime.spawn(bomb());
        assert_eq!(runtime.block_on(task).unwrap(), "the value wins");
    });
}

#[test]
fn in_the_drop_of_a_future_that_was_aborted() {
    survives(|runtime| {
        let (began, begun) = mpsc::channel();
        let task = runtime.spawn(armed(async move {
            began.send(()).unwrap();
            pending::<()>().await;
        }));
        runtime.block_on(async {
            while begun.try_recv().is_err() {
                heist::yield_now().await;
            }
            assert!(task.cancel().await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn in_the_drop_of_a_future_that_was_never_polled() {
    survives(|runtime| {
        runtime.block_on(async {
            let bomb = Bomb;
            let task = heist::spawn(async move {
                let _bomb = bomb;
                pending::<()>().await;
            });
            assert!(task.cancel().await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn in_the_drop_of_a_future_at_the_end_of_the_runtime() {
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let runtime = builder.build().unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|_| runtime.spawn(armed(pending::<()>())))
            .collect();
        runtime.block_on(yields(0));
        runtime.shutdown(Duration::MAX).unwrap();
        for task in tasks {
            assert!(
                futures::executor::block_on(task)
                    .unwrap_err()
                    .is_cancelled()
            );
        }
    }
}

#[test]
fn in_the_drop_of_an_output_that_nobody_wants() {
    survives(|runtime| detached(runtime, || Bomb));
}

#[test]
fn in_the_drop_of_an_output_by_its_handle() {
    survives(|runtime| {
        let task = runtime.spawn(async { Bomb });
        finishes(runtime, &task.abort_handle());
        catch_unwind(AssertUnwindSafe(|| drop(task))).unwrap_err();

        let task = runtime.spawn(async { Bomb });
        finishes(runtime, &task.abort_handle());
        let dropper = runtime.spawn(async move { drop(task) });
        assert!(runtime.block_on(dropper).unwrap_err().is_panic());
    });
}

/// Panics when it is woken, or when the last of it is dropped.
struct Foreign {
    wake: bool,
    drop: bool,
    woken: AtomicUsize,
}

impl Foreign {
    fn new(wake: bool, drop: bool) -> Self {
        Self {
            wake,
            drop,
            woken: AtomicUsize::new(0),
        }
    }
}

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
        assert!(!self.wake, "the waker was woken");
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        assert!(
            !self.drop || std::thread::panicking(),
            "the waker was dropped"
        );
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn in_a_foreign_waker_that_a_join_handle_holds() {
    survives(|runtime| {
        let (go, gone) = futures::channel::oneshot::channel::<()>();
        let mut task = runtime.spawn(async move { gone.await.unwrap() });
        let foreign = Arc::new(Foreign::new(true, false));
        let waker = Waker::from(foreign.clone());
        assert!(poll_once(Pin::new(&mut task), &waker).is_pending());
        go.send(()).unwrap();
        finishes(runtime, &task.abort_handle());
        runtime.block_on(task).unwrap();
        runtime.block_on(async {
            // The waker is called after the end is published.
            while foreign.woken.load(SeqCst) == 0 {
                heist::yield_now().await;
            }
        });
    });
}

#[test]
fn in_the_drop_of_a_foreign_waker_that_a_join_handle_holds() {
    survives(|runtime| {
        let mut task = runtime.spawn(pending::<()>());
        let foreign = |task: &mut JoinHandle<()>| {
            let waker = Waker::from(Arc::new(Foreign::new(false, true)));
            assert!(poll_once(Pin::new(task), &waker).is_pending());
        };
        foreign(&mut task);
        // Replaced by another: the poll panics, and has registered the other.
        let other = Arc::new(Foreign::new(false, false));
        let waker = Waker::from(other.clone());
        let poll = AssertUnwindSafe(|| poll_once(Pin::new(&mut task), &waker).is_pending());
        catch_unwind(poll).unwrap_err();
        assert_eq!(Arc::strong_count(&other), 3);
        foreign(&mut task);
        // Dropped with the handle.
        let watch = task.abort_handle();
        catch_unwind(AssertUnwindSafe(|| drop(task))).unwrap_err();
        watch.abort();
        finishes(runtime, &watch);
    });
}

#[test]
fn a_waker_that_panics_in_its_drop_leaks_no_output() {
    survives(|runtime| {
        let alive = Arc::new(());
        let held = alive.clone();
        let (go, gone) = futures::channel::oneshot::channel::<()>();
        let mut task = runtime.spawn(async move {
            gone.await.unwrap();
            held
        });
        let waker = Waker::from(Arc::new(Foreign::new(false, true)));
        assert!(poll_once(Pin::new(&mut task), &waker).is_pending());
        drop(waker);
        let watch = task.abort_handle();
        catch_unwind(AssertUnwindSafe(|| drop(task))).unwrap_err();
        go.send(()).unwrap();
        finishes(runtime, &watch);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn in_a_foreign_waker_of_a_timer() {
    survives(|runtime| {
        runtime.block_on(async {
            let waker = Waker::from(Arc::new(Foreign::new(true, false)));
            let millisecond = Duration::from_millis(1);
            let mut sleeps: Vec<_> = (0..100).map(|_| heist::sleep(millisecond)).collect();
            for sleep in &mut sleeps {
                assert!(poll_once(Pin::new(sleep), &waker).is_pending());
            }
            heist::sleep(millisecond * 2).await;
            for sleep in sleeps {
                sleep.await;
            }
        });
    });
}

/// At the runtime's end all that wait for a socket are woken, whoever panics.
#[test]
fn in_a_foreign_waker_of_a_socket() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let bind = || heist::net::TcpListener::bind("127.0.0.1:0");
    let listeners = [(); 2].map(|()| runtime.block_on(bind()).unwrap());
    let foreign = [true, false].map(|panics| Arc::new(Foreign::new(panics, false)));
    let mut accepts = [listeners[0].accept(), listeners[1].accept()];
    for (accept, foreign) in accepts.iter_mut().zip(&foreign) {
        let waker = Waker::from(foreign.clone());
        assert!(poll_once(Pin::new(accept), &waker).is_pending());
    }
    drop(runtime);
    assert_eq!(foreign.map(|foreign| foreign.woken.load(SeqCst)), [1, 1]);
}

/// As many lookups as may run at once: the next one finds a place all the same.
#[test]
fn in_a_foreign_waker_of_a_lookup() {
    survives(|runtime| {
        runtime.block_on(async {
            let waker = Waker::from(Arc::new(Foreign::new(true, false)));
            let mut lost: Vec<_> = (0..32)
                .map(|_| heist::net::lookup_host("localhost:1"))
                .collect();
            for lookup in &mut lost {
                let _ = poll_once(Pin::new(lookup), &waker);
            }
            drop(lost);
            heist::net::lookup_host("localhost:1").await.unwrap();
        });
    });
}

#[test]
fn in_a_hook_of_a_thread() {
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let runtime = builder
            .on_thread_start(|| panic!("started"))
            .on_thread_stop(|| panic_any(Bomb))
            .build()
            .unwrap();
        runtime.block_on(async {
            assert_eq!(heist::spawn(yields(1)).await.unwrap(), 1);
            assert_eq!(heist::spawn_blocking(|| 2).await.unwrap(), 2);
        });
        runtime.shutdown(Duration::MAX).unwrap();
    }
}

#[test]
fn in_a_blocking_closure() {
    survives(|runtime| {
        runtime.block_on(async {
            let error = heist::spawn_blocking(|| panic!("blocking")).await;
            assert!(error.unwrap_err().is_panic());
            let bomb = Bomb;
            let error = heist::spawn_blocking(move || drop(bomb)).await;
            assert!(error.unwrap_err().is_panic());
        });
        let (go, gone) = mpsc::channel::<()>();
        let task = runtime.handle().spawn_blocking(move || {
            let _ = gone.recv();
            Bomb
        });
        let watch = task.abort_handle();
        drop(task);
        drop(go);
        finishes(runtime, &watch);
    });
}

heist::task_local! {
    static LOCAL: Bomb;
}

#[test]
fn in_the_drop_of_a_task_local_value() {
    survives(|runtime| {
        // The scope holds the last reference.
        let task = runtime.spawn(LOCAL.scope(Bomb, yields(1)));
        assert_eq!(runtime.block_on(task).unwrap(), 1);
        // A child holds it: its cell, which goes with the child's end, its handle, or its waker.
        let (send, receive) = mpsc::channel();
        let task = runtime.spawn(LOCAL.scope(Bomb, async move {
            drop(heist::spawn(yields(2)));
            let (handed, waker) = mpsc::channel();
            let child = heist::spawn(poll_fn(move |cx| {
                handed.send(cx.waker().clone()).unwrap();
                Poll::Ready(3)
            }));
            send.send((child, waker)).unwrap();
        }));
        runtime.block_on(task).unwrap();
        let (child, waker) = receive.recv().unwrap();
        assert_eq!(runtime.block_on(child).unwrap(), 3);
        let waker = waker.recv().unwrap();
        runtime
            .block_on(runtime.spawn(async move { drop(waker) }))
            .unwrap();
        while !runtime.dump().tasks.is_empty() {
            runtime.block_on(yields(0));
        }
    });
}

#[test]
fn in_the_drop_of_a_panics_payload() {
    survives(|runtime| {
        detached(runtime, || -> () { panic_any(Bomb) });
        let task = runtime.spawn(async { panic_any(Bomb) });
        finishes(runtime, &task.abort_handle());
        catch_unwind(AssertUnwindSafe(|| drop(task))).unwrap_err();
    });
}

/// Panics when it is dropped, with a payload that panics when it is dropped.
struct Chain;

impl Drop for Chain {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_any(Bomb);
        }
    }
}

#[test]
fn in_the_drop_of_the_payload_of_a_panic_in_a_drop() {
    survives(|runtime| {
        detached(runtime, || Chain);
        let chain = Chain;
        let task = runtime.spawn(async move {
            let _chain = chain;
            pending::<()>().await;
        });
        runtime.block_on(async { assert!(task.cancel().await.is_err()) });
    });
}

#[test]
fn in_the_root_of_a_thread_that_works() {
    // The root panics right after its thread has slept: what the scheduler counted must be given
    // back, or nobody wakes this worker again.
    let runtime = Builder::new().current_thread().build().unwrap();
    for _ in 0..3 {
        let root = AssertUnwindSafe(|| {
            runtime.block_on(async {
                heist::sleep(Duration::from_millis(1)).await;
                panic!("root")
            })
        });
        catch_unwind(root).unwrap_err();
        for _ in 0..100 {
            // Spawned from outside while the worker sleeps, or is about to.
            let handle = runtime.handle().clone();
            let (ring, rung) = futures::channel::oneshot::channel();
            let outside = std::thread::spawn(move || handle.spawn(async { ring.send(1).unwrap() }));
            assert_eq!(runtime.block_on(rung).unwrap(), 1);
            outside.join().unwrap();
        }
    }
}
