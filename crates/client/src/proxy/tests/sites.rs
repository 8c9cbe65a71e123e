use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::rig::{Rig, converse, expect, read_head};
use crate::failure::Fault;
use crate::limits::WAIT_FOR_SESSION;
use crate::uplink::{Passing, Uplink, UplinkError};

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n";

#[tokio::test]
async fn a_plain_site_is_reached_in_absolute_form_by_connect_and_by_socks() {
    let rig = Rig::start().await;
    let told = "GET http://wiki.example.com/page?q=1 [";
    let absolute = rig.get("http://wiki.example.com/page?q=1", "Cookie: a=b\r\nX-Hop: 1\r\n").await;
    assert!(absolute.contains(told) && absolute.contains("cookie=\"a=b\""), "{absolute}");
    assert!(!absolute.to_lowercase().contains("proxy-auth") && !absolute.contains("alt-svc"), "{absolute}");

    let head = "GET /page?q=1 HTTP/1.1\r\nHost: wiki.example.com\r\nConnection: close\r\n\r\n";
    let tunnelled = converse(rig.tunnel("wiki.example.com:80").await, head).await;
    assert!(tunnelled.contains(told), "{tunnelled}");

    let (reply, stream) = rig.socks("WIKI.example.com", 80).await;
    assert_eq!(reply, 0);
    assert!(converse(stream, head).await.contains(told));
}

#[tokio::test]
async fn a_site_with_a_port_or_an_address_keeps_it() {
    let rig = Rig::start().await;
    let answer = rig.get("http://build.example.com:8080/", "").await;
    assert!(answer.contains("GET http://build.example.com:8080/ ["), "{answer}");
    let answer = rig.get("http://[fd00::5]/", "").await;
    assert!(answer.contains("GET http://[fd00::5]/ ["), "{answer}");
}

#[tokio::test]
async fn a_secure_site_is_terminated_here_for_http1() {
    let rig = Rig::start().await;
    let head = "GET /page HTTP/1.1\r\nHost: safe.example.com\r\nConnection: close\r\n\r\n";
    let tunnel = rig.tunnel("safe.example.com:443").await;
    let tls = rig.tls(tunnel, "safe.example.com", b"http/1.1").await;
    assert!(converse(tls, head).await.contains("GET https://safe.example.com/page ["));

    let (reply, stream) = rig.socks("safe.example.com", 443).await;
    assert_eq!(reply, 0);
    let tls = rig.tls(stream, "safe.example.com", b"http/1.1").await;
    assert!(converse(tls, head).await.contains("GET https://safe.example.com/page ["));
}

/// Opens a connection to the secure site that speaks HTTP/2.
async fn safe_site_http2(rig: &Rig) -> hyper::client::conn::http2::SendRequest<Empty<Bytes>> {
    let tunnel = rig.tunnel("safe.example.com:443").await;
    let tls = rig.tls(tunnel, "safe.example.com", b"h2").await;
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await;
    let (requests, connection) = handshake.unwrap();
    tokio::spawn(connection);
    requests
}

