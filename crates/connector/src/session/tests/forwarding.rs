//! Requests and answers pass as they are and as they come.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE, SET_COOKIE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use tokio::sync::{mpsc, oneshot};

use crate::fixture::{Device, TestApp, TestBody, Upstream, WIKI, empty, full, text};

/// A body whose chunks come from a channel.
struct Channel(mpsc::UnboundedReceiver<Bytes>);

impl Body for Channel {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

fn channel() -> (mpsc::UnboundedSender<Bytes>, TestBody) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Channel(receiver).boxed())
}

/// Hands each request's body on to whoever is tested.
fn once<T: Send + 'static>(value: T) -> impl Fn() -> Option<T> + Clone + Send + Sync + 'static {
    let value = Arc::new(Mutex::new(Some(value)));
    move || value.lock().unwrap().take()
}

async fn next(body: &mut Incoming) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

async fn app_and_device(upstream: &Upstream) -> (TestApp, Device) {
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    (app, device)
}

#[tokio::test]
async fn method_target_header_and_body_arrive() {
    let upstream = Upstream::new(|request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Response::builder().status(201).header("x-answer", "yes").body(full(body)).unwrap()
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("{WIKI}page?q=1"))
        .header("content-type", "text/plain")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(full("body"))
        .unwrap();
    let response = device.send(request).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["x-answer"], "yes");
    assert_eq!(text(response).await, "body");
    let head = &upstream.heads()[0];
    assert_eq!((head.method.as_str(), head.uri.to_string().as_str()), ("PUT", "/page?q=1"));
    assert_eq!(head.headers["content-type"], "text/plain");
    assert_eq!(head.headers["content-length"], "4");
    assert_eq!(head.headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2"]);
}

