//! How does one give pages?

use crate::{stream::Stream, timer::Timer};
use bytes::Bytes;
use futures_rustls::TlsAcceptor;
use heist::net::{TcpListener, TcpStream};
use http_body_util::Full;
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use std::{
    convert::Infallible,
    error::Error,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// The body of a request that a handler gets.
pub use hyper::body::Incoming;

/// How long a client may take for a request's head, or for the greeting of TLS. hyper's default.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait when the system has no descriptor for the next connection: long enough for
/// some to be closed, short enough for a client not to notice.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// An answer of status 200 with a text.
///
/// ```
/// assert_eq!(heist_http::text("hello").status(), 200);
/// ```
pub fn text(body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    Response::new(Full::new(body.into()))
}

/// Answers every request on `listener` by `handler`, until the future is dropped. Each connection
/// is a task of its own; one that fails ends alone. See [`Server`] for TLS.
///
/// ```
/// use heist::net::TcpListener;
/// use heist_http::{Client, serve, text};
///
/// # heist::run(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("http://{}/map", listener.local_addr()?);
/// let server = serve(listener, |request| async move {
///     text(format!("you asked for {}", request.uri().path()))
/// });
/// let _server = heist::spawn(server).abort_on_drop();
///
/// let page = Client::new()?.get(&url).await?;
/// assert_eq!(page.text().await?, "you asked for /map");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// When the listener is broken. A lack of descriptors is none: it is waited for.
///
/// # Cancel safety
///
/// Dropped, nothing more is accepted; connections that are open go on.
#[doc(alias = "start_server")]
pub fn serve<H, F>(listener: TcpListener, handler: H) -> Serve
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    Server::new(handler).serve(listener)
}

/// A server with other settings.
///
/// ```
/// use heist::net::TcpListener;
/// use heist_http::{Client, Server, rustls::pki_types::PrivateKeyDer, text};
///
/// # heist::run(async {
/// let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
/// let certificate = own.cert.der().clone();
/// let key = PrivateKeyDer::try_from(own.signing_key.serialize_der())?;
///
/// let listener = TcpListener::bind("localhost:0").await?;
/// let url = format!("https://localhost:{}/", listener.local_addr()?.port());
/// let server = Server::new(|_| async { text("a secret") }).tls(vec![certificate], key)?;
/// let _server = heist::spawn(server.serve(listener)).abort_on_drop();
///
/// let client = Client::builder().root_certificate(own.cert.der())?.build()?;
/// assert_eq!(client.get(&url).await?.text().await?, "a secret");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
pub struct Server<H> {
    handler: Arc<H>,
    tls: Option<TlsAcceptor>,
}

impl<H> fmt::Debug for Server<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

impl<H, F> Server<H>
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    /// Answers by `handler`, unencrypted.
    pub fn new(handler: H) -> Self {
        Self {
            handler: Arc::new(handler),
            tls: None,
        }
    }

    /// Encrypts.
    ///
    /// # Errors
    ///
    /// When the key does not belong to the certificates.
    pub fn tls(
        mut self,
        certificates: Vec<rustls::pki_types::CertificateDer<'static>>,
        key: rustls::pki_types::PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        self.tls = Some(TlsAcceptor::from(Arc::new(config)));
        Ok(self)
    }

    /// Answers every request on `listener`. See [`serve`].
    pub fn serve(self, listener: TcpListener) -> Serve {
        Serve(Box::pin(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let (handler, tls) = (self.handler.clone(), self.tls.clone());
                        let connection = async move {
                            // A client that misbehaves hurts nobody else.
                            let _ = connection(stream, tls, handler).await;
                        };
                        heist::task::Builder::new()
                            .name("http server")
                            .spawn(connection);
                    }
                    Err(error) if is_lack(&error) => heist::sleep(REFUSED_PAUSE).await,
                    Err(error) => return Err(error),
                }
            }
        }))
    }
}

/// EMFILE, ENFILE, ENOBUFS, ENOMEM: it passes. The numbers are those of Linux.
fn is_lack(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(24 | 23 | 105 | 12))
}

async fn connection<H, F>(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    handler: Arc<H>,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    tcp.set_nodelay(true)?;
    let stream = match tls {
        None => Stream::Plain(tcp),
        Some(tls) => {
            let stream = heist::timeout(HEAD_TIMEOUT, tls.accept(tcp)).await??;
            Stream::Tls(Box::new(stream.into()))
        }
    };
    let service = service_fn(|request| {
        let answer = handler(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut settings = http1::Builder::new();
    settings.timer(Timer).header_read_timeout(HEAD_TIMEOUT);
    Ok(settings.serve_connection(stream, service).await?)
}

/// What [`serve`] does. Never ready, but for an error.
#[must_use = "futures do nothing until awaited"]
pub struct Serve(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>);

impl Future for Serve {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").finish_non_exhaustive()
    }
}
