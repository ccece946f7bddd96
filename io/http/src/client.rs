//! How does one fetch a page?

use crate::{
    connect::{self, Origin, Sender},
    error::Error,
    pool::Pool,
};
use bytes::Bytes;
use futures_rustls::TlsConnector;
use heist::Close;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, StatusCode, Uri,
    body::Incoming,
    header::{HOST, HeaderName, HeaderValue},
};
use rustls::{RootCertStore, pki_types::CertificateDer};
use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The default of [`ClientBuilder::body_limit`]: more than a page, less than a machine.
const BODY_LIMIT: usize = 64 << 20;

/// Fetches pages by HTTP/1.1, and keeps connections open for the next request.
///
/// Clones share the connections. [`Close`] closes those that are free; so does dropping the last
/// clone.
///
/// ```
/// use heist::net::TcpListener;
/// use heist_http::{Client, Method};
///
/// # heist::run(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("http://{}/", listener.local_addr()?);
/// let server = heist_http::serve(listener, |request| async move {
///     heist_http::text(request.method().to_string())
/// });
/// let _server = heist::spawn(server).abort_on_drop();
///
/// let client = Client::new()?;
/// assert_eq!(client.get(&url).await?.text().await?, "GET");
/// assert_eq!(client.post(&url).body("news").await?.text().await?, "POST");
/// let put = client.request(Method::PUT, &url).body("news");
/// assert_eq!(put.await?.text().await?, "PUT");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
#[doc(alias = "AsyncClient")]
#[doc(alias = "ClientSession")]
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    tls: TlsConnector,
    pool: Pool,
    body_limit: usize,
}

