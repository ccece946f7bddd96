//! Does each ordering say what it pairs with?
//!
//! An ordering that is stronger than `Relaxed`, and each fence, has an `// Ordering:` at most six
//! lines above it. What stands behind the door has no pair of its own.

use crate::{exceptions, report, text, tree};

const LINES_ABOVE_MAX: usize = 6;
const STRONG: &[&str] = &["Acquire", "Release", "AcqRel", "SeqCst"];

fn untagged(path: &str, raw: &str) -> Vec<String> {
    let code = text::without_tests(&text::code(raw));
    let lines: Vec<&str> = raw.lines().collect();
    let mut found = Vec::new();
    for (at, line) in code.lines().enumerate() {
        let ordering = STRONG.iter().find(|word| text::has_word(line, word));
        let above = &lines[at.saturating_sub(LINES_ABOVE_MAX)..=at];
        let import = line.trim_start().starts_with("use ");
        if let Some(word) = ordering
            && !import
            && above.iter().all(|line| !line.contains("// Ordering:"))
        {
            found.push(format!("{path}:{}: `{word}`", at + 1));
        }
    }
    found
}

#[test]
fn each_ordering_of_the_tree_has_its_reason() {
    let sources = tree::sources().into_iter();
    let found = sources
        .filter(|file| !file.path.starts_with("runtime/core/src/primitive/"))
        .flat_map(|file| untagged(&file.path, &file.text))
        .filter(|line| !exceptions::allowed(exceptions::ORDERINGS, line));
    report("an ordering without `// Ordering:`", found.collect());
}

#[test]
fn a_tag_counts_for_six_lines() {
    let near = format!(
        "// Ordering: why.{}a.load(Ordering::Acquire);",
        "\n".repeat(6)
    );
    let far = format!(
        "// Ordering: why.{}a.load(Ordering::Acquire);",
        "\n".repeat(7)
    );
    assert_eq!(untagged("f", &near), Vec::<String>::new());
    assert_eq!(untagged("f", &far), ["f:8: `Acquire`"]);
    assert_eq!(
        untagged("f", "a.load(Relaxed); use b::Acquire;"),
        ["f:1: `Acquire`"]
    );
    assert_eq!(
        untagged("f", "// Acquire\nuse b::{Acquire};"),
        Vec::<String>::new()
    );
}
