//! What a task does, what its handle does.

use heist::{Builder, Runtime, task};
use std::{
    cell::Cell,
    future::{pending, poll_fn},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Poll, Waker},
};

#[test]
fn run_returns_what_the_root_returns() {
    assert_eq!(heist::run(async { "here" }), "here");
}

#[heist::test]
async fn a_spawned_task_gives_its_output_to_its_handle() {
    assert_eq!(heist::spawn(async { 42 }).await.unwrap(), 42);
}

#[heist::test]
async fn spawn_never_polls_inline() {
    static POLLED: AtomicBool = AtomicBool::new(false);
    // On one worker nobody else can poll it between the two lines.
    let runtime = Builder::new().current_thread();
    std::thread::spawn(move || {
        runtime.build().unwrap().block_on(async {
            let handle = heist::spawn(async { POLLED.store(true, SeqCst) });
            assert!(!POLLED.load(SeqCst));
            handle.await.unwrap();
            assert!(POLLED.load(SeqCst));
        });
    })
    .join()
    .unwrap();
}

#[heist::test]
async fn an_eager_task_is_polled_before_spawn_returns() {
    // V27, first half.
    let (began, begun) = mpsc::channel();
    let handle = task::Builder::new().eager().spawn(async move {
        began.send(()).unwrap();
        heist::yield_now().await;
        7
    });
    begun.try_recv().expect("it has begun");
    assert_eq!(handle.await.unwrap(), 7);
}

#[heist::test]
async fn dropping_a_handle_detaches_the_task() {
    let (done, is_done) = mpsc::channel();
    drop(heist::spawn(async move {
        heist::yield_now().await;
        done.send(()).unwrap();
    }));
    heist::spawn_blocking(move || is_done.recv().unwrap())
        .await
        .unwrap();
}

#[heist::test]
async fn an_aborted_task_drops_its_future_and_says_so() {
    let held = Arc::new(());
    let inside = held.clone();
    let handle = heist::spawn(async move {
        let _inside = inside;
        pending::<()>().await;
    });
    let error = handle.cancel().await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason(), Some(&task::CancelReason::Aborted));
    assert_eq!(Arc::strong_count(&held), 1);
}

#[heist::test]
async fn a_task_aborted_before_its_first_poll_never_runs() {
    // V26. The worker is this one, so the task is not polled before the abort.
    let began = Arc::new(AtomicBool::new(false));
    let inside = began.clone();
    let runtime = std::thread::spawn(move || {
        Builder::new()
            .current_thread()
            .build()
            .unwrap()
            .block_on(async {
                let handle = heist::spawn(async move { inside.store(true, SeqCst) });
                handle.abort();
                assert!(handle.await.unwrap_err().is_cancelled());
            });
    });
    runtime.join().unwrap();
    assert!(!began.load(SeqCst));
}

#[heist::test]
async fn a_poll_that_returns_ready_wins_over_an_abort() {
    // V44.
    let handle: Arc<Mutex<Option<task::AbortHandle>>> = Arc::default();
    let inside = handle.clone();
    let mut go = false;
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let ring = waker.clone();
    let task = heist::spawn(poll_fn(move |cx| {
        if let Some(abort) = inside.lock().unwrap().take() {
            abort.abort();
            return Poll::Ready("value");
        }
        assert!(!std::mem::replace(&mut go, true), "woken once");
        *ring.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }));
    let waker = poll_fn(|cx| match waker.lock().unwrap().take() {
        Some(waker) => Poll::Ready(waker),
        None => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
    *handle.lock().unwrap() = Some(task.abort_handle());
    waker.wake();
    assert_eq!(task.await.unwrap(), "value");
}

#[heist::test]
async fn an_owning_handle_aborts_when_it_is_dropped() {
    let held = Arc::new(());
    let inside = held.clone();
    let handle = heist::spawn(async move {
        let _inside = inside;
        pending::<()>().await;
    });
    let watch = handle.abort_handle();
    drop(handle.abort_on_drop());
    while !watch.is_finished() {
        heist::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&held), 1);
}

#[heist::test]
async fn flatten_makes_one_error_of_two() {
    type Error = Box<dyn std::error::Error + Send + Sync>;
    let good = heist::spawn(async { Ok::<_, Error>(1) }).flatten();
    let bad = heist::spawn(async { Err::<(), Error>("no".into()) }).flatten();
    let worse = heist::spawn(async { panic!("boom") as Result<(), Error> }).flatten();
    assert_eq!(good.await.unwrap(), 1);
    assert_eq!(bad.await.unwrap_err().to_string(), "no");
    assert!(worse.await.unwrap_err().to_string().contains("boom"));
}

#[heist::test]
async fn an_error_names_the_task_and_the_line_that_spawned_it() {
    let builder = task::Builder::new().name("fetch");
    let line = line!() + 1;
    let handle = builder.spawn(async { panic!("no network") });
    let error = handle.await;
    let error = error.map(|(): ()| ()).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.name(), Some("fetch"));
    assert!(
        text.contains("`fetch`") && text.contains("no network"),
        "{text}"
    );
    assert!(text.contains(&format!("tasks.rs:{line}")), "{text}");
}

