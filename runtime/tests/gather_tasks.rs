//! Promises of `par_gather` and `try_par_gather`. V numbers are asyncio's vectors.

mod common;

use common::{over_every_spawner, yield_now};
use heist::{
    combinators::{Failure, par_gather_on, try_par_gather_on},
    sync::oneshot,
};
use std::{
    future::pending,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

/// Counts the futures that hold one.
#[derive(Clone, Default)]
struct Alive(Arc<()>);

impl Alive {
    fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    async fn run<T>(self, body: impl Future<Output = T>) -> T {
        let _alive = self;
        body.await
    }
}

over_every_spawner! {
    /// V1
    fn outputs_are_in_argument_order(executor) {
        executor.block_on(async {
            let outputs = par_gather_on(&executor, (0..20).map(|n| async move { n })).await;
            let outputs: Vec<_> = outputs.into_iter().map(Result::unwrap).collect();
            assert_eq!(outputs, (0..20).collect::<Vec<_>>());
        });
    }

    fn two_tasks_run_at_the_same_time(executor) {
        executor.block_on(async {
            let both = Arc::new(Barrier::new(2));
            let both = [Arc::clone(&both), both];
            let tasks = both.map(|both| async move { both.wait().is_leader() });
            let outputs = par_gather_on(&executor, tasks).await;
            assert_eq!(outputs.into_iter().filter(|output| matches!(output, Ok(true))).count(), 1);
        });
    }

    /// V2, V4: a failure is an output, and the siblings go on.
    fn a_panic_is_its_childs_error_and_nobody_elses(executor) {
        executor.block_on(async {
            let tasks = (0..3).map(|n| async move { assert_ne!(n, 1, "one"); n });
            let outputs = par_gather_on(&executor, tasks).await;
            assert!(matches!(outputs[..], [Ok(0), Err(_), Ok(2)]));
            let error = outputs.into_iter().find_map(Result::err).unwrap();
            assert!(error.panic_message().unwrap().contains("one"));
        });
    }

    /// V7
    fn dropped_it_aborts_its_tasks(executor) {
        executor.block_on(async {
            let (tell, told) = oneshot::<()>();
            let (sign, signed) = oneshot();
            let task = async move {
                sign.send(()).unwrap();
                let _tell = tell;
                pending::<()>().await;
            };
            heist::race!(
                async { par_gather_on(&executor, [task]).await; },
                async { signed.await.unwrap(); },
            ).await;
            assert!(told.await.is_err(), "its future was dropped");
        });
    }

    /// V8
    fn nobody_gives_nothing(executor) {
        executor.block_on(async {
            let nobody: [std::future::Ready<()>; 0] = [];
            assert!(par_gather_on(&executor, nobody).await.is_empty());
        });
    }

    fn with_a_limit_at_most_so_many_are_spawned_at_a_time(executor) {
        executor.block_on(async {
            let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let tasks = (0..50).map(|n| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    yield_now().await;
                    now.fetch_sub(1, SeqCst);
                    n
                }
            });
            let outputs = par_gather_on(&executor, tasks).limit(3).await;
            assert!(outputs.into_iter().map(Result::unwrap).eq(0..50));
            assert!(most.load(SeqCst) <= 3);
        });
    }

    /// V2, improved: the siblings are aborted, and gone when the error is there.
    fn the_first_error_aborts_the_siblings_and_awaits_them(executor) {
        executor.block_on(async {
            let alive = Alive::default();
            let tasks = (0..4).map(|n| alive.clone().run(async move {
                if n == 2 { Err("ValueError") } else { pending().await }
            }));
            let failed: Result<Vec<()>, _> = try_par_gather_on(&executor, tasks).await;
            let error = failed.unwrap_err();
            assert_eq!(alive.count(), 0);
            assert!(matches!(error.first(), Failure::Returned("ValueError")));
            assert_eq!(error.iter().map(|(position, _)| position).collect::<Vec<_>>(), [2]);
            assert_eq!(error.to_string(), "ValueError");
        });
    }

    /// V3, improved: what fails while it is being stopped is told too.
    fn a_second_failure_is_attached(executor) {
        executor.block_on(async {
            let both = Arc::new(Barrier::new(2));
            let tasks = (0..2_usize).map(|n| {
                let both = Arc::clone(&both);
                async move {
                    // Both are in their last poll before either has failed.
                    both.wait();
                    Err::<(), _>(n)
                }
            });
            let error = try_par_gather_on(&executor, tasks).await.unwrap_err();
            let mut positions: Vec<_> = error.iter().map(|(position, _)| position).collect();
            positions.sort_unstable();
            assert_eq!(positions, [0, 1]);
            assert!(error.to_string().ends_with(" (and 1 more)"));
        });
    }

    fn a_panic_fails_it(executor) {
        executor.block_on(async {
            let tasks = [0, 1].map(|n| async move { assert_ne!(n, 0, "mine"); Ok::<_, ()>(n) });
            let error = try_par_gather_on(&executor, tasks).await.unwrap_err();
            let Failure::Joined(error) = error.into_first() else { panic!("it panicked") };
            assert!(error.is_panic());
        });
    }

    fn all_ok_gives_the_values(executor) {
        executor.block_on(async {
            let tasks = (0..9).map(|n| async move { Ok::<_, ()>(n) });
            let values = try_par_gather_on(&executor, tasks).limit(2).await.unwrap();
            assert!(values.into_iter().eq(0..9));
        });
    }

    fn after_a_failure_nothing_more_is_spawned(executor) {
        executor.block_on(async {
            let endless = (0..).map(|n| async move { if n < 9 { Ok(n) } else { Err(n) } });
            let error = try_par_gather_on(&executor, endless).limit(1).await.unwrap_err();
            assert!(matches!(error.into_first(), Failure::Returned(9)));
        });
    }
}
