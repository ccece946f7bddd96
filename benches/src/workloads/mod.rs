//! What is measured?
//!
//! One file a family; each has its own list, and [`all`] joins them. A workload knows no runtime:
//! whatever it needs that is not in [`Rt`] comes from a crate that belongs to none of them.

use crate::{
    args::Mode,
    meter::Sample,
    rt::{Rt, Tokio},
};

mod spawn; // what does a task cost from its first day to its last?
mod tree; // what do tasks cost that wait for their children?
mod remote; // what does a task cost that comes from elsewhere than a task?
mod wake; // what does a turn, or a word to another task, cost?
mod web_server; // what does a request cost that asks a database?
mod combine; // what does it cost to wait for many futures in one task?
mod time; // what does a deadline cost, and how late is it?
mod tcp; // what does a round trip over a socket cost?
mod served; // what does a request cost the server, whose clients are elsewhere?
mod memory; // how much memory does a task take that waits?
mod hostage; // how late is a task whose worker is blocked?
mod long_poll; // how late is an echo beside a task that blocks?
mod open_loop; // how late are answers to requests that do not wait for each other?
mod countdown; // when have all of them arrived?

/// What the numbers of a workload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What an operation costs. Less work is better.
    Cost,
    /// How late something happens. Sooner is better.
    Lateness,
    /// How much memory something takes.
    Memory,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Cost, Self::Lateness, Self::Memory];

    /// The numbers of a sample, in their order.
    pub fn figures(self) -> &'static [&'static str] {
        match self {
            Self::Cost => &["CPU ns", "wall ns"],
            Self::Lateness => &["p50 ns", "p99 ns", "p99.9 ns"],
            Self::Memory => &["B"],
        }
    }
}

/// In which modes a workload says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modes {
    Any,
    /// With one worker or two: with more it would measure the machine's few cores.
    Few,
    /// With two workers: it is about what the other one does.
    Two,
}

/// What the table says of a workload: the same over any runtime.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub name: &'static str,
    /// What a number is the cost of: nanoseconds per *this*.
    pub operation: &'static str,
    pub kind: Kind,
    pub modes: Modes,
    /// Who runs it besides the runtimes that run everything.
    pub also: &'static [&'static str],
}

impl Facts {
    pub fn is_cost(&self) -> bool {
        self.kind == Kind::Cost
    }

    /// The figure to look at, where no target names another.
    pub fn figure(&self, mode: Mode) -> usize {
        match self.kind {
            // The CPU's clock where nobody else runs, else the wall's.
            Kind::Cost => usize::from(!mode.is_pinned()),
            // The 99th percentile.
            Kind::Lateness => 1,
            Kind::Memory => 0,
        }
    }

    pub fn is_for(&self, mode: Mode) -> bool {
        match self.modes {
            Modes::Any => true,
            Modes::Few => mode.workers() <= 2,
            Modes::Two => mode == Mode::TWO_WORKERS,
        }
    }
}

/// A row of the table.
pub struct Workload<R> {
    pub facts: Facts,
    start: Box<dyn Fn(&R) -> Sample>,
}

impl<R: Rt> Workload<R> {
    /// A cost that a task measures.
    fn new<F>(name: &'static str, operation: &'static str, root: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Sample> + Send + 'static,
    {
        Self::outside(name, operation, move |runtime| runtime.run(root()))
    }

    /// A cost that is measured on a thread which is no worker.
    fn outside(
        name: &'static str,
        operation: &'static str,
        start: impl Fn(&R) -> Sample + 'static,
    ) -> Self {
        let facts = Facts {
            name,
            operation,
            kind: Kind::Cost,
            modes: Modes::Few,
            also: &[],
        };
        Self {
            facts,
            start: Box::new(start),
        }
    }

    fn of(mut self, kind: Kind) -> Self {
        self.facts.kind = kind;
        self
    }

    fn in_any_mode(mut self) -> Self {
        self.facts.modes = Modes::Any;
        self
    }

    fn with_two_workers(mut self) -> Self {
        self.facts.modes = Modes::Two;
        self
    }

    fn also(mut self, runtimes: &'static [&'static str]) -> Self {
        self.facts.also = runtimes;
        self
    }

    /// Measures it, on a runtime that has done nothing yet.
    pub fn run(&self, runtime: &R) -> Sample {
        (self.start)(runtime)
    }
}

/// Every workload, over `R`.
pub fn all<R: Rt>() -> Vec<Workload<R>> {
    let scaling = [
        spawn::all(),
        tree::all(),
        remote::all(),
        wake::all(),
        web_server::all(),
    ];
    let scaling = scaling.into_iter().flatten().map(Workload::in_any_mode);
    let few = [
        combine::all(),
        time::all(),
        tcp::all(),
        served::all(),
        memory::all(),
        hostage::all(),
        long_poll::all(),
        open_loop::all(),
    ];
    scaling.chain(few.into_iter().flatten()).collect()
}

pub use served::without_runtime;

/// What there is to say of every workload.
pub fn facts() -> impl Iterator<Item = Facts> {
    all::<Tokio>().into_iter().map(|workload| workload.facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_workloads_have_one_name() {
        let mut seen = HashSet::new();
        for Facts { name, .. } in facts() {
            assert!(seen.insert(name), "{name}");
        }
    }

    #[test]
    fn every_workload_has_a_row_in_the_readme() {
        let readme = include_str!("../../README.md");
        for Facts { name, .. } in facts() {
            let row = format!("| `{name}` |");
            assert_eq!(readme.matches(&row).count(), 1, "{name}");
        }
    }
}
