//! What hostile sites answer, byte by byte: it ends with its own stream, and nobody else's request is touched by it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION, REFRESH};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{Device, TestApp, Upstream, WIKI, empty, full, refusal, text, wiki};

const PING: &str = "http://connector.latchgate.internal/v1/ping";

/// A site whose every request is answered by `answer`, over and over on each connection.
struct Raw {
    address: SocketAddr,
    /// How many requests arrived.
    asked: Arc<AtomicUsize>,
    /// How many answers were given up by who asked for them.
    gone: Arc<AtomicUsize>,
}

/// What a raw site writes.
#[derive(Clone, Copy)]
enum Raws {
    /// Once, and then waits for the next request on the connection.
    Once(&'static [u8]),
    /// Once, and closes the connection.
    Last(&'static [u8]),
    /// The first once and the second until nobody takes it any more.
    Endless(&'static [u8], &'static [u8]),
}

impl Raw {
    async fn start(answer: Raws) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, gone) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let raw = Self { address, asked: Arc::clone(&asked), gone: Arc::clone(&gone) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer, Arc::clone(&asked), Arc::clone(&gone)));
            }
        });
        raw
    }

    fn app(&self) -> TestApp {
        TestApp::new(&wiki(&format!("http://{}", self.address), ""))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answer: Raws, asked: Arc<AtomicUsize>, gone: Arc<AtomicUsize>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let (first, rest, last) = match answer {
            Raws::Once(bytes) => (bytes, None, false),
            Raws::Last(bytes) => (bytes, None, true),
            Raws::Endless(first, rest) => (first, Some(rest), true),
        };
        let mut written = stream.write_all(first).await;
        if let Some(rest) = rest {
            while written.is_ok() {
                written = stream.write_all(rest).await;
            }
            gone.fetch_add(1, Ordering::SeqCst);
        }
        if last || written.is_err() {
            // Whoever is gone needs no goodbye.
            drop(stream.shutdown().await);
            return;
        }
    }
}

/// Asks the site, and returns the head and the body of its answer if both came whole.
async fn whole(device: &Device) -> Option<(http::response::Parts, String)> {
    let answer = device.try_send(Request::get(WIKI).body(empty()).unwrap()).await.ok()?;
    if answer.status() == StatusCode::BAD_GATEWAY {
        assert_eq!(refusal(&answer), (502, "upstream-unreachable"));
        return None;
    }
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some((parts, String::from_utf8_lossy(&body).into_owned()))
}

#[tokio::test]
async fn ab_59_no_redirect_is_followed_whatever_its_form() {
    let internal = Upstream::echo_identity().await;
    let target = format!("http://{}/secret", internal.address);
    for status in [201_u16, 300, 301, 302, 303, 305, 307, 308] {
        let location = target.clone();
        let upstream = Upstream::new(move |_| {
            let location = location.clone();
            async move {
                let refresh = format!("0; url={location}");
                let head = Response::builder().status(status).header(LOCATION, location).header(REFRESH, refresh);
                head.body(empty()).unwrap()
            }
        })
        .await;
        let app = TestApp::new(&upstream.as_wiki(""));
        let device = app.device_of("maria", "staff").await;
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(method).uri(WIKI).body(full("secret form")).unwrap();
            let answer = device.send(request).await;
            assert_eq!(answer.status().as_u16(), status);
            assert_eq!(answer.headers()[LOCATION], target);
        }
        assert_eq!(upstream.heads().len(), 2);
    }
    assert!(internal.heads().is_empty(), "a redirect was followed");
}

