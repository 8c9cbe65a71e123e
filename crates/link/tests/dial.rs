//! What a device says when something other than the gateway answers (abuse case 90).

#![cfg(test)]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use latchgate_link::device::{DeviceAccount, DeviceLink};
use latchgate_link::dial::{DialConfig, DialError, Dialer, TlsRoots};
use latchgate_link::rest::{Rest, RestError};
use latchgate_link::{LinkError, Refusal};
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::rest::ClaimDevice;
use latchgate_protocol::{ClaimId, DeviceId, DevicePassword, DeviceSetupKey, GatewayOrigin, InstanceId, ResumeTicket};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[tokio::test]
async fn ab_90_a_captive_portal_is_named_and_gets_no_credential() {
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<p>Log in</p>",
    ] {
        let (port, heard) = answer_once(answer).await;
        let error = connect(&plain(port)).await.unwrap_err();
        assert!(matches!(error, LinkError::Dial(DialError::NotAGateway(302 | 200))), "{error:?}");
        let heard = heard.await.unwrap();
        assert_holds_no_credential(heard.as_bytes());
    }
}

#[tokio::test]
async fn ab_90_an_upgrade_with_a_wrong_accept_key_is_refused() {
    let (port, _heard) = answer_once(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
    )
    .await;
    let error = connect(&plain(port)).await.unwrap_err();
    assert!(matches!(error, LinkError::Dial(DialError::NotSpoken(_))), "{error:?}");
}

