//! Promises of `gather` and `try_gather`. V numbers are asyncio's vectors.

mod common;

use common::{
    boxed,
    child::{Gate, drop_at_every_poll, pending_times, poll_once, watches},
    over_every_executor, over_every_spawner, yield_now,
};
use heist::{gather, sync::oneshot, try_gather};
use heist_core::task::{JoinError, Task};
use std::{
    cell::{Cell, RefCell},
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    task::Poll,
};

over_every_executor! {
    /// V1
    fn outputs_are_in_argument_order_also_when_the_last_finishes_first(executor) {
        executor.block_on(async {
            let (first, a) = oneshot();
            let (second, b) = oneshot();
            let a = async { a.await.unwrap() };
            let b = async { let value = b.await.unwrap(); first.send("a").unwrap(); value };
            let c = async { second.send("b").unwrap(); "c" };
            assert_eq!(gather([boxed(a), boxed(b), boxed(c)]).await, ["a", "b", "c"]);
        });
    }

    /// V2, improved: the siblings are gone when the error is there.
    fn the_first_error_drops_the_siblings(executor) {
        let watch = watches(3);
        executor.block_on(async {
            let mut children: Vec<_> = watch
                .iter()
                .map(|watch| boxed(async { Gate::new(watch).await; Ok(()) }))
                .collect();
            children.push(boxed(async { yield_now().await; Err("ValueError") }));
            assert_eq!(try_gather(children).await, Err("ValueError"));
        });
        assert!(watch.iter().all(|watch| !watch.is_alive()));
    }

    /// V2 for `gather`: an error is an output, and the siblings go on to their end.
    fn without_try_an_error_is_an_output_like_any_other(executor) {
        executor.block_on(async {
            let mark = Cell::new(false);
            let fails = async { Err("ValueError") };
            let marks = async { yield_now().await; mark.set(true); Ok(()) };
            let outputs = gather([boxed(fails), boxed(marks)]).await;
            assert_eq!(outputs, [Err("ValueError"), Ok(())]);
            assert!(mark.get());
        });
    }

    /// V8
    fn nobody_gives_nothing(executor) {
        executor.block_on(async {
            assert_eq!(gather::<[std::future::Ready<u8>; 0]>([]).await, []);
            assert_eq!(gather!().await, ());
            let nobody: [std::future::Ready<Result<u8, ()>>; 0] = [];
            assert_eq!(try_gather(nobody).await, Ok(vec![]));
        });
    }

    /// V7
    fn dropped_it_drops_every_child(executor) {
        let watch = watches(70);
        executor.block_on(async {
            let gates = watch.iter().map(Gate::new);
            heist::race!(async { gather(gates).await; }, yield_now()).await;
        });
        assert!(watch.iter().all(|watch| watch.polls() > 0 && !watch.is_alive()));
    }

    fn children_may_borrow(executor) {
        executor.block_on(async {
            let words = [String::from("one"), String::from("three")];
            let longest = Cell::new(0);
            let look = async |word: &str| {
                yield_now().await;
                longest.set(longest.get().max(word.len()));
                word.len()
            };
            let lengths = gather(words.iter().map(|word| look(word))).await;
            assert_eq!((lengths, longest.get()), (vec![3, 5], 5));
        });
    }

    fn a_tuple_of_four_types_has_four_types(executor) {
        executor.block_on(async {
            let text = String::from("borrowed");
            let (a, b, c, d) = gather!(
                async { yield_now().await; text.as_str() },
                ready(1),
                async { yield_now().await; 'c' },
                pending_times(3),
            ).await;
            assert_eq!((a, b, c, d), ("borrowed", 1, 'c', 3));
        });
    }

    fn try_gather_of_a_tuple_stops_at_the_first_error(executor) {
        executor.block_on(async {
            let watch = watches(1);
            let never = async { Gate::new(&watch[0]).await; Ok::<_, u8>("never") };
            let fails = async { yield_now().await; Err::<(), _>(7) };
            assert_eq!(try_gather!(never, fails, ready(Ok(1))).await, Err(7));
            assert!(!watch[0].is_alive());
            assert_eq!(try_gather!(ready(Ok::<_, u8>('a')), ready(Ok(1))).await, Ok(('a', 1)));
        });
    }

    fn with_a_limit_at_most_so_many_are_in_flight(executor) {
        executor.block_on(async {
            let (now, most, drawn) = (Cell::new(0), Cell::new(0), Cell::new(0));
            let (now, most, drawn) = (&now, &most, &drawn);
            let children = (0..100).map(|n| {
                drawn.set(drawn.get() + 1);
                assert!(now.get() < 7, "drawn before it can start");
                async move {
                    now.set(now.get() + 1);
                    most.set(now.get().max(most.get()));
                    yield_now().await;
                    now.set(now.get() - 1);
                    n
                }
            });
            assert_eq!(gather(children).limit(7).await, (0..100).collect::<Vec<_>>());
            assert_eq!((most.get(), drawn.get()), (7, 100));
        });
    }

    fn after_an_error_nothing_more_is_drawn(executor) {
        executor.block_on(async {
            let endless = (0..).map(|n| async move { if n < 20 { Ok(n) } else { Err(n) } });
            assert_eq!(try_gather(endless).limit(3).await, Err(20));
        });
    }

    fn a_panic_unwinds_through_and_the_siblings_are_dropped(executor) {
        for siblings in [1, 5, 80] {
            let watch = watches(siblings);
            let gathering = async {
                let panics = boxed(async { yield_now().await; panic!("mine") });
                let gates = watch.iter().map(|watch| boxed(Gate::new(watch)));
                gather(gates.chain([panics])).await
            };
            let caught = catch_unwind(AssertUnwindSafe(|| executor.block_on(gathering)));
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"mine"));
            assert!(watch.iter().all(|watch| !watch.is_alive()));
        }
    }

    fn ten_thousand_that_wake_themselves_all_return(executor) {
        executor.block_on(async {
            let outputs = gather((0..10_000).map(|n| pending_times(n % 5))).await;
            assert_eq!(outputs.len(), 10_000);
        });
    }

    fn wakes_from_other_threads_are_not_lost(executor) {
        executor.block_on(async {
            for count in [2, 40, 500] {
                let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| oneshot()).unzip();
                let mut senders: Vec<_> = senders.into_iter().map(Some).collect();
                let threads: Vec<_> = (0..2).map(|_| {
                    let half = senders.split_off(senders.len() / 2);
                    std::thread::spawn(move || half.into_iter().flatten().for_each(|sender| {
                        sender.send(7).unwrap();
                    }))
                }).collect();
                senders.into_iter().flatten().for_each(|sender| sender.send(7).unwrap());
                let outputs = gather(receivers).await;
                assert_eq!(outputs, vec![Ok(7); count]);
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            }
        });
    }
}

