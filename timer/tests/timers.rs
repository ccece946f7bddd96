//! Are timers fired once, by anybody, and is the leader told what it must know?

mod common;

use common::{Call, Count, MS, panic_of, pass, poll, poll_with, timers, worker};
use heist_timer::{
    Clock, Elapsed, Entered, Instant, Interval, Sleep, Timeout, Timers, current, enter, sleep,
};
use std::{
    sync::{Arc, Mutex, mpsc},
    task::Waker,
    thread,
    time::Duration,
};

/// A sleep that is armed here.
fn armed(duration: Duration, waker: &Waker) -> Sleep {
    let mut sleep = sleep(duration);
    assert!(poll_with(&mut sleep, waker).is_pending());
    sleep
}

#[test]
fn an_armed_timer_is_published_and_wakes_once() {
    let (timers, _entered) = worker();
    let count = Count::new();
    assert_eq!(timers.next_expiry(), u64::MAX);
    let mut sleep = armed(MS, &count.waker());
    assert_eq!(timers.next_expiry(), 1_000_000);
    assert_eq!(timers.shard_expiry(0), 1_000_000);
    assert_eq!(timers.shard_expiry(1), u64::MAX);

    assert_eq!(pass(&timers, MS - Duration::from_nanos(1)), 0);
    assert_eq!(count.get(), 0);
    assert_eq!(pass(&timers, Duration::from_nanos(1)), 1);
    assert_eq!(count.get(), 1);
    assert_eq!(timers.next_expiry(), u64::MAX);
    assert_eq!(timers.armed(), 0);
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn a_dropped_timer_is_gone_and_never_wakes() {
    let (timers, _entered) = worker();
    let count = Count::new();
    drop(armed(MS, &count.waker()));
    assert_eq!(timers.armed(), 0);
    assert_eq!(timers.next_expiry(), u64::MAX);
    assert_eq!(pass(&timers, MS), 0);
    assert_eq!(Arc::strong_count(&count), 1, "the waker is dropped too");
}

#[test]
fn a_cancelled_early_timer_costs_one_empty_turn() {
    let (timers, _entered) = worker();
    let late = armed(3 * MS, Waker::noop());
    drop(armed(MS, Waker::noop()));
    assert_eq!(timers.next_expiry(), 1_000_000);
    assert_eq!(pass(&timers, MS), 0);
    assert_eq!(timers.next_expiry(), 3_000_000);
    drop(late);
}

#[test]
fn any_thread_fires_any_shard() {
    let (timers, entered) = worker();
    let count = Count::new();
    let _a = armed(MS, &count.waker());
    drop(entered);
    let entered = enter(timers.clone(), Some(1));
    let _b = armed(MS, &count.waker());
    drop(entered);
    let fired = thread::scope(|scope| scope.spawn(|| pass(&timers, MS)).join().unwrap());
    assert_eq!((fired, count.get()), (2, 2));
}

#[test]
fn more_than_a_batch_is_fired_in_the_order_of_the_deadlines() {
    let (timers, _entered) = worker();
    let order = Arc::new(Mutex::new(Vec::new()));
    let durations = (0..100_u32).map(|n| MS + Duration::from_nanos((n * 37 % 100).into()));
    let sleeps: Vec<_> = durations
        .map(|duration| {
            let order = order.clone();
            armed(
                duration,
                &Call::waker(move || order.lock().unwrap().push(duration)),
            )
        })
        .collect();
    assert_eq!(pass(&timers, MS * 2), 100);
    assert!(order.lock().unwrap().is_sorted());
    drop(sleeps);
}

#[test]
fn equal_deadlines_wake_in_the_order_of_arming() {
    let (timers, _entered) = worker();
    let order = Arc::new(Mutex::new(Vec::new()));
    let sleeps: Vec<_> = (0..100)
        .map(|n| {
            let order = order.clone();
            armed(MS, &Call::waker(move || order.lock().unwrap().push(n)))
        })
        .collect();
    pass(&timers, MS);
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    drop(sleeps);
}

#[test]
fn a_waker_that_panics_does_not_cost_the_others_their_wake() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let panics = Call::waker(|| panic!("a waker's own fault"));
    let wakers = (0..100).map(|n| {
        if n % 3 == 0 {
            panics.clone()
        } else {
            count.waker()
        }
    });
    let sleeps: Vec<_> = wakers.map(|waker| armed(MS, &waker)).collect();
    assert_eq!(pass(&timers, MS), 100);
    assert_eq!(count.get(), 66);
    drop(sleeps);
}

