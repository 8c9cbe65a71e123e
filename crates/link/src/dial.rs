//! Opens connections to the gateway: TCP with Nagle off, an HTTP CONNECT proxy where one is set, TLS with the
//! platform's roots or a given authority.

use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchgate_protocol::GatewayOrigin;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use url::Url;
use zeroize::Zeroizing;

use crate::limits::DIAL_TIMEOUT;

/// Whose signature on the gateway's certificate counts.
#[derive(Debug, Clone, Default)]
pub enum TlsRoots {
    /// What the operating system trusts.
    #[default]
    Platform,
    /// Exactly these certificates, as PEM: a company's own authority.
    Pem(Vec<u8>),
}

/// How to reach a gateway.
#[derive(Debug, Clone)]
pub struct DialConfig {
    /// Where it is.
    pub gateway: GatewayOrigin,
    /// Who vouches for its certificate.
    pub roots: TlsRoots,
    /// An HTTP proxy (`http://[user:password@]host:port`) that stands between.
    pub proxy: Option<Url>,
}

/// Why the gateway was not reached.
#[derive(Debug, Error)]
pub enum DialError {
    /// The given authority holds no usable certificate.
    #[error("could not read the certificate authority: {0}")]
    Roots(String),
    /// The name has no address.
    #[error("could not look up {host}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// No address answered.
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
    /// The proxy wants a password, or another one.
    #[error("the proxy asks for a password")]
    ProxyPassword,
    /// The proxy said no.
    #[error("the proxy refused the connection with status {0}")]
    Proxy(u16),
    /// The certificate is not the gateway's, or TLS failed otherwise.
    #[error("could not agree on TLS with {host}")]
    Tls {
        /// The host.
        host: String,
        /// What failed; holds a [`rustls::Error`] where the certificate was refused.
        #[source]
        source: io::Error,
    },
    /// Something answered, and it is no gateway: a captive portal, another web server.
    #[error("what answered is not a Latchgate gateway (status {0})")]
    NotAGateway(u16),
    /// What answered does not speak HTTP or WebSocket.
    #[error("what answered does not speak the protocol")]
    NotSpoken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Too slow.
    #[error("no answer in {} seconds", DIAL_TIMEOUT.as_secs())]
    Timeout,
}

/// Opens connections to one gateway.
#[derive(Clone)]
pub struct Dialer {
    config: Arc<DialConfig>,
    tls: Option<TlsConnector>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialer({})", self.config.gateway)
    }
}

impl Dialer {
    /// Prepares to dial.
    ///
    /// # Errors
    /// [`DialError::Roots`] when the given authority cannot be used.
    pub fn new(config: DialConfig) -> Result<Self, DialError> {
        let tls = if config.gateway.is_tls() {
            Some(TlsConnector::from(Arc::new(client_config(&config.roots)?)))
        } else {
            None
        };
        Ok(Self { config: Arc::new(config), tls })
    }

    /// Returns the gateway that is dialled.
    #[must_use]
    pub fn gateway(&self) -> &GatewayOrigin {
        &self.config.gateway
    }

    /// Opens a byte stream to the gateway, inside TLS unless the origin is plain HTTP.
    pub(crate) async fn dial(&self) -> Result<Transport, DialError> {
        timeout(DIAL_TIMEOUT, self.dial_unbounded()).await.map_err(|_| DialError::Timeout)?
    }

    async fn dial_unbounded(&self) -> Result<Transport, DialError> {
        let gateway = &self.config.gateway;
        let tcp = match &self.config.proxy {
            None => connect(gateway.host(), gateway.port()).await?,
            Some(proxy) => connect_through(proxy, gateway).await?,
        };
        let Some(tls) = &self.tls else { return Ok(Either::Left(tcp)) };
        let failed = |source| DialError::Tls { host: gateway.host().to_owned(), source };
        let name = ServerName::try_from(gateway.host().trim_matches(['[', ']']).to_owned())
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let stream = tls.connect(name, tcp).await.map_err(failed)?;
        Ok(Either::Right(Box::new(stream)))
    }
}

fn client_config(roots: &TlsRoots) -> Result<ClientConfig, DialError> {
    let unusable = |error: &dyn fmt::Display| DialError::Roots(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    match roots {
        TlsRoots::Platform => {
            Ok(builder.with_platform_verifier().map_err(|error| unusable(&error))?.with_no_client_auth())
        }
        TlsRoots::Pem(pem) => {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                store.add(certificate).map_err(|error| unusable(&error))?;
            }
            if store.is_empty() {
                return Err(DialError::Roots("the file holds no certificate".to_owned()));
            }
            Ok(builder.with_root_certificates(store).with_no_client_auth())
        }
    }
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let bare = host.trim_matches(['[', ']']);
    let addresses: Vec<_> = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|source| DialError::Lookup { host: host.to_owned(), source })?
        .collect();
    let failed = |source| DialError::Connect { host: host.to_owned(), port, source };
    let tcp = TcpStream::connect(&addresses[..]).await.map_err(failed)?;
    tcp.set_nodelay(true).map_err(failed)?;
    Ok(tcp)
}

/// Asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
async fn connect_through(proxy: &Url, gateway: &GatewayOrigin) -> Result<TcpStream, DialError> {
    let host = proxy.host_str().unwrap_or_default();
    let mut tcp = connect(host, proxy.port_or_known_default().unwrap_or(3128)).await?;
    let failed = |source| DialError::Connect { host: host.to_owned(), port: gateway.port(), source };
    let target = format!("{}:{}", gateway.host(), gateway.port());
    let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
    if !proxy.username().is_empty() {
        let credentials = Zeroizing::new(format!("{}:{}", proxy.username(), proxy.password().unwrap_or_default()));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&STANDARD.encode(credentials.as_bytes()));
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    tcp.write_all(request.as_bytes()).await.map_err(failed)?;
    match read_proxy_status(&mut tcp).await.map_err(failed)? {
        200..=299 => Ok(tcp),
        407 => Err(DialError::ProxyPassword),
        status => Err(DialError::Proxy(status)),
    }
}

/// Reads the head of the proxy's answer byte by byte, so that nothing behind it is swallowed.
async fn read_proxy_status(tcp: &mut TcpStream) -> io::Result<u16> {
    const MAX_HEAD: usize = 8 * 1024;
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the proxy's answer has no end"));
        }
        head.push(tcp.read_u8().await?);
    }
    std::str::from_utf8(&head)
        .ok()
        .and_then(|head| head.strip_prefix("HTTP/1."))
        .and_then(|head| head.get(2..5))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the proxy's answer is not HTTP"))
}

/// A byte stream to the gateway: plain, or inside TLS.
pub(crate) type Transport = Either<TcpStream, Box<TlsStream<TcpStream>>>;
