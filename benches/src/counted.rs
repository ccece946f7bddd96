//! What does an operation do, counted rather than timed?
//!
//! A count is the difference between a process of one pass and one of three, divided by the
//! operations of two passes: what the process does at its start and end cancels. Noise moves counts
//! very little, so one round is enough.

use crate::{
    args::{Args, Mode},
    atomics, child,
    meter::Sample,
    plan::Row,
    rt,
};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// System calls, by name, with strace.
    Calls,
    /// Instructions outside the kernel, with valgrind's callgrind.
    Instructions,
    /// Those of them that are atomic, by the object they lie in, with objdump as well.
    Atomics,
    /// Allocations, and their bytes, with valgrind's DHAT.
    Allocations,
}

/// How often each thing was done.
type Counts = BTreeMap<String, f64>;

/// Prints the counts of `rows`, as far as they make sense. How many of them failed.
pub fn table(args: &Args, tool: Tool, program: &Path, rows: &[Row]) -> usize {
    let what = match tool {
        Tool::Calls => "system calls",
        Tool::Instructions => "instructions",
        Tool::Atomics => "atomic instructions",
        Tool::Allocations => "allocations",
    };
    println!("\n{:<25}{:<15}{what} per operation", "workload", "runtime");
    let mut failures = 0;
    for row in rows.iter().filter(|row| is_countable(row)) {
        println!();
        for runtime in rt::NAMES {
            let line = match per_operation(tool, program, runtime, row.facts.name, args.mode) {
                Ok(counts) => tool.show(&counts),
                Err(error) => {
                    failures += 1;
                    error
                }
            };
            println!("{:<25}{runtime:<15}{line}", row.facts.name);
        }
    }
    failures
}

/// What waits by the clock, or for another process, does not do the same in every pass; and what is
/// large says under callgrind no more than what is small.
fn is_countable(row: &Row) -> bool {
    const NOT: [&str; 7] = ["_1M", "_100k", "busy1", "busy2", "echo_", "http_", "_512"];
    row.facts.is_cost() && !NOT.iter().any(|part| row.facts.name.contains(part))
}

/// Instructions of one operation, outside the kernel.
pub fn instructions(
    program: &Path,
    runtime: &str,
    workload: &str,
    mode: Mode,
) -> Result<f64, String> {
    let counts = per_operation(Tool::Instructions, program, runtime, workload, mode)?;
    Ok(counts.values().sum())
}

fn per_operation(
    tool: Tool,
    program: &Path,
    runtime: &str,
    workload: &str,
    mode: Mode,
) -> Result<Counts, String> {
    let run = |passes| {
        let [log, profile] = ["log", "profile"].map(output_file);
        let mut command = Command::new(tool.name());
        command.args(tool.arguments(&log, &profile)).arg(program);
        let sample = child::measure_passes(command, passes, runtime, workload, mode);
        let [text, executed] = [log, profile].map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            // Fails when the tool did not even start, or writes no profile.
            let _ = fs::remove_file(&path);
            text
        });
        Ok::<_, String>((sample?, tool.counts(&text, &executed)?))
    };
    let (few, few_counts): (Sample, Counts) = run(1)?;
    let (many, mut counts): (Sample, Counts) = run(3)?;
    let operations = (many.of - few.of) as f64;
    for (name, count) in &mut counts {
        *count = (*count - few_counts.get(name).unwrap_or(&0.0)) / operations;
    }
    Ok(counts)
}