#[test]
fn a_waker_may_drop_arm_and_fire_timers() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let other = Mutex::new(Some(armed(MS, &count.waker())));
    let (send, receive) = mpsc::channel();
    let waker = Call::waker({
        let (timers, count) = (timers.clone(), count.clone());
        move || {
            drop(other.lock().unwrap().take());
            send.send(armed(MS, &count.waker())).unwrap();
            timers.fire_overdue(timers.now_ns());
        }
    });
    let mut sleep = armed(Duration::from_micros(1), &waker);
    assert_eq!(pass(&timers, Duration::from_micros(1)), 1);
    assert_eq!(
        (timers.armed(), count.get()),
        (1, 0),
        "one dropped, one armed"
    );
    assert_eq!(pass(&timers, MS), 1);
    assert_eq!(count.get(), 1);
    assert!(poll(&mut sleep).is_ready());
    assert!(poll(&mut receive.recv().unwrap()).is_ready());
}

#[test]
fn the_last_waker_polled_with_is_the_one_that_is_woken() {
    let (timers, _entered) = worker();
    let (first, last) = (Count::new(), Count::new());
    let mut sleep = armed(MS, &first.waker());
    assert!(poll_with(&mut sleep, &last.waker()).is_pending());
    assert_eq!(Arc::strong_count(&first), 1, "the old waker is dropped");
    pass(&timers, MS);
    assert_eq!((first.get(), last.get()), (0, 1));
}

/// Timers whose kicks are counted, and this thread is no worker of theirs.
fn foreign() -> (Arc<Timers>, Arc<Count>, Entered) {
    let kicks = Count::new();
    let timers = Timers::new(2, Clock::paused(), kicks.waker());
    let entered = enter(timers.clone(), None);
    (timers, kicks, entered)
}

#[test]
fn a_foreign_thread_kicks_the_leader_only_if_it_would_sleep_too_long() {
    let (timers, kicks, _entered) = foreign();
    timers.publish(2_000_000);
    let _later = armed(3 * MS, Waker::noop());
    let _equal = armed(2 * MS, Waker::noop());
    assert_eq!(kicks.get(), 0);
    let mut earlier = armed(MS, Waker::noop());
    assert_eq!(kicks.get(), 1);
    assert_eq!(
        timers.shard_expiry(2),
        1_000_000,
        "in the shard that is no worker's"
    );

    earlier.reset(Instant::now() + MS / 2);
    assert_eq!(kicks.get(), 2, "a reset arms too");
    earlier.reset(Instant::now() + 5 * MS);
    assert_eq!(kicks.get(), 2);

    timers.publish(u64::MAX);
    let _any = armed(3 * MS, Waker::noop());
    assert_eq!(kicks.get(), 3, "nobody may be relied on");
    let _never = armed(Duration::MAX, Waker::noop());
    assert_eq!(kicks.get(), 3);
}

#[test]
fn a_worker_never_kicks() {
    let (timers, kicks, _entered) = foreign();
    let _entered = enter(timers, Some(1));
    let mut sleep = armed(MS, Waker::noop());
    sleep.reset(Instant::now() + MS / 2);
    assert_eq!(kicks.get(), 0);
}

#[test]
fn a_reset_arms_in_the_shard_of_the_thread_that_resets() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut sleep = armed(5 * MS, &count.waker());
    {
        let _entered = enter(timers.clone(), Some(1));
        sleep.reset(Instant::now() + MS);
    }
    assert_eq!(
        (timers.shard_expiry(0), timers.shard_expiry(1)),
        (u64::MAX, 1_000_000)
    );
    assert_eq!(timers.armed(), 1);
    pass(&timers, MS);
    assert_eq!(count.get(), 1);
    assert!(poll(&mut sleep).is_ready());
}