#[tokio::test]
async fn a_head_states_the_length_and_has_no_body() {
    let upstream = Upstream::new(|_| async { Response::new(full("eleven byte")) }).await;
    let (_app, device) = app_and_device(&upstream).await;
    let response = device.send(Request::head(WIKI).body(empty()).unwrap()).await;
    assert_eq!(response.headers()[CONTENT_LENGTH], "11");
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn ab_59_a_redirect_is_the_browsers_business() {
    let internal = Upstream::echo_identity().await;
    let target = format!("http://{}/secret", internal.address);
    let location = target.clone();
    let upstream = Upstream::new(move |_| {
        let location = location.clone();
        async move { Response::builder().status(302).header(LOCATION, location).body(empty()).unwrap() }
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let response = device.get(WIKI).await;
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.headers()[LOCATION], target);
    assert!(internal.heads().is_empty(), "the redirect was followed");
}

#[tokio::test]
async fn ab_67_cookies_pass_untouched_for_the_browser_to_scope() {
    let upstream = Upstream::new(|_| async {
        Response::builder()
            .header(SET_COOKIE, "a=1; Path=/; Secure; HttpOnly")
            .header(SET_COOKIE, "__Host-b=2; Path=/; Secure")
            .body(empty())
            .unwrap()
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let response = device.get(WIKI).await;
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1; Path=/; Secure; HttpOnly", "__Host-b=2; Path=/; Secure"]);
}

#[tokio::test]
async fn ranges_pass_untouched() {
    let upstream = Upstream::new(|request| async move {
        assert_eq!(request.headers()[RANGE], "bytes=2-4");
        Response::builder().status(206).header(CONTENT_RANGE, "bytes 2-4/9").body(full("cde")).unwrap()
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let response = device.send(Request::get(WIKI).header(RANGE, "bytes=2-4").body(empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(response.headers()[CONTENT_RANGE], "bytes 2-4/9");
    assert_eq!(response.headers()[CONTENT_LENGTH], "3");
}

#[tokio::test]
async fn ab_63_nothing_is_decoded() {
    const BOMB: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xde, 0xad];
    let upstream =
        Upstream::new(|_| async { Response::builder().header(CONTENT_ENCODING, "gzip").body(full(BOMB)).unwrap() })
            .await;
    let (_app, device) = app_and_device(&upstream).await;
    let response = device.get(WIKI).await;
    assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), BOMB);
}

#[tokio::test]
async fn ab_66_server_sent_events_arrive_one_by_one() {
    let (events, body) = channel();
    let body = once(body);
    let upstream = Upstream::new(move |_| {
        let body = body().unwrap();
        async { Response::builder().header("content-type", "text/event-stream").body(body).unwrap() }
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let mut answer = device.get(WIKI).await.into_body();
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        events.send(Bytes::from(event)).unwrap();
        assert_eq!(next(&mut answer).await, event);
    }
    drop(events);
    assert!(answer.collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn an_upload_streams_while_it_is_sent() {
    let upstream = Upstream::new(|request| async move {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut body = request.into_body();
            while let Some(Ok(frame)) = body.frame().await {
                drop(sender.send(frame.into_data().unwrap()));
            }
        });
        Response::new(Channel(receiver).boxed())
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let (chunks, body) = channel();
    chunks.send(Bytes::from("one")).unwrap();
    let mut answer = device.send(Request::post(WIKI).body(body).unwrap()).await.into_body();
    assert_eq!(next(&mut answer).await, "one");
    chunks.send(Bytes::from("two")).unwrap();
    assert_eq!(next(&mut answer).await, "two");
    drop(chunks);
    assert!(answer.collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_large_upload_passes_whole() {
    const CHUNK: usize = 64 * 1024;
    const CHUNKS: usize = 256;
    let upstream = Upstream::new(|request| async move {
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.unwrap().into_data().unwrap().len();
        }
        Response::new(full(length.to_string()))
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let (chunks, body) = channel();
    for _ in 0..CHUNKS {
        chunks.send(Bytes::from(vec![0; CHUNK])).unwrap();
    }
    drop(chunks);
    let response = device.send(Request::post(WIKI).body(body).unwrap()).await;
    assert_eq!(text(response).await, (CHUNK * CHUNKS).to_string());
}

#[tokio::test]
async fn an_endless_answer_is_read_only_as_fast_as_the_device_takes_it() {
    struct Endless(Arc<Mutex<usize>>);
    impl Body for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            *self.0.lock().unwrap() += 16 * 1024;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 16 * 1024])))))
        }
    }
    let sent = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&sent);
    let upstream = Upstream::new(move |_| {
        let counted = Arc::clone(&counted);
        async { Response::new(Endless(counted).boxed()) }
    })
    .await;
    let (app, device) = app_and_device(&upstream).await;
    let stalled = device.get(WIKI).await.into_body();
    // Another stream works while this one is not read, and the first is bounded by windows and sockets.
    let other = app.connect(device.device_id).await;
    for _ in 0..50 {
        other.get("http://connector.latchgate.internal/v1/ping").await;
    }
    assert!(*sent.lock().unwrap() < 64 * 1024 * 1024);
    drop(stalled);
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let upstream = Upstream::new(|request| async move {
        let collected = request.into_body().collect().await.unwrap();
        let sum = collected.trailers().unwrap()["x-sum"].clone();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-back", sum);
        let (_, body) = channel();
        let body = body.with_trailers(async move { Some(Ok(trailers)) }).boxed();
        Response::builder().header("trailer", "x-back").body(body).unwrap()
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "42".parse().unwrap());
    let body = full("body").with_trailers(async move { Some(Ok(trailers)) }).boxed();
    let request = Request::post(WIKI).header("trailer", "x-sum").header("te", "trailers").body(body).unwrap();
    let collected = device.send(request).await.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-back"], "42");
}

#[tokio::test]
async fn a_request_that_the_device_gives_up_is_given_up_at_the_site() {
    /// Tells when it is dropped: the server drops a service whose client went away.
    struct Told(Option<oneshot::Sender<()>>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.take().unwrap().send(()).unwrap_or_default();
        }
    }
    let (arrived, arriving) = oneshot::channel();
    let (gone, going) = oneshot::channel();
    let (arrived, told) = (once(arrived), once(Told(Some(gone))));
    let upstream = Upstream::new(move |_| {
        let told = told();
        arrived().unwrap().send(()).unwrap();
        async {
            std::future::pending::<()>().await;
            drop(told);
            Response::new(empty())
        }
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    let asking = tokio::spawn(async move { drop(device.try_send(Request::get(WIKI).body(empty()).unwrap()).await) });
    arriving.await.unwrap();
    asking.abort();
    going.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_the_device_gives_up_is_given_up_at_the_site() {
    let (events, body) = channel();
    let body = once(body);
    let upstream = Upstream::new(move |_| {
        let body = body().unwrap();
        async { Response::new(body) }
    })
    .await;
    let (_app, device) = app_and_device(&upstream).await;
    events.send(Bytes::from("first")).unwrap();
    let mut answer = device.get(WIKI).await.into_body();
    assert_eq!(next(&mut answer).await, "first");
    drop(answer);
    events.closed().await;
}
