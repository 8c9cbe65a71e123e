//! WebSocket and raw connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use ring::digest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fixture::{Device, TestApp, TestBody, Upstream, WIKI, empty, refusal};

fn accept_of(request: &Request<Incoming>) -> String {
    let key = request.headers()["sec-websocket-key"].to_str().unwrap();
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

fn switch(accept: &str) -> Response<TestBody> {
    Response::builder()
        .status(101)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .header("sec-websocket-protocol", "chat")
        .body(empty())
        .unwrap()
}

/// A site that accepts every WebSocket and echoes its bytes until `bye`.
async fn echo() -> Upstream {
    Upstream::new(|mut request| async move {
        let answer = switch(&accept_of(&request));
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = TokioIo::new(upgrade.await.unwrap());
            let mut buffer = [0; 1024];
            loop {
                let length = stream.read(&mut buffer).await.unwrap_or_default();
                if length == 0 || stream.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
                if buffer[..length].ends_with(b"bye") {
                    drop(stream.shutdown().await);
                    return;
                }
            }
        });
        answer
    })
    .await
}

fn websocket(url: &str) -> Request<TestBody> {
    Request::builder()
        .method(Method::CONNECT)
        .uri(url)
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat")
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("origin", "https://wiki.example.com")
        .header("x-remote-user", "eve")
        .body(empty())
        .unwrap()
}

async fn open(device: &Device, request: Request<TestBody>) -> TokioIo<Upgraded> {
    let response = device.send(request).await;
    assert_eq!(response.status(), StatusCode::OK, "{:?}", response.headers());
    TokioIo::new(hyper::upgrade::on(response).await.unwrap())
}

async fn ask(stream: &mut TokioIo<Upgraded>, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn ab_66_a_websocket_is_opened_as_the_person_and_carries_bytes_both_ways() {
    let upstream = echo().await;
    let app = TestApp::new(&upstream.as_wiki("identity = { header = \"X-Remote-User\" }"));
    let device = app.device_of("maria", "staff").await;
    let response = device.send(websocket(&format!("{WIKI}a/../socket?x=1"))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert!(!response.headers().contains_key("sec-websocket-accept"));
    let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    assert_eq!(ask(&mut stream, "hello").await, "hello");
    assert_eq!(ask(&mut stream, "again").await, "again");

    let head = &upstream.heads()[0];
    assert_eq!((head.method.as_str(), head.uri.to_string().as_str()), ("GET", "/socket?x=1"));
    assert_eq!(head.headers["host"], "wiki.example.com");
    assert_eq!(head.headers["x-remote-user"], "maria");
    assert_eq!(head.headers["sec-websocket-version"], "13");
    assert_eq!(head.headers["sec-websocket-protocol"], "chat");
    assert_eq!(head.headers["sec-websocket-extensions"], "permessage-deflate");
    assert_eq!(head.headers["origin"], "https://wiki.example.com");
}

#[tokio::test]
async fn ab_66_an_end_on_either_side_reaches_the_other() {
    let upstream = echo().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let mut stream = open(&device, websocket(WIKI)).await;
    assert_eq!(ask(&mut stream, "bye").await, "bye");
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "the site's end did not arrive");

    let mut stream = open(&device, websocket(WIKI)).await;
    assert_eq!(ask(&mut stream, "x").await, "x");
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "the device's end did not arrive");
}

#[tokio::test]
async fn ab_66_websockets_obey_the_same_policy_and_their_own_switch() {
    let upstream = echo().await;
    let app = TestApp::new(&upstream.as_wiki("deny_paths = [\"/admin\"]"));
    let device = app.device_of("maria", "staff").await;
    let stranger = app.device_of("ada", "sales").await;
    assert_eq!(refusal(&device.send(websocket("https://other.example.com/")).await), (403, "site-unknown"));
    assert_eq!(refusal(&device.send(websocket(&format!("{WIKI}admin"))).await), (403, "site-not-allowed"));
    assert_eq!(refusal(&stranger.send(websocket(WIKI)).await), (403, "site-not-allowed"));
    app.declare(&upstream.as_wiki("websocket = false"));
    assert_eq!(refusal(&device.send(websocket(WIKI)).await), (403, "site-not-allowed"));
    let mut other = websocket(WIKI);
    other.extensions_mut().insert(Protocol::from_static("connect-udp"));
    assert_eq!(refusal(&device.send(other).await), (400, "bad-request"));
    assert!(upstream.heads().is_empty());
}

#[tokio::test]
async fn ab_72_a_running_websocket_is_cut_when_the_right_to_it_ends() {
    let upstream = echo().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let mut stream = open(&device, websocket(WIKI)).await;
    assert_eq!(ask(&mut stream, "x").await, "x");
    app.test.store.set_suspended("maria", true).unwrap();
    app.refresh();
    assert!(!matches!(stream.read(&mut [0; 8]).await, Ok(1..)));
    assert_eq!(refusal(&device.send(websocket(WIKI)).await), (403, "person-suspended"));
}

#[tokio::test]
async fn a_site_that_refuses_a_websocket_is_heard_and_a_false_accept_is_not() {
    let refusing = Upstream::new(|_| async {
        Response::builder().status(401).header("www-authenticate", "Basic").body(empty()).unwrap()
    })
    .await;
    let app = TestApp::new(&refusing.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let response = device.send(websocket(WIKI)).await;
    assert_eq!(refusal(&response), (401, ""));
    assert_eq!(response.headers()["www-authenticate"], "Basic");

    let lying = Upstream::new(|_| async { switch("AAAAAAAAAAAAAAAAAAAAAAAAAAA=") }).await;
    let plain = Upstream::echo_identity().await;
    for upstream in [lying, plain] {
        app.declare(&upstream.as_wiki(""));
        assert_eq!(refusal(&device.send(websocket(WIKI)).await), (502, "upstream-unreachable"));
    }
}

fn raw(authority: &str) -> Request<TestBody> {
    Request::builder().method(Method::CONNECT).uri(authority).body(empty()).unwrap()
}

#[tokio::test]
async fn a_passthrough_site_gets_raw_bytes_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        stream.read_to_end(&mut asked).await.unwrap();
        stream.write_all(b"answer after the device's end").await.unwrap();
        asked
    });
    let sites = crate::fixture::wiki(&format!("https://{address}"), "passthrough = true");
    let app = TestApp::new(&sites);
    let device = app.device_of("maria", "staff").await;
    assert_eq!(refusal(&device.get(WIKI).await), (403, "site-not-allowed"));
    assert_eq!(refusal(&device.send(websocket(WIKI)).await), (403, "site-not-allowed"));
    assert_eq!(refusal(&device.send(raw("wiki.example.com:444")).await), (403, "site-unknown"));
    let mut stream = open(&device, raw("wiki.example.com:443")).await;
    stream.write_all(b"\x16\x03\x01 raw").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"answer after the device's end");
    assert_eq!(site.await.unwrap(), b"\x16\x03\x01 raw");
}

#[tokio::test]
async fn bytes_of_connections_are_counted() {
    let upstream = echo().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let mut stream = open(&device, websocket(WIKI)).await;
    assert_eq!(ask(&mut stream, "12345").await, "12345");
    app.shared.usage.flush(&app.test.store).unwrap();
    let rows = app.test.store.usage().unwrap();
    assert_eq!((rows[0].requests, rows[0].up, rows[0].down), (1, 5, 5));
}
