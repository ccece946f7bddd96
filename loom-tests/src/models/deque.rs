//! Does every value leave the queue, once, and complete?

use crate::{
    check::{join, spawn},
    work::Jobs,
};
use heist_core::{
    job::Job,
    primitive::deque::{Injector, Steal, Stealer, Worker},
};
use std::sync::Arc as Plain;

/// One attempt; a lost race is nobody's loss.
fn steal_once(from: &Stealer<Job>) {
    if let Steal::Success(job) = from.steal() {
        job.run();
    }
}

fn run_all(queue: &Worker<Job>) {
    while let Some(job) = queue.pop() {
        job.run();
    }
}

/// With one place, each push writes where a thief may have read.
pub fn a_place_is_reused_after_its_read() {
    let jobs = Jobs::new(3);
    let queue = Worker::with_capacity(1);
    let stealer = queue.stealer();
    queue.push(jobs.job(0));
    let thief = spawn(move || {
        steal_once(&stealer);
        steal_once(&stealer);
    });
    run_all(&queue);
    queue.push(jobs.job(1));
    run_all(&queue);
    queue.push(jobs.job(2));
    run_all(&queue);
    join([thief]);
    jobs.assert_all_run();
}

/// The owner learns from a glance that the place is free.
pub fn a_place_is_reused_after_a_glance() {
    let jobs = Jobs::new(2);
    let queue = Worker::with_capacity(1);
    let stealer = queue.stealer();
    queue.push(jobs.job(0));
    let thief = spawn(move || steal_once(&stealer));
    if queue.is_empty() {
        queue.push(jobs.job(1));
    } else {
        jobs.job(1).run();
    }
    run_all(&queue);
    join([thief]);
    jobs.assert_all_run();
}

/// Two thieves and the owner.
pub fn each_value_leaves_the_deque_once() {
    let jobs = Jobs::new(2);
    let queue = Worker::<Job>::new_fifo();
    let thieves = [(); 2].map(|()| {
        let stealer = queue.stealer();
        spawn(move || steal_once(&stealer))
    });
    queue.push(jobs.job(0));
    queue.push(jobs.job(1));
    run_all(&queue);
    join(thieves);
    jobs.assert_all_run();
}

/// A thief moves a batch into its own queue, from which another steals.
pub fn a_batch_moves_each_value_once() {
    let jobs = Jobs::new(3);
    let queue = Worker::<Job>::new_fifo();
    let between = Worker::<Job>::new_fifo();
    let (first, second) = (queue.stealer(), between.stealer());
    let thieves = [
        spawn(move || {
            if let Steal::Success(job) = first.steal_batch_and_pop(&between) {
                job.run();
            }
            run_all(&between);
        }),
        spawn(move || steal_once(&second)),
    ];
    for number in 0..3 {
        queue.push(jobs.job(number));
    }
    run_all(&queue);
    join(thieves);
    jobs.assert_all_run();
}

/// Two pushers, two thieves.
pub fn each_value_leaves_the_injector_once() {
    let jobs = Jobs::new(2);
    let injector = Plain::new(Injector::<Job>::new());
    let (pushed, push) = (jobs.clone(), injector.clone());
    let pusher = spawn(move || push.push(pushed.job(0)));
    let steal = injector.clone();
    let thief = spawn(move || {
        if let Steal::Success(job) = steal.steal() {
            job.run();
        }
    });
    injector.push(jobs.job(1));
    if let Steal::Success(job) = injector.steal() {
        job.run();
    }
    join([pusher]);
    join([thief]);
    while let Steal::Success(job) = injector.steal() {
        job.run();
    }
    jobs.assert_all_run();
}

/// A batch goes into a worker's queue, from which another steals.
pub fn a_batch_of_the_injector_moves_each_value_once() {
    let jobs = Jobs::new(3);
    let injector = Plain::new(Injector::<Job>::new());
    let queue = Worker::<Job>::new_fifo();
    let (steal, stealer) = (injector.clone(), queue.stealer());
    let threads = [
        spawn(move || {
            if let Steal::Success(job) = steal.steal_batch_and_pop(&queue) {
                job.run();
            }
            run_all(&queue);
        }),
        spawn(move || steal_once(&stealer)),
    ];
    for number in 0..3 {
        injector.push(jobs.job(number));
    }
    join(threads);
    while let Steal::Success(job) = injector.steal() {
        job.run();
    }
    jobs.assert_all_run();
}
