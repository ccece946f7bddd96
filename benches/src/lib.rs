//! How fast is heist, beside tokio and smol?
//!
//! `cargo compare` from the top of the repository; `README.md` says how it measures and what each
//! number means.
//!
//! The modules are in reading order: a run, from the command line to the table; then what one
//! process does; then what is measured, and over what. There are two programs of this source,
//! which differ in their allocator.

use std::{env, fs, path::Path, process::ExitCode};

mod args; // what was asked for?
mod plan; // who is measured, and when?
mod markdown; // what does a document say of a run?
mod report; // what does a person read?
mod json; // what does a program read?
mod plot; // what does one see at a glance?
mod gate; // has an operation become dearer?
mod counted; // what does an operation do, counted rather than timed?
mod atomics; // which of the executed instructions are atomic?
mod verdict; // is a target met?
mod targets; // how fast shall heist be?
mod stats; // what do several rounds say together?
mod child; // how is one cell measured in a fresh process?
mod workloads; // what is measured?
mod outside; // who asks, when the client is elsewhere?
mod limit; // how fast is a server without any runtime?
mod meter; // how long did one operation take?
mod rt; // what is it measured over?

/// The whole program.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == child::FLAG => child::main(rest),
        Some((first, rest)) if first == outside::FLAG => outside::main(rest),
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
    if let Some(gate) = args.gate {
        return gate::run(gate, &child::program(args.alloc)?);
    }
    if let Some(path) = &args.markdown {
        return markdown::publish(path);
    }
    let rows = plan::rows(args);
    if rows.is_empty() {
        return Err("there is no such workload in this mode".to_owned());
    }
    let program = child::program(args.alloc)?;
    report::head(args);
    let failures = match args.count {
        Some(tool) => counted::table(args, tool, &program, &rows),
        None => measure(args, &program, rows)?,
    };
    match failures {
        0 => Ok(()),
        failures => Err(format!("{failures} cells gave no number, see above")),
    }
}

/// Measures, and shows it in every way that was asked for. How many cells failed.
fn measure(args: &args::Args, program: &Path, rows: Vec<plan::Row>) -> Result<usize, String> {
    if let Some(folder) = &args.plot {
        // Now, and not after a quarter of an hour.
        let failed = |error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let outcome = plan::run(args, program, rows);
    report::tables(args, &outcome.rows);
    if let Some(path) = &args.json {
        write(path, &json::document(args, &outcome.rows))?;
    }
    if let Some(folder) = &args.plot {
        let name = format!("{}-{}.svg", args.mode, args.alloc.name());
        write(&folder.join(name), &plot::svg(args, &outcome.rows))?;
    }
    Ok(outcome.failures)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
