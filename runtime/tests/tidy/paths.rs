//! Which paths does a text name?

/// A path, and where it stands. `use a::{b, c}` names two of them.
#[derive(Debug)]
pub struct Named {
    pub segments: Vec<String>,
    pub line: usize,
    /// How many `mod name { … }` of the same file stand around it.
    pub inline: usize,
    /// The keyword before it, if it is the argument of `use` or `mod`.
    pub keyword: Option<&'static str>,
    /// How many braces stand around it.
    pub depth: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Colons,
    Mark(char),
}

/// Each path in `code`, which has no comments and strings.
pub fn named(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut braces: Vec<bool> = Vec::new();
    let mut keyword = None;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].0 {
            Token::Word(word) if keyword_of(word).is_some() => keyword = keyword_of(word),
            Token::Word(_) => {
                let before = found.len();
                at = path(&tokens, at, &[], &mut found);
                for named in &mut found[before..] {
                    named.keyword = keyword;
                    named.depth = braces.len();
                    named.inline = braces.iter().filter(|inline| **inline).count();
                }
                if keyword != Some("mod") {
                    keyword = None;
                }
                continue;
            }
            Token::Mark('{') => braces.push(keyword.take() == Some("mod")),
            Token::Mark('}') => drop(braces.pop()),
            Token::Mark(_) => keyword = None,
            Token::Colons => {}
        }
        at += 1;
    }
    found
}

fn keyword_of(word: &str) -> Option<&'static str> {
    ["use", "mod"].into_iter().find(|known| *known == word)
}

/// Reads the path or the use tree at `at`, puts its leaves into `found`, and returns where it ends.
fn path(tokens: &[(Token, usize)], at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens[at].1;
    let mut at = at;
    loop {
        match tokens.get(at).map(|(token, _)| *token) {
            Some(Token::Word(word)) => segments.push(word.to_owned()),
            Some(Token::Mark('*')) => segments.push("*".to_owned()),
            Some(Token::Mark('{')) => return group(tokens, at + 1, &segments, found),
            _ => break,
        }
        at += 1;
        if tokens.get(at).map(|(token, _)| *token) != Some(Token::Colons) {
            break;
        }
        at += 1;
    }
    if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
        segments.pop();
    }
    found.push(Named {
        segments,
        line,
        inline: 0,
        keyword: None,
        depth: 0,
    });
    at
}

fn group(tokens: &[(Token, usize)], at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let mut at = at;
    while at < tokens.len() {
        match tokens[at].0 {
            Token::Mark('}') => return at + 1,
            // `as name`: the name is nobody's path.
            Token::Word("as") => at += 2,
            Token::Word(_) | Token::Mark('*' | '{') => at = path(tokens, at, prefix, found),
            _ => at += 1,
        }
    }
    at
}

fn tokens(code: &str) -> Vec<(Token<'_>, usize)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (token, length) = match word.unwrap_or(rest.len()) {
                0 if rest.starts_with("::") => (Some(Token::Colons), 2),
                0 => (Some(Token::Mark(first)), first.len_utf8()),
                length => (Some(Token::Word(&rest[..length])), length),
            };
            let token = token.filter(|token| !matches!(token, Token::Mark(c) if *c == ' '));
            found.extend(token.map(|token| (token, number + 1)));
            rest = &rest[length..];
        }
    }
    found
}

#[test]
fn use_trees_are_taken_apart() {
    let code = "use a::{b::{self, c as d}, e::*};\nfn f() { crate::g::<u8>(super::h); }";
    let paths: Vec<String> = named(code)
        .iter()
        .map(|named| named.segments.join("::"))
        .filter(|path| path.contains("::"))
        .collect();
    assert_eq!(
        paths,
        ["a::b", "a::b::c", "a::e::*", "crate::g", "super::h"]
    );
}

#[test]
fn inline_modules_and_keywords_are_seen() {
    let found = named("mod a;\npub mod b { use super::c; fn f() { d::e } }\nuse f::g;");
    let of = |path: &str| {
        let named = found.iter().find(|n| n.segments.join("::") == path);
        let named = named.expect("a path of the text");
        (named.line, named.inline, named.keyword, named.depth)
    };
    assert_eq!(of("a"), (1, 0, Some("mod"), 0));
    assert_eq!(of("super::c"), (2, 1, Some("use"), 1));
    assert_eq!(of("d::e"), (2, 1, None, 2));
    assert_eq!(of("f::g"), (3, 0, Some("use"), 0));
}
