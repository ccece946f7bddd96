//! What does a program read?
//!
//! A list of objects, one for each verdict; and every sample, so that other statistics can be had.
//! No text in it needs escaping.

use crate::{
    args::Args,
    plan::{Cells, Row},
    rt::{Heist, Rt, Smol, Tokio},
    stats,
    targets::AtMost,
    verdict::{self, Finding},
};

/// The document of one run.
pub fn document(args: &Args, rows: &[Row]) -> String {
    let objects: Vec<_> = rows
        .iter()
        .flat_map(|row| {
            let findings = verdict::findings(row, args.mode, args.alloc);
            let object = |finding: &Finding| object(args, row, *finding);
            findings.iter().map(object).collect::<Vec<_>>()
        })
        .collect();
    format!("[\n{}\n]\n", objects.join(",\n"))
}

fn object(args: &Args, row: &Row, finding: Finding) -> String {
    let figure = finding.figure;
    let median = |runtime| number(middle(row.values(runtime, figure)));
    let ratio = |peer| number(middle(row.ratios(Heist::NAME, peer, figure)));
    let (against, target) = match finding.target {
        None => ("null".to_owned(), None),
        Some(AtMost::Value(value)) => ("null".to_owned(), Some(value)),
        Some(AtMost::Of(peer, ratio)) => (text(peer), Some(ratio)),
    };
    let fields = [
        ("workload", text(row.facts.name)),
        ("mode", text(&args.mode.to_string())),
        ("alloc", text(args.alloc.name())),
        ("heist", median(Heist::NAME)),
        ("tokio", median(Tokio::NAME)),
        ("smol", median(Smol::NAME)),
        ("ratio_tokio", ratio(Tokio::NAME)),
        ("ratio_smol", ratio(Smol::NAME)),
        ("aa_spread", number(finding.spread)),
        ("target", number(target)),
        ("target_of", against),
        ("verdict", text(&finding.verdict.to_string())),
        ("unit", text(&unit(row, figure))),
        ("samples", samples(row, figure)),
    ];
    let fields = fields.map(|(key, value)| format!("\"{key}\": {value}"));
    format!("{{{}}}", fields.join(", "))
}

/// What a number of the row counts.
fn unit(row: &Row, figure: usize) -> String {
    let figure = row.facts.kind.figures()[figure];
    format!("{figure} per {}", row.facts.operation)
}

/// The figure of each contestant in each round.
fn samples(row: &Row, figure: usize) -> String {
    let cells = row.cells.iter().map(|cells: &Cells| {
        let each = cells.each(figure).into_iter().map(number);
        let each: Vec<_> = each.collect();
        let label = text(&cells.contestant.label());
        format!("{label}: [{}]", each.join(", "))
    });
    let cells: Vec<_> = cells.collect();
    format!("{{{}}}", cells.join(", "))
}

fn middle(values: Vec<f64>) -> Option<f64> {
    stats::spread(values).map(|spread| spread.median)
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

fn text(text: &str) -> String {
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{args, meter::Sample, plan};

    #[test]
    fn a_row_is_one_object() {
        let words = ["--only", "^spawn_join_one$"].map(String::from);
        let args = args::parse(&words).unwrap();
        let mut rows = plan::rows(&args);
        for (cells, cpu) in rows[0].cells.iter_mut().zip([1.0, 4.0, 2.0, 8.0]) {
            let values = vec![cpu, 9.0];
            cells.samples.push(Some(Sample { values, of: 3 }));
        }
        let expected = "[\n{\"workload\": \"spawn_join_one\", \"mode\": \"1w\", \
            \"alloc\": \"system\", \"heist\": 1, \"tokio\": 4, \"smol\": 2, \
            \"ratio_tokio\": 0.25, \"ratio_smol\": 0.5, \"aa_spread\": 2, \
            \"target\": 0.3, \"target_of\": \"tokio\", \"verdict\": \"too few rounds\", \
            \"unit\": \"CPU ns per task\", \"samples\": {\"heist\": [1], \"tokio\": [4], \
            \"smol\": [2], \"tokio again\": [8]}}\n]\n";
        assert_eq!(document(&args, &rows), expected);
    }
}
