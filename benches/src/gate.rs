//! Has an operation become dearer?
//!
//! Time is noise on a shared machine; instructions hold still. So a few workloads of heist with one
//! worker are counted, as `counted` does it, and held to a table that is checked in.
//!
//! A count above the table is a loss. A count below it fails as well: a table with room in it would
//! let the next loss pass. Another compiler or C library moves counts by itself, so the table names
//! its own: who has others is told, and fails all the same.

use crate::{
    args::Mode,
    counted,
    rt::{Heist, Rt},
};
use std::{fmt, fs, path::Path, process::Command, str::FromStr};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");

const UPDATE: &str = "cargo compare --gate update";

/// One for each thing that has a cost of its own, of those that repeat to a hundredth at worst.
const ROWS: [&str; 8] = [
    "spawn_many_worker_10k",
    "spawn_join_many_10k",
    "spawn_join_one",
    "yield_many",
    "gather_1000",
    "timeout_ready",
    "sleep_drop",
    "tcp_1",
];

/// How far from the table a count may be, as a part of the table's.
const SLACK: f64 = 0.05;

/// What to do with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Check,
    Update,
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "check" => Ok(Self::Check),
            "update" => Ok(Self::Update),
            _ => Err(format!("a gate is to check or to update, not {text:?}")),
        }
    }
}

/// Counts by processes of `program`, and holds the counts to the table, or makes them the table.
pub fn run(gate: Gate, program: &Path) -> Result<(), String> {
    let failed = |error: &dyn fmt::Display| format!("{FILE}: {error}");
    match gate {
        Gate::Update => {
            let table = Table::counted(program)?;
            print!("{table}");
            fs::write(FILE, table.to_string()).map_err(|error| failed(&error))
        }
        Gate::Check => {
            let text = fs::read_to_string(FILE).map_err(|error| failed(&error))?;
            // Before minutes of counting.
            let table: Table = text.parse().map_err(|error: String| failed(&error))?;
            table.hold(&Table::counted(program)?)
        }
    }
}

/// Instructions per operation of each of [`ROWS`].
#[derive(Debug, Clone, PartialEq)]
struct Table {
    made_with: String,
    counts: [f64; ROWS.len()],
}

impl Table {
    fn counted(program: &Path) -> Result<Self, String> {
        let mut counts = [0.0; ROWS.len()];
        for (count, row) in counts.iter_mut().zip(ROWS) {
            let counted = counted::instructions(program, Heist::NAME, row, Mode::ONE_WORKER);
            *count = counted.map_err(|error| format!("{row}: {error}"))?;
        }
        let compiler = say("rustc", "--version")?;
        let library = say("getconf", "GNU_LIBC_VERSION")?;
        Ok(Self {
            made_with: format!("{compiler}, {library}"),
            counts,
        })
    }

    /// Prints the two side by side. An error if a row of `now` is not where this table has it.
    fn hold(&self, now: &Self) -> Result<(), String> {
        println!("\n{:<25}{:>10}{:>10}", "workload", "table", "now");
        let mut moved = Vec::new();
        for ((row, was), is) in ROWS.iter().zip(self.counts).zip(now.counts) {
            let change = is / was - 1.0;
            println!("{row:<25}{was:>10.1}{is:>10.1}{:>+8.1} %", change * 100.0);
            moved.extend(verdict(change).map(|verdict| format!("{row}: {verdict}")));
        }
        if moved.is_empty() {
            return Ok(());
        }
        if self.made_with != now.made_with {
            let (table, here) = (&self.made_with, &now.made_with);
            moved.push(format!(
                "the table was made with {table}; this is {here}, which may be all that has changed"
            ));
        }
        Err(moved.join("\n         "))
    }
}

/// What is wrong with a count that has changed by this part of it.
fn verdict(change: f64) -> Option<String> {
    // Not `>`: what is no number is wrong, too.
    if change.abs() <= SLACK {
        None
    } else if change < 0.0 {
        Some(format!("cheaper than the table: `{UPDATE}` keeps the gain"))
    } else {
        Some("dearer than the table".to_owned())
    }
}

/// The first line that a program of the system prints.
fn say(program: &str, argument: &str) -> Result<String, String> {
    let output = Command::new(program).arg(argument).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next();
    line.map(str::to_owned)
        .ok_or_else(|| format!("{program} {argument} says nothing"))
}

const MADE_WITH: &str = "# made with ";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Instructions per operation of heist, one worker: `{UPDATE}` writes them."
        )?;
        writeln!(f, "{MADE_WITH}{}", self.made_with)?;
        for (row, count) in ROWS.iter().zip(self.counts) {
            writeln!(f, "{row:<25}{count:>10.1}")?;
        }
        Ok(())
    }
}

impl FromStr for Table {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (comments, lines): (Vec<_>, Vec<_>) =
            text.lines().partition(|line| line.starts_with('#'));
        let made_with = comments
            .iter()
            .find_map(|line| line.strip_prefix(MADE_WITH));
        let made_with = made_with.ok_or("it does not say what it was made with")?;
        let names = lines.iter().map(|line| line.split_whitespace().next());
        if !names.eq(ROWS.map(Some)) {
            return Err(format!("the rows shall be {}", ROWS.join(", ")));
        }
        let mut counts = [0.0; ROWS.len()];
        for (count, line) in counts.iter_mut().zip(lines) {
            let number = line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
            let is_count = |number: &f64| number.is_finite() && *number > 0.0;
            *count = number
                .filter(is_count)
                .ok_or_else(|| format!("no count in {line:?}"))?;
        }
        Ok(Self {
            made_with: made_with.to_owned(),
            counts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;

    fn table(made_with: &str, first: f64) -> Table {
        let mut counts = [100.0; ROWS.len()];
        counts[0] = first;
        let made_with = made_with.to_owned();
        Table { made_with, counts }
    }

    #[test]
    fn every_row_is_a_workload() {
        for row in ROWS {
            assert!(workloads::facts().any(|facts| facts.name == row), "{row}");
        }
    }

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let table = table("rustc 1, glibc 2", 1234.5);
        assert_eq!(table.to_string().parse(), Ok(table));
    }

    #[test]
    fn a_row_too_few_or_too_many_or_without_a_count_is_an_error() {
        let good = table("rustc 1", 1.0).to_string();
        let bad = [
            String::new(),
            good.replace(MADE_WITH, "# "),
            good.replace("yield_many", "yield_few"),
            good.replace("100.0", "nan"),
            good.replace("100.0", "0"),
            good.replace("100.0", ""),
            format!("{good}sleep_drop 1.0\n"),
            format!("{good}sleeps_100k 1.0\n"),
            good.lines().take(9).collect::<Vec<_>>().join("\n"),
        ];
        for text in bad {
            assert!(text.parse::<Table>().is_err(), "{text}");
        }
    }

    #[test]
    fn within_five_percent_nothing_is_said() {
        for now in [95.1, 100.0, 104.9] {
            assert_eq!(table("a", 100.0).hold(&table("b", now)), Ok(()));
        }
    }

    #[test]
    fn a_dearer_row_fails_and_so_does_a_cheaper_one() {
        let says = |now| table("a", 100.0).hold(&table("a", now)).unwrap_err();
        assert_eq!(says(105.1), "spawn_many_worker_10k: dearer than the table");
        assert!(says(94.9).contains(UPDATE));
        assert!(verdict(f64::NAN).is_some());
    }

    #[test]
    fn another_compiler_is_named_and_excuses_nothing() {
        let error = table("a", 100.0).hold(&table("b", 200.0)).unwrap_err();
        assert!(error.contains("dearer") && error.contains("made with a; this is b"));
    }
}
