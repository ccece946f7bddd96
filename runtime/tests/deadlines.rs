//! Timers together with tasks and combinators: what runs out, and what becomes of the rest.
//! Time is virtual. `V…` are the vectors of docs/coming-from-asyncio.md.

use heist::{
    as_completed, gather, move_on_after, race, select, sleep, spawn,
    time::{Elapsed, Instant, advance},
    timeout, try_gather, yield_now,
};
use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Ready after `ms`, with it.
async fn after(ms: u64) -> u64 {
    sleep(MS(ms)).await;
    ms
}

/// Counts its drop.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// V1, with time.
#[heist::test(paused)]
async fn gather_takes_as_long_as_the_longest_and_keeps_the_order() {
    let start = Instant::now();
    assert_eq!(gather!(after(30), after(10), after(20)).await, (30, 10, 20));
    assert_eq!(start.elapsed(), MS(30));
}

/// V2.
#[heist::test(paused)]
async fn try_gather_returns_at_the_first_error_and_its_sibling_never_goes_on() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let held = Counts(dropped.clone());
    let start = Instant::now();
    let slow = async {
        sleep(MS(50)).await;
        drop(held);
        Ok::<(), &str>(())
    };
    let fails = async {
        sleep(MS(10)).await;
        Err::<(), _>("no")
    };
    assert_eq!(try_gather!(slow, fails).await, Err("no"));
    assert_eq!(start.elapsed(), MS(10));
    assert_eq!(dropped.load(SeqCst), 1, "dropped by then");
}

/// V9: the order of completion, then the time is over.
#[heist::test(paused)]
async fn as_completed_gives_the_first_first() {
    let mut all = as_completed([2000, 1000, 3000].map(after));
    let mut seen = Vec::new();
    let end = timeout(MS(2500), async {
        while let Some(ms) = all.next().await {
            seen.push(ms);
        }
    });
    end.await.unwrap_err();
    assert_eq!(seen, [1000, 2000]);
}

/// V14: no error, and the set keeps what it has.
#[heist::test(paused)]
async fn moving_on_from_a_wait_leaves_the_set_as_it_was() {
    let mut all = as_completed([after(100)]);
    assert_eq!(move_on_after(MS(50), all.next()).await, None);
    let start = Instant::now();
    assert_eq!(all.next().await, Some(100));
    assert_eq!(start.elapsed(), MS(50), "it went on meanwhile");
}

