//! Which orderings does no model need, and why?
//!
//! `listed.txt` names them: file, a part of the source line or of the one before it that carries
//! the operation, class, reason, with ` | ` between. There are two classes: `not load-bearing`,
//! and `invisible`: load-bearing, but loom cannot show it.

use super::{here, mutants::Site};
use std::fs;

/// An ordering that no model catches.
pub struct Entry {
    pub file: String,
    pub part: String,
    pub class: String,
    pub reason: String,
    used: bool,
}

/// The entries.
pub fn read() -> Result<Vec<Entry>, String> {
    let text = fs::read_to_string(here().join("listed.txt")).map_err(|e| e.to_string())?;
    let lines = text.lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<String> = line.split(" | ").map(str::to_owned).collect();
            let Ok([file, part, class, reason]) = <[String; 4]>::try_from(fields) else {
                return Err(format!("listed.txt: four fields, not `{line}`"));
            };
            if !["not load-bearing", "invisible"].contains(&class.as_str()) {
                return Err(format!("listed.txt: there is no class `{class}`"));
            }
            Ok(Entry {
                file,
                part,
                class,
                reason,
                used: false,
            })
        })
        .collect()
}

/// Every site that was not caught is listed, and no other one is. How many are.
pub fn settle(sites: &[Site]) -> Result<usize, String> {
    let mut entries = read()?;
    let mut wrong = Vec::new();
    for site in sites.iter().filter(|site| site.caught_by.is_none()) {
        let source = surroundings(site)?;
        let fits = |entry: &&mut Entry| entry.file == site.file && source.contains(&entry.part);
        match entries.iter_mut().find(fits) {
            Some(entry) => entry.used = true,
            None => wrong.push(format!(
                "neither caught nor listed: {}: {source}",
                site.name()
            )),
        }
    }
    let stale = entries.iter().filter(|entry| !entry.used);
    wrong.extend(stale.map(|entry| format!("listed, but caught: {} {}", entry.file, entry.part)));
    if wrong.is_empty() {
        Ok(sites.iter().filter(|site| site.caught_by.is_none()).count())
    } else {
        Err(wrong.join("\n"))
    }
}

/// The site's operation as it is written, with the lines around it: a method chain is broken there.
fn surroundings(site: &Site) -> Result<String, String> {
    let lines = lines(site)?;
    let around = lines.get(site.line.saturating_sub(2)..(site.line + 3).min(lines.len()));
    Ok(around.ok_or(format!("{} is shorter", site.file))?.join(" "))
}

/// The site's operation, from its line to the one that names its ordering.
pub fn source_line(site: &Site) -> Result<String, String> {
    let lines = lines(site)?;
    let from = lines.get(site.line.saturating_sub(1)..).unwrap_or_default();
    let is_last = |line: &String| {
        ["Acquire", "Release", "AcqRel", "SeqCst"]
            .iter()
            .any(|order| line.contains(order))
    };
    let end = from.iter().take(5).position(is_last).unwrap_or(0);
    Ok(from.get(..=end).unwrap_or_default().join(" "))
}

fn lines(site: &Site) -> Result<Vec<String>, String> {
    let path = here().join("..").join(&site.file);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text.lines().map(|line| line.trim().to_owned()).collect())
}
