//! Who is measured, and when?
//!
//! Round by round; within a round workload by workload; within a workload one contestant right
//! after the other, in another order each round. So a noisy minute falls on all of them, and nobody
//! always comes after the same neighbour.

use crate::{
    args::{Args, Mode},
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
            let place = format!("{}, round {} of {}", row.workload, round + 1, args.rounds);
            progress(&place);
            for error in run_row(row, round, args.mode) {
                failures += 1;
                eprintln!("{place}: {error}");
            }
        }
    }
    progress("");
    Outcome { rows, failures }
}

/// Measures every cell of one row once, and says what failed.
fn run_row(row: &mut Row, round: usize, mode: Mode) -> Vec<String> {
    let mut errors = Vec::new();
    let of = row.cells.len();
    for turn in 0..of {
        let cells = &mut row.cells[seat(round, turn, of)];
        let sample = child::measure(cells.contestant.runtime, row.workload, mode);
        if let Err(error) = &sample {
            errors.push(format!("{}: {error}", cells.contestant.label()));
        }
        cells.samples.push(sample.ok());
    }
    errors
}

/// Who comes at `turn` of `round`: forwards from `round` in even rounds, backwards in odd ones.
fn seat(round: usize, turn: usize, of: usize) -> usize {
    if round.is_multiple_of(2) {
        (round + turn) % of
    } else {
        (round + of - turn) % of
    }
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
    use std::collections::HashSet;

    #[test]
    fn the_peer_runs_twice_and_everybody_else_once() {
        let labels: Vec<_> = contestants().iter().map(|c| c.label()).collect();
        assert_eq!(labels, ["heist", "tokio", "smol", "tokio again"]);
    }

    fn order(round: usize) -> Vec<usize> {
        (0..4).map(|turn| seat(round, turn, 4)).collect()
    }

    #[test]
    fn everybody_runs_once_a_round() {
        for round in 0..8 {
            let mut order = order(round);
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3]);
        }
    }

    #[test]
    fn in_four_rounds_each_is_first_once_and_last_once() {
        let first: HashSet<_> = (0..4).map(|round| order(round)[0]).collect();
        let last: HashSet<_> = (0..4).map(|round| order(round)[3]).collect();
        assert_eq!((first.len(), last.len()), (4, 4));
    }

    #[test]
    fn nobody_always_comes_after_the_same_neighbour() {
        for one in 0..4 {
            let after: HashSet<_> = (0..4)
                .flat_map(|round| {
                    let order = order(round);
                    let pairs: Vec<_> = order.windows(2).map(|p| (p[0], p[1])).collect();
                    pairs
                })
                .filter_map(|(before, who)| (who == one).then_some(before))
                .collect();
            assert!(after.len() > 1, "{one} only ever after {after:?}");
        }
    }

    #[test]
    fn only_picks_by_a_part_of_the_name() {
        let picked: Vec<_> = rows(Some("spawn_join_o"))
            .iter()
            .map(|r| r.workload)
            .collect();
        assert_eq!(picked, ["spawn_join_one"]);
        assert!(rows(Some("no such thing")).is_empty());
    }
}
