//! Where does `unsafe` stand, and how much of it?

use crate::{exceptions::UNSAFE, report, text, tree};

/// How many lines of `code` have the word.
fn lines(code: &str) -> usize {
    let lines = code.lines();
    lines.filter(|line| text::has_word(line, "unsafe")).count()
}

fn differences(found: &[(String, usize)], listed: &[(&str, usize)]) -> Vec<String> {
    let listed_for = |path: &str| listed.iter().find(|(known, _)| *known == path);
    let grown = found.iter().filter_map(|(path, lines)| {
        let known = listed_for(path).map_or(0, |(_, lines)| *lines);
        (known != *lines).then(|| format!("(\"{path}\", {lines}), was {known}"))
    });
    let gone = listed
        .iter()
        .filter(|(path, _)| found.iter().all(|(known, _)| known != path))
        .map(|(path, _)| format!("{path} has none any more"));
    grown.chain(gone).collect()
}

#[test]
fn unsafe_stands_where_it_is_listed() {
    let counted = tree::sources().into_iter().filter_map(|file| {
        let lines = lines(&text::code(&file.text));
        (lines > 0).then_some((file.path, lines))
    });
    let found = differences(&counted.collect::<Vec<_>>(), UNSAFE);
    report("`UNSAFE` in tests/tidy/exceptions.rs says otherwise", found);
}

#[test]
fn growth_a_new_file_and_a_stale_entry_are_found() {
    let found = [("a".to_owned(), 2), ("b".to_owned(), 1)];
    assert!(differences(&found, &[("a", 2), ("b", 1)]).is_empty());
    assert_eq!(differences(&found, &[("a", 1), ("b", 1)]).len(), 1);
    assert_eq!(differences(&found, &[("a", 2)]).len(), 1);
    assert_eq!(
        differences(&found, &[("a", 2), ("b", 1), ("c", 1)]).len(),
        1
    );
    assert_eq!(
        lines("unsafe {}\nallow(unsafe_code)\nunsafe fn f() { unsafe {} }"),
        2
    );
}
