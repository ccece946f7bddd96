//! Who is measured, and when?
//!
//! Round by round; within a round workload by workload; within a workload one contestant right
//! after the other, and another one first in each round. So a noisy minute falls on all of them.

use crate::{
    args::Args,
    child,
    meter::Sample,
    rt::{self, PEER},
    workloads,
};
use std::io::{self, IsTerminal, Write};

/// One of those who run each workload in each round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contestant {
    /// What is run.
    pub runtime: &'static str,
    /// The peer for the second time: its ratio to the first says how far apart two equal things
    /// look today.
    pub is_again: bool,
}

impl Contestant {
    pub fn label(self) -> String {
        let again = if self.is_again { " again" } else { "" };
        format!("{}{again}", self.runtime)
    }
}

/// Every runtime, and the peer again.
pub fn contestants() -> Vec<Contestant> {
    let first = rt::NAMES.map(|runtime| Contestant {
        runtime,
        is_again: false,
    });
    let again = Contestant {
        runtime: PEER,
        is_again: true,
    };
    first.into_iter().chain([again]).collect()
}

/// What one contestant did in each round; none where it gave no number.
pub struct Cells {
    pub contestant: Contestant,
    pub samples: Vec<Option<Sample>>,
}

/// One workload, measured.
pub struct Row {
    pub workload: &'static str,
    pub operation: &'static str,
    pub cells: Vec<Cells>,
}

impl Row {
    /// What everybody is divided by.
    pub fn peer(&self) -> &Cells {
        let peer = |cells: &&Cells| cells.contestant.runtime == PEER && !cells.contestant.is_again;
        self.cells.iter().find(peer).expect("the peer always runs")
    }
}

/// All that was measured.
pub struct Outcome {
    pub rows: Vec<Row>,
    pub failures: usize,
}

/// Empty rows for the workloads whose name contains `only`.
pub fn rows(only: Option<&str>) -> Vec<Row> {
    let cells = |contestant| Cells {
        contestant,
        samples: Vec::new(),
    };
    workloads::names()
        .filter(|(name, _)| only.is_none_or(|only| name.contains(only)))
        .map(|(workload, operation)| Row {
            workload,
            operation,
            cells: contestants().into_iter().map(cells).collect(),
        })
        .collect()
}

/// Measures `rows`. A cell that fails is reported at once and is no reason to stop.
pub fn run(args: &Args, mut rows: Vec<Row>) -> Outcome {
    let mut failures = 0;
    for round in 0..args.rounds.get() as usize {
        for row in &mut rows {
            progress(&format!(
                "round {} of {}: {}",
                round + 1,
                args.rounds,
                row.workload
            ));
            let of = row.cells.len();
            for turn in 0..of {
                let cells = &mut row.cells[seat(round, turn, of)];
                let sample = child::measure(cells.contestant.runtime, row.workload, args.mode);
                if let Err(error) = &sample {
                    failures += 1;
                    let label = cells.contestant.label();
                    eprintln!("{label}, {}, round {}: {error}", row.workload, round + 1);
                }
                cells.samples.push(sample.ok());
            }
        }
    }
    progress("");
    Outcome { rows, failures }
}

/// Who comes at `turn` of `round`.
fn seat(round: usize, turn: usize, of: usize) -> usize {
    (round + turn) % of
}

/// Rewrites the last line of a terminal; says nothing elsewhere.
fn progress(what: &str) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        // Nobody is told that nobody can be told.
        let _ = write!(stderr, "\r\x1b[K{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_runs_twice_and_everybody_else_once() {
        let labels: Vec<_> = contestants().iter().map(|c| c.label()).collect();
        assert_eq!(labels, ["heist", "tokio", "smol", "tokio again"]);
    }

    #[test]
    fn everybody_runs_once_a_round_and_each_is_first_once() {
        let rounds: Vec<Vec<usize>> = (0..4)
            .map(|round| (0..4).map(|turn| seat(round, turn, 4)).collect())
            .collect();
        for order in &rounds {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
        }
        let first: Vec<usize> = rounds.iter().map(|order| order[0]).collect();
        assert_eq!(first, [0, 1, 2, 3]);
    }

    #[test]
    fn only_picks_by_a_part_of_the_name() {
        let picked: Vec<_> = rows(Some("spawn_join"))
            .iter()
            .map(|r| r.workload)
            .collect();
        assert_eq!(picked, ["spawn_join_one"]);
        assert!(rows(Some("no such thing")).is_empty());
    }
}
