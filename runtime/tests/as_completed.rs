//! Promises of `as_completed`. V numbers are asyncio's vectors.

mod common;

use common::{
    boxed,
    child::{Gate, drop_at_every_poll, pending_times, poll_once, watches},
    over_every_executor, over_every_spawner, yield_now,
};
use heist::{as_completed, sync::oneshot};
use std::{
    cell::Cell,
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    task::Poll,
};

over_every_executor! {
    /// V9: in completion order, each once.
    fn outputs_come_in_the_order_in_which_they_complete(executor) {
        for count in [2_usize, 3, 64, 200] {
            executor.block_on(async {
                let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| oneshot()).unzip();
                let mut outputs = as_completed(receivers);
                heist::race!(async { outputs.next().await; }, yield_now()).await;
                for (n, sender) in senders.into_iter().enumerate().rev() {
                    sender.send(n).unwrap();
                }
                for n in (0..count).rev() {
                    assert_eq!(outputs.next().await, Some(Ok(n)));
                }
                assert_eq!(outputs.next().await, None);
                assert_eq!(outputs.next().await, None);
            });
        }
    }

    /// V9, different on purpose: those that are left over are dropped.
    fn dropped_it_drops_the_leftovers(executor) {
        let watch = watches(5);
        executor.block_on(async {
            let gates = watch.iter().map(|watch| boxed(Gate::new(watch)));
            let mut outputs = as_completed(gates.chain([boxed(ready(()))]));
            assert_eq!(outputs.next().await, Some(()));
        });
        assert!(watch.iter().all(|child| !child.is_alive()));
    }

    /// V11
    fn an_error_is_an_item_and_the_iteration_goes_on(executor) {
        executor.block_on(async {
            let children = [Ok(1), Err("two"), Ok(3)].map(|output| async move {
                yield_now().await;
                output
            });
            let mut outputs = as_completed(children);
            let mut seen = Vec::new();
            while let Some(output) = outputs.next().await {
                seen.push(output);
            }
            assert_eq!(seen, [Ok(1), Err("two"), Ok(3)]);
        });
    }

    fn indexed_tells_which_argument_it_was(executor) {
        executor.block_on(async {
            let (sender, receiver) = oneshot();
            let children = [boxed(async { receiver.await.unwrap() }), boxed(ready('b'))];
            let mut outputs = as_completed(children).indexed();
            assert_eq!(outputs.next().await, Some((1, 'b')));
            sender.send('a').unwrap();
            assert_eq!(outputs.next().await, Some((0, 'a')));
            assert_eq!(outputs.next().await, None);
        });
    }

    fn with_a_limit_at_most_so_many_are_in_flight(executor) {
        executor.block_on(async {
            let (now, most) = (&Cell::new(0), &Cell::new(0));
            let children = (0..100).map(|n| async move {
                now.set(now.get() + 1);
                most.set(now.get().max(most.get()));
                pending_times(n % 3).await;
                now.set(now.get() - 1);
                n
            });
            let mut outputs = as_completed(children).limit(5).indexed();
            let mut seen = Vec::new();
            while let Some((index, n)) = outputs.next().await {
                assert_eq!(index, n);
                seen.push(n);
            }
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..100));
            assert_eq!(most.get(), 5);
        });
    }

    fn a_next_that_is_dropped_loses_nothing(executor) {
        executor.block_on(async {
            let mut outputs = as_completed((0..30).map(pending_times));
            let mut seen = 0;
            loop {
                // The winner of the race is the yield, as often as not.
                let next = heist::race!(async { Some(outputs.next().await) }, async {
                    yield_now().await;
                    None
                }).await;
                match next {
                    Some(Some(_)) => seen += 1,
                    Some(None) => break,
                    None => {}
                }
            }
            assert_eq!(seen, 30);
        });
    }

    fn after_a_childs_panic_the_others_go_on(executor) {
        executor.block_on(async {
            let children = (0..6).map(|n| async move {
                yield_now().await;
                assert_ne!(n, 2, "two");
                n
            });
            for limit in [1, 2, 10] {
                let mut outputs = as_completed(children.clone()).limit(limit);
                let mut seen = Vec::new();
                loop {
                    let next = std::future::poll_fn(|cx| {
                        let mut next = pin!(outputs.next());
                        match catch_unwind(AssertUnwindSafe(|| next.as_mut().poll(cx))) {
                            Ok(poll) => poll,
                            Err(_) => Poll::Ready(Some(100)),
                        }
                    });
                    match next.await {
                        Some(n) => seen.push(n),
                        None => break,
                    }
                }
                assert_eq!(seen.len(), 6);
                assert!([0, 1, 3, 4, 5, 100].iter().all(|n| seen.contains(n)));
            }
        });
    }

    fn stream_ext_imports_without_a_clash(executor) {
        use futures::StreamExt;
        executor.block_on(async {
            let mut outputs = as_completed([ready(1), ready(2)]);
            assert_eq!(outputs.next().await, Some(1));
            let doubled: Vec<_> = outputs.map(|n| 2 * n).collect().await;
            assert_eq!(doubled, [4]);
        });
    }
}