/// Its timeout arms no timer for it.
#[heist::test(paused)]
async fn a_task_that_wakes_itself_is_cut_off_all_the_same() {
    let polls = AtomicUsize::new(0);
    let endless = poll_fn(|cx| {
        if polls.fetch_add(1, SeqCst) == 100 {
            advance(MS(10));
        }
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    timeout(MS(10), endless).await.unwrap_err();
    assert_eq!(polls.load(SeqCst), 101);
}

/// They share a waker, and one of them wakes it.
#[heist::test(paused)]
async fn a_neighbour_that_yields_does_not_keep_a_timeout_from_ringing() {
    let yields = || async {
        for _ in 0..3 {
            yield_now().await;
        }
    };
    let start = Instant::now();
    for _ in 0..3 {
        let short = || timeout(MS(10), pending::<()>());
        let (first, (), second) = futures::join!(short(), yields(), short());
        assert!(first.is_err() && second.is_err());
        let (first, (), second) = gather!(short(), yields(), short()).await;
        assert!(first.is_err() && second.is_err());
    }
    assert_eq!(start.elapsed(), MS(60));
}

/// V17, V20: a future that goes on after its own little timeouts cannot outlive the large one.
#[heist::test(paused)]
async fn a_timeout_cannot_be_swallowed() {
    let start = Instant::now();
    let stubborn = async {
        loop {
            timeout(MS(3), pending::<()>()).await.unwrap_err();
        }
    };
    timeout(MS(10), stubborn).await.unwrap_err();
    assert_eq!(start.elapsed(), MS(10));
}

/// V18.
#[heist::test(paused)]
async fn of_nested_timeouts_only_the_outer_one_ran_out() {
    let start = Instant::now();
    let inner = timeout(MS(500), pending::<()>());
    let outer: Result<Result<(), Elapsed>, Elapsed> = timeout(MS(10), inner).await;
    assert_eq!(outer.unwrap_err().deadline(), start + MS(10));
}

/// V19, differently on purpose: at the same instant the inner one is polled first.
#[heist::test(paused)]
async fn of_nested_timeouts_that_end_together_the_inner_one_says_so() {
    let inner = timeout(MS(10), pending::<()>());
    assert!(matches!(
        timeout(MS(10), inner).await,
        Ok(Err(Elapsed { .. }))
    ));
}

/// V21: 30 ms of computing under a timeout of 10 ms.
#[heist::test(paused)]
async fn a_computation_that_is_late_and_ready_is_no_timeout() {
    let computes = async {
        yield_now().await;
        advance(MS(30));
        "a result"
    };
    assert_eq!(timeout(MS(10), computes).await, Ok("a result"));
}

/// V22.
#[heist::test(paused)]
async fn an_abort_inside_a_timeout_is_an_abort() {
    let task = spawn(timeout(MS(10), pending::<()>()));
    sleep(MS(1)).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}

/// V23: what fails while the time runs out is not hidden by it.
#[heist::test(paused)]
async fn a_panic_in_the_clean_up_of_a_timeout_is_seen() {
    struct Fails;
    impl Drop for Fails {
        fn drop(&mut self) {
            panic!("the clean-up failed");
        }
    }
    let task = spawn(async {
        let held = Fails;
        let holds = async {
            let _held = held;
            pending::<()>().await;
        };
        timeout(MS(10), holds).await
    });
    let error = task.await.unwrap_err();
    assert_eq!(
        error.panic_message().as_deref(),
        Some("the clean-up failed")
    );
}

/// V24.
#[heist::test(paused)]
async fn a_deadline_that_is_put_off_does_not_fire() {
    let mut work = pin!(timeout(MS(10), after(30)));
    let first = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_pending()));
    assert!(first.await);
    work.as_mut().reset(Instant::now() + MS(100));
    assert_eq!(work.await, Ok(30));
}

/// V42.
#[heist::test(paused, workers = 1)]
async fn equal_deadlines_fire_in_order_on_one_worker() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let deadline = Instant::now() + MS(10);
    let mut tasks = Vec::new();
    for n in 0..5 {
        let order = order.clone();
        tasks.push(spawn(async move {
            heist::sleep_until(deadline).await;
            order.lock().unwrap().push(n);
        }));
        // Each is asleep before the next one starts.
        yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

/// The table of what a dropped combinator does to join handles: they detach.
#[heist::test(paused)]
async fn when_the_time_is_over_futures_are_dropped_and_tasks_go_on() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let held = Counts(dropped.clone());
    let task = spawn(after(100));
    let id = task.abort_handle();
    let future = async {
        let _held = held;
        pending::<()>().await;
    };
    timeout(MS(10), gather!(task, future)).await.unwrap_err();
    assert_eq!(dropped.load(SeqCst), 1, "the future is gone");
    assert!(!id.is_finished(), "the task is not");
    sleep(MS(90)).await;
    while !id.is_finished() {
        yield_now().await;
    }
}

#[heist::test(paused)]
async fn a_race_against_a_sleep_is_a_timeout() {
    let start = Instant::now();
    assert_eq!(race!(after(20), after(10)).await, 10);
    let won = select! {
        n = after(30) => n,
        () = sleep(MS(7)) => 0,
    };
    assert_eq!(won, 0);
    assert_eq!(start.elapsed(), MS(17));
}

/// A lost future leaves no timer behind: the clock, which jumps to the next one, would stop there.
#[heist::test(paused)]
async fn losers_leave_no_timer() {
    let start = Instant::now();
    for _ in 0..100 {
        race!(after(1), after(3_600_000)).await;
        timeout(MS(3_600_000), after(1)).await.unwrap();
        move_on_after(MS(1), after(3_600_000)).await;
    }
    assert_eq!(start.elapsed(), MS(300));
    sleep(MS(1)).await;
    assert_eq!(start.elapsed(), MS(301));
}