/// Where a tool writes.
fn output_file(what: &str) -> PathBuf {
    env::temp_dir().join(format!("heist-compare-{}-{what}", process::id()))
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Calls => "strace",
            Self::Instructions | Self::Atomics | Self::Allocations => "valgrind",
        }
    }

    fn arguments(self, log: &Path, profile: &Path) -> Vec<String> {
        // Else a thread that spins may keep the one that it waits for from running.
        const FAIR: &str = "--fair-sched=yes";
        let (log, profile) = (log.display(), profile.display());
        match self {
            Self::Calls => vec![
                "--follow-forks".into(),
                "--summary-only".into(),
                "--summary-columns=calls,name".into(),
                format!("--output={log}"),
            ],
            Self::Instructions => vec![
                "--tool=callgrind".into(),
                "--callgrind-out-file=/dev/null".into(),
                FAIR.into(),
                format!("--log-file={log}"),
            ],
            Self::Atomics => vec![
                "--tool=callgrind".into(),
                "--dump-instr=yes".into(),
                "--compress-pos=no".into(),
                "--compress-strings=no".into(),
                format!("--callgrind-out-file={profile}"),
                FAIR.into(),
                format!("--log-file={log}"),
            ],
            Self::Allocations => vec![
                "--tool=dhat".into(),
                "--dhat-out-file=/dev/null".into(),
                FAIR.into(),
                format!("--log-file={log}"),
            ],
        }
    }

    /// Reads what the tool wrote: its log, and which instruction was executed how often.
    fn counts(self, text: &str, profile: &str) -> Result<Counts, String> {
        let counts: Counts = match self {
            Self::Calls => text.lines().filter_map(call).collect(),
            Self::Instructions => text.lines().find_map(collected).into_iter().collect(),
            Self::Atomics => atomics::counts(profile)?,
            Self::Allocations => text
                .lines()
                .find_map(allocated)
                .into_iter()
                .flatten()
                .collect(),
        };
        if counts.is_empty() {
            return Err(format!("{} has counted nothing", self.name()));
        }
        Ok(counts)
    }

    fn show(self, counts: &Counts) -> String {
        match self {
            Self::Allocations => format!("{:<10.2}{:.1} bytes", counts[BLOCKS], counts[BYTES]),
            Self::Calls | Self::Instructions | Self::Atomics => show(counts),
        }
    }
}

/// `     1204 recvfrom`, but not the sum.
fn call(line: &str) -> Option<(String, f64)> {
    let (count, name) = line.trim().split_once(' ')?;
    let count = count.parse().ok()?;
    (name != "total").then(|| (name.trim().to_owned(), count))
}

/// `==77== Collected : 1204`
fn collected(line: &str) -> Option<(String, f64)> {
    let (_, count) = line.split_once("Collected : ")?;
    Some((String::new(), count.trim().parse().ok()?))
}

const BYTES: &str = "bytes";
const BLOCKS: &str = "blocks";

/// `==77== Total:     1,204 bytes in 43 blocks`
fn allocated(line: &str) -> Option<[(String, f64); 2]> {
    let (_, both) = line.split_once("Total:")?;
    let (bytes, blocks) = both.split_once("bytes in")?;
    let number = |text: &str| text.replace(',', "").trim().parse().ok();
    let blocks = number(blocks.strip_suffix("blocks")?)?;
    Some([
        (BYTES.to_owned(), number(bytes)?),
        (BLOCKS.to_owned(), blocks),
    ])
}

/// The sum, and what it is made of.
fn show(counts: &Counts) -> String {
    let sum: f64 = counts.values().sum();
    let mut parts: Vec<_> = counts
        .iter()
        .filter(|(_, count)| **count >= 0.005)
        .collect();
    parts.sort_by(|one, other| other.1.total_cmp(one.1));
    let parts = parts.iter().filter(|(name, _)| !name.is_empty());
    let parts: Vec<_> = parts
        .map(|(name, count)| format!("{name} {count:.2}"))
        .collect();
    format!("{sum:<10.2}{}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_strace_is_read() {
        let text = "    calls syscall\n--------- -------\n    1204 recvfrom\n       3 futex\n\
            --------- -------\n    1207 total\n";
        let counts = Tool::Calls.counts(text, "").unwrap();
        assert_eq!(counts.len(), 2);
        assert_eq!(counts["recvfrom"], 1204.0);
    }

    #[test]
    fn the_log_of_callgrind_is_read() {
        let text = "==77== Callgrind, a call-graph tool\n==77== Collected : 1204\n";
        let counts = Tool::Instructions.counts(text, "").unwrap();
        assert_eq!(counts[""], 1204.0);
    }

    #[test]
    fn the_log_of_dhat_is_read() {
        let text =
            "==77== Total:     1,204 bytes in 43 blocks\n==77== At t-gmax: 1 bytes in 1 blocks\n";
        let counts = Tool::Allocations.counts(text, "").unwrap();
        assert_eq!((counts["bytes"], counts["blocks"]), (1204.0, 43.0));
    }

    #[test]
    fn a_tool_that_says_nothing_has_failed() {
        assert!(Tool::Calls.counts("", "").is_err());
        assert!(Tool::Instructions.counts("==77== killed\n", "").is_err());
    }
}
