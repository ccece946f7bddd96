//! Promises of `race` and `first_ok`.

mod common;

use common::{
    boxed,
    child::{Gate, drop_at_every_poll, pending_times, poll_once, watches},
    over_every_executor, over_every_spawner, yield_now,
};
use heist::{first_ok, race, sync::oneshot};
use std::{
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
};

over_every_executor! {
    fn the_first_wins_and_the_losers_are_dropped(executor) {
        for losers in [1, 5, 80] {
            let watch = watches(losers);
            executor.block_on(async {
                let gates = watch.iter().map(|watch| boxed(async { Gate::new(watch).await; 0 }));
                let wins = boxed(async { yield_now().await; 7 });
                let racing = pin!(race(gates.chain([wins])));
                assert_eq!(racing.await, 7);
                assert!(watch.iter().all(|child| !child.is_alive()), "before the race is dropped");
            });
        }
    }

    fn a_borrowed_loser_goes_on(executor) {
        executor.block_on(async {
            let (sender, mut receiver) = oneshot();
            assert_eq!(heist::race!(&mut receiver, ready(Ok("other"))).await, Ok("other"));
            sender.send("kept").unwrap();
            assert_eq!(receiver.await, Ok("kept"));
        });
    }

    fn a_tuple_drops_its_losers_when_somebody_has_won(executor) {
        executor.block_on(async {
            let watch = watches(4);
            let gates = |n: usize| Gate::new(&watch[n]);
            let racing = heist::race!(gates(0), gates(1), gates(2), yield_now(), gates(3));
            let mut racing = pin!(racing);
            racing.as_mut().await;
            assert!(watch.iter().all(|child| child.polls() == 1 && !child.is_alive()));
        });
    }

    fn of_those_that_are_ready_not_always_the_same_wins(executor) {
        executor.block_on(async {
            let mut wins = [0; 4];
            let mut tuple_wins = [0; 4];
            for _ in 0..500 {
                wins[race([0, 1, 2, 3].map(ready)).await] += 1;
                tuple_wins[heist::race!(ready(0), ready(1), ready(2), ready(3)).await] += 1;
            }
            assert!(wins.iter().chain(&tuple_wins).all(|&wins| wins > 0));
        });
    }

    fn a_panic_unwinds_through(executor) {
        let watch = watches(1);
        let racing = heist::race!(Gate::new(&watch[0]), async { panic!("mine") });
        assert!(catch_unwind(AssertUnwindSafe(|| executor.block_on(racing))).is_err());
        assert!(!watch[0].is_alive());
    }

    fn first_ok_waits_for_an_ok(executor) {
        executor.block_on(async {
            let watch = watches(1);
            let children = [
                boxed(ready(Err("refused"))),
                boxed(async { yield_now().await; Ok(7) }),
                boxed(async { Gate::new(&watch[0]).await; Err("never") }),
            ];
            assert_eq!(first_ok(children).await, Ok(7));
            assert!(!watch[0].is_alive());
        });
    }

    fn when_all_fail_first_ok_gives_every_error_in_argument_order(executor) {
        executor.block_on(async {
            let children = [3, 0, 1].map(|n| async move { Err::<(), _>(pending_times(n).await) });
            assert_eq!(first_ok(children).await, Err(vec![3, 0, 1]));
            let nobody: [std::future::Ready<Result<(), ()>>; 0] = [];
            assert_eq!(first_ok(nobody).await, Err(vec![]));
        });
    }
}

over_every_spawner! {
    fn a_handle_that_loses_detaches(executor) {
        executor.block_on(async {
            let (go, wait) = oneshot::<()>();
            let (tell, told) = oneshot();
            let loses = executor.spawn(async move { wait.await.unwrap(); tell.send(7).unwrap(); });
            race([loses, executor.spawn(async {})]).await.unwrap();
            go.send(()).unwrap();
            assert_eq!(told.await, Ok(7));
        });
    }
}

#[test]
#[should_panic = "a race of nobody"]
fn a_race_of_nobody_is_refused_at_once() {
    drop(race(Vec::<std::future::Pending<()>>::new()));
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    for count in [2, 30, 90] {
        drop_at_every_poll(|| race((3..count + 3).map(pending_times)));
        drop_at_every_poll(|| {
            first_ok((0..count).map(async |n| Err::<(), _>(vec![pending_times(n).await])))
        });
    }
    drop_at_every_poll(|| heist::race!(pending_times(3), pending_times(4)));
    drop_at_every_poll(|| {
        heist::race!(
            pending_times(3),
            pending_times(4),
            pending_times(5),
            pending_times(6)
        )
    });
}

#[test]
fn in_a_race_too_only_the_woken_are_polled() {
    let watch = watches(100);
    let mut racing = pin!(race(watch.iter().map(Gate::new)));
    assert!(poll_once(racing.as_mut()).is_pending());
    watch[40].wake();
    assert!(poll_once(racing.as_mut()).is_pending());
    watch[50].open();
    assert!(poll_once(racing).is_ready());
    assert_eq!(watch.iter().map(|child| child.polls()).sum::<usize>(), 102);
}