#[tokio::test]
async fn a_secure_site_is_terminated_here_for_http2_and_for_itself_alone() {
    let rig = Rig::start().await;
    let mut requests = safe_site_http2(&rig).await;
    let get = |url: &str| Request::get(url).body(Empty::<Bytes>::new()).unwrap();

    let answer = requests.send_request(get("https://safe.example.com/page")).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"GET https://safe.example.com/page ["));

    // Another site of the catalogue has a connection of its own.
    let answer = requests.send_request(get("https://other.example.com/")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_websocket_passes_in_absolute_form() {
    let rig = Rig::start().await;
    let mut stream = rig.dial().await;
    let head = format!(
        "GET ws://wiki.example.com/live HTTP/1.1\r\nHost: wiki.example.com\r\n{}{UPGRADE}\r\n",
        rig.authorization()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_head(&mut stream).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 101"), "{answer}");
    assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
    assert!(answer.contains("sec-websocket-protocol: chat"), "{answer}");
    assert!(answer.contains("set-cookie: live=1"), "{answer}");
    expect(&mut stream, b"websocket:").await;
    stream.write_all(b"frames").await.unwrap();
    expect(&mut stream, b"frames").await;
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_websocket_passes_inside_tls() {
    let rig = Rig::start().await;
    let tunnel = rig.tunnel("safe.example.com:443").await;
    let mut tls = rig.tls(tunnel, "safe.example.com", b"http/1.1").await;
    let head = format!("GET /live HTTP/1.1\r\nHost: safe.example.com\r\n{UPGRADE}\r\n");
    tls.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut tls).await.starts_with("HTTP/1.1 101"));
    expect(&mut tls, b"websocket:").await;
    tls.write_all(b"frames").await.unwrap();
    expect(&mut tls, b"frames").await;
}

#[tokio::test]
async fn a_websocket_passes_over_http2() {
    let rig = Rig::start().await;
    let mut requests = safe_site_http2(&rig).await;
    // The server's settings, which allow the extension, precede the first answer.
    let first = Request::get("https://safe.example.com/").body(Empty::<Bytes>::new()).unwrap();
    drop(requests.send_request(first).await.unwrap());
    let mut open = Request::new(Empty::<Bytes>::new());
    *open.method_mut() = Method::CONNECT;
    *open.uri_mut() = "https://safe.example.com/live".parse().unwrap();
    open.extensions_mut().insert(Protocol::from_static("websocket"));
    let answer = requests.send_request(open).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let mut socket = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    expect(&mut socket, b"websocket:").await;
    socket.write_all(b"frames").await.unwrap();
    expect(&mut socket, b"frames").await;
}

#[tokio::test]
async fn a_malformed_upgrade_is_refused_here() {
    let rig = Rig::start().await;
    for wrong in ["Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: x"] {
        let headers = format!("Upgrade: websocket\r\n{wrong}\r\n");
        let head = format!(
            "GET http://wiki.example.com/ HTTP/1.1\r\nHost: wiki.example.com\r\nConnection: upgrade, close\r\n{}{headers}\r\n",
            rig.authorization()
        );
        assert!(rig.exchange(&head).await.starts_with("HTTP/1.1 400"));
    }
}

#[tokio::test]
async fn a_passthrough_site_gets_its_raw_bytes() {
    let rig = Rig::start().await;
    let mut stream = rig.tunnel("raw.example.com:443").await;
    expect(&mut stream, b"raw:").await;
    stream.write_all(&[0, 255, 22, 3]).await.unwrap();
    expect(&mut stream, &[0, 255, 22, 3]).await;
    let (reply, mut stream) = rig.socks("raw.example.com", 443).await;
    assert_eq!(reply, 0);
    expect(&mut stream, b"raw:").await;
}

#[tokio::test]
async fn what_a_browser_sends_with_connect_is_not_lost() {
    let rig = Rig::start().await;
    let mut stream = rig.dial().await;
    let head = format!(
        "CONNECT raw.example.com:443 HTTP/1.1\r\nHost: raw.example.com:443\r\n{}\r\nearly",
        rig.authorization()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
    let mut found = [0; 9];
    stream.read_exact(&mut found).await.unwrap();
    assert_eq!(&found, b"raw:early");
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let rig = Rig::start().await;
    let mut stream = rig.dial().await;
    let head = format!(
        "POST http://wiki.example.com/echo HTTP/1.1\r\nHost: wiki.example.com\r\n{}Transfer-Encoding: chunked\r\n\r\n",
        rig.authorization()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"3\r\none\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
    expect(&mut stream, b"3\r\none\r\n").await;
    stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    expect(&mut stream, b"3\r\ntwo\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn a_browser_that_goes_away_cancels_at_the_connector() {
    let mut rig = Rig::start().await;
    let mut stream = rig.dial().await;
    let head = format!(
        "GET http://wiki.example.com/endless HTTP/1.1\r\nHost: wiki.example.com\r\n{}\r\n",
        rig.authorization()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    read_head(&mut stream).await;
    expect(&mut stream, b"5\r\nbegun\r\n").await;
    drop(stream);
    rig.dropped.recv().await.unwrap();
}

#[tokio::test]
async fn a_person_who_types_the_bare_name_of_a_secure_site_gets_there() {
    let rig = Rig::start().await;
    let answer = rig.get("http://safe.example.com/page?q=1", "").await.to_lowercase();
    assert!(answer.starts_with("http/1.1 307"), "{answer}");
    assert!(answer.contains("location: https://safe.example.com/page?q=1\r\n"), "{answer}");
}

#[tokio::test]
async fn the_connectors_refusal_is_a_page_for_people_and_itself_for_scripts() {
    let rig = Rig::start().await;
    let page = rig.get("http://wiki.example.com/refused", "Accept: text/html\r\n").await;
    assert!(page.starts_with("HTTP/1.1 502") && page.contains(Fault::UpstreamUnreachable.message()), "{page}");
    let plain = rig.get("http://wiki.example.com/refused", "Accept: application/json\r\n").await;
    assert!(plain.starts_with("HTTP/1.1 502") && plain.contains("refused by the connector"), "{plain}");
    assert!(plain.contains("latchgate-error: upstream-unreachable"), "{plain}");
}

#[tokio::test]
async fn a_foreign_address_is_named_on_a_page() {
    let rig = Rig::start().await;
    let page = rig.get("http://example.com/", "Accept: text/html\r\n").await;
    assert!(page.contains("example.com is not one of the sites"), "{page}");
}

#[tokio::test]
async fn a_request_waits_for_the_next_session() {
    let rig = Rig::start_without_session().await;
    let requests = rig.connect().await;
    let asked = rig.get("http://wiki.example.com/", "");
    let published = async {
        while rig.uplink.in_flight() == 0 {
            tokio::task::yield_now().await;
        }
        rig.uplink.publish(requests);
    };
    let (answer, ()) = tokio::join!(asked, published);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn get() -> Request<Passing> {
    Request::get("http://wiki.example.com/").body(Passing::empty()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_gives_up_after_ten_seconds_and_the_reason_is_known() {
    let uplink = Uplink::default();
    uplink.set_obstacle(Some(Fault::ConnectorOffline.failure()));
    let begun = Instant::now();
    assert!(matches!(uplink.request(get()).await, Err(UplinkError::NoSession)));
    assert_eq!(begun.elapsed().as_secs(), WAIT_FOR_SESSION.as_secs());
    assert_eq!(uplink.obstacle().code, "connector-offline");
}

/// A session whose connector takes requests and leaves without an answer.
async fn dying_session() -> hyper::client::conn::http2::SendRequest<Passing> {
    let (device, connector) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(connector).await.unwrap();
        connection.accept().await.unwrap().unwrap();
    });
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(device)).await;
    let (requests, connection) = handshake.unwrap();
    tokio::spawn(connection);
    requests
}

#[tokio::test]
async fn ab_42_a_safe_request_survives_the_end_of_a_session_and_others_say_so() {
    let rig = Rig::start_without_session().await;
    let next = rig.connect().await;
    rig.uplink.publish(dying_session().await);
    let asked = rig.uplink.request(get());
    let replaced = async {
        while rig.uplink.in_flight() == 0 {
            tokio::task::yield_now().await;
        }
        rig.uplink.publish(next.clone());
    };
    let (answer, ()) = tokio::join!(asked, replaced);
    assert_eq!(answer.unwrap().status(), StatusCode::OK);

    rig.uplink.publish(dying_session().await);
    let post = Request::post("http://wiki.example.com/").body(Passing::Whole(Some(Bytes::from_static(b"x")))).unwrap();
    assert!(matches!(rig.uplink.request(post).await, Err(UplinkError::Broken(_))));
}
