//! Hostile devices and hostile sites: one stream suffers, the session and the others go on.

use std::net::SocketAddr;

use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fixture::{TestApp, Upstream, WIKI, empty, refusal, reserve_port, wiki};

/// A site that answers every connection with the given bytes and closes it.
async fn raw_site(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                drop(stream.read(&mut [0; 4096]).await);
                drop(stream.write_all(answer).await);
                drop(stream.shutdown().await);
            });
        }
    });
    address
}

#[tokio::test]
async fn ab_61_header_blocks_without_an_honest_use_are_refused_and_the_site_is_untouched() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;

    let mut many = Request::get(WIKI);
    for index in 0..200 {
        many = many.header(format!("x-{index}"), "v");
    }
    let large = Request::get(WIKI).header("x-large", "v".repeat(40 * 1024));
    let obscure = Request::get(WIKI).header("x-name", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    let long = Request::get(format!("{WIKI}{}", "a".repeat(17 * 1024)));
    for request in [many, large, obscure, long] {
        let response = device.send(request.body(empty()).unwrap()).await;
        assert_eq!(refusal(&response), (400, "bad-request"));
    }
    let trace = Request::builder().method(Method::TRACE).uri(WIKI).body(empty()).unwrap();
    assert_eq!(refusal(&device.send(trace).await), (400, "bad-request"));
    assert!(upstream.heads().is_empty());
    assert_eq!(device.get(WIKI).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn ab_57_a_plain_connect_to_a_site_or_elsewhere_is_refused() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    for (authority, code) in [
        ("wiki.example.com:443", "site-not-allowed"),
        ("169.254.169.254:80", "site-unknown"),
        ("evil.example.com:443", "site-unknown"),
    ] {
        let request = Request::builder().method(Method::CONNECT).uri(authority).body(empty()).unwrap();
        assert_eq!(refusal(&device.send(request).await), (403, code), "{authority}");
    }
    assert!(upstream.heads().is_empty());
}

#[tokio::test]
async fn ab_62_answers_that_are_none_cost_one_stream_only() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX y: split\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 99999 Odd\r\n\r\n",
        b"not http at all\r\n\r\n",
        b"",
    ] {
        let address = raw_site(answer).await;
        let good = Upstream::echo_identity().await;
        let other = good.as_wiki("").replace("wiki.example", "good.example").replace("\"Wiki\"", "\"Good\"");
        let app = TestApp::new(&format!("{}{other}", wiki(&format!("http://{address}"), "")));
        let device = app.device_of("maria", "staff").await;
        let ended_well = match device.try_send(Request::get(WIKI).body(empty()).unwrap()).await {
            Ok(response) if response.status() == StatusCode::OK => response.into_body().collect().await.is_ok(),
            Ok(response) => {
                assert_eq!(refusal(&response), (502, "upstream-unreachable"));
                false
            }
            Err(_) => false,
        };
        assert!(!ended_well, "{:?} was taken for an answer", String::from_utf8_lossy(answer));
        let response = device.get("https://good.example.com/").await;
        assert_eq!(response.status(), StatusCode::OK, "the session did not survive");
    }
}

#[tokio::test]
async fn ab_62_a_header_bomb_and_a_flood_of_interim_answers_are_bounded() {
    for (head, repeated) in [("HTTP/1.1 200 OK\r\n", "X-Bomb: 0123456789012345678901234567890123456789\r\n")] {
        let bomb: &'static str = format!("{head}{}\r\n", repeated.repeat(10_000)).leak();
        let address = raw_site(bomb.as_bytes()).await;
        let app = TestApp::new(&wiki(&format!("http://{address}"), ""));
        let device = app.device_of("maria", "staff").await;
        assert_eq!(refusal(&device.get(WIKI).await), (502, "upstream-unreachable"));
    }
    let flood: &'static str = format!(
        "{}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1000)
    )
    .leak();
    let address = raw_site(flood.as_bytes()).await;
    let app = TestApp::new(&wiki(&format!("http://{address}"), ""));
    let device = app.device_of("maria", "staff").await;
    assert_eq!(device.get(WIKI).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_site_cannot_pretend_to_be_the_connector() {
    let upstream = Upstream::new(|_| async {
        http::Response::builder().status(403).header("latchgate-error", "person-suspended").body(empty()).unwrap()
    })
    .await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    assert_eq!(refusal(&device.get(WIKI).await), (403, ""));
}

#[tokio::test]
async fn a_site_that_is_away_is_named_so() {
    let away = reserve_port();
    let address = away.local_addr().unwrap();
    let app = TestApp::new(&wiki(&format!("http://{address}"), ""));
    let device = app.device_of("maria", "staff").await;
    assert_eq!(refusal(&device.get(WIKI).await), (502, "upstream-unreachable"));
}

#[tokio::test]
async fn refusals_are_noted_once_and_hold_no_path() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    for _ in 0..5 {
        device.get("https://evil.example.com/canary-path?canary-query").await;
    }
    let noted = loop {
        let lines = app.shared.audit.lines().unwrap();
        if !lines.is_empty() {
            break lines;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["site"], "https://evil.example.com");
    assert!(!format!("{noted:?}").contains("canary"));
}
