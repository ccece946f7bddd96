//! Promises of `select!`.

mod common;

use common::{
    child::{Gate, drop_at_every_poll, pending_times, watches},
    over_every_executor, over_every_spawner, yield_now,
};
use heist::{
    select,
    sync::{channel, oneshot},
};
use std::future::{pending, ready};

over_every_executor! {
    fn the_first_runs_its_handler_when_the_losers_are_gone(executor) {
        executor.block_on(async {
            let watch = watches(1);
            let seen = select! {
                () = Gate::new(&watch[0]) => "gate",
                n = pending_times(2) => { assert!(!watch[0].is_alive()); assert_eq!(n, 2); "times" }
            };
            assert_eq!(seen, "times");
        });
    }

    fn handlers_may_use_what_the_futures_had_borrowed(executor) {
        async fn push(list: &mut Vec<u8>) {
            yield_now().await;
            list.push(1);
        }
        executor.block_on(async {
            let mut list = Vec::new();
            select! {
                () = push(&mut list) => list.push(2),
                () = pending() => {}
            }
            assert_eq!(list, [1, 2]);
        });
    }

    fn handlers_may_break_continue_return_await_and_fail(executor) {
        async fn sum(numbers: &[&str]) -> Result<u32, std::num::ParseIntError> {
            let mut sum = 0;
            let mut numbers = numbers.iter();
            loop {
                select! {
                    number = ready(numbers.next()) => match number {
                        None => break,
                        Some(&"") => continue,
                        Some(&"stop") => return Ok(100),
                        Some(number) => sum += number.parse::<u32>()?,
                    },
                    () = pending() => yield_now().await,
                }
            }
            Ok(sum)
        }
        executor.block_on(async {
            assert_eq!(sum(&["1", "", "2"]).await, Ok(3));
            assert_eq!(sum(&["1", "stop"]).await, Ok(100));
            assert!(sum(&["one"]).await.is_err());
        });
    }

    fn a_branch_that_does_not_fit_drops_out_and_the_others_are_awaited(executor) {
        executor.block_on(async {
            let (closed, first) = channel::<u8>(1);
            let (sender, second) = channel(1);
            drop(closed);
            let sends = async { yield_now().await; sender.send(7).await };
            let receives = async {
                select! {
                    Ok(n) = first.recv() => n,
                    Ok(n) = second.recv() => n + 1,
                }
            };
            assert_eq!(heist::gather!(receives, sends).await.0, 8);
        });
    }

    fn when_every_branch_has_dropped_out_else_runs(executor) {
        executor.block_on(async {
            let seen = select! {
                Some(n) = ready(None) => n,
                Ok(n) = ready(Err(())) => n,
                else => 3,
            };
            assert_eq!(seen, 3);
            let never = false;
            select! {
                () = pending(), if never => unreachable!(),
                else => {}
            }
        });
    }

    fn under_a_false_condition_the_future_is_not_even_made(executor) {
        executor.block_on(async {
            let made = std::cell::Cell::new(0);
            let make = |n| {
                made.set(made.get() + 1);
                ready(n)
            };
            let [never, always] = [false, true];
            let seen = select! {
                n = make(1), if never => n,
                n = make(2), if always => n,
            };
            assert_eq!(made.get(), 1);
            assert_eq!(seen, 2);
        });
    }

    fn a_borrowed_future_goes_on_in_the_next_turn(executor) {
        executor.block_on(async {
            let (sender, mut receiver) = oneshot();
            let mut sender = Some(sender);
            let mut turns = 0;
            let got = loop {
                select! {
                    got = &mut receiver => break got,
                    _ = pending_times(1) => turns += 1,
                }
                if turns == 3 {
                    sender.take().unwrap().send("kept").unwrap();
                }
            };
            assert_eq!((got, turns), (Ok("kept"), 3));
        });
    }

    fn of_those_that_are_ready_not_always_the_same_wins(executor) {
        executor.block_on(async {
            let mut wins = [0; 3];
            for _ in 0..500 {
                let winner = select! {
                    () = ready(()) => 0,
                    () = ready(()) => 1,
                    () = ready(()) => 2,
                };
                wins[winner] += 1;
            }
            assert!(wins.iter().all(|&wins| wins > 0));
        });
    }

    fn biased_the_topmost_wins(executor) {
        executor.block_on(async {
            for _ in 0..100 {
                select! {
                    biased;
                    () = ready(()) => {}
                    () = ready(()) => unreachable!(),
                }
            }
        });
    }

    fn patterns_bind(executor) {
        executor.block_on(async {
            let seen = select! { mut list = ready(vec![1]) => { list.push(2); list } };
            assert_eq!(seen, [1, 2]);
            let seen = select! {
                (Some(a), _) | (_, Some(a)) = ready((None, Some(5))) => a,
                _ = pending::<()>() => 0,
            };
            assert_eq!(seen, 5);
            let seen = select! { n @ 1..=9 = ready(7) => n, else => 0 };
            assert_eq!(seen, 7);
        });
    }

    fn eight_branches(executor) {
        executor.block_on(async {
            for turn in 0..8 {
                let n = turn;
                let is = async |n: usize| {
                    if n == turn { yield_now().await } else { pending().await }
                };
                let seen = select! {
                    () = is(0) => 0, () = is(1) => 1, () = is(2) => 2, () = is(3) => 3,
                    () = is(4) => 4, () = is(5) => { 5 } () = is(6) => 6, () = is(7) => 7
                };
                assert_eq!(seen, n);
            }
        });
    }
}

over_every_spawner! {
    fn it_may_run_in_a_task(executor) {
        executor.block_on(async {
            let task = executor.spawn(async {
                let text = String::from("text");
                select! {
                    length = async { yield_now().await; text.len() } => length,
                    () = pending() => 0,
                }
            });
            assert_eq!(task.await.unwrap(), 4);
        });
    }
}

#[test]
#[should_panic = "every branch of this `select!` has dropped out"]
fn without_else_it_panics_when_every_branch_has_dropped_out() {
    futures::executor::block_on(async {
        select! { Some(()) = ready(None) => {} }
    });
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    drop_at_every_poll(|| async {
        for _ in 0..3 {
            select! {
                _ = pending_times(3) => yield_now().await,
                _ = pending_times(4) => yield_now().await,
            }
        }
    });
}
