//! What is left of a Rust text without its comments, strings and tests?
//!
//! What is taken out becomes blanks, so that lines and columns stay where they were.

use std::ops::Range;

/// `text` with the contents of comments, strings and characters blanked.
pub fn code(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = skipped(text, at);
        for byte in &mut bytes[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(bytes).expect("whole characters were blanked")
}

/// Where what begins at `at` ends, if it is a comment, a string or a character; else `at`.
fn skipped(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    let inside_word = at > 0 && is_word(bytes[at - 1]);
    match rest[0] {
        b'/' if rest.starts_with(b"//") => at + find(rest, b"\n").unwrap_or(rest.len()),
        b'/' if rest.starts_with(b"/*") => at + block_comment(rest),
        b'"' => at + string(rest),
        b'r' | b'b' | b'c' if !inside_word => at + raw_string(rest),
        b'\'' => at + character(&text[at..]),
        _ => at,
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `r"…"`, `r#"…"#`, `br"…"`; 0 for anything else.
fn raw_string(rest: &[u8]) -> usize {
    let prefix = rest.iter().take_while(|b| b"rbc".contains(b)).count();
    let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
    let open = prefix + hashes;
    if !rest[..prefix].contains(&b'r') || rest.get(open) != Some(&b'"') {
        return 0;
    }
    let close = [b"\"".as_slice(), &rest[prefix..open]].concat();
    let body = open + 1;
    body + find(&rest[body..], &close).map_or(rest.len() - body, |end| end + close.len())
}

/// `'x'`, `'\n'`; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => 3 + rest[3..].find('\'').map_or(0, |end| end + 1),
        Some(_) => chars
            .next()
            .map_or(0, |(at, c)| if c == '\'' { at + 1 } else { 0 }),
        None => 0,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `line` has `word` as a whole word.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let bytes = line.as_bytes();
        let end = at + word.len();
        (at == 0 || !is_word(bytes[at - 1])) && (end == bytes.len() || !is_word(bytes[end]))
    })
}

/// The span from the first `{` at or after `from` to its `}`.
pub fn braces(code: &str, from: usize) -> Option<Range<usize>> {
    let start = from + code[from..].find('{')?;
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(start..at + 1),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `code` with its `#[cfg(test)] mod … { … }` blanked.
pub fn without_tests(code: &str) -> String {
    let mut left = code.to_owned();
    while let Some(at) = left.find("#[cfg(test)]") {
        let after = at + "#[cfg(test)]".len();
        let statement = left[after..].find(';').map(|end| after..after + end + 1);
        let block = braces(&left, after);
        let end = match (statement, block) {
            (Some(s), Some(b)) if s.end <= b.start => s.end,
            (_, Some(block)) => block.end,
            (Some(statement), None) => statement.end,
            (None, None) => left.len(),
        };
        let blank = |c: char| if c == '\n' { "\n" } else { " " };
        let blanks: String = left[at..end].chars().map(blank).collect();
        left.replace_range(at..end, &blanks);
    }
    left
}

#[test]
fn comments_strings_and_characters_are_blanked() {
    let text = "a /* b /* c */ */ \"d\\\"\" r#\"e\"# 'f' '\\'' &'g x // h\ni";
    let blank = code(text);
    assert_eq!(blank.len(), text.len());
    let words: Vec<&str> = blank.split_whitespace().collect();
    assert_eq!(words, ["a", "&'g", "x", "i"]);
}

#[test]
fn test_modules_are_blanked_and_nothing_else_is() {
    let text = "a\n#[cfg(test)]\nmod t { fn f() {} }\nb\n#[cfg(test)]\nmod u;\nc { d }";
    let left = without_tests(text);
    let words: Vec<&str> = left.split_whitespace().collect();
    assert_eq!(words, ["a", "b", "c", "{", "d", "}"]);
    assert_eq!(left.matches('\n').count(), text.matches('\n').count());
}
