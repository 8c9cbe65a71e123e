//! Upstreams with TLS, and names that lead elsewhere.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use latchgate_protocol::origin::PlainHttp;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::config::Config;
use crate::fixture::{TestApp, Upstream, WIKI, full, refusal, reserve_port, text, wiki};
use crate::site::Site;
use crate::upstream::{Resolve, UpstreamError};

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// Serves HTTPS under the given name; answers with the protocol and host that it saw.
    async fn serve(&self, name: &str, expired: bool, protocols: &[&[u8]]) -> SocketAddr {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                        let host = request.headers().get("host").map(|host| host.to_str().unwrap().to_owned());
                        let host = host.or_else(|| request.uri().authority().map(ToString::to_string));
                        let said = format!("{:?} {}", request.version(), host.unwrap_or_default());
                        Ok::<_, std::convert::Infallible>(Response::new(full(said)))
                    });
                    let io = TokioIo::new(stream);
                    drop(auto::Builder::new(TokioExecutor::new()).serve_connection(io, service).await);
                });
            }
        });
        address
    }

    /// Declares the wiki on an upstream of this authority.
    fn wiki(&self, folder: &std::path::Path, port: u16, fields: &str) -> String {
        std::fs::write(folder.join("ca.pem"), self.issuer.pem()).unwrap();
        wiki(&format!("https://localhost:{port}"), &format!("{fields}\nca = \"{}/ca.pem\"", folder.display()))
    }
}

#[tokio::test]
async fn ab_65_the_companys_own_authority_counts_where_it_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    for (protocols, version) in [(&[&b"h2"[..], b"http/1.1"][..], "HTTP/2.0"), (&[&b"http/1.1"[..]], "HTTP/1.1")] {
        let address = authority.serve("localhost", false, protocols).await;
        let app = TestApp::new(&authority.wiki(folder.path(), address.port(), ""));
        let device = app.device_of("maria", "staff").await;
        assert_eq!(text(device.get(WIKI).await).await, format!("{version} wiki.example.com"));
    }
}

#[tokio::test]
async fn ab_65_expired_foreign_and_misnamed_certificates_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let expired = authority.serve("localhost", true, &[]).await;
    let misnamed = authority.serve("other.example.com", false, &[]).await;
    let good = authority.serve("localhost", false, &[]).await;
    let foreign = Authority::new().serve("localhost", false, &[]).await;
    for (what, site) in [
        ("expired", authority.wiki(folder.path(), expired.port(), "")),
        ("misnamed", authority.wiki(folder.path(), misnamed.port(), "")),
        ("foreign", authority.wiki(folder.path(), foreign.port(), "")),
        ("unknown authority", wiki(&format!("https://localhost:{}", good.port()), "")),
        ("other name asked", authority.wiki(folder.path(), good.port(), "tls_name = \"wiki.example.com\"")),
    ] {
        let app = TestApp::new(&site);
        let device = app.device_of("maria", "staff").await;
        assert_eq!(refusal(&device.get(WIKI).await), (502, "upstream-certificate"), "{what}");
    }
    let app = TestApp::new(&authority.wiki(folder.path(), misnamed.port(), "tls_name = \"other.example.com\""));
    let device = app.device_of("maria", "staff").await;
    assert_eq!(device.get(WIKI).await.status(), 200);
}

/// A certificate that vouches for itself counts only where the configuration names it, and the name that TLS asks for
/// is the configured one.
#[tokio::test]
async fn ab_65_a_self_signed_certificate_counts_where_it_is_pinned_and_the_name_asked_is_the_configured_one() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["wiki.internal.example".to_owned()]).unwrap();
    std::fs::write(folder.path().join("own.pem"), own.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, mut names) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handshake = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await;
            let Ok(handshake) = handshake else { continue };
            asked.send(handshake.client_hello().server_name().map(ToOwned::to_owned)).unwrap();
            // Whether it is trusted is the other side's to say; nothing is answered.
            drop(handshake.into_stream(Arc::clone(&config)).await);
        }
    });
    let site = |fields: &str| wiki(&format!("https://localhost:{port}"), fields);
    let pinned = format!("tls_name = \"wiki.internal.example\"\nca = \"{}/own.pem\"", folder.path().display());
    for (fields, code, name) in [
        ("tls_name = \"wiki.internal.example\"", "upstream-certificate", "wiki.internal.example"),
        ("", "upstream-certificate", "localhost"),
        (pinned.as_str(), "upstream-unreachable", "wiki.internal.example"),
    ] {
        let app = TestApp::new(&site(fields));
        let device = app.device_of("maria", "staff").await;
        assert_eq!(refusal(&device.get(WIKI).await), (502, code), "{fields}");
        assert_eq!(names.recv().await.unwrap().as_deref(), Some(name), "{fields}");
    }
}