#[heist::test]
async fn task_locals_are_inherited_and_not_written_back() {
    // V51.
    heist::task_local! {
        static USER: &'static str;
    }
    USER.scope("parent", async {
        let child = heist::spawn(async {
            assert_eq!(USER.get(), "parent");
            USER.scope("child", async {
                heist::yield_now().await;
                assert_eq!(USER.get(), "child");
            })
            .await;
            USER.get()
        });
        assert_eq!(child.await.unwrap(), "parent");
        assert_eq!(
            heist::spawn_blocking(|| USER.get()).await.unwrap(),
            "parent"
        );
        assert_eq!(USER.get(), "parent");
    })
    .await;
    assert!(USER.try_with(|_| ()).is_none());
}

#[heist::test]
async fn scopes_of_task_locals_nest_however_they_were_made() {
    heist::task_local! {
        static USER: &'static str;
        static DEPTH: u32;
    }
    struct ReadsAsItGoes(std::sync::mpsc::Sender<(&'static str, u32)>);
    impl Drop for ReadsAsItGoes {
        fn drop(&mut self) {
            self.0.send((USER.get(), DEPTH.get())).unwrap();
        }
    }
    let (tell, told) = std::sync::mpsc::channel();
    let reads = ReadsAsItGoes(tell);
    // The inner one is made before the outer one is there.
    let inner = DEPTH.scope(1, async move {
        let _reads = reads;
        assert_eq!((USER.get(), DEPTH.get()), ("ada", 1));
        DEPTH
            .scope(2, async {
                assert_eq!((USER.get(), DEPTH.get()), ("ada", 2))
            })
            .await;
        std::future::pending::<()>().await;
    });
    let outer = USER.scope("ada", inner);
    heist::timeout(std::time::Duration::from_millis(1), outer)
        .await
        .unwrap_err();
    assert_eq!(
        told.recv().unwrap(),
        ("ada", 1),
        "dropped where it had lived"
    );
    assert!(USER.try_with(|_| ()).is_none());
}

#[test]
fn a_local_task_stays_on_its_thread_and_need_not_be_send() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let here = std::thread::current().id();
        let count = Rc::new(Cell::new(0));
        let counted = count.clone();
        let handle = heist::spawn_local(async move {
            for _ in 0..10 {
                heist::yield_now().await;
                assert_eq!(std::thread::current().id(), here);
                counted.set(counted.get() + 1);
            }
            counted
        });
        assert_eq!(handle.await.unwrap().get(), 10);
        assert_eq!(count.get(), 10);
    });
}

#[heist::test]
async fn a_local_task_on_a_worker_stays_on_that_worker() {
    let handle = heist::spawn(async {
        let here = std::thread::current().id();
        let (sent, receive) = mpsc::channel();
        heist::spawn_local(async move {
            heist::yield_now().await;
            sent.send(std::thread::current().id()).unwrap();
        });
        (here, receive)
    });
    let (spawned_on, receive) = handle.await.unwrap();
    let ran_on = heist::spawn_blocking(move || receive.recv().unwrap())
        .await
        .unwrap();
    assert_eq!(ran_on, spawned_on);
}

