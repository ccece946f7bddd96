//! How fast is heist, beside tokio and smol?
//!
//! `cargo compare` from the top of the repository; `README.md` says how it measures and what each
//! number means.
//!
//! The modules are in reading order: a run, from the command line to the table; then what one
//! process does; then what is measured, and over what.

use std::{env, process::ExitCode};

mod args; // what was asked for?
mod plan; // who is measured, and when?
mod report; // what does a person read?
mod json; // what does a program read?
mod stats; // what do several rounds say together?
mod child; // how is one cell measured in a fresh process?
mod workloads; // what is measured?
mod meter; // how long did one operation take?
mod rt; // what is it measured over?

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == child::FLAG => child::main(rest),
        _ => args::parse(&arguments).and_then(|args| compare(&args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(args: &args::Args) -> Result<(), String> {
    let rows = plan::rows(args.only.as_deref());
    if rows.is_empty() {
        let only = args.only.as_deref().unwrap_or_default();
        return Err(format!("no workload has {only:?} in its name"));
    }
    let machine = report::machine();
    report::head(args, &machine);
    let outcome = plan::run(args, rows);
    report::table(args.mode, &outcome.rows);
    if let Some(path) = &args.json {
        std::fs::write(path, json::document(args, &machine, &outcome))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    match outcome.failures {
        0 => Ok(()),
        failures => Err(format!("{failures} cells gave no number, see above")),
    }
}
