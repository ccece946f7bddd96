//! Promises of the blocking threads.

use heist_core::job::Job;
use heist_io::{blocking::Pool, unblock::look_up};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
    time::Duration,
};

fn pool(limit: usize) -> Arc<Pool> {
    let nothing = || Box::new(|| ());
    Pool::new(
        limit,
        String::from("test"),
        nothing(),
        nothing(),
        Box::new(Job::run),
    )
}

fn push(pool: &Arc<Pool>, closure: impl FnOnce() + Send + 'static) {
    assert!(Pool::push(pool, Job::call(closure)).is_ok());
}

/// Runs a closure on the pool, and says on which thread.
fn runs_on(pool: &Arc<Pool>) -> ThreadId {
    let (tell, told) = mpsc::channel();
    push(pool, move || tell.send(thread::current().id()).unwrap());
    told.recv().unwrap()
}

#[test]
fn threads_start_when_nobody_is_idle_and_jobs_queue_beyond_the_limit() {
    let pool = pool(3);
    let (start, started) = mpsc::channel();
    let gates: Vec<_> = (0..5)
        .map(|number| {
            let (open, gate) = mpsc::channel::<()>();
            let start = start.clone();
            push(&pool, move || {
                start.send(number).unwrap();
                let _ = gate.recv();
            });
            open
        })
        .collect();
    let mut first: Vec<i32> = started.iter().take(3).collect();
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2]);
    assert_eq!(pool.threads(), 3);
    drop(gates);
    let mut rest: Vec<i32> = started.iter().take(2).collect();
    rest.sort_unstable();
    assert_eq!(rest, [3, 4], "they have queued");
    assert!(pool.shutdown(Duration::from_secs(10)));
}

/// Names are looked up by a few threads, and others have threads all the same.
#[test]
fn lookups_that_hang_leave_threads_to_others() {
    let pool = pool(512);
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let done = Arc::new(AtomicUsize::new(0));
    let mut lookups: Vec<_> = (0..100)
        .map(|number| {
            let (gate, done) = (gate.clone(), done.clone());
            look_up(&pool, move || {
                let _ = gate.lock().unwrap().recv();
                done.fetch_add(1, SeqCst);
                number
            })
        })
        .collect();
    let hanging = pool.threads();
    assert!(hanging < 100, "{hanging} threads for lookups");
    let id = runs_on(&pool);
    assert_ne!(id, thread::current().id());
    drop(open);
    for (number, lookup) in lookups.iter_mut().enumerate() {
        let answer = loop {
            match lookup.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(answer) => break answer,
                Poll::Pending => thread::yield_now(),
            }
        };
        assert_eq!(answer.unwrap(), number);
    }
    assert_eq!(done.load(SeqCst), 100);
    assert!(pool.shutdown(Duration::from_secs(10)));
}

#[test]
fn a_lookup_wakes_who_waits_for_it() {
    let pool = pool(1);
    let (open, gate) = mpsc::channel::<()>();
    let mut lookup = look_up(&pool, move || gate.recv().is_err());
    let opener = thread::spawn(move || drop(open));
    let answer = futures::executor::block_on(poll_fn(|cx| lookup.poll(cx)));
    assert!(answer.unwrap());
    opener.join().unwrap();
    assert!(pool.shutdown(Duration::from_secs(10)));
}

#[test]
fn a_closed_pool_gives_jobs_back_and_errors_to_lookups() {
    let pool = pool(4);
    runs_on(&pool);
    assert!(pool.shutdown(Duration::from_secs(10)));
    assert_eq!(pool.threads(), 0);
    let Err(job) = Pool::push(&pool, Job::call(|| ())) else {
        panic!("it takes no jobs");
    };
    job.run();
    let mut lookup = look_up(&pool, || 1);
    match lookup.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => assert!(answer.is_err()),
        Poll::Pending => panic!("nobody will answer"),
    }
}

#[test]
fn a_closure_that_stays_is_not_waited_for_longer_than_that() {
    let pool = pool(2);
    let (open, gate) = mpsc::channel::<()>();
    push(&pool, move || {
        let _ = gate.recv();
    });
    assert!(!pool.shutdown(Duration::from_millis(20)));
    drop(open);
    assert!(pool.shutdown(Duration::from_secs(10)));
}

/// A thread that goes is off the idle list and counted still, until its hook
/// has returned; a job that comes meanwhile queues for it.
#[test]
fn a_job_that_comes_while_the_last_thread_goes_is_run() {
    let (going, gone) = mpsc::channel();
    let (let_go, may_go) = mpsc::channel::<()>();
    let (going, may_go) = (Mutex::new(going), Mutex::new(may_go));
    let on_stop = move || {
        let _ = going.lock().unwrap().send(());
        let _ = may_go.lock().unwrap().recv();
    };
    let pool = Pool::new(
        1,
        String::from("test"),
        Box::new(|| ()),
        Box::new(on_stop),
        Box::new(Job::run),
    );
    let (tell, told) = mpsc::channel();
    let tell_2 = tell.clone();
    assert!(Pool::push(&pool, Job::call(move || tell.send(1).unwrap())).is_ok());
    assert_eq!(told.recv(), Ok(1));
    gone.recv().unwrap(); // after ten idle seconds
    assert!(Pool::push(&pool, Job::call(move || tell_2.send(2).unwrap())).is_ok());
    drop(let_go);
    assert_eq!(told.recv(), Ok(2));
}