#[tokio::test]
async fn ab_62_an_answer_behind_an_answer_is_given_to_nobody() {
    let site = Raw::start(Raws::Once(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond",
    ))
    .await;
    let app = site.app();
    let maria = app.device_of("maria", "staff").await;
    let ada = app.device_of("ada", "staff").await;
    for _ in 0..10 {
        for device in [&maria, &ada] {
            let answer = whole(device).await;
            assert_eq!(answer.map_or("first".to_owned(), |(_, body)| body), "first", "what was split off was heard");
        }
    }
    assert!(site.asked() >= 10);
    assert_eq!(maria.get(PING).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn ab_62_a_length_beside_chunks_is_not_believed() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 300\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n",
    ] {
        let site = Raw::start(Raws::Last(answer)).await;
        let app = site.app();
        let device = app.device_of("maria", "staff").await;
        if let Some((head, body)) = whole(&device).await {
            assert_eq!(body, "abcdef");
            let length = head.headers.get(CONTENT_LENGTH);
            assert!(length.is_none_or(|length| length == "6"), "{length:?} was passed on");
        }
        assert_eq!(device.get(PING).await.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn ab_62_fields_that_a_site_splits_or_folds_are_not_passed_on() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nX-Name: a\rSet-Cookie: eve=1\r\nContent-Length: 0\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nX-Name: a\r\n Set-Cookie: eve=1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Name : a\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabcde",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX\r\n0\r\n\r\n",
    ] {
        let site = Raw::start(Raws::Last(answer)).await;
        let app = site.app();
        let device = app.device_of("maria", "staff").await;
        let answered = whole(&device).await;
        let shown = String::from_utf8_lossy(answer);
        assert!(answered.is_none(), "{shown:?} was taken as {answered:?}");
        assert_eq!(device.get(PING).await.status(), StatusCode::NO_CONTENT);
    }
}

/// Endless in every part that has no length: the head, what comes before it, a chunk's size, its extension, the
/// trailers.
#[tokio::test]
async fn ab_62_what_never_ends_costs_one_stream_and_ends_with_it() {
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let interim: &'static [u8] = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(100).leak();
    let fields: &'static [u8] = b"X-Bomb: 0123456789\r\n".repeat(100).leak();
    let digits: &'static [u8] = b"0".repeat(4096).leak();
    let extension: &'static [u8] = b"x".repeat(4096).leak();
    let data: &'static [u8] = b"y".repeat(4096).leak();
    for (what, answer) in [
        ("interim answers", Raws::Endless(b"", interim)),
        ("a head", Raws::Endless(b"HTTP/1.1 200 OK\r\n", fields)),
        ("a chunk's size", Raws::Endless(CHUNKED, digits)),
        ("a chunk's extension", Raws::Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", extension)),
        ("a chunk", Raws::Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", data)),
        ("trailers", Raws::Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", fields)),
        ("the status line", Raws::Endless(b"HTTP/1.1 200 ", extension)),
    ] {
        let site = Raw::start(answer).await;
        let good = Upstream::echo_identity().await;
        let other = good.as_wiki("").replace("wiki.example", "good.example").replace("\"Wiki\"", "\"Good\"");
        let app = TestApp::new(&format!("{}{other}", wiki(&format!("http://{}", site.address), "")));
        let device = app.device_of("maria", "staff").await;
        let asking = tokio::spawn({
            let device = device.clone();
            async move {
                let answer = device.try_send(Request::get(WIKI).body(empty()).unwrap()).await;
                // Not read any further: a browser that waits for a person.
                std::future::pending::<()>().await;
                drop(answer);
            }
        });
        while site.asked() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            assert_eq!(device.get("https://good.example.com/").await.status(), StatusCode::OK, "{what}");
        }
        asking.abort();
        while site.gone.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(device.get("https://good.example.com/").await.status(), StatusCode::OK, "{what}");
    }
}

#[tokio::test]
async fn ab_63_no_encoding_is_decoded_and_none_is_asked_for() {
    // A kilobyte that Brotli, Zstandard or deflate would blow up is a kilobyte.
    const BOMB: &[u8] = &[0x5a; 1024];
    for encoding in ["gzip", "br", "zstd", "deflate", "gzip, br", "compress"] {
        let upstream = Upstream::new(move |_| async move {
            Response::builder().header(CONTENT_ENCODING, encoding).body(full(BOMB)).unwrap()
        })
        .await;
        let app = TestApp::new(&upstream.as_wiki(""));
        let device = app.device_of("maria", "staff").await;
        let answer = device.get(WIKI).await;
        assert_eq!(answer.headers()[CONTENT_ENCODING], encoding);
        assert_eq!(answer.headers()[CONTENT_LENGTH], "1024");
        assert_eq!(text(answer).await.as_bytes(), BOMB);
        assert!(!upstream.heads()[0].headers.contains_key("accept-encoding"), "the device asked for none");
    }
}
