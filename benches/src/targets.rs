//! How fast shall heist be?
//!
//! Targets are set before anything is measured, and are not moved because something was.

use crate::{
    args::{Alloc, Mode},
    limit::RAW_EPOLL,
    rt::PEER,
};

/// What one number of a row shall be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Which of the row's figures.
    pub figure: usize,
    pub at_most: AtMost,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AtMost {
    /// So many times the figure of this contestant in the same round.
    Of(&'static str, f64),
    /// This figure, whatever the others do.
    Value(f64),
}

const CPU: usize = 0;
const WALL: usize = 1;
const P50: usize = 0;
const P99: usize = 1;
const P99_9: usize = 2;
const BYTES: usize = 0;

/// One worker, CPU time, the system's allocator; a name that ends in `*` means all that begin so.
const ONE_WORKER: &[(&str, f64)] = &[
    ("spawn_many_worker_*", 0.15),
    ("spawn_join_many_10k", 0.20),
    ("spawn_join_one", 0.30),
    ("spawn_many_local", 0.15),
    ("spawn_many_remote_idle", 0.40),
    ("spawn_many_remote_busy1", 0.12),
    ("spawn_many_remote_busy2", 0.002),
    ("skynet_1M", 0.10),
    ("fib_23", 0.50),
    ("yield_many", 0.60),
    ("ping_pong", 0.50),
    ("chained_spawn", 0.50),
    ("spawn_recursively", 0.20),
    ("channels", 0.80),
    ("web_server", 0.22),
    ("timeout_ready", 0.12),
    ("timeout_yield", 0.60),
    ("sleep_drop", 0.20),
    ("sleeps_100k", 0.75),
    ("tcp_*", 1.00),
    ("connect_close", 1.00),
    ("echo_*", 1.00),
    ("http_64", 0.95),
    ("gather_1000", 0.50),
    ("as_completed_1000", 0.50),
];

/// The CPU time of an echo's server, of one that has no runtime.
const ECHO: (&str, f64) = ("echo_*", 1.10);

/// With mimalloc, and one worker: every row that spawns.
const SPAWN_WITH_MIMALLOC: f64 = 0.60;

/// Rows whose operation is a task.
const SPAWN: &[&str] = &[
    "spawn_*",
    "remote_spawn_2thr",
    "chained_spawn",
    "skynet_1M",
    "fib_23",
];

/// Two workers, wall time: what is not here shall not be above [`OTHERS_TWO_WORKERS`].
const TWO_WORKERS: &[(&str, f64)] = &[
    ("spawn_*", 0.45),
    ("chained_spawn", 0.45),
    ("skynet_1M", 0.45),
    ("remote_spawn_2thr", 0.45),
    ("web_server", 0.45),
    ("sleep_drop", 0.80),
];

const OTHERS_TWO_WORKERS: f64 = 1.00;

/// Of what is no cost: the same with one worker or two.
const OTHER_KINDS: &[(&str, Target)] = &[
    ("sleep_accuracy", of_peer(P50, 0.10)),
    ("mem_task", value(BYTES, 120.0)),
    ("mem_sleep", value(BYTES, 220.0)),
    ("mem_conn", value(BYTES, 1000.0)),
];

/// Of what is no cost, with two workers only: one that is blocked leaves the other.
const OTHER_KINDS_TWO_WORKERS: &[(&str, Target)] = &[
    ("hostage", value(P99, 20e6)),
    ("long_poll", of_peer(P99, 0.10)),
    ("openloop_*", of_peer(P50, 1.00)),
    ("openloop_*", of_peer(P99, 1.00)),
    ("openloop_*", of_peer(P99_9, 1.00)),
];

/// What `workload` is held to.
pub fn of(workload: &str, is_cost: bool, mode: Mode, alloc: Alloc) -> Vec<Target> {
    if mode.workers() > 2 {
        return Vec::new();
    }
    let two_workers = mode == Mode::TWO_WORKERS;
    if !is_cost {
        let more = if two_workers {
            OTHER_KINDS_TWO_WORKERS
        } else {
            &[]
        };
        let all = OTHER_KINDS.iter().chain(more);
        let mine = all.filter(|(pattern, _)| matches(pattern, workload));
        return mine.map(|(_, target)| *target).collect();
    }
    let ratio = match (two_workers, alloc) {
        (true, _) => find(TWO_WORKERS, workload).or(Some(OTHERS_TWO_WORKERS)),
        (false, Alloc::System) => find(ONE_WORKER, workload),
        (false, Alloc::Mimalloc) => {
            let spawns = SPAWN.iter().any(|pattern| matches(pattern, workload));
            spawns.then_some(SPAWN_WITH_MIMALLOC)
        }
    };
    let figure = if two_workers { WALL } else { CPU };
    let of_peer = ratio.map(|ratio| of_peer(figure, ratio));
    let of_limit = (figure == CPU && matches(ECHO.0, workload)).then_some(Target {
        figure,
        at_most: AtMost::Of(RAW_EPOLL, ECHO.1),
    });
    of_peer.into_iter().chain(of_limit).collect()
}

const fn of_peer(figure: usize, ratio: f64) -> Target {
    Target {
        figure,
        at_most: AtMost::Of(PEER, ratio),
    }
}

const fn value(figure: usize, most: f64) -> Target {
    Target {
        figure,
        at_most: AtMost::Value(most),
    }
}

fn find(list: &[(&str, f64)], workload: &str) -> Option<f64> {
    let found = list.iter().find(|(pattern, _)| matches(pattern, workload));
    found.map(|(_, ratio)| *ratio)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;

    #[test]
    fn every_target_belongs_to_a_workload() {
        let costs = ONE_WORKER.iter().chain(TWO_WORKERS).map(|(name, _)| *name);
        let others = OTHER_KINDS.iter().chain(OTHER_KINDS_TWO_WORKERS);
        let names = costs.chain(others.map(|(name, _)| *name));
        for pattern in names.chain(SPAWN.iter().copied()) {
            let mut all = workloads::facts();
            assert!(all.any(|facts| matches(pattern, facts.name)), "{pattern}");
        }
    }

    #[test]
    fn a_target_is_a_figure_of_its_row() {
        for facts in workloads::facts() {
            for mode in [Mode::ONE_WORKER, Mode::TWO_WORKERS] {
                for target in of(facts.name, facts.is_cost(), mode, Alloc::System) {
                    assert!(target.figure < facts.kind.figures().len(), "{}", facts.name);
                }
            }
        }
    }

    #[test]
    fn with_one_worker_it_is_cpu_time_and_with_two_wall_time() {
        let target = |mode| of("spawn_many_worker_1M", true, mode, Alloc::System);
        assert_eq!(target(Mode::ONE_WORKER), [of_peer(CPU, 0.15)]);
        assert_eq!(target(Mode::TWO_WORKERS), [of_peer(WALL, 0.45)]);
    }
}
