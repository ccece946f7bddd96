//! A tour of heist: what asyncio's first page shows, on every core.
//!
//! ```text
//! cargo run --release --example tour                 against a server of its own
//! cargo run --release --example tour -- --url URL    against yours; may be repeated
//! ```

mod pages; // a server whose pages take their time
mod steps; // what is shown, one function each

use std::{error::Error, process::ExitCode};

/// Errors that may come from any task.
type Anything = Box<dyn Error + Send + Sync>;

#[heist::main]
async fn main() -> ExitCode {
    let shown = match urls() {
        Ok(urls) => tour(urls).await,
        Err(error) => Err(error),
    };
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tour(urls: Vec<String>) -> Result<(), Anything> {
    steps::fetch_pages(urls).await?;
    steps::create_tasks().await?;
    steps::gather_two().await?;
    steps::take_as_completed().await?;
    steps::generate().await?;
    steps::compute().await
}

fn urls() -> Result<Vec<String>, Anything> {
    let (mut urls, mut arguments) = (Vec::new(), std::env::args().skip(1));
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--url", Some(url)) => urls.push(url),
            _ => return Err("usage: tour [--url URL]...".into()),
        }
    }
    Ok(urls)
}
