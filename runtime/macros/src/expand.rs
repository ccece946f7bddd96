//! What stands in the place of the function?
//!
//! A plain function of the same name, with the `async` one inside:
//!
//! ```text
//! fn main() -> ::std::process::ExitCode {
//!     async fn main() -> Result<(), Error> { … }
//!     ::heist::__private::main(::heist::Builder::new().workers(4), true, main())
//! }
//!
//! #[::core::prelude::v1::test]
//! fn adds() {
//!     async fn adds() { … }
//!     ::heist::__private::test(::heist::Builder::new().workers(2), adds())
//! }
//! ```
//!
//! `local` calls `main_local` and `test_local`, which do not ask for `Send`; `paused` adds
//! `.paused_clock(true)`.

use crate::{
    function::{self, Function},
    options::{self, Options},
    token::{Problem, Token},
};
use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

/// One of the two attributes.
pub struct Attribute {
    /// The function of `heist::__private` that does the work.
    runner: &'static str,
    /// What stands above the plain function.
    above: &'static str,
    /// What the plain function returns.
    returns: &'static str,
    /// How many workers there are when nothing is said.
    workers: &'static str,
    /// Whether it hears signals when nothing is said; without it, the runner is not asked.
    signals: &'static str,
    options: &'static [&'static str],
}

pub const MAIN: Attribute = Attribute {
    runner: "main",
    above: "",
    returns: "-> ::std::process::ExitCode",
    workers: "",
    signals: "true",
    options: &["workers", "signals", "local"],
};

pub const TEST: Attribute = Attribute {
    runner: "test",
    above: "#[::core::prelude::v1::test]",
    returns: "",
    workers: "2",
    signals: "",
    options: &["workers", "local", "paused"],
};

/// Expands `attribute`, or says what is wrong.
pub fn attribute(attribute: &Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let options: Vec<TokenTree> = options.into_iter().collect();
    let item: Vec<TokenTree> = item.into_iter().collect();
    let function = function::split(&item);
    let options = options::read(&options, attribute.options);
    match (function, options) {
        (Ok(function), Ok(options)) => plain(attribute, function, options),
        (Err(problem), _) | (_, Err(problem)) => refused(problem, &item),
    }
}

/// The plain function around the `async` one.
fn plain(
    attribute: &Attribute,
    function: Function<TokenTree>,
    options: Options<TokenTree>,
) -> TokenStream {
    // Names mean what they mean where the attribute stands; errors show the function's name.
    let span = Span::call_site().located_at(function.name.span());
    let unit = TokenTree::Group(Group::new(Delimiter::Parenthesis, TokenStream::new()));
    let name = [function.name, unit];

    let local = if options.local { "_local" } else { "" };
    let runner = format!("::heist::__private::{}{local}", attribute.runner);
    let signals = said_or(&options.signals, attribute.signals, span);
    let mut arguments = builder(attribute, options, span);
    arguments.extend(text(",", span));
    if !signals.is_empty() {
        arguments.extend(signals);
        arguments.extend(text(",", span));
    }
    arguments.extend(name.clone());
    let mut body: TokenStream = function.function.into_iter().collect();
    body.extend(text(&runner, span));
    body.extend([group(Delimiter::Parenthesis, arguments, span)]);

    let mut plain = text(attribute.above, span);
    plain.extend(function.attributes);
    plain.extend(function.visibility);
    plain.extend(text("fn", span));
    plain.extend(name);
    plain.extend(text(attribute.returns, span));
    plain.extend([group(Delimiter::Brace, body, span)]);
    plain
}

/// The `heist::Builder` that the options describe.
fn builder(attribute: &Attribute, options: Options<TokenTree>, span: Span) -> TokenStream {
    let mut builder = text("::heist::Builder::new()", span);
    let default = if options.local { "" } else { attribute.workers };
    let workers = said_or(&options.workers, default, span);
    if !workers.is_empty() {
        builder.extend(text(".workers", span));
        builder.extend([group(Delimiter::Parenthesis, workers, span)]);
    }
    if options.paused {
        builder.extend(text(".paused_clock(true)", span));
    }
    builder
}

/// The expression that was said, or the default.
fn said_or(said: &Option<Vec<TokenTree>>, default: &str, span: Span) -> TokenStream {
    match said {
        Some(said) => said.iter().cloned().collect(),
        None => text(default, span),
    }
}

/// An error where the problem is, and an empty function, lest its absence be an error too.
fn refused(problem: Problem<TokenTree>, item: &[TokenTree]) -> TokenStream {
    let span = problem.at.map_or_else(Span::call_site, |at| at.span());
    let mut refused = text(
        &format!("::core::compile_error!({:?});", problem.message),
        span,
    );
    let mut after_fn = item.iter().skip_while(|token| !token.is_word("fn")).skip(1);
    if let Some(TokenTree::Ident(name)) = after_fn.next() {
        refused.extend(text(&format!("fn {name}() {{}}"), span));
    }
    refused
}

fn group(delimiter: Delimiter, inner: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, inner);
    group.set_span(span);
    TokenTree::Group(group)
}

/// `text` as tokens that stand at `span`.
fn text(text: &str, span: Span) -> TokenStream {
    let tokens: TokenStream = text.parse().expect("our own text is Rust");
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