over_every_spawner! {
    /// V4: what Python shows as objects in the list is a `Result` here.
    fn values_errors_and_cancellations_stand_side_by_side(executor) {
        executor.block_on(async {
            let cancelled = executor.spawn(pending());
            cancelled.abort();
            let tasks = [
                executor.spawn(async { Ok(1) }),
                cancelled,
                executor.spawn(async { Err("ValueError") }),
            ];
            let outputs = gather(tasks).await;
            assert!(matches!(outputs[0], Ok(Ok(1))));
            assert!(outputs[1].as_ref().unwrap_err().is_cancelled());
            assert!(matches!(outputs[2], Ok(Err("ValueError"))));
        });
    }

    /// V5
    fn a_cancelled_task_is_an_error_and_cancels_nobody_else(executor) {
        executor.block_on(async {
            let (cancelled, other) = (executor.spawn(pending::<()>()), executor.spawn(async {}));
            cancelled.abort();
            let (cancelled, other) = gather!(cancelled, other).await;
            assert!(cancelled.unwrap_err().is_cancelled());
            other.unwrap();
        });
    }

    /// V6: a task can be awaited once; awaited by `&mut` it stays.
    fn a_borrowed_handle_survives_a_gather_that_is_dropped(executor) {
        executor.block_on(async {
            let (sender, receiver) = oneshot();
            let mut task = executor.spawn(receiver);
            heist::race!(async { gather([&mut task]).await; }, yield_now()).await;
            sender.send("kept").unwrap();
            assert_eq!(task.await.unwrap(), Ok("kept"));
        });
    }

    /// V2/V3, different on purpose: of handles `try_gather` is no owner.
    fn handles_detach_when_a_sibling_fails(executor) {
        executor.block_on(async {
            let (go, waits) = oneshot();
            let (tell, told) = oneshot();
            let lives = executor.spawn(async move {
                waits.await.unwrap();
                tell.send(()).unwrap();
            });
            let fails = executor.spawn(async { panic!("fails") });
            let failed: Result<_, JoinError> = try_gather([lives, fails]).await;
            assert!(failed.unwrap_err().is_panic());
            go.send(()).unwrap();
            told.await.unwrap();
        });
    }
}

