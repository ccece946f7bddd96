//! Is what takes too long cut off, and nothing else?

mod common;

use common::{Count, MS, panic_of, pass, poll, poll_with, worker};
use heist_core::{again, current, task::TaskId, wait::Kind};
use heist_timer::{
    Clock, Elapsed, Instant, Timers, drive::drive, enter, move_on_after, sleep, timeout, timeout_at,
};
use std::{
    cell::Cell,
    future::{pending, poll_fn, ready},
    io,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

#[test]
fn a_future_that_is_ready_wins_without_a_runtime() {
    assert_eq!(poll(&mut timeout(MS, ready(7))), Poll::Ready(Ok(7)));
    assert_eq!(
        poll(&mut timeout(Duration::ZERO, ready(7))),
        Poll::Ready(Ok(7))
    );
    assert_eq!(
        poll(&mut timeout_at(Instant::now(), ready(7))),
        Poll::Ready(Ok(7))
    );
    assert_eq!(poll(&mut move_on_after(MS, ready(7))), Poll::Ready(Some(7)));
}

#[test]
fn a_future_that_is_ready_makes_no_timer() {
    let (timers, _entered) = worker();
    let mut quick = timeout(MS, ready(7));
    assert_eq!(poll(&mut quick), Poll::Ready(Ok(7)));
    assert_eq!((timers.armed(), quick.deadline()), (0, None));
}

#[test]
fn the_time_begins_at_the_end_of_the_first_pending_poll() {
    let (timers, _entered) = worker();
    let slow = poll_fn(|_| {
        timers.clock().advance(5 * MS);
        Poll::<()>::Pending
    });
    let mut slow = timeout(MS, slow);
    assert_eq!(slow.deadline(), None);
    assert!(poll(&mut slow).is_pending());
    assert_eq!(slow.deadline(), Some(Instant::now() + MS));
}

/// Pending, and woken for the next turn as a task is, so many times; then as `last` says.
fn yields(times: u32, last: Poll<u32>) -> impl Future<Output = u32> + Unpin {
    let mut left = times;
    poll_fn(move |cx| {
        if left == 0 {
            return last;
        }
        left -= 1;
        cx.waker().wake_by_ref();
        again::note(cx.waker().data(), cx.waker().vtable());
        Poll::Pending
    })
}

#[test]
fn a_future_that_only_lets_others_run_makes_no_timer() {
    let (timers, _entered) = worker();
    let mut polite = timeout(MS, yields(2, Poll::Ready(7)));
    for _ in 0..2 {
        assert!(poll(&mut polite).is_pending());
        assert_eq!(timers.armed(), 0);
        assert_eq!(polite.deadline(), Some(Instant::now() + MS));
    }
    assert_eq!(poll(&mut polite), Poll::Ready(Ok(7)));
}

#[test]
fn the_time_goes_on_while_a_future_lets_others_run() {
    let (timers, _entered) = worker();
    let mut polite = timeout(3 * MS, yields(10, Poll::Ready(7)));
    let deadline = Instant::now() + 3 * MS;
    for _ in 0..3 {
        assert!(poll(&mut polite).is_pending());
        timers.clock().advance(MS);
    }
    let Poll::Ready(Err(elapsed)) = poll(&mut polite) else {
        panic!("it is over, also without a timer")
    };
    assert_eq!(elapsed.deadline(), deadline);
}

#[test]
fn a_future_that_waits_at_last_has_its_timer() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let waker = count.waker();
    let mut slow = timeout(MS, yields(1, Poll::Pending));
    assert!(poll_with(&mut slow, &waker).is_pending());
    assert_eq!((timers.armed(), count.get()), (0, 1));
    assert!(poll_with(&mut slow, &waker).is_pending());
    assert_eq!((timers.armed(), count.get()), (1, 1));
    pass(&timers, MS);
    assert_eq!(count.get(), 2);
}

/// That another future lets others run says nothing about this one, whoever is asked first.
#[test]
fn the_timer_does_not_rely_on_a_neighbour() {
    let (timers, _entered) = worker();
    let [ours, theirs] = [Count::new(), Count::new()].map(|count| count.waker());
    let inner = poll_fn(|_| {
        assert!(poll_with(&mut yields(1, Poll::Pending), &theirs).is_pending());
        Poll::<()>::Pending
    });
    let mut waits = timeout(MS, inner);
    assert!(poll_with(&mut yields(1, Poll::Pending), &ours).is_pending());
    assert!(poll_with(&mut waits, &ours).is_pending());
    assert_eq!(timers.armed(), 1);
}

/// V16, but the future is polled first.
#[test]
fn a_timeout_of_zero_polls_once_and_needs_no_runtime() {
    let polls = Cell::new(0);
    let count = || {
        poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::<()>::Pending
        })
    };
    assert!(matches!(
        poll(&mut timeout(Duration::ZERO, count())),
        Poll::Ready(Err(_))
    ));
    assert_eq!(polls.get(), 1);
    assert!(matches!(
        poll(&mut timeout_at(Instant::now(), count())),
        Poll::Ready(Err(_))
    ));
    assert_eq!(polls.get(), 2);
}

