//! Large answers across sessions: a file whose byte at offset `o` is `o % 251`, and a connector that dies.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::rig::{Rig, read_head};

const SIZE: usize = 1024 * 1024;
const FILE: &str = "http://wiki.example.com/file?x=1";

/// A session to a connector that offers one version of the file.
struct Session {
    connector: AbortHandle,
    asked: mpsc::UnboundedReceiver<Option<String>>,
}

impl Session {
    /// Opens it; the file stops after `until` bytes, and waits.
    async fn publish(rig: &Rig, version: &'static str, until: usize) -> Self {
        let (device, connector) = tokio::io::duplex(64 * 1024);
        let (asking, asked) = mpsc::unbounded_channel();
        let service = service_fn(move |request: Request<Incoming>| {
            let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let range = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|tag| tag == version));
            // The test may have looked away.
            let _ = asking.send(text(RANGE));
            async move { Ok::<_, Infallible>(answer(version, range.as_deref(), until)) }
        });
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let served =
            tokio::spawn(async move { drop(builder.serve_connection(TokioIo::new(connector), service).await) });
        let (requests, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(device)).await.unwrap();
        tokio::spawn(connection);
        rig.uplink.publish(requests);
        Self { connector: served.abort_handle(), asked }
    }
}

fn answer(version: &'static str, range: Option<&str>, until: usize) -> Response<Part> {
    let first = range.map_or(0, |range| range["bytes=".len()..].split('-').next().unwrap().parse().unwrap());
    let mut answer = Response::new(Part { next: first, until });
    let headers = answer.headers_mut();
    headers.insert(ETAG, HeaderValue::from_static(version));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, (SIZE - first).into());
    if range.is_some() {
        let extent = format!("bytes {first}-{}/{SIZE}", SIZE - 1);
        headers.insert(CONTENT_RANGE, HeaderValue::try_from(extent).unwrap());
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    answer
}

/// The file from `next` on, which is there up to `until`.
struct Part {
    next: usize,
    until: usize,
}

impl Body for Part {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.next == SIZE {
            return Poll::Ready(None);
        }
        if this.next >= this.until {
            return Poll::Pending;
        }
        let end = (this.next + 16 * 1024).min(this.until).min(SIZE);
        let bytes = bytes_of(this.next, end);
        this.next = end;
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }
}

fn bytes_of(start: usize, end: usize) -> Vec<u8> {
    (start..end).map(|offset| u8::try_from(offset % 251).unwrap()).collect()
}

async fn ask(rig: &Rig, range: &str) -> (TcpStream, String) {
    use tokio::io::AsyncWriteExt as _;
    let mut stream = rig.dial().await;
    let authorization = rig.authorization();
    let head =
        format!("GET {FILE} HTTP/1.1\r\nHost: wiki.example.com\r\n{authorization}{range}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await.to_lowercase();
    (stream, head)
}

async fn take(stream: &mut TcpStream, start: usize, end: usize) {
    let mut found = vec![0; end - start];
    stream.read_exact(&mut found).await.unwrap();
    assert!(found == bytes_of(start, end), "the bytes from {start} to {end} are others");
}

#[tokio::test]
async fn a_large_answer_goes_on_past_the_end_of_its_session() {
    let rig = Rig::start_without_session().await;
    let first = Session::publish(&rig, "\"one\"", 300_000).await;
    let (mut stream, head) = ask(&rig, "").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-length: 1048576"), "{head}");
    take(&mut stream, 0, 300_000).await;

    let mut second = Session::publish(&rig, "\"one\"", 700_000).await;
    first.connector.abort();
    take(&mut stream, 300_000, 700_000).await;
    assert_eq!(second.asked.recv().await.unwrap().unwrap(), "bytes=300000-1048575");
    let _third = Session::publish(&rig, "\"one\"", SIZE).await;
    second.connector.abort();
    take(&mut stream, 700_000, SIZE).await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_part_goes_on_to_its_own_end() {
    let rig = Rig::start_without_session().await;
    let first = Session::publish(&rig, "\"one\"", 600_000).await;
    let (mut stream, head) = ask(&rig, "Range: bytes=500000-\r\n").await;
    assert!(head.starts_with("http/1.1 206"), "{head}");
    take(&mut stream, 500_000, 600_000).await;
    let _second = Session::publish(&rig, "\"one\"", SIZE).await;
    first.connector.abort();
    take(&mut stream, 600_000, SIZE).await;
}

#[tokio::test]
async fn another_version_never_follows_in_the_same_answer() {
    let rig = Rig::start_without_session().await;
    let first = Session::publish(&rig, "\"one\"", 300_000).await;
    let (mut stream, _) = ask(&rig, "").await;
    take(&mut stream, 0, 300_000).await;
    let _second = Session::publish(&rig, "\"two\"", SIZE).await;
    first.connector.abort();
    let mut rest = Vec::new();
    // It ends short of its length, which every client notices.
    drop(stream.read_to_end(&mut rest).await);
    assert!(rest.is_empty(), "{} bytes of another version", rest.len());
}

#[tokio::test]
async fn a_held_answer_gives_its_stream_up_and_goes_on_when_released() {
    let rig = Rig::start_without_session().await;
    let mut session = Session::publish(&rig, "\"one\"", 300_000).await;
    assert!(!rig.proxy.transfers().hold(FILE, true), "nothing is under way");
    let (mut stream, _) = ask(&rig, "").await;
    take(&mut stream, 0, 300_000).await;
    assert_eq!(session.asked.recv().await.unwrap(), None);

    assert!(rig.proxy.transfers().can_hold(&format!("{FILE}#top")));
    assert!(rig.proxy.transfers().hold(FILE, true));
    let _second = Session::publish(&rig, "\"one\"", SIZE).await;
    // The session that it came on ends, and nobody asks for the rest.
    session.connector.abort();
    assert_eq!(session.asked.recv().await, None);
    assert!(rig.proxy.transfers().hold(FILE, false));
    take(&mut stream, 300_000, SIZE).await;
}
