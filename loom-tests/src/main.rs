//! `cargo model`: do all models pass, and would they notice if an ordering were weaker?
//!
//! ```text
//! cargo model              models, ordering mutants, patches
//! cargo model --quick      models only
//! cargo model --report     the same, and writes docs/proof.md
//! cargo model --run NAME   one model, in this process
//! ```
//!
//! The last line says what ran; it is missing when anything failed.

mod runner;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["--run", name] => match heist_models::Model::named(name) {
            Some(model) => {
                model.check();
                Ok(())
            }
            None => Err(format!("there is no model `{name}`")),
        },
        [] => runner::all(false),
        ["--report"] => runner::all(true),
        ["--quick"] => runner::models().map(|reports| println!("{} models pass", reports.len())),
        _ => Err("usage: cargo model [--quick | --report | --run NAME]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("model: {error}");
            ExitCode::FAILURE
        }
    }
}
