//! What runs, in which order, and when is it red?

mod patches; // would the models notice a step left out?
mod proof; // which model guards which promise?
mod unreached; // which orderings does no model pass?
mod listed; // which orderings does no model need, and why?
mod mutants; // would the models notice a weaker ordering?

use heist_models::{
    MODELS,
    check::{REPORTS, Report},
};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Each model's name, and its report.
pub type Reports = BTreeMap<&'static str, Report>;

/// Where this workspace lies.
pub fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Everything; ends with the closing line. `report`: docs/proof.md is written, not compared.
pub fn all(report: bool) -> Result<(), String> {
    let reports = models()?;
    let sites = mutants::judge(&reports)?;
    unreached::none(&sites)?;
    let listed = listed::settle(&sites)?;
    let patches = patches::judge()?;
    if report {
        proof::write(&reports, &sites)?;
    } else {
        proof::is_current(&reports, &sites)?;
    }
    let permutations: usize = reports.values().map(|report| report.permutations).sum();
    println!(
        "{} models, {permutations} permutations, {} ordering sites, {} caught, {listed} listed, \
         {patches} patches caught",
        reports.len(),
        sites.len(),
        sites.len() - listed,
    );
    Ok(())
}

/// Runs every model under nextest, a process each, and reads what they report.
pub fn models() -> Result<Reports, String> {
    let directory = here().join("target/model-reports");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "nextest",
            "run",
            "--cargo-profile",
            "release",
            "--no-fail-fast",
        ])
        .current_dir(here())
        .env(REPORTS, &directory)
        .status();
    match status {
        Ok(status) if status.success() => read(&directory),
        Ok(_) => Err("a model fails".to_owned()),
        Err(error) => Err(format!("cargo nextest: {error}")),
    }
}

fn read(directory: &Path) -> Result<Reports, String> {
    let report = |name: &'static str| {
        let report = Report::read(directory, name);
        report
            .map(|report| (name, report))
            .ok_or(format!("the model `{name}` did not run"))
    };
    MODELS.iter().map(|model| report(model.name)).collect()
}
