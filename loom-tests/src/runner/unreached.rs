//! Which orderings of the sources does no model pass?
//!
//! What is not passed is not weakened either, and would stand there unproved.

use super::{here, mutants::Site};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The sources whose orderings count. The door's own are in its models' hands.
const SOURCES: &[&str] = &["runtime/src", "runtime/core/src", "timer/src", "io/src"];

/// What orders something. Relaxed does not.
const STRONG: &[&str] = &["Acquire", "Release", "AcqRel", "SeqCst"];

/// A call is seldom broken over more lines than this.
const NEAR: usize = 5;

/// Every line with a strong ordering is near a site that a model has passed.
pub fn none(sites: &[Site]) -> Result<(), String> {
    let top = here().join("..");
    let mut files = Vec::new();
    for folder in SOURCES {
        collect(&top.join(folder), &mut files)?;
    }
    let mut unreached = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path
            .strip_prefix(&top)
            .unwrap_or(&path)
            .display()
            .to_string();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| orders(line)) {
            let is_near = |site: &&Site| site.file == name && site.line.abs_diff(at + 1) <= NEAR;
            if !sites.iter().any(|site| is_near(&site)) {
                unreached.push(format!(
                    "no model reaches {name}:{}: {}",
                    at + 1,
                    line.trim()
                ));
            }
        }
    }
    if unreached.is_empty() {
        Ok(())
    } else {
        Err(unreached.join("\n"))
    }
}

fn orders(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    STRONG
        .iter()
        .any(|strong| code.contains(&format!("Ordering::{strong}")))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("primitive") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
