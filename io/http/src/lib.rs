//! An HTTP/1.1 client and server on heist, thin over hyper and rustls.
//!
//! ```no_run
//! use heist_http::Client;
//!
//! heist::run(async {
//!     heist::with(Client::new()?, async |client| {
//!         let page = client.get("https://www.example.com/").await?;
//!         println!("{}: {} bytes", page.status(), page.bytes().await?.len());
//!         Ok::<_, heist_http::Error>(())
//!     })
//!     .await
//! })?;
//! # Ok::<(), heist_http::Error>(())
//! ```
//!
//! # Reading order
//!
//! The modules are listed from the user inwards; each imports only modules further down.

mod client; // how does one fetch a page?
mod server; // how does one give pages?
mod pool; // which connections are open and free?
mod connect; // how does a connection come about?
mod stream; // plain or encrypted bytes, as hyper wants them
mod timer; // what time is it, for hyper?
mod error; // what can go wrong?

pub use client::{Client, ClientBuilder, Page, Reading, Request, Sending};
pub use error::Error;
pub use server::{Incoming, Serve, Server, serve, text};

/// The types of requests and responses.
pub use hyper::{HeaderMap, Method, Request as ServerRequest, Response, StatusCode, Uri, header};

/// The contents of bodies.
pub use bytes::Bytes;

/// Bodies: one in one piece, and the methods that read one.
pub use http_body_util::{BodyExt, Full};

/// The settings of TLS.
pub use rustls;

/// The programs of the document, which need both crates.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/asyncio.md")]
struct Asyncio;
