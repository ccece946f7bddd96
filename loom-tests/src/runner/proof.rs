//! Which model guards which promise, and which model needs which ordering?
//!
//! The table for people, docs/proof.md. It names neither lines nor seconds, so that it changes only
//! when what is proved does; a run that finds it old is red.

use super::{Reports, here, listed, mutants::Site};
use heist_models::{MODELS, check::Report};
use std::{fmt::Write as _, fs, path::PathBuf};

const HEAD: &str = "\
# What is proved, and by what

`cargo model --report` writes this page; `cargo model` fails when it is old.

Each model is one small execution, run by loom in every order of its threads' steps with at most two
preemptions, and with every value that a weaker memory than x86's may show. loom knows acquire,
release and fences; it does not reorder a load before another one's store, so what only that would
break is listed below and not caught.

Nothing is capped: a search that ends early is a failure. So is an ordering in the sources that no
model passes.

Who sleeps and who watches is searched for three and four workers as well, as a protocol and not as
code, by `loom-tests/spin/run.sh`. It writes no page.
";

fn path() -> PathBuf {
    here().join("../docs/proof.md")
}

/// Writes the page.
pub fn write(reports: &Reports, sites: &[Site]) -> Result<(), String> {
    let text = text(reports, sites)?;
    fs::write(path(), text).map_err(|error| format!("docs/proof.md: {error}"))
}

/// Whether the page says what this run has found.
pub fn is_current(reports: &Reports, sites: &[Site]) -> Result<(), String> {
    let text = text(reports, sites)?;
    if fs::read_to_string(path()).is_ok_and(|page| page == text) {
        Ok(())
    } else {
        Err("docs/proof.md is old: run `cargo model --report`".to_owned())
    }
}

fn text(reports: &Reports, sites: &[Site]) -> Result<String, String> {
    let mut text = HEAD.to_owned();
    text += "\n## Promises\n\n";
    text += "| file | promise | threads | executions |\n| --- | --- | ---: | ---: |\n";
    for model in MODELS {
        let Report {
            permutations,
            threads,
            ..
        } = reports[model.name];
        let promise = model.name.replace('_', " ");
        let _ = writeln!(
            text,
            "| `{}` | {promise} | {threads} | {permutations} |",
            model.file
        );
    }
    text += "\n## Orderings\n\nEach was weakened, one step at a time, and a model failed.\n\n";
    text += "| file | operation | fails without it |\n| --- | --- | --- |\n";
    let mut rows = Vec::new();
    for site in sites {
        if let Some(by) = &site.caught_by {
            let operation = listed::source_line(site)?.replace('|', "\\|");
            let by = by.replace('_', " ");
            rows.push(format!("| `{}` | `{operation}` | {by} |\n", site.file));
        }
    }
    rows.sort();
    text += &rows.concat();
    text += "\n## Listed\n\nOf these not every step is caught.\n\n";
    text += "| file | operation | why |\n| --- | --- | --- |\n";
    for entry in listed::read()? {
        let listed::Entry {
            file,
            part,
            class,
            reason,
            ..
        } = entry;
        let _ = writeln!(text, "| `{file}` | `{part}` | {class}: {reason} |");
    }
    Ok(text)
}