impl Client {
    /// A client that believes the certificates that the platform believes.
    ///
    /// # Errors
    ///
    /// When the platform's certificates cannot be used.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A client with other settings. See [`ClientBuilder`].
    ///
    /// ```
    /// use heist_http::{Client, Error};
    ///
    /// # heist::run(async {
    /// # let listener = heist::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # let server = heist_http::serve(listener, |_| async { heist_http::text("too long") });
    /// # let _server = heist::spawn(server).abort_on_drop();
    /// let client = Client::builder().body_limit(7).build()?;
    /// let error = client.get(&url).await?.text().await.unwrap_err();
    /// assert!(matches!(error, Error::TooLong(7)));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            roots: None,
            body_limit: BODY_LIMIT,
        }
    }

    /// Asks for a page. Nothing is sent until the request is awaited.
    pub fn get(&self, url: &str) -> Request {
        self.request(Method::GET, url)
    }

    /// Sends a body to a page. Nothing is sent until the request is awaited.
    pub fn post(&self, url: &str) -> Request {
        self.request(Method::POST, url)
    }

    /// A request by any method.
    pub fn request(&self, method: Method, url: &str) -> Request {
        let head = url
            .parse::<Uri>()
            .map_err(|_| Error::Url(url.to_owned()))
            .map(|url| {
                let mut head = hyper::Request::new(Full::default());
                *head.method_mut() = method;
                *head.uri_mut() = url;
                head
            });
        Request {
            client: self.clone(),
            head,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Close for Client {
    type Error = Error;

    async fn close(self) -> Result<(), Error> {
        self.shared.pool.clear();
        Ok(())
    }
}

/// Settings of a [`Client`].
///
/// A client of servers that sign their own certificates:
///
/// ```
/// use heist_http::{Client, Error};
///
/// # heist::run(async {
/// let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
/// let client = Client::builder()
///     .root_certificate(own.cert.der())?
///     .body_limit(1 << 20)
///     .build()?;
/// # let (der, key) = (own.cert.der().clone(), own.signing_key.serialize_der());
/// # let listener = heist::net::TcpListener::bind("localhost:0").await?;
/// # let url = format!("https://localhost:{}/", listener.local_addr()?.port());
/// # let server = heist_http::Server::new(|_| async { heist_http::text("hello") });
/// # let server = server.tls(vec![der], key.try_into()?)?.serve(listener);
/// # let _server = heist::spawn(server).abort_on_drop();
/// assert_eq!(client.get(&url).await?.text().await?, "hello");
///
/// // Others are not believed any more, and nonsense never is.
/// let nonsense = Client::builder().root_certificate(b"believe me");
/// assert!(matches!(nonsense, Err(Error::Tls(_))));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "a builder builds nothing until `build`"]
pub struct ClientBuilder {
    roots: Option<RootCertStore>,
    body_limit: usize,
}

impl ClientBuilder {
    /// Believes this certificate (DER) and others given so, and no longer the platform's.
    ///
    /// # Errors
    ///
    /// When it is no certificate.
    pub fn root_certificate(mut self, der: &[u8]) -> Result<Self, Error> {
        let roots = self.roots.get_or_insert_with(RootCertStore::empty);
        let added = roots.add(CertificateDer::from(der.to_vec()));
        added.map_err(|error| Error::Tls(std::io::Error::other(error)))?;
        Ok(self)
    }

    /// How long an answer's body may be, in bytes. 64 MiB by default.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// When the platform's certificates cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let tls = connect::tls(self.roots)?;
        let shared = Shared {
            tls,
            pool: Pool::default(),
            body_limit: self.body_limit,
        };
        Ok(Client {
            shared: Arc::new(shared),
        })
    }
}

/// A request to be sent: await it.
///
/// ```
/// use heist_http::{Client, Error};
/// use heist_http::BodyExt as _;
///
/// # heist::run(async {
/// # let listener = heist::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// let server = heist_http::serve(listener, |request| async move {
///     let name = request.headers()["x-name"].as_bytes().to_vec();
///     let body = request.into_body().collect().await.unwrap().to_bytes();
///     heist_http::text([&name[..], b" says ", &body].concat())
/// });
/// # let _server = heist::spawn(server).abort_on_drop();
///
/// let client = Client::new()?;
/// let request = client.post(&url).header("x-name", "Ada").body("hello");
/// assert_eq!(request.await?.text().await?, "Ada says hello");
///
/// // What is not well formed is not sent.
/// let request = client.get(&url).header("my name", "Ada");
/// assert!(matches!(request.await, Err(Error::Request(_))));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
#[must_use = "a request is not sent until it is awaited"]
pub struct Request {
    client: Client,
    head: Result<hyper::Request<Full<Bytes>>, Error>,
}

impl Request {
    /// Adds a header. One that is not well formed is an error of the request.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<hyper::http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<hyper::http::Error>>,
    {
        let add = |mut head: hyper::Request<Full<Bytes>>| {
            let name = HeaderName::try_from(name).map_err(|e| Error::Request(e.into()))?;
            let value = HeaderValue::try_from(value).map_err(|e| Error::Request(e.into()))?;
            head.headers_mut().append(name, value);
            Ok(head)
        };
        self.head = self.head.and_then(add);
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Ok(head) = &mut self.head {
            *head.body_mut() = Full::new(body.into());
        }
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for Request {
    type Output = Result<Page, Error>;
    type IntoFuture = Sending;

    fn into_future(self) -> Sending {
        Sending(Box::pin(send(self.client, self.head)))
    }
}

/// What an awaited [`Request`] waits for: the head of the answer.
///
/// A request that meets a connection which the server has just closed is sent again on another one,
/// if its method is idempotent, as GET is and POST is not, or if nothing of it had been sent.
///
/// # Cancel safety
///
/// Dropped, the request may have been sent, and its connection is closed.
#[must_use = "futures do nothing until awaited"]
pub struct Sending(Pin<Box<dyn Future<Output = Result<Page, Error>> + Send>>);

impl Future for Sending {
    type Output = Result<Page, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

async fn send(
    client: Client,
    head: Result<hyper::Request<Full<Bytes>>, Error>,
) -> Result<Page, Error> {
    let mut request = head?;
    let origin = Origin::of(request.uri())?;
    if !request.headers().contains_key(HOST) {
        let host = HeaderValue::try_from(origin.authority());
        let host = host.map_err(|_| Error::Url(request.uri().to_string()))?;
        request.headers_mut().insert(HOST, host);
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::Url(path.to_owned()))?;

    // A free connection may have been closed by the server meanwhile. hyper gives a request back
    // that it had not begun to send; one that may have arrived is sent again if that does no harm
    // (RFC 9110, 9.2.2).
    while let Some(mut sender) = client.shared.pool.take(&origin) {
        let again = request.method().is_idempotent().then(|| request.clone());
        match sender.try_send_request(request).await {
            Ok(answer) => return Ok(Page::new(client, origin, sender, answer)),
            Err(mut failed) => match failed.take_message().or(again) {
                Some(unsent) => request = unsent,
                None => return Err(failed.into_error().into()),
            },
        }
    }
    let mut sender = connect::connect(&origin, &client.shared.tls).await?;
    let answer = sender.send_request(request).await?;
    Ok(Page::new(client, origin, sender, answer))
}

/// An answer, whose body is still to come.
///
/// When its body has been read, its connection is free for the next request; dropped before, the
/// connection is closed.
///
/// ```
/// use heist_http::{Client, StatusCode};
///
/// # heist::run(async {
/// # let listener = heist::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// let server = heist_http::serve(listener, |_| async {
///     let mut answer = heist_http::text("no such page");
///     *answer.status_mut() = StatusCode::NOT_FOUND;
///     answer
/// });
/// # let _server = heist::spawn(server).abort_on_drop();
///
/// let client = Client::new()?;
/// let page = client.get(&url).await?;
/// assert_eq!(page.status(), StatusCode::NOT_FOUND);
/// assert_eq!(page.headers()["content-length"], "12");
/// assert_eq!(page.text().await?, "no such page");
/// assert_eq!(client.get(&url).await?.bytes().await?.len(), 12);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
pub struct Page {
    client: Client,
    origin: Origin,
    sender: Sender,
    answer: hyper::Response<Incoming>,
}

impl Page {
    fn new(
        client: Client,
        origin: Origin,
        sender: Sender,
        answer: hyper::Response<Incoming>,
    ) -> Self {
        Self {
            client,
            origin,
            sender,
            answer,
        }
    }

    /// The status, 200 for instance. No status is an error by itself.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// When the connection breaks off, or the body is longer than the client's limit.
    ///
    /// # Cancel safety
    ///
    /// Dropped, what was read is lost, and the connection is closed.
    pub fn bytes(self) -> Reading<Bytes> {
        Reading(Box::pin(self.read()))
    }

    async fn read(self) -> Result<Bytes, Error> {
        let Self {
            client,
            origin,
            mut sender,
            answer,
        } = self;
        let limit = client.shared.body_limit;
        let body = Limited::new(answer.into_body(), limit).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => Error::Http(*error),
            Err(_) => Error::TooLong(limit),
        })?;
        // Free once the connection has seen the end of the body as well.
        if sender.ready().await.is_ok() {
            client.shared.pool.put(origin, sender);
        }
        Ok(body.to_bytes())
    }

    /// The whole body, which must be UTF-8.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes); and when it is not UTF-8.
    ///
    /// # Cancel safety
    ///
    /// As [`bytes`](Self::bytes).
    pub fn text(self) -> Reading<String> {
        Reading(Box::pin(async {
            String::from_utf8(self.read().await?.into()).map_err(Error::Text)
        }))
    }
}

/// What [`Page::bytes`] and [`Page::text`] wait for: the end of the body.
#[must_use = "futures do nothing until awaited"]
pub struct Reading<T>(Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>);

impl<T> Future for Reading<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Reading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}
