//! The same requests directly and through the tunnel, to the same site, with the same result. The rows of
//! docs/conformance.md name these tests.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::support::device::Device;
use crate::support::http::Proxy;
use crate::support::system::Options;
use crate::support::upstream::Upstream;
use crate::support::{PATIENCE, System, eventually};

const HOST: &str = "raw.northlight.example";

/// What a client can tell about an answer. Fields that belong to one connection are left out: a proxy makes
/// its own (RFC 9110, section 7.6.1), and `Date`, which an intermediary may add.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: StatusCode,
    fields: Vec<(String, String)>,
    body: Bytes,
    trailers: Vec<(String, String)>,
}

/// A site, and the two ways to it.
struct Ways {
    upstream: Upstream,
    maria: Device,
    _system: System,
}

impl Ways {
    async fn open() -> Self {
        let upstream = Upstream::start().await;
        let sites = upstream.declaration("Raw", &format!("http://{HOST}"));
        let system = System::start_with(Options { sites, ..Options::default() }).await;
        let maria = system.paired("maria").await;
        Self { upstream, maria, _system: system }
    }

    async fn directly(&self) -> TcpStream {
        TcpStream::connect(self.upstream.address).await.unwrap()
    }

    async fn tunnelled(&self) -> TcpStream {
        connect(self.maria.proxy()).await
    }

    /// Asks for a path both ways and returns what was seen directly and through the tunnel.
    async fn compare(&self, method: Method, path: &str, fields: &[(&str, &str)], body: &'static [u8]) -> [Seen; 2] {
        let request = || {
            let mut request = Request::builder().method(method.clone()).uri(path).header("host", HOST);
            for (name, value) in fields {
                request = request.header(*name, value.as_bytes());
            }
            request.body(Full::new(Bytes::from_static(body)).boxed()).unwrap()
        };
        [see(self.directly().await, request()).await, see(self.tunnelled().await, request()).await]
    }

