//! Which addresses has a name?
//!
//! The system's resolver knows, and it blocks, so it is asked on a blocking thread. An address
//! that is written in digits needs no resolver and no thread.

use crate::{
    context,
    unblock::{Unblock, look_up},
};
use heist_core::wait::{self, Kind};
use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs as _},
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

/// The addresses of `name`, which is `host:port`, or an address in digits with a port.
///
/// ```
/// # heist_io::drive::drive(async {
/// let addresses = heist_io::net::lookup_host("localhost:80").await?;
/// assert!(!addresses.is_empty());
/// assert!(addresses.iter().all(|address| address.ip().is_loopback()));
/// # std::io::Result::Ok(()) });
/// ```
///
/// # Errors
///
/// What the system's resolver says; and when there is no thread to ask it on.
///
/// # Cancel safety
///
/// Dropped, the question goes on on its thread, and nobody hears the answer.
#[doc(alias = "getaddrinfo")]
#[track_caller]
pub fn lookup_host(name: impl ToAddrs) -> LookupHost {
    LookupHost {
        names: name.to_addrs(),
        asked: None,
        at: Location::caller(),
    }
}

/// What [`lookup_host`] waits for.
#[derive(Debug)]
#[must_use = "futures do nothing until awaited"]
pub struct LookupHost {
    names: Addrs,
    asked: Option<Unblock<io::Result<Vec<SocketAddr>>>>,
    at: &'static Location<'static>,
}

impl LookupHost {
    /// For another operation's line `at`.
    pub(crate) fn new(names: impl ToAddrs, at: &'static Location<'static>) -> Self {
        Self {
            names: names.to_addrs(),
            asked: None,
            at,
        }
    }
}

impl Future for LookupHost {
    type Output = io::Result<Vec<SocketAddr>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { names, asked, at } = self.get_mut();
        let asked = match names {
            Addrs::Known(addresses) => return Poll::Ready(Ok(std::mem::take(addresses))),
            Addrs::Name(host, port) => asked.get_or_insert_with(|| {
                let name = (std::mem::take(host), *port);
                let ask = move || name.to_socket_addrs().map(Iterator::collect);
                look_up(&context::pool(at), ask)
            }),
            Addrs::Invalid(what) => {
                let error = io::Error::new(io::ErrorKind::InvalidInput, what.clone());
                return Poll::Ready(Err(error));
            }
        };
        let answer = asked.poll(cx).map(Result::flatten);
        if answer.is_pending() {
            wait::pending(Kind::Blocking, at, 0);
        }
        answer
    }
}

/// Addresses, or a name that stands for them.
#[derive(Debug, Clone)]
#[doc(hidden)]
pub enum Addrs {
    Known(Vec<SocketAddr>),
    Name(String, u16),
    Invalid(String),
}

/// What can be connected to or bound: a [`SocketAddr`], several of them, `(host, port)`, or
/// `"host:port"`.
///
/// ```
/// # heist_io::drive::drive(async {
/// use heist_io::net::TcpListener;
/// use std::net::SocketAddr;
///
/// let named = TcpListener::bind("localhost:0").await?;
/// assert!(named.local_addr()?.ip().is_loopback());
/// let apart = TcpListener::bind(("127.0.0.1", 0)).await?;
/// assert!(apart.local_addr()?.is_ipv4());
/// let socket = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
/// assert_ne!(socket.local_addr()?.port(), 0);
/// # std::io::Result::Ok(()) });
/// ```
#[doc(alias = "ToSocketAddrs")]
pub trait ToAddrs {
    #[doc(hidden)]
    fn to_addrs(self) -> Addrs;
}

impl ToAddrs for (&str, u16) {
    fn to_addrs(self) -> Addrs {
        let (host, port) = self;
        let digits = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        match digits.unwrap_or(host).parse::<IpAddr>() {
            Ok(ip) => Addrs::Known(vec![SocketAddr::new(ip, port)]),
            Err(_) => Addrs::Name(host.to_owned(), port),
        }
    }
}

impl ToAddrs for (String, u16) {
    fn to_addrs(self) -> Addrs {
        (self.0.as_str(), self.1).to_addrs()
    }
}

impl ToAddrs for &str {
    fn to_addrs(self) -> Addrs {
        if let Ok(address) = self.parse() {
            return Addrs::Known(vec![address]);
        }
        let invalid = || Addrs::Invalid(format!("`{self}` is not `host:port`"));
        let Some((host, port)) = self.rsplit_once(':') else {
            return invalid();
        };
        port.parse()
            .map_or_else(|_| invalid(), |port| (host, port).to_addrs())
    }
}

impl ToAddrs for String {
    fn to_addrs(self) -> Addrs {
        self.as_str().to_addrs()
    }
}

impl ToAddrs for &String {
    fn to_addrs(self) -> Addrs {
        self.as_str().to_addrs()
    }
}

impl ToAddrs for &[SocketAddr] {
    fn to_addrs(self) -> Addrs {
        Addrs::Known(self.to_vec())
    }
}

impl<const N: usize> ToAddrs for [SocketAddr; N] {
    fn to_addrs(self) -> Addrs {
        Addrs::Known(self.to_vec())
    }
}

impl ToAddrs for Vec<SocketAddr> {
    fn to_addrs(self) -> Addrs {
        Addrs::Known(self)
    }
}

macro_rules! one_address {
    ($($type:ty),+) => {$(
        impl ToAddrs for $type {
            fn to_addrs(self) -> Addrs {
                Addrs::Known(vec![self.into()])
            }
        }
    )+};
}

one_address!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);
