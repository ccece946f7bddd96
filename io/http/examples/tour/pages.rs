//! A server whose pages take their time.

use crate::Anything;
use heist::{net::TcpListener, task::AbortOnDrop};
use heist_http::{Client, Server, rustls::pki_types::PrivateKeyDer};
use std::{io, time::Duration};

/// How long each page takes.
pub const DELAY: Duration = Duration::from_millis(500);

/// What each page says.
pub const TEXT: &str = "Hello from heist.";

/// An HTTPS server on this machine, which ends when it is dropped, and a client that believes it.
pub struct Pages {
    pub client: Client,
    pub url: String,
    _server: AbortOnDrop<io::Result<()>>,
}

/// Makes a certificate and starts the server.
pub async fn start() -> Result<Pages, Anything> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let listener = TcpListener::bind("localhost:0").await?;
    let url = format!("https://localhost:{}/", listener.local_addr()?.port());
    let server = Server::new(|_| async {
        heist::sleep(DELAY).await;
        heist_http::text(TEXT)
    });
    let server = server.tls(vec![made.cert.der().clone()], key)?;
    Ok(Pages {
        client: Client::builder()
            .root_certificate(made.cert.der())?
            .build()?,
        url,
        _server: heist::spawn(server.serve(listener)).abort_on_drop(),
    })
}