    async fn assert_same(&self, path: &str) {
        let [directly, tunnelled] = self.compare(Method::GET, path, &[], b"").await;
        assert_eq!(directly, tunnelled, "{path}");
        assert_ne!(directly.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn cookies_redirects_and_statuses_are_those_of_the_site() {
    let ways = Ways::open().await;
    for path in ["/cookies", "/login", "/moved", "/empty", "/same", "/part", "/odd", "/letters", "/until-the-end"] {
        ways.assert_same(path).await;
    }
    let [directly, tunnelled] = ways.compare(Method::HEAD, "/head", &[], b"").await;
    assert_eq!(directly, tunnelled);
    assert!(directly.fields.contains(&("content-length".to_owned(), "4711".to_owned())), "{directly:?}");
}

#[tokio::test]
async fn compressed_answers_pass_unchanged() {
    let ways = Ways::open().await;
    ways.assert_same("/gzip").await;
    ways.assert_same("/br").await;
}

#[tokio::test]
async fn http_basic_is_between_the_browser_and_the_site() {
    let ways = Ways::open().await;
    ways.assert_same("/basic").await;
    let [directly, tunnelled] =
        ways.compare(Method::GET, "/basic", &[("authorization", "Basic bWFyaWE6cGFzcw==")], b"").await;
    assert_eq!(directly, tunnelled);
    assert_eq!(directly.body, "come in");
}

#[tokio::test]
async fn the_site_sees_the_request_as_it_was_made() {
    let ways = Ways::open().await;
    let fields = [
        ("accept-encoding", "gzip, br, zstd"),
        ("cookie", "a=1; __Host-b=\"2\"; c=%C3%BC; d=ü"),
        ("if-none-match", "W/\"1\", \"2\""),
        ("range", "bytes=0-1,5-"),
        ("sec-fetch-site", "same-origin"),
        ("te", "trailers"),
        ("x-many", "1"),
        ("content-type", "application/json"),
    ];
    let [directly, tunnelled] = ways.compare(Method::POST, "/told?q=a%20b&q=%2F", &fields, b"{}").await;
    assert_eq!(directly.status, tunnelled.status);
    // The connector adds how the browser calls the site.
    let lines = |seen: &Seen| {
        let text = String::from_utf8_lossy(&seen.body).into_owned();
        let mut lines: Vec<_> = text
            .lines()
            .map(str::to_owned)
            .filter(|line| !line.starts_with("connection:") && !line.starts_with("x-forwarded-"))
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&directly), lines(&tunnelled));
}

#[tokio::test]
async fn trailers_arrive() {
    let ways = Ways::open().await;
    let [directly, tunnelled] =
        ways.compare(Method::GET, "/trailers", &[("te", "trailers"), ("connection", "te")], b"").await;
    assert_eq!(directly.trailers, [("x-sum".to_owned(), "5d41".to_owned())]);
    assert_eq!(directly, tunnelled);
}

#[tokio::test]
async fn the_answer_after_an_early_hint_is_whole() {
    let ways = Ways::open().await;
    ways.assert_same("/hints").await;
}

#[tokio::test]
async fn a_body_streams_both_ways_at_once() {
    let ways = Ways::open().await;
    for stream in [ways.directly().await, ways.tunnelled().await] {
        let (sender, receiver) = mpsc::channel::<Result<Frame<Bytes>, Infallible>>(1);
        let body = StreamBody::new(Received(receiver)).boxed();
        let request = Request::post("/echo").header("host", HOST).body(body).unwrap();
        let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let (answer, first) =
            tokio::join!(requests.send_request(request), sender.send(Ok(Frame::data("first".into()))));
        first.unwrap();
        let mut answer = answer.unwrap();
        // Each part goes only after the one before it came back.
        for next in [Some("second"), Some("third"), None] {
            let part = answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(["first", "second", "third"].iter().any(|word| part == word), "{part:?}");
            if let Some(next) = next {
                sender.send(Ok(Frame::data(next.into()))).await.unwrap();
            }
        }
        drop(sender);
        assert!(answer.body_mut().frame().await.is_none());
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_told_to_go_on() {
    let ways = Ways::open().await;
    for mut stream in [ways.directly().await, ways.tunnelled().await] {
        let head = format!("POST /echo HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        let mut told = vec![0; go_on.len()];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&told), go_on);
        stream.write_all(b"hello").await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("0\r\n\r\n") {
            answer.push(char::from(stream.read_u8().await.unwrap()));
        }
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("hello"), "{answer}");
    }
}

#[tokio::test]
async fn a_cancelled_request_is_cancelled_at_the_site() {
    let ways = Ways::open().await;
    for (number, stream) in [ways.directly().await, ways.tunnelled().await].into_iter().enumerate() {
        let request = Request::get("/endless").header("host", HOST).body(Empty::<Bytes>::new()).unwrap();
        let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut answer = requests.send_request(request).await.unwrap();
        answer.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(ways.upstream.gone(), number);
        connection.abort();
        drop(answer);
        eventually("the end of the answer at the site", PATIENCE, async || {
            (ways.upstream.gone() == number + 1).then_some(())
        })
        .await;
    }
}

/// Opens a connection to the site through a device.
async fn connect(proxy: &Proxy) -> TcpStream {
    let mut stream = TcpStream::connect(&proxy.address).await.unwrap();
    let head = format!(
        "CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}:80\r\nProxy-Authorization: {}\r\n\r\n",
        proxy.authorization()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        answer.push(char::from(stream.read_u8().await.unwrap()));
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stream
}

async fn see(stream: TcpStream, request: Request<BoxBody<Bytes, Infallible>>) -> Seen {
    let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let answer: http::Response<Incoming> = requests.send_request(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().map(list).unwrap_or_default();
    Seen { status: parts.status, fields: list(&parts.headers), body: collected.to_bytes(), trailers }
}

fn list(headers: &HeaderMap) -> Vec<(String, String)> {
    let between_neighbours = ["connection", "transfer-encoding", "keep-alive", "date"];
    let mut list: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !between_neighbours.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.as_bytes().escape_ascii().to_string()))
        .collect();
    list.sort();
    list
}

/// The receiving end of a channel as a stream.
struct Received(mpsc::Receiver<Result<Frame<Bytes>, Infallible>>);

impl futures_util::Stream for Received {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.get_mut().0.poll_recv(cx)
    }
}
