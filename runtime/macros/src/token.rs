//! What does a walk need to know of a token?
//!
//! Little enough that tests can walk tokens of their own: the compiler's exist only while it
//! expands an attribute.

use proc_macro::{Delimiter, TokenTree};

/// A token, or a group of them in brackets.
pub trait Token: Clone {
    /// The text of a word.
    fn word(&self) -> Option<String>;

    /// The character of a mark.
    fn mark(&self) -> Option<char>;

    /// The opening bracket of a group.
    fn opens(&self) -> Option<char>;

    /// Whether this is a group with nothing in it.
    fn is_empty(&self) -> bool;

    /// Whether this is the word `word`.
    fn is_word(&self, word: &str) -> bool {
        self.word().is_some_and(|mine| mine == word)
    }
}

impl Token for TokenTree {
    fn word(&self) -> Option<String> {
        match self {
            Self::Ident(word) => Some(word.to_string()),
            _ => None,
        }
    }

    fn mark(&self) -> Option<char> {
        match self {
            Self::Punct(mark) => Some(mark.as_char()),
            _ => None,
        }
    }

    fn opens(&self) -> Option<char> {
        match self {
            Self::Group(group) => match group.delimiter() {
                Delimiter::Parenthesis => Some('('),
                Delimiter::Brace => Some('{'),
                Delimiter::Bracket => Some('['),
                Delimiter::None => None,
            },
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Group(group) if group.stream().is_empty())
    }
}

/// What is wrong, and at which token; `None`: at the attribute itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem<T> {
    pub at: Option<T>,
    pub message: String,
}

impl<T> Problem<T> {
    pub fn at(token: &T, message: impl Into<String>) -> Self
    where
        T: Clone,
    {
        Self {
            at: Some(token.clone()),
            message: message.into(),
        }
    }

    pub fn nowhere(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
        }
    }
}

/// Tokens for tests: a text taken apart at its blanks, a group being one of its words.
#[cfg(test)]
pub mod fake {
    use super::Token;

    #[derive(Debug, Clone, PartialEq)]
    pub struct Fake(pub &'static str);

    pub fn tokens(text: &'static str) -> Vec<Fake> {
        text.split_whitespace().map(Fake).collect()
    }

    impl Fake {
        fn first(&self) -> char {
            self.0.chars().next().expect("no token is empty")
        }
    }

    impl Token for Fake {
        fn word(&self) -> Option<String> {
            let word = self.first().is_alphabetic();
            word.then(|| self.0.to_owned())
        }

        fn mark(&self) -> Option<char> {
            let mark = self.first().is_ascii_punctuation() && self.opens().is_none();
            mark.then(|| self.first())
        }

        fn opens(&self) -> Option<char> {
            Some(self.first()).filter(|first| "([{".contains(*first))
        }

        fn is_empty(&self) -> bool {
            self.opens().is_some() && self.0.len() == 2
        }
    }
}
