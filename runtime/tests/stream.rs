//! Promises of `stream::generator`.

mod common;

use common::{
    boxed,
    child::{Gate, drop_at_every_poll, pending_times, poll_once, watches},
    over_every_executor, over_every_spawner, yield_now,
};
use futures::{Stream, StreamExt, stream::FuturesUnordered};
use heist::stream::{Emitter, Generator, generator, try_generator};
use std::{
    cell::Cell,
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
};

over_every_executor! {
    fn items_come_in_order_and_the_end_stays(executor) {
        executor.block_on(async {
            let mut items = generator(async |mut y| {
                for n in 0..3 {
                    yield_now().await;
                    y.emit(n).await;
                }
                yield_now().await;
            });
            for n in 0..3 {
                assert_eq!(items.next().await, Some(n));
            }
            assert_eq!(items.next().await, None);
            assert_eq!(items.next().await, None);
        });
    }

    fn the_body_runs_only_while_an_item_is_asked_for(executor) {
        executor.block_on(async {
            let steps = Cell::new(0);
            let mut items = generator(async |mut y| loop {
                steps.set(steps.get() + 1);
                y.emit(()).await;
            });
            assert_eq!(steps.get(), 0);
            for step in 1..5 {
                items.next().await;
                assert_eq!(steps.get(), step);
            }
        });
    }

    fn helpers_may_borrow_the_emitter(executor) {
        async fn pair(y: &mut Emitter<'_, u8>, n: u8) {
            y.emit(n).await;
            y.emit(n).await;
        }
        executor.block_on(async {
            let items = generator(async |mut y| {
                pair(&mut y, 1).await;
                pair(&mut y, 2).await;
            });
            assert_eq!(items.collect::<Vec<_>>().await, [1, 1, 2, 2]);
        });
    }

    fn the_body_may_borrow(executor) {
        executor.block_on(async {
            let words = [String::from("a"), String::from("b")];
            let mut items = generator(async |mut y| {
                for word in &words {
                    y.emit(word.as_str()).await;
                }
            });
            assert_eq!(items.next().await, Some("a"));
            assert_eq!(items.next().await, Some("b"));
        });
    }

    fn emit_under_a_sub_executor_goes_on(executor) {
        executor.block_on(async {
            let items = generator(async |mut y| {
                let mut children = FuturesUnordered::new();
                children.push(boxed(async {
                    for n in 0..3 {
                        y.emit(n).await;
                    }
                }));
                children.push(boxed(yield_now()));
                while children.next().await.is_some() {}
            });
            assert_eq!(items.collect::<Vec<_>>().await, [0, 1, 2]);
        });
    }

    fn emit_inside_a_gather_of_many_goes_on(executor) {
        executor.block_on(async {
            let items = generator(async |mut y| {
                let emits = boxed(async {
                    for n in 0..3 {
                        y.emit(n).await;
                        yield_now().await;
                    }
                });
                let others = (0..9).map(|n| boxed(async move { pending_times(n).await; }));
                heist::gather(others.chain([emits])).await;
            });
            assert_eq!(items.collect::<Vec<_>>().await, [0, 1, 2]);
        });
    }

    fn a_generator_inside_a_generator_emits_to_both(executor) {
        executor.block_on(async {
            let items = generator(async |mut outer| {
                let inner = generator(async |mut y| {
                    for n in 0..3 {
                        outer.emit(10 * n).await;
                        y.emit(n).await;
                    }
                    outer.emit(100).await;
                });
                assert_eq!(inner.collect::<Vec<_>>().await, [0, 1, 2]);
            });
            assert_eq!(items.collect::<Vec<_>>().await, [0, 10, 20, 100]);
        });
    }

    fn an_emit_that_is_dropped_after_its_poll_has_emitted(executor) {
        executor.block_on(async {
            let items = generator(async |mut y| {
                heist::select! {
                    biased;
                    () = y.emit(1) => unreachable!(),
                    () = ready(()) => {}
                }
                y.emit(2).await;
                heist::select! {
                    biased;
                    () = y.emit(3) => unreachable!(),
                    () = ready(()) => {}
                }
            });
            assert_eq!(items.collect::<Vec<_>>().await, [1, 2, 3]);
        });
    }

    fn an_emit_that_is_dropped_before_its_poll_has_not(executor) {
        executor.block_on(async {
            let items = generator(async |mut y| {
                drop(y.emit(1));
                y.emit(2).await;
            });
            assert_eq!(items.collect::<Vec<_>>().await, [2]);
        });
    }

    fn an_error_is_the_last_item(executor) {
        executor.block_on(async {
            let items = try_generator(async |mut y| {
                for text in ["1", "x", "2"] {
                    y.emit(text.parse::<u8>().map_err(|_| text)?).await;
                }
                Ok(())
            });
            assert_eq!(items.collect::<Vec<_>>().await, [Ok(1), Err("x")]);
        });
    }

    fn an_item_that_nobody_waited_for_comes_before_the_error(executor) {
        executor.block_on(async {
            let items = try_generator(async |mut y| {
                heist::select! {
                    biased;
                    () = y.emit(1) => unreachable!(),
                    () = ready(()) => Err("last"),
                }
            });
            assert_eq!(items.collect::<Vec<_>>().await, [Ok(1), Err("last")]);
        });
    }

    fn after_a_panic_it_has_ended(executor) {
        executor.block_on(async {
            let mut items = generator(async |mut y| {
                y.emit(1).await;
                panic!("mine");
            });
            assert_eq!(items.next().await, Some(1));
            let next = AssertUnwindSafe(|| poll_once(pin!(items.next())));
            assert_eq!(catch_unwind(next).unwrap_err().downcast_ref(), Some(&"mine"));
            assert_eq!(items.next().await, None);
        });
    }
}