#[test]
fn an_elapsed_timeout_names_its_deadline() {
    let (timers, _entered) = worker();
    let count = Count::new();
    let mut slow = timeout(MS, pending::<()>());
    let deadline = Instant::now() + MS;
    assert!(poll_with(&mut slow, &count.waker()).is_pending());
    pass(&timers, MS);
    assert_eq!(count.get(), 1);
    let Poll::Ready(Err(elapsed)) = poll(&mut slow) else {
        panic!()
    };
    assert_eq!(elapsed.deadline(), deadline);
    assert_eq!(elapsed.to_string(), "the deadline has passed");
    let error = io::Error::from(elapsed.clone());
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.downcast::<Elapsed>().unwrap(), elapsed);
}

#[test]
fn a_future_that_is_ready_at_the_deadline_wins() {
    let (timers, _entered) = worker();
    let mut both = timeout(MS, sleep(MS));
    assert!(poll(&mut both).is_pending());
    pass(&timers, MS);
    assert_eq!(poll(&mut both), Poll::Ready(Ok(())));
}

/// V18, V19.
#[test]
fn of_nested_timeouts_the_one_that_ran_out_says_so() {
    drive(async {
        let inner = timeout(2 * MS, timeout(MS, pending::<()>())).await;
        assert!(matches!(inner, Ok(Err(_))));
        let outer = timeout(MS, timeout(2 * MS, pending::<()>())).await;
        assert!(outer.is_err());
        let deadline = Instant::now() + MS;
        let both = timeout_at(deadline, timeout_at(deadline, pending::<()>())).await;
        assert!(matches!(both, Ok(Err(_))), "the innermost is polled first");
    });
}

#[test]
fn a_timeout_of_for_ever_never_ends() {
    let (timers, _entered) = worker();
    let mut patient = timeout(Duration::MAX, pending::<()>());
    assert!(poll(&mut patient).is_pending());
    pass(&timers, Duration::MAX);
    assert!(poll(&mut patient).is_pending());
}

#[test]
fn moving_on_gives_none_at_the_deadline() {
    drive(async {
        let before = Instant::now();
        assert_eq!(move_on_after(MS, pending::<()>()).await, None);
        assert_eq!(before.elapsed(), MS);
        assert_eq!(move_on_after(MS, sleep(MS / 2)).await, Some(()));
    });
}

#[test]
fn a_reset_moves_the_deadline_before_and_while_it_waits() {
    let (timers, _entered) = worker();
    let mut early = pin!(timeout(MS, pending::<()>()));
    early.as_mut().reset(Instant::now() + 3 * MS);
    assert!(poll(&mut early).is_pending());
    pass(&timers, 2 * MS);
    assert!(poll(&mut early).is_pending());
    early.as_mut().reset(Instant::now());
    assert!(matches!(poll(&mut early), Poll::Ready(Err(_))));
    assert_eq!(timers.armed(), 0);
}

/// tokio #4314.
#[test]
fn a_future_that_uses_up_the_budget_does_not_hide_its_deadline() {
    let (timers, _entered) = worker();
    let greedy = || {
        poll_fn(|cx| {
            while heist_core::budget::poll_left(cx).is_ready() {
                heist_core::budget::spend();
            }
            Poll::<()>::Pending
        })
    };
    let mut greedy = timeout(MS, greedy());
    for expected in [true, false] {
        let _running = current::enter(TaskId::fresh());
        assert_eq!(poll(&mut greedy).is_pending(), expected);
        pass(&timers, MS);
    }
}

#[test]
fn a_timeout_says_where_it_waits_unless_the_future_knows_better() {
    let (_timers, _entered) = worker();
    let running = current::enter(TaskId::fresh());
    assert!(poll(&mut timeout(MS, pending::<()>())).is_pending());
    assert_eq!(running.reason().kind, Kind::Sleep);
    // Also when the same line has said it before.
    for _ in 0..2 {
        let mut yields = timeout(MS, sleep(Duration::ZERO));
        assert!(poll(&mut yields).is_pending());
        assert_eq!(running.reason().kind, Kind::Yield);
    }
    // What does not wait says nothing; what waits without a word gets that of its timeout.
    assert!(poll(&mut timeout(MS, ready(7))).is_ready());
    assert_eq!(running.reason().kind, Kind::Yield);
    assert!(poll(&mut timeout(MS, pending::<()>())).is_pending());
    assert_eq!(running.reason().kind, Kind::Sleep);
}

#[test]
fn outside_a_runtime_a_timeout_that_must_wait_says_which_and_what_to_do() {
    let mut waits = timeout(MS, pending::<()>());
    let message = panic_of(|| _ = poll(&mut waits));
    assert!(message.contains("tests/timeout.rs:"), "{message}");
    assert!(message.contains("heist::run"), "{message}");
}

#[test]
fn dropped_at_any_poll_a_timeout_leaves_nothing() {
    let (timers, _entered) = worker();
    for polls in 0..5 {
        let mut future = Box::pin(timeout(3 * MS, async {
            sleep(MS).await;
            sleep(MS * 10).await;
        }));
        for _ in 0..polls {
            let _ = poll(&mut future);
            pass(&timers, MS);
        }
        drop(future);
        assert_eq!(timers.armed(), 0, "after {polls} polls");
    }
}

#[test]
fn a_task_that_changes_its_runtime_keeps_its_timer() {
    let (timers, entered) = worker();
    let mut slow = timeout(MS, pending::<()>());
    assert!(poll(&mut slow).is_pending());
    drop(entered);
    let other = Timers::new(1, Clock::paused(), Waker::noop().clone());
    let _entered = enter(other.clone(), Some(0));
    assert!(
        Box::pin(&mut slow)
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!((timers.armed(), other.armed()), (1, 0));
    pass(&timers, MS);
    assert!(poll(&mut slow).is_ready());
}
