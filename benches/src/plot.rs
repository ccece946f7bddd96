//! What does one see at a glance?
//!
//! A picture of the ratios to the peer: a bar for each contestant in each row, as long as the
//! median, a line from the smallest to the greatest, a band as wide as the peer's own spread, and a
//! mark where the target is.

use crate::{
    args::Args,
    plan::{Cells, Row},
    rt::{Heist, PEER, Rt},
    stats::{self, Spread},
    targets::AtMost,
    verdict,
};
use std::fmt::Write;

/// Where the bars begin, in pixels, and how long a ratio of 1 is.
const LEFT: f64 = 230.0;
const ONE: f64 = 260.0;

/// Longer bars are cut, and say how long they are.
const RATIO_MAX: f64 = 2.5;

const BAR: f64 = 13.0;
const GAP: f64 = 9.0;
const TOP: f64 = 40.0;

const STYLE: &str = "\
text { font: 11px sans-serif; fill: #222 } .title { font-weight: bold }
.heist { fill: #c0392b } .other { fill: #95a5a6 } .noise { fill: #f4ecd8 }
.one { stroke: #222; stroke-dasharray: 3 3 } .spread { stroke: #222 }
.target { stroke: #1e8449; stroke-width: 3 }";

/// The picture of one run.
pub fn svg(args: &Args, rows: &[Row]) -> String {
    let mut bars = String::new();
    let mut y = TOP;
    for row in rows {
        let height = draw_row(&mut bars, args, row, y);
        y += height + GAP;
    }
    let width = LEFT + ONE * RATIO_MAX + 60.0;
    let one = LEFT + ONE;
    let title = format!(
        "{}, allocator {}, {} rounds: ratio to {PEER}, shorter is better",
        args.mode,
        args.alloc.name(),
        args.rounds,
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{y}\">\n\
         <style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text class=\"title\" x=\"10\" y=\"20\">{title}</text>\n{bars}\
         <line class=\"one\" x1=\"{one}\" y1=\"{TOP}\" x2=\"{one}\" y2=\"{y}\"/>\n</svg>\n"
    )
}

/// Draws one row at `y`, and says how high it is.
fn draw_row(svg: &mut String, args: &Args, row: &Row, y: f64) -> f64 {
    let finding = verdict::findings(row, args.mode, args.alloc)[0];
    let figure = finding.figure;
    let shown = |cells: &&Cells| cells.contestant.runtime != PEER;
    let height = BAR * row.cells.iter().filter(shown).count() as f64;
    if let Some(noise) = finding.spread {
        let (from, to) = (x(1.0 / noise), x(noise));
        rectangle(svg, "noise", (from, y), (to - from, height));
    }
    let name = format!("{} ({})", row.facts.name, row.facts.kind.figures()[figure]);
    label(svg, (10.0, y + BAR - 3.0), &name);
    for (cells, place) in row.cells.iter().filter(shown).zip(0_u32..) {
        let to = row.of(PEER).map(|peer| peer.each(figure));
        let ratios = stats::ratios(&cells.each(figure), &to.unwrap_or_default());
        if let Some(spread) = stats::spread(ratios) {
            bar(svg, cells, spread, y + BAR * f64::from(place));
        }
    }
    if let Some(AtMost::Of(PEER, ratio)) = finding.target {
        line(svg, "target", (x(ratio), y), (x(ratio), y + height));
    }
    height
}

fn bar(svg: &mut String, cells: &Cells, spread: Spread, y: f64) {
    let Spread { median, min, max } = spread;
    let runtime = cells.contestant.runtime;
    let class = if runtime == Heist::NAME {
        "heist"
    } else {
        "other"
    };
    rectangle(svg, class, (LEFT, y + 1.0), (x(median) - LEFT, BAR - 2.0));
    let middle = y + BAR / 2.0;
    line(svg, "spread", (x(min), middle), (x(max), middle));
    let text = format!("{runtime} {median:.2}");
    label(svg, (x(max) + 4.0, y + BAR - 3.0), &text);
}

/// Where a ratio lies.
fn x(ratio: f64) -> f64 {
    LEFT + ONE * ratio.min(RATIO_MAX)
}

fn rectangle(svg: &mut String, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
    let place = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"");
    add(svg, &format!("<rect class=\"{class}\" {place}/>"));
}

fn line(svg: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let place = format!("x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"");
    add(svg, &format!("<line class=\"{class}\" {place}/>"));
}

fn label(svg: &mut String, (x, y): (f64, f64), text: &str) {
    add(
        svg,
        &format!("<text x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"),
    );
}

fn add(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("a string takes all");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{args, meter::Sample, plan};

    #[test]
    fn every_runtime_but_the_peer_has_a_bar() {
        let words = ["--only", "^spawn_join_one$"].map(String::from);
        let args = args::parse(&words).unwrap();
        let mut rows = plan::rows(&args);
        for cells in &mut rows[0].cells {
            let values = vec![1.0, 1.0];
            cells.samples.push(Some(Sample { values, of: 3 }));
        }
        let svg = svg(&args, &rows);
        assert_eq!(svg.matches("class=\"heist\"").count(), 1);
        assert_eq!(svg.matches("class=\"other\"").count(), 1);
        assert_eq!(svg.matches("class=\"target\"").count(), 1);
    }
}
