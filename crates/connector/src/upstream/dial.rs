//! Opens connections to one declared upstream.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use latchgate_tunnel::catalogue::error_code;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

use crate::config::SiteConfig;
use crate::limits::UPSTREAM_CONNECT;
use crate::origin::{Origin, Scheme, is_permitted};
use crate::refusal::Refusal;

/// Why an upstream was not reached.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// Its `ca` file holds no usable certificate, or its name fits no certificate.
    #[error("could not read the certificate authority: {0}")]
    Roots(String),
    /// Its public name cannot be a `Host` header.
    #[error("the site's name cannot be sent")]
    Unusable,
    /// Its name has no address.
    #[error("could not look up {host}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// All its addresses are ones that are never connected to.
    #[error("{host} leads to {address}, which the connector never connects to")]
    Forbidden {
        /// The name.
        host: String,
        /// One of its addresses.
        address: IpAddr,
    },
    /// Nothing answered.
    #[error("could not connect to {host}:{port}")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its certificate is not one to trust.
    #[error("the certificate of {host} is not trusted")]
    Certificate {
        /// The host.
        host: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// TLS failed otherwise.
    #[error("could not agree on TLS with {host}")]
    Tls {
        /// The host.
        host: String,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// Too slow.
    #[error("no connection in {} seconds", UPSTREAM_CONNECT.as_secs())]
    Timeout,
}

impl UpstreamError {
    /// Returns what the device is told; addresses stay here.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Certificate { .. } => Refusal::upstream(
                error_code::UPSTREAM_CERTIFICATE,
                "the connector does not trust the site's certificate",
            ),
            Self::Timeout => Refusal::timeout(),
            Self::Roots(_)
            | Self::Unusable
            | Self::Lookup { .. }
            | Self::Forbidden { .. }
            | Self::Connect { .. }
            | Self::Tls { .. } => {
                Refusal::upstream(error_code::UPSTREAM_UNREACHABLE, "the connector cannot connect to the site")
            }
        }
    }
}

/// Looks names up.
pub(crate) trait Resolve: fmt::Debug + Send + Sync {
    /// Returns all addresses of a name.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;
}

/// The operating system's resolver.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Opens connections to one upstream; cheap to clone.
#[derive(Clone)]
pub(crate) struct Dial {
    inner: Arc<Inner>,
}

struct Inner {
    target: Origin,
    tls: Option<Tls>,
    resolver: Arc<dyn Resolve>,
    pinned: Mutex<Vec<SocketAddr>>,
}

struct Tls {
    name: ServerName<'static>,
    any: TlsConnector,
    http1: TlsConnector,
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dial({})", self.inner.target)
    }
}

impl Dial {
    pub(crate) fn new(site: &SiteConfig, resolver: Arc<dyn Resolve>) -> Result<Self, UpstreamError> {
        let target = site.upstream.clone();
        let tls = match target.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Tls {
                name: site.tls_name.clone(),
                any: make_tls(site.ca.as_deref(), &[b"h2", b"http/1.1"])?,
                http1: make_tls(site.ca.as_deref(), &[b"http/1.1"])?,
            }),
        };
        Ok(Self { inner: Arc::new(Inner { target, tls, resolver, pinned: Mutex::default() }) })
    }

    /// Opens a connection that may agree on HTTP/2.
    async fn open_any(&self) -> Result<Socket, UpstreamError> {
        self.open_with(|tls| &tls.any).await
    }

    /// Opens a connection for HTTP/1.1.
    pub(crate) async fn open_http1(&self) -> Result<Socket, UpstreamError> {
        self.open_with(|tls| &tls.http1).await
    }

    /// Opens a bare TCP connection.
    pub(crate) async fn open_raw(&self) -> Result<Socket, UpstreamError> {
        timeout(UPSTREAM_CONNECT, self.connect()).await.map_err(|_| UpstreamError::Timeout)?.map(Socket::Plain)
    }

    async fn open_with(&self, choose: impl Fn(&Tls) -> &TlsConnector) -> Result<Socket, UpstreamError> {
        let open = async {
            let tcp = self.connect().await?;
            let Some(tls) = &self.inner.tls else { return Ok(Socket::Plain(tcp)) };
            let stream = choose(tls).connect(tls.name.clone(), tcp).await;
            stream.map(|stream| Socket::Tls(Box::new(stream))).map_err(|source| self.tls_failed(source))
        };
        timeout(UPSTREAM_CONNECT, open).await.map_err(|_| UpstreamError::Timeout)?
    }

    async fn connect(&self) -> Result<TcpStream, UpstreamError> {
        let pinned = self.inner.pinned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !pinned.is_empty()
            && let Ok(tcp) = self.connect_to(&pinned).await
        {
            return Ok(tcp);
        }
        let addresses = self.resolve().await?;
        let tcp = self.connect_to(&addresses).await?;
        *self.inner.pinned.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
        Ok(tcp)
    }

    /// Looks the declared host up and keeps the addresses that may be connected to.
    async fn resolve(&self) -> Result<Vec<SocketAddr>, UpstreamError> {
        let target = &self.inner.target;
        let host = target.bare_host();
        let failed = |source| UpstreamError::Lookup { host: host.to_owned(), source };
        let all = self.inner.resolver.resolve(host, target.port).await.map_err(failed)?;
        let Some(first) = all.first().copied() else {
            return Err(failed(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
        };
        let addresses: Vec<_> = all.into_iter().filter(|address| self.permits(address.ip())).collect();
        if addresses.is_empty() {
            return Err(UpstreamError::Forbidden { host: host.to_owned(), address: first.ip() });
        }
        Ok(addresses)
    }

    async fn connect_to(&self, addresses: &[SocketAddr]) -> Result<TcpStream, UpstreamError> {
        let target = &self.inner.target;
        let failed = |source| UpstreamError::Connect { host: target.host.clone(), port: target.port, source };
        let tcp = TcpStream::connect(addresses).await.map_err(failed)?;
        let peer = tcp.peer_addr().map_err(failed)?.ip();
        if !self.permits(peer) {
            return Err(UpstreamError::Forbidden { host: target.host.clone(), address: peer });
        }
        tcp.set_nodelay(true).map_err(failed)?;
        Ok(tcp)
    }

    fn permits(&self, address: IpAddr) -> bool {
        is_permitted(address, self.inner.target.is_loopback())
    }

    fn tls_failed(&self, source: io::Error) -> UpstreamError {
        let host = self.inner.target.host.clone();
        let cause = source.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        if matches!(cause, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) {
            UpstreamError::Certificate { host, source }
        } else {
            UpstreamError::Tls { host, source }
        }
    }
}

/// Trusts the operating system's authorities and those given.
fn make_tls(ca: Option<&[u8]>, protocols: &[&[u8]]) -> Result<TlsConnector, UpstreamError> {
    let unusable = |error: &dyn fmt::Display| UpstreamError::Roots(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = CertificateDer::pem_slice_iter(ca.unwrap_or_default())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(&error))?;
    if ca.is_some() && extra.is_empty() {
        return Err(unusable(&"the file holds no certificate"));
    }
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(|error| unusable(&error))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The pool of an HTTP client asks for connections here; the URI says nothing about where they go.
impl Service<Uri> for Dial {
    type Response = TokioIo<Socket>;
    type Error = UpstreamError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Socket>, UpstreamError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.open_any().await.map(TokioIo::new) })
    }
}

/// A connection to an upstream.
#[derive(Debug)]
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        let agreed = match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        };
        if agreed == Some(b"h2") { Connected::new().negotiated_h2() } else { Connected::new() }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
