//! Bodies that never end, and bodies that hardly begin.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::fixture::{TestApp, Upstream, WIKI, empty, full, refusal};

const PING: &str = "http://connector.latchgate.internal/v1/ping";
const STREAMS: usize = 32;

/// A body that is as long as somebody takes it.
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const PIECE: &[u8] = &[0; 16 * 1024];
        self.0.fetch_add(PIECE.len(), Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
    }
}

/// A body whose bytes come from a channel.
struct Dripping(mpsc::UnboundedReceiver<()>);

impl Body for Dripping {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|drop| drop.map(|()| Ok(Frame::data(Bytes::from_static(b".")))))
    }
}

/// A site that takes in what is sent to it and then says how much it was, and how many bytes came to it in all.
async fn taking() -> (Upstream, Arc<AtomicUsize>) {
    let taken = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&taken);
    let upstream = Upstream::new(move |request| {
        let counted = Arc::clone(&counted);
        async move {
            let mut body = request.into_body();
            while let Some(Ok(frame)) = body.frame().await {
                counted.fetch_add(frame.into_data().map_or(0, |data| data.len()), Ordering::SeqCst);
            }
            Response::new(full("taken"))
        }
    })
    .await;
    (upstream, taken)
}

#[tokio::test]
async fn ab_64_an_endless_upload_waits_for_a_site_that_does_not_take_it() {
    let upstream = Upstream::new(|request| async move {
        if request.uri().path() != "/stall" {
            return Response::new(empty());
        }
        // Keeps the body and takes nothing of it.
        let _body = request.into_body();
        std::future::pending().await
    })
    .await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let sent = Arc::<AtomicUsize>::default();
    let body = Endless(Arc::clone(&sent)).boxed();
    let uploading = tokio::spawn({
        let device = device.clone();
        async move { drop(device.try_send(Request::post(format!("{WIKI}stall")).body(body).unwrap()).await) }
    });
    while upstream.heads().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..50 {
        assert_eq!(device.get(WIKI).await.status(), StatusCode::OK, "another request of the device");
    }
    // The windows of the session, and what two sockets hold.
    assert!(sent.load(Ordering::SeqCst) < 32 * 1024 * 1024, "{} bytes were taken in", sent.load(Ordering::SeqCst));
    uploading.abort();
    assert_eq!(device.get(WIKI).await.status(), StatusCode::OK);
}

/// A byte a minute on each of many streams: every one of them is given up, and nobody else notices.
#[tokio::test]
async fn ab_64_uploads_of_a_byte_a_minute_are_given_up() {
    let (upstream, taken) = taking().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let other = app.device_of("ada", "staff").await;
    let mut drips = Vec::new();
    let mut uploads = Vec::new();
    for _ in 0..STREAMS {
        let (drip, body) = mpsc::unbounded_channel();
        drip.send(()).unwrap();
        drips.push(drip);
        let (device, body) = (device.clone(), Dripping(body).boxed());
        uploads.push(tokio::spawn(async move { device.try_send(Request::post(WIKI).body(body).unwrap()).await }));
    }
    while taken.load(Ordering::SeqCst) < STREAMS {
        tokio::task::yield_now().await;
    }

    // From here on the clock is the test's: a minute passes without anything else.
    tokio::time::pause();
    let paused = Instant::now();
    tokio::time::advance(Duration::from_secs(60)).await;
    for (drip, upload) in drips.iter().zip(uploads) {
        let answer = upload.await.unwrap();
        // The body may be gone already.
        let _ = drip.send(());
        match answer {
            Ok(answer) => assert_ne!(answer.status(), StatusCode::OK, "{:?}", refusal(&answer)),
            Err(error) => assert!(error.is_closed() || error.is_canceled() || format!("{error:?}").contains("reset")),
        }
    }
    assert!(paused.elapsed() < Duration::from_secs(120), "{:?}", paused.elapsed());
    tokio::time::resume();
    assert_eq!(taken.load(Ordering::SeqCst), STREAMS, "no second byte reached the site");
    for device in [&device, &other] {
        assert_eq!(device.get(PING).await.status(), StatusCode::NO_CONTENT);
        assert_eq!(device.send(Request::post(WIKI).body(full("x")).unwrap()).await.status(), StatusCode::OK);
    }
}

/// What moves, however slowly, goes on.
#[tokio::test]
async fn ab_64_an_upload_that_moves_in_time_is_left_alone() {
    let (upstream, taken) = taking().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let (drip, body) = mpsc::unbounded_channel();
    let upload = tokio::spawn({
        let (device, body) = (device.clone(), Dripping(body).boxed());
        async move { device.send(Request::post(WIKI).body(body).unwrap()).await }
    });
    for drops in 1..=20 {
        drip.send(()).unwrap();
        while taken.load(Ordering::SeqCst) < drops {
            assert!(!upload.is_finished(), "given up after {} bytes", drops - 1);
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(30)).await;
        tokio::time::resume();
    }
    drop(drip);
    assert_eq!(upload.await.unwrap().status(), StatusCode::OK);
    assert_eq!(taken.load(Ordering::SeqCst), 20);
}
