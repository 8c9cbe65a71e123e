//! A proxy whose tunnel is a pipe to an HTTP/2 server in the same process.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use latchgate_tunnel::catalogue::ERROR_HEADER;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::catalogue::tests::catalogue;
use crate::catalogue::{SiteIndex, Sites};
use crate::proxy::{Behind, Credentials, Proxy};
use crate::traffic::Meters;
use crate::uplink::{Passing, Uplink};

pub(super) const SITES: [&str; 6] = [
    "http://wiki.example.com",
    "http://build.example.com:8080",
    "https://safe.example.com",
    "https://other.example.com",
    "raw+https://raw.example.com",
    "http://[fd00::5]",
];

/// A proxy and what stands around it.
pub(super) struct Rig {
    pub(super) proxy: Proxy,
    pub(super) uplink: Arc<Uplink>,
    pub(super) sites: Arc<Sites>,
    pub(super) meters: Arc<Meters>,
    pub(super) behind: Behind,
    /// Told when an endless answer was given up.
    pub(super) dropped: mpsc::UnboundedReceiver<()>,
    dropping: mpsc::UnboundedSender<()>,
}

impl Rig {
    /// Starts a proxy with an open session.
    pub(super) async fn start() -> Self {
        let rig = Self::start_without_session().await;
        let requests = rig.connect().await;
        rig.uplink.publish(requests);
        rig
    }

    pub(super) async fn start_without_session() -> Self {
        let meters = Arc::new(Meters::default());
        let sites = Arc::new(Sites::from_pointee(SiteIndex::new(&catalogue(&SITES), &meters)));
        let uplink = Arc::new(Uplink::default());
        let credentials = Credentials::make().unwrap();
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let behind = Behind { sites, uplink, words: Arc::default(), low_data: Arc::default() };
        let proxy = Proxy::start(listen, credentials, behind.clone()).await.unwrap();
        let (dropping, dropped) = mpsc::unbounded_channel();
        Self {
            proxy,
            uplink: Arc::clone(&behind.uplink),
            sites: Arc::clone(&behind.sites),
            meters,
            behind,
            dropped,
            dropping,
        }
    }

    /// Opens a session to the connector at the end of the pipe.
    pub(super) async fn connect(&self) -> SendRequest<Passing> {
        serve_connector(self.dropping.clone()).await
    }

    pub(super) async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.proxy.endpoint().addr).await.unwrap()
    }

    /// The header that lets a request pass.
    pub(super) fn authorization(&self) -> String {
        let endpoint = self.proxy.endpoint();
        basic(&endpoint.user, &endpoint.password)
    }

    /// Sends a request to the bare port and returns the whole answer.
    pub(super) async fn exchange(&self, head: &str) -> String {
        converse(self.dial().await, head).await
    }

    /// Sends an absolute-form request with credentials and returns the whole answer.
    pub(super) async fn get(&self, url: &str, headers: &str) -> String {
        let host = url.split('/').nth(2).unwrap_or_default();
        let authorization = self.authorization();
        self.exchange(&format!(
            "GET {url} HTTP/1.1\r\nHost: {host}\r\n{authorization}Connection: close\r\n{headers}\r\n"
        ))
        .await
    }

    /// Opens a connection through CONNECT; must succeed.
    pub(super) async fn tunnel(&self, target: &str) -> TcpStream {
        let mut stream = self.dial().await;
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", self.authorization());
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        stream
    }

    /// Goes through the SOCKS5 greeting; returns the reply code.
    pub(super) async fn socks(&self, host: &str, port: u16) -> (u8, TcpStream) {
        let endpoint = self.proxy.endpoint();
        let mut stream = self.dial().await;
        let mut hello = vec![5, 2, 0, 2, 1];
        push_text(&mut hello, &endpoint.user);
        push_text(&mut hello, &endpoint.password);
        hello.extend([5, 1, 0, 3]);
        push_text(&mut hello, host);
        hello.extend(port.to_be_bytes());
        stream.write_all(&hello).await.unwrap();
        let mut reply = [0; 14];
        stream.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply[..5], [5, 2, 1, 0, 5]);
        (reply[5], stream)
    }

    /// Speaks TLS to a site through an open connection, trusting this unlock's authority alone.
    pub(super) async fn tls(&self, stream: TcpStream, host: &str, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(self.proxy.endpoint().ca_pem.as_bytes()).unwrap();
        roots.add(ca).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(protocol));
        tls
    }
}

