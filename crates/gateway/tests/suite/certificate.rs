//! The certificate of the listener, and its renewal.

use std::fs;
use std::sync::Arc;

use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use latchgate_gateway::{Config, Gateway, StartError, TlsFiles};
use rcgen::{CertifiedKey, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{PATIENCE, TestGateway, request};

fn issue() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["gateway.test".to_owned()]).unwrap()
}

fn files(folder: &TempDir) -> TlsFiles {
    TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") }
}

fn write(files: &TlsFiles, issued: &CertifiedKey<KeyPair>) {
    fs::write(&files.certificate, issued.cert.pem()).unwrap();
    fs::write(&files.key, issued.signing_key.serialize_pem()).unwrap();
}

/// Connects with trust in one certificate alone.
async fn connect(gateway: &TestGateway, trusted: &CertifiedKey<KeyPair>) -> Option<SendRequest<Full<Bytes>>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(gateway.addr()).await.unwrap();
    let stream = connector.connect(ServerName::try_from("gateway.test").unwrap(), stream).await.ok()?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    Some(sender)
}

async fn serves(sender: &mut SendRequest<Full<Bytes>>) -> bool {
    let Ok(()) = sender.ready().await else { return false };
    let response = sender.send_request(request(Method::GET, "/v1/openapi.json").empty()).await.unwrap();
    let (head, body) = response.into_parts();
    head.status == StatusCode::OK && body.collect().await.is_ok()
}

#[tokio::test]
async fn a_certificate_is_served_and_a_wrong_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, issued) = (files(&folder), issue());
    write(&tls, &issued);
    let gateway = TestGateway::start_with(|config| config.tls = Some(tls.clone())).await;
    assert!(gateway.running.origin().starts_with("https://127.0.0.1:"));
    assert!(serves(&mut connect(&gateway, &issued).await.unwrap()).await);

    fs::write(&tls.key, issue().signing_key.serialize_pem()).unwrap();
    let config = Config { tls: Some(tls), ..Config::loopback(folder.path().join("data")) };
    assert!(matches!(Gateway::start(config).await, Err(StartError::Tls(_))));
}

#[tokio::test]
async fn a_renewed_certificate_is_served_and_open_connections_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, old, new) = (files(&folder), issue(), issue());
    write(&tls, &old);
    let gateway = TestGateway::start_with(|config| config.tls = Some(tls.clone())).await;
    let mut open = connect(&gateway, &old).await.unwrap();
    assert!(serves(&mut open).await);

    // Half of the renewal: the pair does not fit, and the old one stays.
    fs::write(&tls.certificate, new.cert.pem()).unwrap();
    gateway.running.reload_certificate();
    assert!(connect(&gateway, &old).await.is_some());

    // The rest of it, noticed without a signal.
    write(&tls, &new);
    let deadline = Instant::now() + PATIENCE;
    while connect(&gateway, &new).await.is_none() {
        assert!(Instant::now() < deadline, "the new certificate is not served");
        assert!(serves(&mut open).await);
    }
    assert!(connect(&gateway, &old).await.is_none());
    assert!(serves(&mut open).await);
}