#[test]
fn from_the_fourth_on_a_child_is_polled_at_most_once_more_than_it_is_woken() {
    for count in [4, 64, 65, 10_000] {
        let watch = watches(count);
        let mut gathering = pin!(gather(watch.iter().map(Gate::new)));
        assert!(poll_once(gathering.as_mut()).is_pending());
        for (n, child) in watch.iter().enumerate() {
            if n % 3 == 0 {
                child.wake();
                child.wake();
                assert!(poll_once(gathering.as_mut()).is_pending());
            }
            child.open();
            assert_eq!(poll_once(gathering.as_mut()).is_ready(), n == count - 1);
        }
        assert!(watch.iter().all(|child| child.polls() <= child.wakes() + 1));
        let polls: usize = watch.iter().map(|child| child.polls()).sum();
        assert!(polls <= 3 * count, "{polls} polls of {count}");
    }
}

#[test]
fn children_of_a_tuple_are_polled_only_when_woken() {
    let watch = watches(5);
    let gates = |n: usize| Gate::new(&watch[n]);
    let mut gathering = pin!(gather!(gates(0), gates(1), gates(2), gates(3), gates(4)));
    assert!(poll_once(gathering.as_mut()).is_pending());
    for child in [4, 2, 0, 1] {
        watch[child].open();
        assert!(poll_once(gathering.as_mut()).is_pending());
    }
    watch[3].open();
    assert!(poll_once(gathering).is_ready());
    assert!(watch.iter().all(|child| child.polls() == 2));
}

#[test]
fn a_child_is_dropped_as_soon_as_it_has_returned() {
    for count in [2, 5, 70] {
        let watch = watches(count);
        let mut gathering = pin!(gather(watch.iter().map(Gate::new)));
        assert!(poll_once(gathering.as_mut()).is_pending());
        watch[1].open();
        assert!(poll_once(gathering.as_mut()).is_pending());
        assert!(!watch[1].is_alive() && watch[0].is_alive());
    }
}

#[test]
fn a_waker_that_outlives_its_child_or_the_gather_is_harmless() {
    for count in [5, 70] {
        let watch = watches(count);
        let mut gathering = Box::pin(gather(watch.iter().map(Gate::new)));
        assert!(poll_once(gathering.as_mut()).is_pending());
        watch[0].open();
        assert!(poll_once(gathering.as_mut()).is_pending());
        let polls = watch[0].polls();
        watch[0].wake();
        assert!(poll_once(gathering.as_mut()).is_pending());
        assert_eq!(watch[0].polls(), polls);

        let wakers: Vec<_> = watch.iter().map(|watch| watch.waker()).collect();
        drop(gathering);
        wakers.iter().for_each(|waker| waker.wake_by_ref());
    }
}

