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
    stats,
    workloads::{self, Facts},
};
use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

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

/// Every runtime, those who run only this, and the peer again.
pub fn contestants(also: &'static [&'static str]) -> Vec<Contestant> {
    let once = |runtime| Contestant {
        runtime,
        is_again: false,
    };
    let again = Contestant {
        runtime: PEER,
        is_again: true,
    };
    let runtimes = rt::NAMES.iter().chain(also).copied();
    runtimes.map(once).chain([again]).collect()
}

/// What one contestant did in each round; none where it gave no number.
pub struct Cells {
    pub contestant: Contestant,
    pub samples: Vec<Option<Sample>>,
}

impl Cells {
    /// One figure of each round.
    pub fn each(&self, figure: usize) -> Vec<Option<f64>> {
        let value = |sample: &Option<Sample>| sample.as_ref()?.values.get(figure).copied();
        self.samples.iter().map(value).collect()
    }
}

/// One workload, measured.
pub struct Row {
    pub facts: Facts,
    pub cells: Vec<Cells>,
}

impl Row {
    /// What this runtime did the first time.
    pub fn of(&self, runtime: &str) -> Option<&Cells> {
        let is_it =
            |cells: &&Cells| cells.contestant.runtime == runtime && !cells.contestant.is_again;
        self.cells.iter().find(is_it)
    }

    /// One number for each round that has it.
    pub fn values(&self, runtime: &str, figure: usize) -> Vec<f64> {
        let cells = self.of(runtime).map(|cells| cells.each(figure));
        cells.into_iter().flatten().flatten().collect()
    }

    /// The ratios of one runtime to another in the same round.
    pub fn ratios(&self, of: &str, to: &str, figure: usize) -> Vec<f64> {
        let each = |runtime| self.of(runtime).map(|cells| cells.each(figure));
        stats::ratios(&each(of).unwrap_or_default(), &each(to).unwrap_or_default())
    }
}

/// All that was measured.
pub struct Outcome {
    pub rows: Vec<Row>,
    pub failures: usize,
}

/// Empty rows for the workloads that were asked for and say something in this mode.
pub fn rows(args: &Args) -> Vec<Row> {
    let cells = |contestant| Cells {
        contestant,
        samples: Vec::new(),
    };
    let only = args.only.as_ref();
    workloads::facts()
        .filter(|facts| facts.is_for(args.mode))
        .filter(|facts| only.is_none_or(|only| only.is_match(facts.name)))
        .map(|facts| Row {
            facts,
            cells: contestants(facts.also).into_iter().map(cells).collect(),
        })
        .collect()
}

/// Measures `rows`, by processes of `program`. A cell that fails is reported at once and is no
/// reason to stop.
pub fn run(args: &Args, program: &Path, mut rows: Vec<Row>) -> Outcome {
    let mut failures = 0;
    let of = rows.len() * args.rounds.get() as usize;
    let mut done = 0;
    for round in 0..args.rounds.get() as usize {
        for row in &mut rows {
            done += 1;
            let name = row.facts.name;
            let place = format!("{name}, round {} of {}", round + 1, args.rounds);
            progress(&format!("{done} of {of}: {place}"));
            for error in run_row(row, round, program, args.mode) {
                failures += 1;
                eprintln!("{place}: {error}");
            }
        }
    }
    progress("");
    Outcome { rows, failures }
}

/// Measures every cell of one row once, and says what failed.
fn run_row(row: &mut Row, round: usize, program: &Path, mode: Mode) -> Vec<String> {
    let mut errors = Vec::new();
    let of = row.cells.len();
    for turn in 0..of {
        let cells = &mut row.cells[seat(round, turn, of)];
        let sample = child::measure(program, cells.contestant.runtime, row.facts.name, mode);
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
    use crate::args;
    use std::collections::HashSet;

    #[test]
    fn the_peer_runs_twice_and_everybody_else_once() {
        let labels: Vec<_> = contestants(&["more"]).iter().map(|c| c.label()).collect();
        assert_eq!(labels, ["heist", "tokio", "smol", "more", "tokio again"]);
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

    fn names(line: &str) -> Vec<&'static str> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        let args = args::parse(&words).unwrap();
        rows(&args).iter().map(|row| row.facts.name).collect()
    }

    #[test]
    fn only_picks_by_a_pattern_in_the_name() {
        assert_eq!(names("--only ^tcp_[0-9]+$"), ["tcp_1", "tcp_64", "tcp_512"]);
        assert!(names("--only nothing").is_empty());
    }

    #[test]
    fn with_many_workers_only_what_scales_is_measured() {
        assert!(names("--mode 16w").contains(&"skynet_1M"));
        assert!(!names("--mode 16w").contains(&"tcp_64"));
    }
}