over_every_spawner! {
    fn it_is_send_when_its_body_is(executor) {
        executor.block_on(async {
            let task = executor.spawn(async {
                let text = String::from("borrowed");
                let mut letters = generator(async |mut y| {
                    for letter in text.chars() {
                        yield_now().await;
                        y.emit(letter).await;
                    }
                });
                let mut count = 0;
                while letters.next().await.is_some() {
                    count += 1;
                }
                count
            });
            assert_eq!(task.await.unwrap(), 8);
        });
    }
}

#[test]
fn it_is_unpin_and_nameable_and_boxes_as_a_send_stream() {
    struct Holds<F: Future<Output = ()>>(Generator<u8, F>);
    fn is_unpin<T: Unpin>(_: &T) {}
    let text = String::from("ab");
    let holds = Holds(generator(async |mut y| {
        for byte in text.bytes() {
            y.emit(byte).await;
        }
    }));
    is_unpin(&holds);
    let boxed: Pin<Box<dyn Stream<Item = u8> + Send + '_>> = Box::pin(holds.0);
    let bytes = futures::executor::block_on(boxed.collect::<Vec<_>>());
    assert_eq!(bytes, b"ab");
}

#[test]
fn dropped_it_drops_its_body_where_it_stands() {
    let watch = watches(1);
    let mut items = generator(async |mut y| {
        y.emit(()).await;
        Gate::new(&watch[0]).await;
    });
    assert!(poll_once(pin!(items.next())).is_ready());
    assert!(poll_once(pin!(items.next())).is_pending());
    assert!(watch[0].is_alive());
    drop(items);
    assert!(!watch[0].is_alive());
}

#[test]
fn to_emit_in_a_destructor_panics_and_says_where() {
    struct Emits<'a>(Emitter<'a, u8>);
    impl Drop for Emits<'_> {
        fn drop(&mut self) {
            let _ = poll_once(pin!(self.0.emit(1)));
        }
    }
    let mut items = generator(async |y| {
        let _emits = Emits(y);
        std::future::pending().await
    });
    assert!(poll_once(pin!(items.next())).is_pending());
    let payload = catch_unwind(AssertUnwindSafe(|| drop(items))).unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.contains("stream.rs:") && message.contains("await it in the body"));
}

#[test]
fn without_a_sub_executor_an_emit_wakes_nobody() {
    use futures::task::{ArcWake, waker};
    use std::sync::Arc;
    struct Never;
    impl ArcWake for Never {
        fn wake_by_ref(_: &Arc<Self>) {
            panic!("woken in vain");
        }
    }
    let waker = waker(Arc::new(Never));
    let mut cx = std::task::Context::from_waker(&waker);
    let mut items = generator(async |mut y| y.emit(1).await);
    assert_eq!(pin!(items.next()).poll(&mut cx), Poll::Ready(Some(1)));
    assert_eq!(pin!(items.next()).poll(&mut cx), Poll::Ready(None));
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    drop_at_every_poll(|| async {
        let mut items = generator(async |mut y| {
            for n in 0..4 {
                pending_times(n).await;
                y.emit(vec![n]).await;
            }
        });
        while items.next().await.is_some() {
            yield_now().await;
        }
    });
}