pub(super) fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Proxy-Authorization: Basic {pair}\r\n")
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(u8::try_from(text.len()).unwrap());
    bytes.extend_from_slice(text.as_bytes());
}

/// Sends a head and reads until the other side closes.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, head: &str) -> String {
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    // A close without TLS's own goodbye is one too.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads up to the empty line, byte by byte.
pub(super) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Reads exactly as many bytes as `wanted` has, and compares.
pub(super) async fn expect<S: AsyncRead + Unpin>(stream: &mut S, wanted: &[u8]) {
    let mut found = vec![0; wanted.len()];
    stream.read_exact(&mut found).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(wanted));
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

async fn serve_connector(dropping: mpsc::UnboundedSender<()>) -> SendRequest<Passing> {
    let (device, connector) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let service = service_fn(move |request| {
            let dropping = dropping.clone();
            async move { Ok::<_, Infallible>(answer(request, dropping)) }
        });
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        // The session ends with the test.
        drop(builder.enable_connect_protocol().serve_connection(TokioIo::new(connector), service).await);
    });
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(device)).await;
    let (requests, connection) = handshake.unwrap();
    tokio::spawn(connection);
    requests
}

/// The connector: says what it was asked, echoes, streams, refuses.
fn answer(mut request: Request<Incoming>, dropping: mpsc::UnboundedSender<()>) -> Answer {
    if request.method() == Method::CONNECT {
        let websocket = request.extensions().get::<Protocol>().is_some();
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.unwrap());
            let greeting = if websocket { "websocket:" } else { "raw:" };
            io.write_all(greeting.as_bytes()).await.unwrap();
            let (mut read, mut write) = tokio::io::split(io);
            drop(tokio::io::copy(&mut read, &mut write).await);
            drop(write.shutdown().await);
        });
        let mut accepted = Response::new(whole(""));
        accepted.headers_mut().insert("set-cookie", HeaderValue::from_static("live=1"));
        if let Some(protocol) = request.headers().get("sec-websocket-protocol") {
            accepted.headers_mut().insert("sec-websocket-protocol", protocol.clone());
        }
        assert!(!request.headers().contains_key("sec-websocket-key"));
        return accepted;
    }
    match request.uri().path() {
        "/echo" => Response::new(request.into_body().boxed()),
        "/endless" => Response::new(Endless { started: false, dropping }.boxed()),
        "/refused" => {
            let mut refused = Response::new(whole("refused by the connector"));
            *refused.status_mut() = StatusCode::BAD_GATEWAY;
            refused.headers_mut().insert(ERROR_HEADER, HeaderValue::from_static("upstream-unreachable"));
            refused
        }
        _ => {
            let headers: Vec<_> = request.headers().iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            let text = format!("{} {} [{}]", request.method(), request.uri(), headers.join(" "));
            let mut told = Response::new(whole(&text));
            told.headers_mut().insert(CONTENT_LENGTH, text.len().into());
            told.headers_mut().insert("alt-svc", HeaderValue::from_static("h3=\":443\""));
            told
        }
    }
}

fn whole(text: &str) -> BoxBody<Bytes, hyper::Error> {
    Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {}).boxed()
}

/// One word, and then nothing until it is given up.
struct Endless {
    started: bool,
    dropping: mpsc::UnboundedSender<()>,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        if std::mem::replace(&mut this.started, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"begun")))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.dropping.send(());
    }
}
