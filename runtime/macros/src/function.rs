//! Where are a function's parts?

use crate::token::{Problem, Token};

/// `attributes visibility async fn name() returns { body }`, taken apart.
#[derive(Debug, PartialEq)]
pub struct Function<T> {
    /// `#[…]`, each of them two tokens.
    pub attributes: Vec<T>,
    /// `pub`, `pub(…)` or nothing.
    pub visibility: Vec<T>,
    pub name: T,
    /// From `async` to the body: the whole function, but for the two fields above.
    pub function: Vec<T>,
}

/// Takes `tokens` apart.
pub fn split<T: Token>(tokens: &[T]) -> Result<Function<T>, Problem<T>> {
    let attributes = leading(tokens, |pair| {
        pair[0].mark() == Some('#') && pair.get(1).is_some_and(|t| t.opens() == Some('['))
    });
    let (attributes, rest) = tokens.split_at(attributes);
    let (visibility, function) = rest.split_at(visibility(rest));
    let Some(first) = function.first() else {
        return Err(Problem::nowhere("expected an `async fn`"));
    };
    if first.is_word("fn") {
        return Err(Problem::at(
            first,
            "the function must be async: write `async fn`",
        ));
    }
    let [start, keyword, name, rest @ ..] = function else {
        return Err(Problem::at(first, "expected an `async fn`"));
    };
    if !start.is_word("async") {
        return Err(Problem::at(
            start,
            "expected an `async fn` without other qualifiers",
        ));
    }
    if !keyword.is_word("fn") {
        return Err(Problem::at(keyword, "expected `fn` after `async`"));
    }
    signature(name, rest)?;
    Ok(Function {
        attributes: attributes.to_vec(),
        visibility: visibility.to_vec(),
        name: name.clone(),
        function: function.to_vec(),
    })
}

/// How many tokens the attributes at the beginning have.
fn leading<T>(tokens: &[T], is_attribute: impl Fn(&[T]) -> bool) -> usize {
    2 * tokens
        .chunks(2)
        .take_while(|pair| is_attribute(pair))
        .count()
}

fn visibility<T: Token>(tokens: &[T]) -> usize {
    match tokens {
        [first, second, ..] if first.is_word("pub") => 1 + usize::from(second.opens() == Some('(')),
        _ => 0,
    }
}

/// Looks at what follows the name: arguments, perhaps a return type, a body.
fn signature<T: Token>(name: &T, rest: &[T]) -> Result<(), Problem<T>> {
    let Some(after) = rest.first() else {
        return Err(Problem::at(name, "expected arguments and a body"));
    };
    if after.mark() == Some('<') {
        return Err(Problem::at(
            after,
            "the function cannot be generic: nobody says for which type",
        ));
    }
    if after.opens() != Some('(') || !after.is_empty() {
        return Err(Problem::at(
            after,
            "the function cannot take arguments: nobody passes them",
        ));
    }
    match rest.last() {
        Some(body) if body.opens() == Some('{') => Ok(()),
        _ => Err(Problem::at(name, "the function needs a body")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fake::{Fake, tokens};

    fn problem(text: &'static str) -> (&'static str, String) {
        let problem = split(&tokens(text)).expect_err("a problem");
        (problem.at.map_or("", |at| at.0), problem.message)
    }

    #[test]
    fn attributes_and_visibility_are_set_apart() {
        let text = "# [ignore] # [doc] pub (crate) async fn name () -> Result < () , E > {x}";
        let function = split(&tokens(text)).expect("a function");
        assert_eq!(function.attributes, tokens("# [ignore] # [doc]"));
        assert_eq!(function.visibility, tokens("pub (crate)"));
        assert_eq!(function.name, Fake("name"));
        assert_eq!(function.function[..4], tokens("async fn name ()"));
        assert_eq!(function.function.last(), Some(&Fake("{x}")));
    }

    #[test]
    fn a_bare_function_is_enough() {
        let function = split(&tokens("async fn main () {}")).expect("a function");
        assert!(function.attributes.is_empty() && function.visibility.is_empty());
        assert_eq!(
            split(&tokens("pub async fn f () {}"))
                .expect("one")
                .visibility
                .len(),
            1
        );
    }

    #[test]
    fn a_plain_function_is_told_to_be_async_at_its_fn() {
        let (at, message) = problem("pub fn main () {}");
        assert_eq!(at, "fn");
        assert!(message.contains("must be async"), "{message}");
    }

    #[test]
    fn generics_are_refused_at_their_bracket_and_arguments_at_theirs() {
        let (at, message) = problem("async fn main < T > () {}");
        assert_eq!(at, "<");
        assert!(message.contains("generic"), "{message}");
        let (at, message) = problem("async fn main (a:u8) {}");
        assert_eq!(at, "(a:u8)");
        assert!(message.contains("arguments"), "{message}");
    }

    #[test]
    fn what_is_no_async_function_is_refused_where_it_differs() {
        assert_eq!(problem("unsafe async fn f () {}").0, "unsafe");
        assert_eq!(problem("async move {}").0, "move");
        assert_eq!(problem("struct S ;").0, "struct");
        assert_eq!(problem("async fn f () ;").0, "f");
        assert_eq!(problem("").0, "");
    }
}