#[tokio::test]
async fn ab_90_an_upgrade_that_lacks_something_is_refused_before_a_credential_is_sent() {
    let accept = "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n";
    for fields in [
        String::new(),
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n".to_owned(),
        format!("Upgrade: websocket\r\nConnection: Upgrade\r\n{accept}Sec-WebSocket-Protocol: mqtt\r\n"),
        format!("Upgrade: h2c\r\nConnection: Upgrade\r\n{accept}"),
        format!("Upgrade: websocket\r\n{accept}Sec-WebSocket-Protocol: mqtt\r\n"),
    ] {
        let (port, heard) = answer_once(&format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n")).await;
        let error = connect(&plain(port)).await.unwrap_err();
        assert!(matches!(error, LinkError::Dial(DialError::NotSpoken(_))), "{fields}: {error:?}");
        assert_holds_no_credential(heard.await.unwrap().as_bytes());
    }
}

/// Where TLS is due, a peer that does not speak it hears a greeting of TLS and nothing else: not on the way to log in,
/// not with a code, not behind a proxy that let us through.
#[tokio::test]
async fn ab_90_a_peer_without_tls_gets_no_credential() {
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<p>Log in</p>",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        "220 mail.example ESMTP\r\n",
        "",
    ] {
        for behind_a_proxy in [false, true] {
            for claiming in [false, true] {
                let (peer, heard) = answer_whatever_comes(answer, behind_a_proxy).await;
                let mut config = config("https://localhost:1", TlsRoots::Platform);
                if behind_a_proxy {
                    config.proxy = Some(format!("http://127.0.0.1:{peer}").parse().unwrap());
                } else {
                    config.gateway =
                        GatewayOrigin::parse(&format!("https://localhost:{peer}"), PlainHttp::ToLoopback).unwrap();
                }
                let error = if claiming {
                    let error = claim_with(config).await.unwrap_err();
                    let RestError::Dial(error) = error else { panic!("{answer}: {error:?}") };
                    error
                } else {
                    let error = connect_with(config).await.unwrap_err();
                    let LinkError::Dial(error) = error else { panic!("{answer}: {error:?}") };
                    error
                };
                assert!(matches!(error, DialError::Tls { .. }), "{answer}: {error:?}");
                assert_holds_no_credential(&heard.await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn ab_90_a_proxy_that_refuses_hears_of_the_gateway_and_of_no_credential() {
    for status in ["407 Proxy Authentication Required", "302 Found", "403 Forbidden", "511 Log in first"] {
        for claiming in [false, true] {
            let (port, heard) = answer_once(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")).await;
            let mut config = config("https://gateway.example.com", TlsRoots::Platform);
            config.proxy = Some(format!("http://127.0.0.1:{port}").parse().unwrap());
            let refused = if claiming {
                matches!(
                    claim_with(config).await.unwrap_err(),
                    RestError::Dial(DialError::ProxyPassword | DialError::Proxy(_))
                )
            } else {
                matches!(
                    connect_with(config).await.unwrap_err(),
                    LinkError::Dial(DialError::ProxyPassword | DialError::Proxy(_))
                )
            };
            assert!(refused, "{status}");
            let heard = heard.await.unwrap();
            assert_eq!(
                heard, "CONNECT gateway.example.com:443 HTTP/1.1\r\nHost: gateway.example.com:443\r\n\r\n",
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn a_busy_gateway_is_told_from_a_portal() {
    let (port, _heard) = answer_once("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await;
    let error = connect(&plain(port)).await.unwrap_err();
    assert!(matches!(error, LinkError::Refused(Refusal::Busy)), "{error:?}");
}

#[tokio::test]
async fn ab_90_a_proxy_that_asks_for_a_password_is_named() {
    let (port, heard) = answer_once("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let mut config = config(&plain(1), TlsRoots::Platform);
    config.proxy = Some(format!("http://127.0.0.1:{port}").parse().unwrap());
    let error = connect_with(config).await.unwrap_err();
    assert!(matches!(error, LinkError::Dial(DialError::ProxyPassword)), "{error:?}");
    assert!(heard.await.unwrap().starts_with("CONNECT 127.0.0.1:1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_proxy_carries_the_connection_and_its_own_password() {
    let (port, _heard) = answer_once("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut client, _) = proxy.accept().await.unwrap();
        let head = read_head(&mut client).await;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let mut upstream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
        head
    });
    let mut config = config(&plain(port), TlsRoots::Platform);
    config.proxy = Some(format!("http://user:secret@{address}").parse().unwrap());
    let error = connect_with(config).await.unwrap_err();
    assert!(matches!(error, LinkError::Dial(DialError::NotAGateway(302))), "{error:?}");
    assert!(served.await.unwrap().contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="));
}

#[tokio::test]
async fn ab_88_a_certificate_of_another_authority_is_refused() {
    let (port, ca) = tls_once("localhost").await;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let origin = format!("https://localhost:{port}");
    let error = connect_with(config(&origin, TlsRoots::Pem(other.into_bytes()))).await.unwrap_err();
    assert!(matches!(error, LinkError::Dial(DialError::Tls { .. })), "{error:?}");
    assert!(!ca.is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (port, ca) = tls_once("other.example").await;
    let origin = format!("https://localhost:{port}");
    let error = connect_with(config(&origin, TlsRoots::Pem(ca.into_bytes()))).await.unwrap_err();
    assert!(matches!(error, LinkError::Dial(DialError::Tls { .. })), "{error:?}");
}

#[tokio::test]
async fn a_file_without_a_certificate_is_named() {
    let error = Dialer::new(config("https://localhost:1", TlsRoots::Pem(b"nothing".to_vec()))).unwrap_err();
    assert!(matches!(error, DialError::Roots(_)), "{error:?}");
}

#[tokio::test]
async fn a_problem_document_is_handed_on_and_a_web_page_is_not() {
    let problem = r#"{"status":409,"code":"code-used","title":"the code was used"}"#;
    let answer = format!("HTTP/1.1 409 Conflict\r\nContent-Length: {}\r\n\r\n{problem}", problem.len());
    let (port, _heard) = answer_once(&answer).await;
    let error = claim(port).await.unwrap_err();
    assert_eq!(error.problem_code(), Some("code-used"));

    let (port, _heard) = answer_once("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope").await;
    assert!(matches!(claim(port).await.unwrap_err(), RestError::NotAGateway(404)));
}

async fn claim(port: u16) -> Result<(), RestError> {
    claim_with(config(&plain(port), TlsRoots::Platform)).await
}

async fn claim_with(config: DialConfig) -> Result<(), RestError> {
    let body = ClaimDevice {
        device_setup_key: DeviceSetupKey::from_bytes(SETUP_KEY),
        claim_id: ClaimId::from_bytes(CLAIM_ID),
    };
    Rest::new(Dialer::new(config).unwrap()).claim(&body).await.map(drop)
}

const SETUP_KEY: [u8; 16] = *b"canary-setup-key";
const CLAIM_ID: [u8; 32] = *b"canary-claim-id-of-32-bytes-long";
const TICKET: [u8; 32] = *b"canary-resume-ticket-of-32-bytes";
const PASSWORD: [u8; 16] = *b"canary-password!";

/// Looks for each credential as it is, in hexadecimal digits and in both alphabets of Base64, wherever it begins.
fn assert_holds_no_credential(heard: &[u8]) {
    let text = String::from_utf8_lossy(heard).into_owned();
    for secret in [&SETUP_KEY[..], &CLAIM_ID, &TICKET, &PASSWORD] {
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![String::from_utf8_lossy(secret).into_owned(), digits];
        for skipped in 0..3 {
            forms.push(STANDARD_NO_PAD.encode(&secret[skipped..skipped + 12]));
            forms.push(URL_SAFE_NO_PAD.encode(&secret[skipped..skipped + 12]));
        }
        for form in forms {
            assert!(!text.to_lowercase().contains(&form.to_lowercase()), "{form} in {text:?}");
        }
    }
    assert!(!text.contains(&*password().reveal()), "{text:?}");
}

fn plain(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn password() -> DevicePassword {
    DevicePassword::from_bytes(PASSWORD)
}

fn config(origin: &str, roots: TlsRoots) -> DialConfig {
    DialConfig { gateway: GatewayOrigin::parse(origin, PlainHttp::ToLoopback).unwrap(), roots, proxy: None }
}

async fn connect(origin: &str) -> Result<DeviceLink, LinkError> {
    connect_with(config(origin, TlsRoots::Platform)).await
}

async fn connect_with(config: DialConfig) -> Result<DeviceLink, LinkError> {
    let account = DeviceAccount {
        instance_id: InstanceId::from_bytes([1; 16]),
        device_id: DeviceId::from_bytes([2; 16]),
        device_password: password(),
        ticket: Some(ResumeTicket::from_bytes(TICKET)),
    };
    DeviceLink::connect(&Dialer::new(config)?, &account).await
}

/// Answers one connection with fixed bytes and returns what was heard until then.
async fn answer_once(answer: &str) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.to_owned();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_string(&mut heard).await;
        heard
    });
    (port, heard)
}

/// Answers one connection with fixed bytes to whatever is said first, and returns all that was said; behind a proxy,
/// what was said after it let the connection through.
async fn answer_whatever_comes(answer: &str, behind_a_proxy: bool) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.to_owned();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if behind_a_proxy {
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        }
        let mut heard = vec![stream.read_u8().await.unwrap()];
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        // A reset ends it as well.
        let _ = stream.read_to_end(&mut heard).await;
        assert_eq!(heard[0], 0x16, "the first thing that is said is a greeting of TLS");
        heard
    });
    (port, heard)
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Accepts one TLS connection with a self-signed certificate for `name`; returns that certificate.
async fn tls_once(name: &str) -> (u16, String) {
    let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(issued.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = tokio_rustls::TlsAcceptor::from(Arc::new(server)).accept(stream).await;
    });
    (port, issued.cert.pem())
}
