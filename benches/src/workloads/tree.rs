//! What do tasks cost that wait for their children?

use super::Workload;
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![
        Workload::new("skynet_1M", "task", skynet::<R>),
        Workload::new("fib_23", "task", fib::<R>),
        Workload::new("spawn_recursively", "task", recursively::<R>),
    ]
}

/// A tree of tasks with ten children each and a million leaves; each gives the sum of its leaves'
/// numbers.
async fn skynet<R: Rt>() -> Sample {
    const LEAVES: u64 = 1_000_000;
    const TASKS: u64 = 1_111_111;
    let mut meter = Meter::new(TASKS);
    while meter.again() {
        let sum = R::spawn(node::<R>(0, LEAVES)).await;
        assert_eq!(sum, LEAVES * (LEAVES - 1) / 2);
    }
    meter.finish()
}

fn node<R: Rt>(first: u64, leaves: u64) -> impl Future<Output = u64> + Send {
    const CHILDREN: u64 = 10;
    async move {
        if leaves == 1 {
            return first;
        }
        let each = leaves / CHILDREN;
        let children: Vec<_> = (0..CHILDREN)
            .map(|child| R::spawn(node::<R>(first + child * each, each)))
            .collect();
        let mut sum = 0;
        for child in children {
            sum += child.await;
        }
        sum
    }
}

/// The 23rd number of Fibonacci, by two tasks for each that is not one of the first two.
async fn fib<R: Rt>() -> Sample {
    const NUMBER: u32 = 23;
    const TASKS: u64 = 92_735;
    let mut meter = Meter::new(TASKS);
    while meter.again() {
        assert_eq!(R::spawn(fibonacci::<R>(NUMBER)).await, 28_657);
    }
    meter.finish()
}

fn fibonacci<R: Rt>(number: u32) -> impl Future<Output = u64> + Send {
    async move {
        if number < 2 {
            return u64::from(number);
        }
        let one = R::spawn(fibonacci::<R>(number - 1));
        let other = R::spawn(fibonacci::<R>(number - 2));
        one.await + other.await
    }
}

/// 300 tasks at once, each with a child, each of these with one, 300 generations: a task awaits its
/// child. As in async-executor's own benchmark of the name.
async fn recursively<R: Rt>() -> Sample {
    const LINES: usize = 300;
    const GENERATIONS: usize = 300;
    let mut meter = Meter::new((LINES * (GENERATIONS + 1)) as u64);
    while meter.again() {
        let lines: Vec<_> = (0..LINES)
            .map(|_| R::spawn(generation::<R>(GENERATIONS)))
            .collect();
        for line in lines {
            assert_eq!(line.await, GENERATIONS);
        }
    }
    meter.finish()
}

fn generation<R: Rt>(left: usize) -> impl Future<Output = usize> + Send {
    async move {
        match left {
            0 => 0,
            _ => 1 + R::spawn(generation::<R>(left - 1)).await,
        }
    }
}
