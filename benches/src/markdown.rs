//! What does a document say of a run?
//!
//! A table of what `--json` wrote, between two marks in `docs/performance.md`, which name the mode
//! and the allocator. So no number is typed, and a table can be made again from its samples.
//!
//! It reads no JSON but that of `json`: an object a line, in which nothing is escaped.

use crate::{
    report,
    rt::{Heist, PEER, Rt},
    stats::{self, Spread},
};
use std::{collections::BTreeMap, fs, path::Path};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");

const HEAD: &str = "\
| workload | figure | heist | tokio | smol | to tokio (min–max) | A/A | target | verdict |
| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | --- |";

/// Puts the run in `path` where the document has its marks.
pub fn publish(path: &Path) -> Result<(), String> {
    let run = read(path)?;
    let document = read(Path::new(DOCUMENT))?;
    let place = place(&run).ok_or_else(|| format!("{}: not of one run", path.display()))?;
    let table = table(&run).ok_or_else(|| format!("{}: not by --json", path.display()))?;
    let document = replaced(&document, &place, &table)
        .ok_or_else(|| format!("{DOCUMENT}: no place for {place}"))?;
    fs::write(DOCUMENT, document).map_err(|error| format!("{DOCUMENT}: {error}"))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The document with `table` between the marks of `place`.
fn replaced(document: &str, place: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {place} -->\n"), format!("<!-- /{place} -->"));
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{table}\n{end}{after}"))
}

/// The objects of a run.
fn objects(run: &str) -> impl Iterator<Item = &str> {
    run.lines().filter(|line| line.starts_with('{'))
}

/// The mode and the allocator, if they are the same in all objects.
fn place(run: &str) -> Option<String> {
    let place = |object| {
        Some(format!(
            "{}-{}",
            text(object, "mode")?,
            text(object, "alloc")?
        ))
    };
    let mut places = objects(run).map(place);
    let first = places.next()??;
    places
        .all(|place| place.as_ref() == Some(&first))
        .then_some(first)
}

/// A line for each object, and how the verdicts are distributed.
fn table(run: &str) -> Option<String> {
    let mut table = format!("{HEAD}\n");
    let (mut verdicts, mut rounds) = (BTreeMap::new(), 0);
    for object in objects(run) {
        table += &line(object)?;
        *verdicts.entry(text(object, "verdict")?).or_insert(0) += 1;
        rounds = rounds.max(samples(object, Heist::NAME)?.len());
    }
    let verdicts = verdicts
        .iter()
        .map(|(verdict, count)| format!("{verdict} {count}"));
    let verdicts = verdicts.collect::<Vec<_>>().join(", ");
    Some(format!("{table}\n{rounds} rounds; verdicts: {verdicts}.\n"))
}

fn line(object: &str) -> Option<String> {
    let show = |key, show: fn(f64) -> String| {
        let number: Option<f64> = field(object, key)?.parse().ok();
        Some(number.map_or_else(|| "–".to_owned(), show))
    };
    // The unit says what the operation is: that is told where the workloads are.
    let (figure, _) = text(object, "unit")?.split_once(" per ")?;
    let target_of = text(object, "target_of");
    let against = target_of.unwrap_or(PEER);
    let target = if target_of.is_some() {
        report::ratio
    } else {
        report::value
    };
    let ratios = stats::ratios(&samples(object, Heist::NAME)?, &samples(object, against)?);
    let cells = [
        format!("`{}`", text(object, "workload")?),
        figure.to_owned(),
        show("heist", report::value)?,
        show("tokio", report::value)?,
        show("smol", report::value)?,
        ratio(stats::spread(ratios), against),
        show("aa_spread", report::ratio)?,
        show("target", target)?,
        text(object, "verdict")?.to_owned(),
    ];
    Some(format!("| {} |\n", cells.join(" | ")))
}

fn ratio(spread: Option<Spread>, to: &str) -> String {
    let Some(Spread { median, min, max }) = spread else {
        return "–".to_owned();
    };
    let [median, min, max] = [median, min, max].map(report::ratio);
    let to = if to == PEER {
        String::new()
    } else {
        format!(", to {to}")
    };
    format!("{median} ({min}–{max}){to}")
}

/// What stands behind the first `key`, up to the next comma or bracket.
fn field<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = object.split_once(&format!("\"{key}\": "))?;
    rest.split([',', '}']).next()
}

fn text<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    field(object, key)?.strip_prefix('"')?.strip_suffix('"')
}

/// What this contestant did in each round.
fn samples(object: &str, contestant: &str) -> Option<Vec<Option<f64>>> {
    let (_, samples) = object.split_once("\"samples\": {")?;
    let (_, list) = samples.split_once(&format!("\"{contestant}\": ["))?;
    let (list, _) = list.split_once(']')?;
    Some(list.split(", ").map(|number| number.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{args, json, meter::Sample, plan};

    /// A run of one row, in which `heist` fails in the second of three rounds.
    fn run(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let args = args::parse(&words).unwrap();
        let mut rows = plan::rows(&args);
        for (cells, cpu) in rows[0].cells.iter_mut().zip([1.0, 4.0, 2.0, 4.0]) {
            let sample = |factor| {
                let values = vec![cpu * factor, 9.0];
                Some(Sample { values, of: 3 })
            };
            let second = sample(1.0).filter(|_| cpu > 1.0);
            cells.samples = vec![sample(1.0), second, sample(2.0)];
        }
        json::document(&args, &rows)
    }

    #[test]
    fn what_was_written_as_json_is_shown() {
        let run = run(&["--only", "^spawn_join_one$"]);
        assert_eq!(place(&run).as_deref(), Some("1w-system"));
        let expected = "| `spawn_join_one` | CPU ns | 1.50 | 4.00 | 2.00 | 0.25 (0.25–0.25) | \
            1.00 | 0.30 | too few rounds |\n\n3 rounds; verdicts: too few rounds 1.\n";
        assert_eq!(table(&run).unwrap(), format!("{HEAD}\n{expected}"));
    }

    #[test]
    fn without_a_target_there_is_a_dash() {
        let run = run(&["--only", "^gather_8$"]);
        assert!(table(&run).unwrap().contains("| – | no target |"));
    }

    #[test]
    fn two_runs_in_one_file_have_no_place() {
        let row = ["--only", "^yield_many$"];
        let other = [&row[..], &["--alloc", "mimalloc"]].concat();
        assert_eq!(place(&format!("{}{}", run(&row), run(&other))), None);
        assert_eq!(place("[]"), None);
    }

    #[test]
    fn the_document_has_a_place_for_each_table() {
        let document = fs::read_to_string(DOCUMENT).unwrap();
        for place in ["1w-system", "1w-mimalloc", "2w-system", "2w-mimalloc"] {
            assert!(replaced(&document, place, "").is_some(), "{place}");
        }
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let document = "a\n<!-- 2w-system -->\nold\n<!-- /2w-system -->\nb\n";
        let new = replaced(document, "2w-system", "new\n").unwrap();
        let expected = "a\n<!-- 2w-system -->\n\nnew\n\n<!-- /2w-system -->\nb\n";
        assert_eq!(new, expected);
        assert_eq!(replaced(&new, "2w-system", "new\n").unwrap(), expected);
        assert_eq!(replaced(document, "1w-system", "new\n"), None);
    }
}