#[test]
fn a_child_that_wakes_itself_for_ever_does_not_keep_the_others_or_the_caller() {
    for others in [1, 10, 100] {
        let polls = Rc::new(Cell::new(0));
        let greedy = {
            let polls = Rc::clone(&polls);
            boxed(std::future::poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                cx.waker().wake_by_ref();
                Poll::<usize>::Pending
            }))
        };
        let others = (0..others).map(|_| boxed(pending_times(3)));
        let mut gathering = pin!(gather([greedy].into_iter().chain(others)));
        for turn in 1..=10 {
            assert!(poll_once(gathering.as_mut()).is_pending());
            assert_eq!(polls.get(), turn);
        }
    }
}

#[test]
fn children_that_are_always_ready_do_not_keep_the_caller_for_ever() {
    let mut endless = pin!(gather((0..).map(ready)).limit(2));
    for _ in 0..100 {
        assert!(poll_once(endless.as_mut()).is_pending());
    }
}

#[test]
fn each_poll_begins_with_another_child() {
    let order = RefCell::new(Vec::new());
    let child = |n| {
        let order = &order;
        std::future::poll_fn(move |_| {
            order.borrow_mut().push(n);
            Poll::<()>::Pending
        })
    };
    let mut gathering = pin!(gather!(child(0), child(1), child(2)));
    for _ in 0..3 {
        assert!(poll_once(gathering.as_mut()).is_pending());
    }
    assert_eq!(*order.borrow(), [0, 1, 2, 1, 2, 0, 2, 0, 1]);
}

#[test]
fn a_used_up_budget_leaves_the_rest_of_the_batch_for_the_next_poll() {
    use heist_core::{budget, current, task::TaskId};
    let polls = Cell::new(0);
    let leaf = || async {
        std::future::poll_fn(|cx| {
            polls.set(polls.get() + 1);
            budget::poll_left(cx)
        })
        .await;
        budget::spend();
    };
    let mut gathering = pin!(gather((0..1_000).map(|_| leaf())));
    for turn in 1.. {
        let _task = current::enter(TaskId::fresh());
        let poll = poll_once(gathering.as_mut());
        assert_eq!(
            polls.get(),
            (turn * 128).min(1_000),
            "nobody was polled in vain"
        );
        if poll.is_ready() {
            break;
        }
    }
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    drop_at_every_poll(|| gather!(pending_times(1), pending_times(2)));
    drop_at_every_poll(|| {
        gather!(
            pending_times(1),
            pending_times(2),
            pending_times(3),
            pending_times(4)
        )
    });
    for count in [3, 20, 100] {
        drop_at_every_poll(|| gather((0..count).map(pending_times)));
        drop_at_every_poll(|| gather((0..count).map(pending_times)).limit(3));
        drop_at_every_poll(|| {
            try_gather((0..count).map(async |n| match pending_times(n).await {
                5.. => Err(vec![n]),
                _ => Ok(vec![n]),
            }))
        });
    }
}

#[test]
#[should_panic = "a limit of 0"]
fn a_limit_of_nobody_is_refused() {
    drop(gather([ready(())]).limit(0));
}

#[test]
#[should_panic = "polled again after it had returned"]
fn polled_again_it_panics() {
    let mut gathering = pin!(gather([ready(())]));
    assert!(poll_once(gathering.as_mut()).is_ready());
    let _ = poll_once(gathering);
}

#[test]
fn it_is_send_when_its_children_are() {
    fn is_send<T: Send>(_: T) {}
    is_send(gather([ready(1)]));
    is_send(try_gather([ready(Ok::<_, ()>(1))]));
    is_send(gather!(ready(1), ready("a"), ready('a'), ready(1.0)));
    is_send(async { gather!(ready(1), async { yield_now().await }).await });
}
