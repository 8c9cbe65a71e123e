//! Bodies on their way through: never buffered, counted, ended when the right to them ends.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::headers::IdentityNames;

/// What any part of a body may fail with.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a response to a device.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, BodyError>;

/// When a request last moved: read by whoever waits for the site's answer.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<std::sync::Mutex<Instant>>);

impl Activity {
    pub(crate) fn start() -> Self {
        Self(Arc::new(std::sync::Mutex::new(Instant::now())))
    }

    fn touch(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a body does beside carrying bytes.
pub(crate) struct Watch {
    /// Where its bytes are counted.
    pub(crate) counter: Arc<AtomicU64>,
    /// Ends the body when the right to it ends.
    pub(crate) leash: CancellationToken,
    /// How long it may stall, where that is bounded.
    pub(crate) idle: Option<Duration>,
    /// Told of every frame.
    pub(crate) activity: Option<Activity>,
    /// What is stripped from trailers.
    pub(crate) trailers: Option<Arc<IdentityNames>>,
    /// Whether the length may be stated in front: HTTP/1.1 has no trailers then.
    pub(crate) states_length: bool,
}

/// A body that is counted, leashed and bounded in its stalling.
pub(crate) struct Watched<B> {
    inner: B,
    watch: Watch,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<B> Watched<B> {
    pub(crate) fn new(inner: B, watch: Watch) -> Self {
        let ended = Box::pin(watch.leash.clone().cancelled_owned());
        Self { inner, watch, ended, stall: None }
    }
}

impl<B> Body for Watched<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err("the right to this request ended".into())));
        }
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            return match poll_stall(&mut this.stall, this.watch.idle, cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err("the body stalled for too long".into()))),
                Poll::Pending => Poll::Pending,
            };
        };
        this.stall = None;
        if let Some(activity) = &this.watch.activity {
            activity.touch();
        }
        Poll::Ready(frame.map(|frame| {
            let mut frame = frame.map_err(Into::into)?;
            if let Some(data) = frame.data_ref() {
                this.watch.counter.fetch_add(data.remaining() as u64, Ordering::Relaxed);
            }
            if let (Some(names), Some(trailers)) = (&this.watch.trailers, frame.trailers_mut()) {
                names.strip(trailers);
            }
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.watch.states_length || self.inner.is_end_stream() {
            self.inner.size_hint()
        } else {
            SizeHint::default()
        }
    }
}

fn poll_stall(stall: &mut Option<Pin<Box<Sleep>>>, idle: Option<Duration>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(idle) = idle else { return Poll::Pending };
    stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle))).as_mut().poll(cx)
}

/// A byte stream to a site whose bytes are counted.
pub(crate) struct Counted<S> {
    inner: S,
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
}

impl<S> Counted<S> {
    pub(crate) const fn new(inner: S, up: Arc<AtomicU64>, down: Arc<AtomicU64>) -> Self {
        Self { inner, up, down }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        this.down.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, buf))?;
        this.up.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    /// A body that never yields.
    struct Stalled;

    impl Body for Stalled {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            Poll::Pending
        }
    }

    fn watch(idle: Option<Duration>, leash: &CancellationToken) -> Watch {
        Watch {
            counter: Arc::default(),
            leash: leash.clone(),
            idle,
            activity: None,
            trailers: None,
            states_length: true,
        }
    }

    #[tokio::test]
    async fn ab_64_a_body_that_stalls_is_given_up() {
        let leash = CancellationToken::new();
        let error = Watched::new(Stalled, watch(Some(Duration::ZERO), &leash)).collect().await.unwrap_err();
        assert!(error.to_string().contains("stalled"));
    }

    #[tokio::test]
    async fn a_body_ends_with_the_right_to_it() {
        let leash = CancellationToken::new();
        let body = Watched::new(Stalled, watch(None, &leash));
        leash.cancel();
        assert!(body.collect().await.unwrap_err().to_string().contains("right"));
    }

    #[tokio::test]
    async fn bytes_are_counted_and_the_length_is_kept() {
        let leash = CancellationToken::new();
        let watch = watch(Some(Duration::ZERO), &leash);
        let counter = Arc::clone(&watch.counter);
        let body = Watched::new(Full::new(Bytes::from("seven b")), watch);
        assert_eq!(body.size_hint().exact(), Some(7));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "seven b");
        assert_eq!(counter.load(Ordering::Relaxed), 7);
    }
}