over_every_spawner! {
    fn handles_come_in_the_order_in_which_their_tasks_end(executor) {
        executor.block_on(async {
            let (go, wait) = oneshot::<()>();
            let late = executor.spawn(async move { wait.await.unwrap(); "late" });
            let soon = executor.spawn(async { "soon" });
            let mut outputs = as_completed([late, soon]);
            assert_eq!(outputs.next().await.unwrap().unwrap(), "soon");
            go.send(()).unwrap();
            assert_eq!(outputs.next().await.unwrap().unwrap(), "late");
        });
    }

    /// V12, for handles: dropped, they detach.
    fn a_handle_that_is_left_over_detaches(executor) {
        executor.block_on(async {
            let (go, wait) = oneshot::<()>();
            let (tell, told) = oneshot();
            let late = executor.spawn(async move { wait.await.unwrap(); tell.send(7).unwrap(); });
            let mut outputs = as_completed([late, executor.spawn(async {})]);
            outputs.next().await.unwrap().unwrap();
            drop(outputs);
            go.send(()).unwrap();
            assert_eq!(told.await, Ok(7));
        });
    }

    /// V11
    fn a_panicked_task_is_an_item(executor) {
        executor.block_on(async {
            let tasks = [0, 1].map(|n| executor.spawn(async move { assert_ne!(n, 0); }));
            let mut outputs = as_completed(tasks);
            let mut panics = 0;
            while let Some(output) = outputs.next().await {
                panics += usize::from(output.is_err_and(|error| error.is_panic()));
            }
            assert_eq!(panics, 1);
        });
    }
}

#[test]
fn nobody_is_polled_between_two_items_nor_beside_them() {
    let watch = watches(10);
    let mut outputs = as_completed(watch.iter().map(Gate::new));
    assert!(poll_once(pin!(outputs.next())).is_pending());
    watch.iter().for_each(|child| child.open());
    for n in 0..10 {
        assert!(poll_once(pin!(outputs.next())).is_ready());
        assert!(watch.iter().skip(n + 1).all(|child| child.polls() == 1));
        assert_eq!(watch[n].polls(), 2);
    }
}

#[test]
fn each_child_is_polled_at_most_once_more_than_it_is_woken() {
    for count in [1, 4, 10_000] {
        let watch = watches(count);
        let mut outputs = as_completed(watch.iter().map(Gate::new));
        assert!(poll_once(pin!(outputs.next())).is_pending());
        for child in watch.iter().rev() {
            child.wake();
            assert!(poll_once(pin!(outputs.next())).is_pending());
            child.open();
            assert!(poll_once(pin!(outputs.next())).is_ready());
        }
        assert!(watch.iter().all(|child| child.polls() == child.wakes() + 1));
    }
}

#[test]
fn with_a_limit_a_place_is_filled_only_when_the_next_item_is_asked_for() {
    let drawn = Rc::new(Cell::new(0));
    let counting = Rc::clone(&drawn);
    let mut outputs = as_completed((0..100).map(move |n| {
        counting.set(counting.get() + 1);
        ready(n)
    }))
    .limit(2);
    assert_eq!(drawn.get(), 0);
    for n in 0..10 {
        assert_eq!(poll_once(pin!(outputs.next())), Poll::Ready(Some(n)));
        assert_eq!(drawn.get(), n + 2);
    }
}

#[test]
fn a_stale_waker_of_a_place_that_was_filled_again_is_harmless() {
    let watch = watches(3);
    let mut outputs = as_completed(watch.iter().map(Gate::new)).limit(1);
    assert!(poll_once(pin!(outputs.next())).is_pending());
    let stale = watch[0].waker();
    watch[0].open();
    assert!(poll_once(pin!(outputs.next())).is_ready());
    stale.wake_by_ref();
    assert!(poll_once(pin!(outputs.next())).is_pending());
    stale.wake();
    assert!(poll_once(pin!(outputs.next())).is_pending());
    assert!(watch[1].is_alive() && !watch[2].is_alive());
    watch[1].open();
    assert!(poll_once(pin!(outputs.next())).is_ready());
}

#[test]
fn the_size_hint_counts_down() {
    use futures::Stream;
    let mut outputs = as_completed([ready(1), ready(2), ready(3)]).limit(2);
    for left in [3, 2, 1] {
        assert_eq!(outputs.size_hint(), (left, Some(left)));
        assert!(poll_once(pin!(outputs.next())).is_ready());
    }
    assert_eq!(outputs.size_hint(), (0, Some(0)));
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    for limit in [1, 3, 1_000] {
        drop_at_every_poll(|| async {
            let mut outputs = as_completed((0..40).map(pending_times)).limit(limit);
            while outputs.next().await.is_some() {}
        });
    }
}

#[test]
fn the_last_items_waker_is_the_one_that_is_woken() {
    use futures::task::{ArcWake, waker};
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };
    #[derive(Default)]
    struct Count(AtomicUsize);
    impl ArcWake for Count {
        fn wake_by_ref(this: &Arc<Self>) {
            this.0.fetch_add(1, SeqCst);
        }
    }
    let watch = watches(2);
    let mut outputs = as_completed(watch.iter().map(Gate::new));
    let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
    for count in [&first, &second] {
        let waker = waker(Arc::clone(count));
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(pin!(outputs.next()).poll(&mut cx).is_pending());
    }
    watch[1].open();
    assert_eq!((first.0.load(SeqCst), second.0.load(SeqCst)), (0, 1));
}

#[test]
fn nobody_gives_nothing() {
    let mut outputs = as_completed(Vec::<std::future::Pending<()>>::new());
    assert_eq!(poll_once(pin!(outputs.next())), Poll::Ready(None));
}
