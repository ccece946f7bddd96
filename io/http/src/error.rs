//! What can go wrong?

use std::{fmt, io};

/// Why a request has no answer.
///
/// ```
/// use heist_http::{Client, Error};
///
/// # heist::run(async {
/// let client = Client::new()?;
/// let error = client.get("ftp://localhost/").await.unwrap_err();
/// assert!(matches!(error, Error::Url(url) if url == "ftp://localhost/"));
///
/// // Nobody listens there any more.
/// let gone = heist::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
/// let error = client.get(&format!("http://{gone}/")).await.unwrap_err();
/// assert!(matches!(error, Error::Connect(_)));
/// assert!(error.to_string().starts_with("no connection: "));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The address is no `http://` or `https://` address with a host.
    Url(String),
    /// A header's name or value, or the request as a whole, is not well formed.
    Request(hyper::http::Error),
    /// There is no connection to the server.
    Connect(io::Error),
    /// The server did not prove who it is, or the settings of TLS make no sense.
    Tls(io::Error),
    /// The conversation broke off, or is not HTTP.
    Http(hyper::Error),
    /// The body is longer than the client's limit, in bytes.
    TooLong(usize),
    /// The body is not UTF-8.
    Text(std::string::FromUtf8Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "`{url}` is no http:// or https:// address"),
            Self::Request(error) => write!(f, "the request is not well formed: {error}"),
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Tls(error) => write!(f, "no secure connection: {error}"),
            Self::Http(error) => write!(f, "the conversation failed: {error}"),
            Self::TooLong(limit) => write!(f, "the body is longer than {limit} bytes"),
            Self::Text(error) => write!(f, "the body is no text: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Url(_) | Self::TooLong(_) => None,
            Self::Request(error) => Some(error),
            Self::Connect(error) | Self::Tls(error) => Some(error),
            Self::Http(error) => Some(error),
            Self::Text(error) => Some(error),
        }
    }
}

impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}
