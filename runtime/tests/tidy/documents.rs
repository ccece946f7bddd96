//! Does what the documents name exist?
//!
//! A name can be searched for, so documents give names and no line numbers. A file that they name
//! in backticks exists, and a link between them leads somewhere.

use crate::{exceptions, report, tree};
use std::path::Path;

/// The files that `text` names in backticks.
fn named_files(text: &str) -> Vec<&str> {
    let quoted = text.split("```").step_by(2).flat_map(|prose| {
        let words = prose.split('`').skip(1).step_by(2);
        words.filter(|word| word.ends_with(".rs") || word.ends_with('/'))
    });
    quoted
        .filter(|word| !word.contains(['*', ' ', '…']))
        .collect()
}

/// The links of `text` that are not addresses.
fn links(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect()
}

/// The tests that a table names in its last column.
fn named_tests(text: &str) -> Vec<&str> {
    let last = text.lines().filter_map(|row| row.rsplit('|').nth(1));
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|word| !word.contains(['.', '/', ' ']))
        .collect()
}

#[test]
fn every_promise_names_tests_that_exist() {
    let tests: String = tree::files("", ".rs")
        .into_iter()
        .filter(|file| file.path.contains("/tests/"))
        .map(|file| file.text)
        .collect();
    let promises = tree::files("docs", "promises.md");
    let named: Vec<&str> = promises
        .iter()
        .flat_map(|document| named_tests(&document.text))
        .collect();
    assert!(named.len() > 60, "the tables are read: {}", named.len());
    let is_missing = |name: &&str| !tests.contains(&format!("fn {name}("));
    let missing = named.into_iter().filter(is_missing).map(str::to_owned);
    report("promised, and not tested", missing.collect());
}

#[test]
fn documents_name_what_exists() {
    let files: Vec<String> = tree::files("", ".rs")
        .into_iter()
        .map(|file| file.path)
        .collect();
    let exists = |name: &str| {
        let inside = |path: &String| {
            let path = format!("/{path}");
            path.ends_with(&format!("/{name}"))
                || name.ends_with('/') && path.contains(&format!("/{name}"))
        };
        files.iter().any(inside)
    };
    let mut found = Vec::new();
    for document in tree::files("", ".md") {
        let essay = document.path.contains("/src/");
        for name in named_files(&document.text)
            .into_iter()
            .filter(|name| !essay && !exists(name))
        {
            found.push(format!("{}: `{name}`", document.path));
        }
        let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
        for link in links(&document.text).into_iter().filter(|_| !essay) {
            let target = link.split('#').next().unwrap_or_default();
            if !tree::top().join(folder).join(target).exists() {
                found.push(format!("{}: a link to {link}", document.path));
            }
        }
    }
    found.retain(|line| !exceptions::allowed(exceptions::DOCUMENTS, line));
    report("a document names what is not there", found);
}

#[test]
fn each_decision_is_in_the_index_and_has_a_status() {
    let index = tree::file("docs/README.md").expect("an index").text;
    let mut found = Vec::new();
    for decision in tree::files("docs/adr", ".md") {
        let inside = decision.path.strip_prefix("docs/").expect("below docs/");
        for section in [
            "Status: ",
            "## Context",
            "## Decision",
            "## Rejected",
            "## Price",
        ] {
            if !decision.text.contains(section) {
                found.push(format!("{}: no `{section}`", decision.path));
            }
        }
        if !index.contains(inside) {
            found.push(format!("{}: not in docs/README.md", decision.path));
        }
    }
    report("a decision is not whole", found);
}

/// Examples that nobody compiles.
fn ignored(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let fences = lines.filter(|(_, line)| {
        let comment = line
            .trim_start()
            .trim_start_matches(['/', '!'])
            .trim_start();
        comment
            .strip_prefix("```")
            .is_some_and(|kind| kind.contains("ignore"))
    });
    fences.map(|(at, _)| format!("{path}:{}", at + 1)).collect()
}

#[test]
fn examples_are_compiled() {
    let sources = tree::sources();
    let mut found: Vec<_> = sources
        .iter()
        .flat_map(|f| ignored(&f.path, &f.text))
        .collect();
    let manifests = tree::files("", "Cargo.toml");
    let off = manifests
        .iter()
        .filter(|manifest| manifest.text.contains("doctest = false"));
    found.extend(off.map(|manifest| manifest.path.clone()));
    found.retain(|line| !exceptions::allowed(exceptions::DOCUMENTS, line));
    report(
        "an example that is not compiled (`no_run` and `compile_fail` are)",
        found,
    );
}

#[test]
fn ignored_examples_are_found() {
    assert_eq!(
        ignored(
            "f",
            "/// ```ignore\n//! ```rust,ignore\n/// ```no_run\n// ignore"
        )
        .len(),
        2
    );
}

#[test]
fn names_are_found_outside_blocks() {
    let text =
        "see `a/b.rs`, `c`, `d/` and `*.rs`\n```\n`e.rs`\n```\n`f.rs` [g](g.md) [h](http://h)";
    assert_eq!(named_files(text), ["a/b.rs", "d/", "f.rs"]);
    assert_eq!(links(text), ["g.md"]);
}
