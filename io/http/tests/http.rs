//! The client and the server, over real sockets, and each against somebody else's.

use heist::{Close as _, net::TcpListener, task::AbortOnDrop};
use heist_http::{Bytes, Client, Error, Server, ServerRequest, rustls::pki_types::PrivateKeyDer};
use std::{
    io::{self, Read as _, Write as _},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

struct Running {
    url: String,
    _server: AbortOnDrop<io::Result<()>>,
}

/// A server that says what it was asked for, method and path, and gives a body back.
async fn server() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = heist_http::serve(listener, answer);
    Running {
        url,
        _server: heist::spawn(serve).abort_on_drop(),
    }
}

async fn answer(
    request: ServerRequest<heist_http::Incoming>,
) -> heist_http::Response<http_body_util::Full<Bytes>> {
    use http_body_util::BodyExt as _;
    let head = format!("{} {} ", request.method(), request.uri().path());
    let tag = request.headers().get("x-tag").cloned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut answer = heist_http::text([head.as_bytes(), &body].concat());
    if let Some(tag) = tag {
        answer.headers_mut().insert("x-tag", tag);
    }
    answer
}

#[heist::test]
async fn a_page_and_a_posted_body_come_back() {
    let server = server().await;
    let client = Client::new().unwrap();
    let page = client.get(&format!("{}/a?b=c", server.url)).await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.text().await.unwrap(), "GET /a ");
    let request = client
        .post(&format!("{}/up", server.url))
        .header("x-tag", "7")
        .body("hello");
    let page = request.await.unwrap();
    assert_eq!(page.headers()["x-tag"], "7");
    assert_eq!(page.text().await.unwrap(), "POST /up hello");
}

#[heist::test]
async fn a_connection_is_used_again_and_closed_by_close() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    // Somebody else's server: one thread a connection, until its end.
    let ended = heist::spawn_blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        counted.fetch_add(1, SeqCst);
        let mut seen = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            match stream.read(&mut buffer).unwrap() {
                0 => return,
                some => seen.extend_from_slice(&buffer[..some]),
            }
            while let Some(end) = seen.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                seen.drain(..end + 4);
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .unwrap();
            }
        }
    });
    let client = Client::new().unwrap();
    for _ in 0..10 {
        assert_eq!(client.get(&url).await.unwrap().text().await.unwrap(), "ok");
    }
    assert_eq!(connections.load(SeqCst), 1);
    client.close().await.unwrap();
    ended.await.unwrap();
}

#[heist::test]
async fn a_server_that_has_hung_up_is_called_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = heist::spawn_blocking(move || {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 1024];
            assert!(stream.read(&mut head).unwrap() > 0);
            // Says nothing of closing, and closes.
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .unwrap();
        }
    });
    let client = Client::new().unwrap();
    for _ in 0..3 {
        let page = client.get(&url).await.unwrap();
        assert_eq!(page.text().await.unwrap(), "ok");
    }
    served.await.unwrap();
}

#[heist::test]
async fn tls_believes_the_given_root_and_no_other() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/x",
        listener.local_addr().unwrap().port()
    );
    let server = Server::new(answer)
        .tls(vec![made.cert.der().clone()], key)
        .unwrap();
    let _server = heist::spawn(server.serve(listener)).abort_on_drop();
    let trusting = Client::builder()
        .root_certificate(made.cert.der())
        .unwrap()
        .build()
        .unwrap();
    let pages = heist::par_gather((0..20).map(|_| {
        let request = trusting.get(&url);
        async move { request.await?.text().await }
    }));
    for page in pages.await {
        assert_eq!(page.unwrap().unwrap(), "GET /x ");
    }
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let wary = Client::builder()
        .root_certificate(other.cert.der())
        .unwrap()
        .build()
        .unwrap();
    assert!(matches!(wary.get(&url).await, Err(Error::Tls(_))));
    // The one that failed ended alone.
    assert!(trusting.get(&url).await.is_ok());
}

#[heist::test]
async fn a_body_beyond_the_limit_is_an_error() {
    let server = server().await;
    let client = Client::builder().body_limit(1000).build().unwrap();
    let request = client.post(&server.url).body(vec![b'x'; 2000]);
    assert!(matches!(
        request.await.unwrap().bytes().await,
        Err(Error::TooLong(1000))
    ));
    let request = client.post(&server.url).body(vec![b'x'; 900]);
    assert_eq!(request.await.unwrap().bytes().await.unwrap().len(), 907);
}

#[heist::test]
async fn what_is_no_address_or_no_server_is_an_error() {
    let client = Client::new().unwrap();
    for url in ["", "nonsense", "/path", "ftp://localhost/", "http:///x"] {
        assert!(matches!(client.get(url).await, Err(Error::Url(_))), "{url}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert!(matches!(
        client.get(&format!("http://{closed}/")).await,
        Err(Error::Connect(_))
    ));
    let broken = client.get("http://localhost/").header("bad name", "x");
    assert!(matches!(broken.await, Err(Error::Request(_))));
}

#[heist::test]
async fn curl_is_answered() {
    let server = server().await;
    let url = format!("{}/curl", server.url);
    let curl = move || {
        Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "20",
                "--data",
                "body",
                &url,
                &url,
            ])
            .output()
            .expect("curl is installed")
    };
    let output = heist::spawn_blocking(curl).await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "POST /curl bodyPOST /curl body"
    );
}

/// Time is virtual: half a minute passes when nothing else can happen.
#[heist::test(paused)]
async fn who_says_nothing_is_hung_up_on() {
    let server = server().await;
    let address = server.url.strip_prefix("http://").unwrap();
    let start = heist::time::Instant::now();
    let silent = heist::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap(), 0);
    let half_a_minute = std::time::Duration::from_secs(30)..std::time::Duration::from_secs(31);
    assert!(
        half_a_minute.contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
}

/// Set in the process whose descriptors are taken away.
const INSIDE: &str = "HEIST_TEST_INSIDE";

#[test]
fn a_server_without_descriptors_goes_on_when_there_are_some() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let name = "a_server_without_descriptors_goes_on_when_there_are_some";
    if std::env::var_os(INSIDE).is_none() {
        let mut inside = Command::new(std::env::current_exe().unwrap());
        let inside = inside.args(["--exact", name]).env(INSIDE, "1");
        let output = inside.output().unwrap();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("1 passed"),
            "{output:?}"
        );
        return;
    }
    let limit = |current| {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    };
    heist::run(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The first wait makes the reactor, which needs descriptors as well.
        let nobody = heist::timeout(std::time::Duration::from_millis(1), listener.accept()).await;
        assert!(nobody.is_err());
        // In the kernel's queue, while nobody accepts.
        let waiting = heist::net::TcpStream::connect(address).await.unwrap();
        limit(Some(0));
        let _server = heist::spawn(heist_http::serve(listener, answer)).abort_on_drop();
        waiting
            .write_all(b"GET /late HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answered = [0; 12];
        let reading = waiting.read_exact(&mut answered);
        heist::timeout(std::time::Duration::from_millis(50), reading)
            .await
            .expect_err("it cannot be accepted");
        limit(getrlimit(Resource::Nofile).maximum);
        waiting.read_exact(&mut answered).await.unwrap();
        assert_eq!(&answered, b"HTTP/1.1 200");
    });
}
