//! What may stand in the attribute's parentheses?

use crate::token::{Problem, Token};

/// The options of an attribute.
#[derive(Debug, PartialEq)]
pub struct Options<T> {
    /// The expression after `workers =`.
    pub workers: Option<Vec<T>>,
    /// The expression after `signals =`.
    pub signals: Option<Vec<T>>,
    pub local: bool,
    pub paused: bool,
}

/// Reads `name` and `name = expression`, between commas; `known` says which there are.
pub fn read<T: Token>(tokens: &[T], known: &[&str]) -> Result<Options<T>, Problem<T>> {
    let mut options = Options {
        workers: None,
        signals: None,
        local: false,
        paused: false,
    };
    let mut seen: Vec<String> = Vec::new();
    for option in tokens.split(|token| token.mark() == Some(',')) {
        let [first, value @ ..] = option else {
            continue;
        };
        let name = first.word().filter(|name| known.contains(&name.as_str()));
        let Some(name) = name else {
            let known = known.join("`, `");
            return Err(Problem::at(
                first,
                format!("unknown option; there are `{known}`"),
            ));
        };
        if seen.contains(&name) {
            return Err(Problem::at(first, format!("`{name}` stands here twice")));
        }
        match (name.as_str(), value) {
            ("workers", value) => options.workers = Some(expression(first, "4", value)?),
            ("signals", value) => options.signals = Some(expression(first, "false", value)?),
            (_, [extra, ..]) => {
                return Err(Problem::at(extra, format!("`{name}` takes no value")));
            }
            ("local", []) => options.local = true,
            (_, []) => options.paused = true,
        }
        if options.local && options.workers.is_some() {
            let message = "`local` means one thread: it does not go with `workers`";
            return Err(Problem::at(first, message));
        }
        seen.push(name);
    }
    Ok(options)
}

/// The expression of `name = expression`.
fn expression<T: Token>(name: &T, example: &str, value: &[T]) -> Result<Vec<T>, Problem<T>> {
    match value {
        [equals, expression @ ..] if equals.mark() == Some('=') && !expression.is_empty() => {
            Ok(expression.to_vec())
        }
        _ => {
            let name_is = name.word().unwrap_or_default();
            let message = format!("which? Write `{name_is} = {example}`");
            Err(Problem::at(name, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fake::tokens;

    const KNOWN: &[&str] = &["workers", "signals", "local", "paused"];

    fn problem(text: &'static str) -> (&'static str, String) {
        let problem = read(&tokens(text), KNOWN).expect_err("a problem");
        (problem.at.map_or("", |at| at.0), problem.message)
    }

    #[test]
    fn options_stand_in_any_order_with_or_without_a_last_comma() {
        let options = read(&tokens("paused , workers = 2 + N ,"), KNOWN).expect("options");
        assert_eq!(options.workers, Some(tokens("2 + N")));
        assert!(options.paused && !options.local);
        let options = read(&tokens(""), KNOWN).expect("no options");
        assert!(options.workers.is_none() && !options.paused && !options.local);
    }

    #[test]
    fn an_unknown_option_is_refused_with_those_there_are() {
        let (at, message) = problem("local , threads = 2");
        assert_eq!(at, "threads");
        assert!(
            message.contains("`workers`, `signals`, `local`, `paused`"),
            "{message}"
        );
        assert!(
            read(&tokens("paused"), &["local"]).is_err(),
            "known to the other attribute"
        );
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert_eq!(problem("local , local").0, "local");
        assert_eq!(problem("workers = 2 , local").0, "local");
        assert_eq!(problem("local , workers = 2").0, "workers");
        assert_eq!(problem("local = true").0, "=");
        assert_eq!(problem("workers").0, "workers");
        assert_eq!(problem("workers =").0, "workers");
        assert_eq!(problem("signals").0, "signals");
        assert!(
            problem("signals").1.contains("`signals = false`"),
            "an example of it"
        );
    }
}
