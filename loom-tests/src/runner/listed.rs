//! Which orderings does no model need, and why?
//!
//! `listed.txt` names them: file, a part of the source line or of the one before it that carries
//! the operation, class, reason, with ` | ` between. There are two classes: `not load-bearing`,
//! and `invisible`: load-bearing, but loom cannot show it.

use super::{here, mutants::Site};
use std::fs;

struct Entry<'a> {
    file: &'a str,
    part: &'a str,
    used: bool,
}

/// Every site that was not caught is listed, and no other one is. How many are.
pub fn settle(sites: &[Site]) -> Result<usize, String> {
    let text = fs::read_to_string(here().join("listed.txt")).map_err(|e| e.to_string())?;
    let mut entries = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let [file, part, class, _reason] = line.split(" | ").collect::<Vec<_>>()[..] else {
            return Err(format!("listed.txt: four fields, not `{line}`"));
        };
        if !["not load-bearing", "invisible"].contains(&class) {
            return Err(format!("listed.txt: there is no class `{class}`"));
        }
        entries.push(Entry {
            file,
            part,
            used: false,
        });
    }
    let mut wrong = Vec::new();
    for site in sites.iter().filter(|site| site.caught_by.is_none()) {
        let source = source_line(site)?;
        let fits = |entry: &&mut Entry<'_>| entry.file == site.file && source.contains(entry.part);
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

/// The site's operation as it is written, with the line before it: a method chain is broken there.
fn source_line(site: &Site) -> Result<String, String> {
    let path = here().join("..").join(&site.file);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let around = lines.get(site.line.saturating_sub(2)..(site.line + 3).min(lines.len()));
    Ok(around.ok_or(format!("{} is shorter", site.file))?.join(" "))
}