/// Answers each question with the next list.
#[derive(Debug)]
struct Rebinding {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Rebinding {
    fn new(answers: Vec<Vec<SocketAddr>>) -> Arc<Self> {
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Rebinding {
    fn resolve<'a>(
        &'a self,
        _host: &'a str,
        _port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        let index = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Box::pin(async move { Ok(self.answers[index].clone()) })
    }
}

fn site(upstream: &str, resolver: Arc<Rebinding>) -> Site {
    let text = format!("data = \"x\"\n[gateway]\nurl = \"https://g.example.com\"\n{}", wiki(upstream, ""));
    let config = Config::parse(&text, std::path::Path::new(""), PlainHttp::ToLoopback).unwrap();
    Site::with_resolver(config.sites[0].clone(), resolver).unwrap()
}

#[tokio::test]
async fn ab_58_a_name_that_leads_to_this_machine_or_a_metadata_service_is_refused() {
    let upstream = Upstream::echo_identity().await;
    let port = upstream.address.port();
    for address in ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "0.0.0.0"] {
        let resolver = Rebinding::new(vec![vec![SocketAddr::new(address.parse().unwrap(), port)]]);
        let site = site(&format!("http://wiki.internal:{port}"), resolver);
        let probed = site.upstream.probe().await;
        assert!(matches!(probed, Err(UpstreamError::Forbidden { .. })), "{address}: {probed:?}");
    }
    assert!(upstream.heads().is_empty());
}

#[tokio::test]
async fn ab_58_an_address_is_pinned_and_a_rebound_name_is_not_asked_again() {
    let upstream = Upstream::echo_identity().await;
    let evil = Upstream::echo_identity().await;
    let resolver = Rebinding::new(vec![vec![upstream.address], vec![evil.address]]);
    let site = site(&format!("http://localhost:{}", upstream.address.port()), Arc::clone(&resolver));
    for _ in 0..3 {
        site.upstream.probe().await.unwrap();
        site.upstream.open_raw().await.unwrap();
    }
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
}

/// A name has a good address and a forbidden one, and the good one does not answer: the other is not the next best.
#[tokio::test]
async fn ab_58_of_several_addresses_only_permitted_ones_are_tried() {
    let metadata = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = metadata.local_addr().unwrap().port();
    // A company's address that answers nothing, and what stands for a metadata service beside it.
    let addresses = ["192.0.2.1", "127.0.0.2", "::ffff:127.0.0.2"].map(|ip| SocketAddr::new(ip.parse().unwrap(), port));
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let resolver = Rebinding::new(vec![order.map(|index| addresses[index]).to_vec()]);
        let site = site(&format!("http://wiki.internal:{port}"), resolver);
        let probed = tokio::time::timeout(Duration::from_millis(300), site.upstream.probe()).await;
        assert!(!matches!(probed, Ok(Ok(()))), "{order:?}");
    }
    let connected = tokio::time::timeout(Duration::from_millis(100), metadata.accept()).await;
    assert!(connected.is_err(), "the forbidden address was connected to");
}

/// Every connection of the pool goes to the pinned address, also after the name leads elsewhere.
#[tokio::test]
async fn ab_58_requests_stay_with_the_pinned_address_when_connections_are_renewed() {
    let upstream =
        Upstream::new(|_| async { Response::builder().header("connection", "close").body(full("good")).unwrap() })
            .await;
    let evil = Upstream::echo_identity().await;
    let resolver = Rebinding::new(vec![vec![upstream.address], vec![evil.address]]);
    let site = site(&format!("http://localhost:{}", upstream.address.port()), Arc::clone(&resolver));
    for _ in 0..5 {
        let nothing = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get("http://wiki.example.com/").body(nothing).unwrap();
        assert_eq!(site.upstream.send(request).await.unwrap().status(), 200);
    }
    assert_eq!(upstream.heads().len(), 5);
    assert!(evil.heads().is_empty());
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn ab_58_an_address_that_stopped_answering_is_resolved_and_checked_anew() {
    let reserved = reserve_port();
    let gone = reserved.local_addr().unwrap();
    let listener = TcpListener::bind(gone).await.unwrap();
    let forbidden = SocketAddr::new("169.254.169.254".parse().unwrap(), gone.port());
    let resolver = Rebinding::new(vec![vec![gone], vec![forbidden]]);
    let site = site(&format!("http://localhost:{}", gone.port()), Arc::clone(&resolver));
    site.upstream.probe().await.unwrap();
    drop(listener);
    assert!(matches!(site.upstream.probe().await, Err(UpstreamError::Forbidden { .. })));
    assert_eq!(site.upstream.reachable(), Some(false));
}

#[tokio::test]
async fn a_name_without_an_address_is_named_so() {
    let site = site("http://wiki.internal:80", Rebinding::new(vec![Vec::new()]));
    assert!(matches!(site.upstream.probe().await, Err(UpstreamError::Lookup { .. })));
}
