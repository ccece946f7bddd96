//! Is every test that is written also listed?
//!
//! A test that a cfg, a manifest or a forgotten `mod` line keeps out of the build passes for ever.
//! So the tests that nextest lists are compared with the test attributes in the sources, target by
//! target: a target that lists fewer than its sources have is missing some. (It may list more: a
//! macro writes one attribute for many tests.) An ignored test does not run either.

use crate::command;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The folders of packages, as `[workspace] members` lists them.
fn members() -> Result<Vec<PathBuf>, String> {
    let manifest = fs::read_to_string("Cargo.toml").map_err(|error| error.to_string())?;
    let list = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.ok_or("no member list in Cargo.toml")?;
    Ok(list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(PathBuf::from)
        .collect())
}

/// Compares, and returns how many tests will run.
pub fn take() -> Result<usize, String> {
    let ignored = listed("--run-ignored only")?;
    if let Some(test) = ignored.keys().next() {
        return Err(format!("an ignored test never runs: {test} has one"));
    }
    let listed = listed("--run-ignored default")?;
    let mut missing = Vec::new();
    for (target, written) in written()? {
        let listed = listed.get(&target).copied().unwrap_or_default();
        if listed < written {
            missing.push(format!(
                "{target}: {written} tests written, {listed} listed"
            ));
        }
    }
    if missing.is_empty() {
        Ok(listed.values().sum())
    } else {
        Err(missing.join("; "))
    }
}

/// Target → number of tests, from nextest. It names a library's tests by the package alone.
fn listed(which: &str) -> Result<BTreeMap<String, usize>, String> {
    let arguments = format!("nextest list --workspace --profile check -T oneline {which}");
    let output = command(&arguments).output();
    let output = output.map_err(|error| format!("`cargo {arguments}`: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`cargo {arguments}`: {stderr}"));
    }
    let mut targets = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let target = line.split(' ').next().unwrap_or_default();
        *targets.entry(target.to_owned()).or_default() += 1;
    }
    Ok(targets)
}

/// Target → number of test attributes in its sources.
fn written() -> Result<BTreeMap<String, usize>, String> {
    let mut targets = BTreeMap::new();
    for member in members()? {
        let package = package(&member)?;
        let unit = if member.join("src/lib.rs").is_file() {
            package.clone()
        } else {
            format!("{package}::bin/{package}")
        };
        targets.insert(unit, attributes(&member.join("src")));
        for file in entries(&member.join("tests")) {
            if let Some(name) = file.file_stem().filter(|_| file.is_file()) {
                let modules = file.with_extension("");
                let written = attributes(&file) + attributes(&modules);
                targets.insert(format!("{package}::{}", name.display()), written);
            }
        }
    }
    Ok(targets)
}

fn package(member: &Path) -> Result<String, String> {
    let path = member.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
    let name = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = \""));
    let name = name.ok_or_else(|| format!("{path:?} has no name"))?;
    Ok(name.trim_end_matches('"').to_owned())
}

/// How many test attributes the file, or the files below the folder, have.
fn attributes(path: &Path) -> usize {
    if path.is_dir() {
        return entries(path).iter().map(|entry| attributes(entry)).sum();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map(str::trim_start);
    lines
        .filter(|line| {
            let attribute = line.strip_prefix("#[").unwrap_or_default();
            attribute.starts_with("test]") || attribute.starts_with("heist::test")
        })
        .count()
}

/// What a folder has; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
