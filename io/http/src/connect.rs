//! How does a connection come about?

use crate::{error::Error, stream::Stream};
use bytes::Bytes;
use futures_rustls::TlsConnector;
use heist::net::TcpStream;
use http_body_util::Full;
use hyper::{Uri, client::conn::http1};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{io, sync::Arc};

/// What requests are sent through.
pub type Sender = http1::SendRequest<Full<Bytes>>;

/// Where a server is. Connections to it can be used for any of its pages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

impl Origin {
    pub fn of(url: &Uri) -> Result<Self, Error> {
        let wrong = || Error::Url(url.to_string());
        let (tls, port) = match url.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(wrong()),
        };
        let host = url
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(wrong)?;
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: url.port_u16().unwrap_or(port),
        })
    }

    /// What stands in a request's `Host`.
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (false, 80) | (true, 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

/// Who is believed: the given roots, or those of the platform.
pub fn tls(roots: Option<RootCertStore>) -> Result<TlsConnector, Error> {
    let wrong = |error| Error::Tls(io::Error::other(error));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let builder = match roots {
        Some(roots) => builder.with_root_certificates(roots),
        None => builder.with_platform_verifier().map_err(wrong)?,
    };
    Ok(TlsConnector::from(Arc::new(builder.with_no_client_auth())))
}

/// A new connection. A task of its own moves its bytes, until the sender is dropped.
pub async fn connect(origin: &Origin, tls: &TlsConnector) -> Result<Sender, Error> {
    let address = (origin.host.as_str(), origin.port);
    let tcp = TcpStream::connect(address).await.map_err(Error::Connect)?;
    tcp.set_nodelay(true).map_err(Error::Connect)?;
    let stream = if origin.tls {
        let host = origin.host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host)
            .map_err(|error| Error::Tls(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let stream = tls.connect(name, tcp).await.map_err(Error::Tls)?;
        Stream::Tls(Box::new(stream.into()))
    } else {
        Stream::Plain(tcp)
    };
    let (sender, connection) = http1::handshake(stream).await?;
    let move_bytes = async {
        // What goes wrong here, the request hears as well.
        let _ = connection.await;
    };
    heist::task::Builder::new()
        .name("http connection")
        .spawn(move_bytes);
    Ok(sender)
}
