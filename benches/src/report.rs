//! What does a person read?

use crate::{
    args::{Args, Mode},
    meter::Sample,
    plan::{Cells, Row},
    rt::{Heist, PEER, Rt},
    stats::{self, Spread},
};
use std::fs;

/// Versions come from here: it is what was built.
const LOCK: &str = include_str!("../Cargo.lock");

/// Which of the two clocks.
type Figure = fn(Sample) -> f64;

/// Says what is measured, where, and beside which versions.
pub fn head(args: &Args, machine: &str) {
    let figure = match args.mode {
        Mode::OneWorker => "one worker, pinned to one CPU: CPU time is the figure",
        Mode::TwoWorkers => "two workers, not pinned: wall time is the figure",
    };
    println!("{}: {figure}", args.mode.name());
    println!("{} rounds, {machine}", args.rounds);
    println!("{}, {}", version("tokio"), version("smol"));
    println!("nanoseconds per operation, median (min–max) of the rounds;");
    println!("ratios to {PEER}, median (min–max) of the ratios within each round\n");
}

/// How many CPUs, and how busy they were before this began: unrelated load is noise.
pub fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!("{cpus} CPUs, load {load} at the start")
}

/// `name` and its version in the lock file.
pub fn version(name: &str) -> String {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = LOCK
        .split_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'));
    format!("{name} {}", version.map_or("?", |(version, _)| version))
}

/// Prints the rows.
pub fn table(mode: Mode, rows: &[Row]) {
    let lead = |is_figure: bool| if is_figure { "*" } else { "" };
    let cpu = lead(mode.is_pinned());
    let wall = lead(!mode.is_pinned());
    println!(
        "{:<23}{:<13}{:<23}{:<23}{:<19}{:<19}verdict",
        "workload",
        "runtime",
        format!("{cpu}CPU ns"),
        format!("{wall}wall ns"),
        format!("{cpu}CPU ratio"),
        format!("{wall}wall ratio"),
    );
    for row in rows {
        println!();
        let mut titles = [row.workload.to_owned(), format!("  per {}", row.operation)].into_iter();
        for cells in &row.cells {
            let title = titles.next().unwrap_or_default();
            println!("{title:<23}{}", line(cells, row.peer()));
        }
    }
}

fn line(cells: &Cells, peer: &Cells) -> String {
    let cpu: Figure = |sample| sample.cpu_ns;
    let wall: Figure = |sample| sample.wall_ns;
    format!(
        "{:<13}{:<23}{:<23}{:<19}{:<19}{}",
        cells.contestant.label(),
        times(cells, cpu),
        times(cells, wall),
        ratios(cells, peer, cpu),
        ratios(cells, peer, wall),
        verdict(cells),
    )
}

fn times(cells: &Cells, figure: Figure) -> String {
    let measured = values(cells, figure).into_iter().flatten().collect();
    show(stats::spread(measured), time)
}

fn ratios(cells: &Cells, peer: &Cells, figure: Figure) -> String {
    let of = values(cells, figure);
    let to = values(peer, figure);
    show(stats::spread(stats::ratios(&of, &to)), ratio)
}

fn values(cells: &Cells, figure: Figure) -> Vec<Option<f64>> {
    let samples = cells.samples.iter();
    samples.map(|sample| sample.map(figure)).collect()
}

/// What is to be thought of the ratio.
fn verdict(cells: &Cells) -> &'static str {
    match (cells.contestant.runtime, cells.contestant.is_again) {
        (_, true) => "A/A: noise",
        (Heist::NAME, false) => "no target",
        _ => "",
    }
}

fn show(spread: Option<Spread>, number: impl Fn(f64) -> String) -> String {
    let Some(Spread { median, min, max }) = spread else {
        return "-".to_owned();
    };
    format!("{} ({}–{})", number(median), number(min), number(max))
}

fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}

/// Nanoseconds to three digits.
fn time(ns: f64) -> String {
    match ns {
        ..9.995 => format!("{ns:.2}"),
        ..99.95 => format!("{ns:.1}"),
        ..9_999.5 => format!("{ns:.0}"),
        ..99_950.0 => format!("{:.1}k", ns / 1e3),
        ..999_500.0 => format!("{:.0}k", ns / 1e3),
        _ => format!("{:.2}M", ns / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let shown = [3.4, 41.04, 402.3, 1599.4, 12_240.0, 133_900.0, 79_200_000.0].map(time);
        assert_eq!(
            shown,
            ["3.40", "41.0", "402", "1599", "12.2k", "134k", "79.20M"]
        );
    }

    #[test]
    fn a_cell_without_a_number_is_a_dash() {
        assert_eq!(show(None, time), "-");
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