#[test]
fn a_reset_outside_the_runtime_wakes_the_task_to_arm_anew() {
    let (timers, entered) = worker();
    let count = Count::new();
    let mut sleep = armed(5 * MS, &count.waker());
    let deadline = Instant::now() + MS;
    drop(entered);
    sleep.reset(deadline);
    assert_eq!((timers.armed(), count.get()), (0, 1));
    let _entered = enter(timers.clone(), Some(0));
    assert!(poll(&mut sleep).is_pending());
    assert_eq!(timers.next_expiry(), 1_000_000);
}

#[test]
fn closing_wakes_whoever_waits_and_arms_nothing_more() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut pending = armed(MS, &count.waker());
    let mut forever = armed(Duration::MAX, &count.waker());
    let mut due = armed(Duration::from_nanos(1), &count.waker());
    let mut new = sleep(MS);
    timers.clock().advance(Duration::from_nanos(1));
    timers.close();
    assert_eq!((count.get(), timers.armed()), (3, 0));
    assert_eq!(timers.next_expiry(), u64::MAX);

    assert!(poll(&mut due).is_ready(), "its deadline had passed");
    for sleep in [&mut pending, &mut forever, &mut new] {
        let message = panic_of(|| _ = poll(sleep));
        assert!(message.contains("its runtime has shut down"), "{message}");
        assert!(message.contains("tests/timers.rs"), "{message}");
    }
    pending.reset(Instant::now()); // and a reset does not arm either
    drop((pending, forever, new));
    timers.close();
}

#[test]
fn closing_wakes_all_in_spite_of_a_waker_that_panics() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let panics = Call::waker(|| panic!("a waker's own fault"));
    let _sleeps = [&count.waker(), &panics, &count.waker()].map(|waker| armed(MS, waker));
    timers.close();
    assert_eq!(count.get(), 2);
}

#[test]
fn a_future_may_outlive_the_timers() {
    let (timers, entered) = worker();
    let sleep = armed(MS, Waker::noop());
    drop((timers, entered));
    drop(sleep);
}

#[test]
fn entering_is_undone_by_the_guard() {
    let (outer, inner) = (timers(), timers());
    assert!(current().is_none());
    let entered = enter(outer.clone(), Some(0));
    {
        let _inner = enter(inner.clone(), None);
        assert!(Arc::ptr_eq(&current().unwrap(), &inner));
    }
    assert!(Arc::ptr_eq(&current().unwrap(), &outer));
    drop(entered);
    assert!(current().is_none());
    assert!(panic_of(|| _ = enter(outer, Some(2))).contains("of 2"));
}

#[test]
fn four_threads_may_arm_drop_reset_and_fire_at_once() {
    let timers = Timers::new(4, Clock::paused(), Waker::noop().clone());
    let step = Duration::from_nanos(777);
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let timers = &timers;
            scope.spawn(move || {
                let _entered = enter(timers.clone(), (worker < 3).then_some(worker as usize));
                let mut rng = fastrand::Rng::with_seed(worker);
                let mut sleeps: Vec<(Sleep, Arc<Count>)> = Vec::new();
                for _ in 0..5_000 {
                    let duration = Duration::from_nanos(rng.u64(1..100_000));
                    if sleeps.len() < 50 {
                        let count = Count::new();
                        let mut sleep = sleep(duration);
                        // The others move the clock: it may be ready at once.
                        if poll_with(&mut sleep, &count.waker()).is_pending() {
                            sleeps.push((sleep, count));
                        }
                    }
                    timers.clock().advance(step);
                    timers.fire_overdue(timers.now_ns());
                    let index = rng.usize(..sleeps.len().max(1));
                    if let Some((sleep, count)) = sleeps.get_mut(index) {
                        if rng.bool() {
                            sleep.reset(Instant::now() + duration);
                        } else if poll_with(sleep, &count.waker()).is_ready() {
                            assert!(sleep.is_elapsed(), "early");
                            drop(sleeps.swap_remove(index));
                        }
                    }
                }
            });
        }
    });
    assert_eq!(timers.armed(), 0);
    assert_eq!(timers.next_expiry(), u64::MAX);
}

#[test]
fn what_may_move_between_threads_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Timers>();
    check::<Sleep>();
    check::<Timeout<()>>();
    check::<Interval>();
    check::<Elapsed>();
    check::<Clock>();
}