#[test]
fn a_local_task_ends_with_the_block_on_it_was_spawned_in() {
    let dropped_on = Arc::new(Mutex::new(None));
    struct Guard(
        Arc<Mutex<Option<std::thread::ThreadId>>>,
        #[allow(dead_code)] Rc<()>,
    );
    impl Drop for Guard {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = Some(std::thread::current().id());
        }
    }
    for builder in [Builder::new().workers(2), Builder::new().current_thread()] {
        let guard = Guard(dropped_on.clone(), Rc::new(()));
        let runtime = builder.build().unwrap();
        let mut spawned = None;
        runtime.block_on(async {
            spawned = Some(heist::spawn_local(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
        });
        let handle = spawned.expect("spawned above");
        assert_eq!(
            dropped_on.lock().unwrap().take(),
            Some(std::thread::current().id())
        );
        assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
    }
}

#[heist::test]
async fn a_blocking_closure_gives_its_result_and_keeps_its_panic() {
    // V58, first half: the closure's value.
    assert_eq!(heist::spawn_blocking(|| 6 * 7).await.unwrap(), 42);
    let error = heist::spawn_blocking(|| panic!("closure"))
        .await
        .map(|(): ()| ())
        .unwrap_err();
    assert_eq!(error.panic_message().as_deref(), Some("closure"));
}

#[heist::test]
async fn a_blocking_closure_may_use_blocking_methods() {
    let (sender, receiver) = heist::sync::channel(1);
    let received = heist::spawn_blocking(move || receiver.blocking_recv());
    sender.send(5).await.unwrap();
    assert_eq!(received.await.unwrap().unwrap(), 5);
}

#[heist::test]
async fn a_big_future_and_an_aligned_one_are_tasks_like_any_other() {
    #[repr(align(128))]
    struct Aligned(u8);
    let big = [1_u8; 64 * 1024];
    let sum = heist::spawn(async move {
        heist::yield_now().await;
        big.iter().map(|byte| u64::from(*byte)).sum::<u64>()
    });
    let aligned = Aligned(3);
    let byte = heist::spawn(async move {
        let aligned = aligned;
        heist::yield_now().await;
        assert_eq!(std::ptr::from_ref(&aligned).addr() % 128, 0);
        aligned.0
    });
    assert_eq!(sum.await.unwrap(), 64 * 1024);
    assert_eq!(byte.await.unwrap(), 3);
}

#[heist::test(workers = 4)]
async fn two_wakes_during_a_poll_cost_one_more_poll_at_least_and_lose_none() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let handle = heist::spawn(poll_fn(move |cx| {
        let poll = counted.fetch_add(1, SeqCst);
        if poll == 0 {
            cx.waker().wake_by_ref();
            let by_value = cx.waker().clone();
            by_value.wake();
            return Poll::Pending;
        }
        Poll::Ready(())
    }));
    handle.await.unwrap();
    assert_eq!(polls.load(SeqCst), 2);
}

#[heist::test]
async fn a_dump_names_each_task_and_what_it_waits_for() {
    let sleeper = task::Builder::new()
        .name("sleeper")
        .spawn(heist::sleep(std::time::Duration::from_secs(3600)));
    let joiner = task::Builder::new().name("joiner").spawn(async move {
        let _ = sleeper.await;
    });
    let find = |name: &str, wanted: &str| {
        let dump = heist::Handle::current().dump();
        let task = dump
            .tasks
            .iter()
            .find(|task| task.task.name.as_deref() == Some(name));
        task.is_some_and(|task| {
            task.state == "waiting" && task.reason.to_string().starts_with(wanted)
        })
    };
    while !(find("sleeper", "sleep") && find("joiner", "join")) {
        heist::yield_now().await;
    }
    joiner.abort();
}
