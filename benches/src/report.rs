//! What does a person read?

use crate::{
    args::Args,
    plan::{Cells, Row},
    rt::{Heist, PEER, Rt},
    stats::{self, Spread},
    targets::AtMost,
    verdict::{self, Finding},
    workloads::Kind,
};
use std::fs;

/// Versions come from here: it is what was built.
const LOCK: &str = include_str!("../Cargo.lock");

/// Says what is measured, where, and beside which versions.
pub fn head(args: &Args) {
    let place = if args.mode.is_pinned() {
        "one worker, pinned to one CPU: CPU time is the figure".to_owned()
    } else {
        let workers = args.mode.workers();
        format!("{workers} workers, not pinned: wall time is the figure")
    };
    println!("{}: {place}", args.mode);
    println!("{} rounds, {}", args.rounds, machine());
    println!("{}, {}", version("tokio"), version("smol"));
    println!("allocator: {}", args.alloc.name());
    println!("median (min–max) of the rounds; ratios to {PEER} within each round");
}

/// How many CPUs, and how busy they were before this began: unrelated load is noise.
fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!("{cpus} CPUs, load {load} at the start")
}

/// `name` and its version in the lock file.
fn version(name: &str) -> String {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = LOCK
        .split_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'));
    format!("{name} {}", version.map_or("?", |(version, _)| version))
}

/// Prints the rows: a table for each kind of them.
pub fn tables(args: &Args, rows: &[Row]) {
    for kind in Kind::ALL {
        let mut rows = rows.iter().filter(|row| row.facts.kind == kind).peekable();
        if rows.peek().is_some() {
            println!("\n{}", header(kind));
        }
        for row in rows {
            println!("\n{}", block(args, row));
        }
    }
}

fn header(kind: Kind) -> String {
    let figures = kind.figures();
    let values = figures.iter().map(|figure| format!("{figure:<24}"));
    let ratios = figures.iter().map(|figure| {
        let name = figure.trim_end_matches(" ns");
        format!("{:<20}", format!("{name} ratio"))
    });
    let columns: String = values.chain(ratios).collect();
    format!("{:<25}{:<15}{columns}verdict", "workload", "runtime")
}

/// The lines of one row.
fn block(args: &Args, row: &Row) -> String {
    let findings = verdict::findings(row, args.mode, args.alloc);
    let operation = format!("  per {}", row.facts.operation);
    let mut titles = [row.facts.name, &operation].into_iter();
    let lines: Vec<_> = row
        .cells
        .iter()
        .map(|cells| {
            let title = titles.next().unwrap_or_default();
            let line = line(row, cells, &findings);
            format!("{title:<25}{line}").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn line(row: &Row, cells: &Cells, findings: &[Finding]) -> String {
    let figures = 0..row.facts.kind.figures().len();
    let peer = row.of(PEER);
    let values = figures.clone().map(|figure| {
        let measured = cells.each(figure).into_iter().flatten().collect();
        format!("{:<24}", show(stats::spread(measured), value))
    });
    let ratios = figures.map(|figure| {
        let to = peer.map(|peer| peer.each(figure)).unwrap_or_default();
        let ratios = stats::ratios(&cells.each(figure), &to);
        format!("{:<20}", show(stats::spread(ratios), ratio))
    });
    let columns: String = values.chain(ratios).collect();
    let label = cells.contestant.label();
    format!("{label:<15}{columns}{}", comment(row, cells, findings))
}

/// What is to be thought of the numbers of these cells.
fn comment(row: &Row, cells: &Cells, findings: &[Finding]) -> String {
    let say = match (cells.contestant.runtime, cells.contestant.is_again) {
        (_, true) => noise,
        (Heist::NAME, false) => verdict,
        _ => return String::new(),
    };
    let said: Vec<_> = findings.iter().map(|finding| say(row, finding)).collect();
    said.join("; ")
}

fn verdict(row: &Row, finding: &Finding) -> String {
    let figure = row.facts.kind.figures()[finding.figure];
    let target = match finding.target {
        None => String::new(),
        Some(AtMost::Of(peer, ratio)) => format!("{figure} ≤ {ratio} of {peer}: "),
        Some(AtMost::Value(most)) => format!("{figure} ≤ {}: ", value(most)),
    };
    format!("{target}{}", finding.verdict)
}

fn noise(_: &Row, finding: &Finding) -> String {
    let spread = finding.spread.map(ratio);
    format!("A/A spread {}", spread.unwrap_or_else(|| "-".to_owned()))
}

fn show(spread: Option<Spread>, number: impl Fn(f64) -> String) -> String {
    let Some(Spread { median, min, max }) = spread else {
        return "-".to_owned();
    };
    format!("{} ({}–{})", number(median), number(min), number(max))
}

/// Two decimals, or two digits if that is more.
pub fn ratio(ratio: f64) -> String {
    if ratio < 0.095 {
        format!("{ratio:.4}")
    } else {
        format!("{ratio:.2}")
    }
}

/// A figure to three digits.
pub fn value(value: f64) -> String {
    match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        ..9_999.5 => format!("{value:.0}"),
        ..99_950.0 => format!("{:.1}k", value / 1e3),
        ..999_500.0 => format!("{:.0}k", value / 1e3),
        _ => format!("{:.2}M", value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let shown = [3.4, 41.04, 402.3, 1599.4, 12_240.0, 133_900.0, 79_200_000.0].map(value);
        assert_eq!(
            shown,
            ["3.40", "41.0", "402", "1599", "12.2k", "134k", "79.20M"]
        );
    }

    #[test]
    fn a_small_ratio_keeps_its_digits() {
        assert_eq!([1.234, 0.0021].map(ratio), ["1.23", "0.0021"]);
    }

    #[test]
    fn a_cell_without_a_number_is_a_dash() {
        assert_eq!(show(None, value), "-");
    }

    #[test]
    fn the_versions_are_those_of_the_lock_file() {
        assert!(
            version("tokio").starts_with("tokio 1."),
            "{}",
            version("tokio")
        );
        assert_eq!(version("no-such-crate"), "no-such-crate ?");
    }
}
