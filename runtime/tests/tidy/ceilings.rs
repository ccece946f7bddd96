//! Is everything small enough to be read at once?

use crate::{exceptions, report, text, tree};

/// The middle of what the codebases of this field do; their worst files are those above it.
const FILE_LINES_MAX: usize = 500;
const FN_LINES_MAX: usize = 70;
/// `rustfmt` breaks code there; it does not break strings and comments.
const COLUMNS_MAX: usize = 100;

fn too_big(path: &str, raw: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = raw.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!("{path}: {lines} lines"));
    }
    for (at, line) in raw.lines().enumerate() {
        let columns = line.chars().count();
        // A row of a table cannot be broken.
        let row = line.trim_start().starts_with("//") && line.trim_end().ends_with('|');
        if columns > COLUMNS_MAX && !row {
            found.push(format!("{path}:{}: {columns} columns", at + 1));
        }
    }
    for (name, lines) in functions(&text::code(raw)) {
        if lines > FN_LINES_MAX {
            found.push(format!("{path}: `{name}` has {lines} lines"));
        }
    }
    found
}

/// Each function with a body, and its lines from `fn` to the closing brace.
fn functions(code: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let starts_word = code[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        let after = &code[at + 3..];
        let name = after.split(|c: char| !c.is_alphanumeric() && c != '_');
        let name = name.into_iter().next().unwrap_or_default();
        if !starts_word || name.is_empty() {
            continue;
        }
        let end = signature_end(after);
        if let Some(body) =
            text::braces(code, at + 3 + end).filter(|body| body.start == at + 3 + end)
        {
            found.push((name, 1 + code[at..body.end].matches('\n').count()));
        }
    }
    found
}

/// Where a signature ends: at its body's `{` or its `;`, outside brackets.
fn signature_end(after: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in after.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' | b';' if depth == 0 => return at,
            _ => {}
        }
    }
    after.len()
}

#[test]
fn the_tree_keeps_the_ceilings() {
    let found = tree::files("", ".rs").into_iter();
    let found = found
        .flat_map(|file| too_big(&file.path, &file.text))
        .filter(|line| !exceptions::allowed(exceptions::CEILINGS, line));
    report("above a ceiling", found.collect());
}

#[test]
fn ceilings_are_inclusive() {
    let function = |lines: usize| format!("pub fn f(a: [u8; 2])\n{{{}}}", "\n".repeat(lines - 2));
    assert_eq!(too_big("f", &function(FN_LINES_MAX)), Vec::<String>::new());
    assert_eq!(too_big("f", &function(FN_LINES_MAX + 1)).len(), 1);
    assert_eq!(
        too_big("f", &"\n".repeat(FILE_LINES_MAX)),
        Vec::<String>::new()
    );
    assert_eq!(too_big("f", &"\n".repeat(FILE_LINES_MAX + 1)).len(), 1);
    assert_eq!(too_big("f", &"é".repeat(COLUMNS_MAX)), Vec::<String>::new());
    assert_eq!(too_big("f", &"é".repeat(COLUMNS_MAX + 1)).len(), 1);
}

#[test]
fn only_functions_with_bodies_are_measured() {
    let code = "fn a(); fn b() -> [u8; 2] { if x {\n} }\nlet c: fn (u8) = d;";
    assert_eq!(functions(code), [("b", 2)]);
}
