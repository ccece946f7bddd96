//! `#[heist::main]` and `#[heist::test]`: an `async fn` where the language wants a plain one.
//!
//! Use them through [`heist`](https://docs.rs/heist). They stand on `proc_macro` alone, because a
//! parser of all of Rust would be most of a clean build's work, and two attributes need to know no
//! more than where a function's name, arguments and body are.
//!
//! # Reading order
//!
//! The modules are listed from the user inwards; each imports only modules further down.

use proc_macro::TokenStream;

mod expand; // what stands in the place of the function?
mod options; // what may stand in the attribute's parentheses?
mod function; // where are a function's parts?
mod token; // what does a walk need to know of a token?

/// Runs an `async fn main` on a runtime made for it.
///
/// The function is the first task; what it returns, anything that a plain `main` may return,
/// becomes the exit code. When it is done, tasks that are left are cancelled.
///
/// | option | means |
/// | --- | --- |
/// | `workers = n` | this many workers, this thread being one; without it, one a core |
/// | `local` | the function is polled by this thread, which runs everything: it may hold what is not `Send` |
/// | `signals = false` | SIGINT and SIGTERM do what they do to any program |
///
/// # Signals
///
/// SIGINT (ctrl-c) and SIGTERM are heard unless the program was started with them ignored. Where
/// something waits for the signal, such as `heist::signal::ctrl_c`, that is all. Otherwise the
/// first one stops the function at its next await, and the runtime shuts down: what they own is
/// dropped. The process then ends by that signal, so that its parent sees it. At the second
/// signal, or 5 seconds after the first, it ends at once, after printing to stderr what every task
/// is waiting for. A function that returns before it is stopped returns its value.
///
/// # Examples
///
/// ```no_run
/// #[heist::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = heist::net::TcpListener::bind("127.0.0.1:7000").await?;
///     println!("listening on {}", listener.local_addr()?);
///     Ok(())
/// }
/// ```
///
/// A function that is not `async` has nothing to run:
///
/// ```compile_fail
/// #[heist_macros::main]
/// fn main() {}
/// ```
///
/// Nobody could say what a type parameter is, or pass an argument:
///
/// ```compile_fail
/// #[heist_macros::main]
/// async fn main<T>() {}
/// ```
///
/// ```compile_fail
/// #[heist_macros::main]
/// async fn main(arguments: Vec<String>) {}
/// ```
///
/// An option that does not exist, or does not go with another:
///
/// ```compile_fail
/// #[heist_macros::main(threads = 2)]
/// async fn main() {}
/// ```
///
/// ```compile_fail
/// #[heist_macros::main(local, workers = 2)]
/// async fn main() {}
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(&expand::MAIN, options, item)
}

/// Runs an `async fn` as a test, on a runtime made for it.
///
/// The function fails as a plain test does: by a panic, or by returning an error. Other attributes,
/// such as `#[should_panic]`, mean what they always mean.
///
/// | option | means |
/// | --- | --- |
/// | `workers = n` | this many workers; without it, two, so that tasks meet on two threads |
/// | `local` | this thread runs everything: the function may hold what is not `Send` |
/// | `paused` | time is virtual: it stands still while anything can run, and jumps when nothing can |
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
///
/// #[heist::test(paused)]
/// async fn a_day_passes_at_once() {
///     let start = heist::time::Instant::now();
///     heist::sleep(Duration::from_secs(86_400)).await;
///     assert!(start.elapsed() >= Duration::from_secs(86_400));
/// }
/// ```
///
/// A test takes no arguments:
///
/// ```compile_fail
/// #[heist_macros::test]
/// async fn adds(left: u8) {}
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(&expand::TEST, options, item)
}
