//! What does a program read?
//!
//! Every sample, not the statistics: those can be had again from the samples, not the other way.
//! No name in it needs escaping.

use crate::{
    args::Args,
    plan::{Cells, Outcome, Row},
    report,
};

/// The document of one run.
pub fn document(args: &Args, machine: &str, outcome: &Outcome) -> String {
    let rows: Vec<_> = outcome.rows.iter().map(row).collect();
    let peers = ["tokio", "smol"].map(|peer| format!("\"{}\"", report::version(peer)));
    format!(
        "{{\"mode\": \"{}\", \"rounds\": {}, \"machine\": \"{machine}\", \"peers\": [{}],\n\
         \"workloads\": [\n{}\n]}}\n",
        args.mode.name(),
        args.rounds,
        peers.join(", "),
        rows.join(",\n"),
    )
}

fn row(row: &Row) -> String {
    let cells: Vec<_> = row.cells.iter().map(cells).collect();
    format!(
        "{{\"name\": \"{}\", \"operation\": \"{}\", \"runtimes\": [\n{}]}}",
        row.workload,
        row.operation,
        cells.join(",\n"),
    )
}

fn cells(cells: &Cells) -> String {
    let samples: Vec<_> = cells
        .samples
        .iter()
        .map(|sample| match sample {
            None => "null".to_owned(),
            Some(sample) => format!(
                "{{\"cpu_ns\": {}, \"wall_ns\": {}, \"passes\": {}}}",
                sample.cpu_ns, sample.wall_ns, sample.passes,
            ),
        })
        .collect();
    format!(
        "  {{\"name\": \"{}\", \"samples\": [{}]}}",
        cells.contestant.label(),
        samples.join(", "),
    )
}
