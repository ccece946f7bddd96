//! What is measured?
//!
//! One file a family; each has its own list, and [`all`] joins them. A workload knows no runtime:
//! whatever it needs that is not in [`Rt`] comes from a crate that belongs to none of them.

use crate::{
    meter::Sample,
    rt::{Rt, Tokio},
};

mod spawn; // what does a task cost from its first day to its last?
mod tree; // what do tasks cost that wait for their children?
mod remote; // what does a task cost that comes from elsewhere than a task?
mod wake; // what does a turn, or a word to another task, cost?
mod web_server; // what does a request cost that asks a database?
mod tcp; // what does a round trip over a socket cost?
mod hostage; // how late is a task whose worker is blocked?
mod countdown; // when have all of them arrived?

/// A row of the table.
pub struct Workload<R> {
    pub name: &'static str,
    /// What a number is the cost of: nanoseconds per *this*.
    pub operation: &'static str,
    start: Box<dyn Fn(&R) -> Sample>,
}

impl<R: Rt> Workload<R> {
    fn new<F>(name: &'static str, operation: &'static str, root: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Sample> + Send + 'static,
    {
        let start = Box::new(move |runtime: &R| runtime.run(root()));
        Self {
            name,
            operation,
            start,
        }
    }

    /// A workload that begins on a thread which is no worker.
    fn outside(
        name: &'static str,
        operation: &'static str,
        start: impl Fn(&R) -> Sample + 'static,
    ) -> Self {
        Self {
            name,
            operation,
            start: Box::new(start),
        }
    }

    /// Measures it, on a runtime that has done nothing yet.
    pub fn run(&self, runtime: &R) -> Sample {
        (self.start)(runtime)
    }
}

/// Every workload, over `R`.
pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let families = [
        spawn::all(),
        tree::all(),
        remote::all(),
        wake::all(),
        web_server::all(),
        tcp::all(),
        hostage::all(),
    ];
    families.into_iter().flatten().collect()
}

/// The name and the operation of every workload: the same over any runtime.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let workloads = all::<Tokio>();
    workloads.into_iter().map(|w| (w.name, w.operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_workloads_have_one_name() {
        let mut seen = HashSet::new();
        for (name, _) in names() {
            assert!(seen.insert(name), "{name}");
        }
    }
}
