//! Large answers that outlive the session they came on, and that can be held for a while.
//!
//! 1. [`Source::copy`] keeps a GET request whose answer may turn out to be large.
//! 2. [`Transfers::carry`] wraps the answer if the site gives parts of it: it names the length, takes ranges, and
//!    has a validator that tells one version from another (RFC 9110, sections 8.8.1 and 14.2).
//! 3. When the session ends in the middle, the rest is asked for on the next one, and only if it is the rest of the
//!    same version (`If-Range`). The browser sees one answer.
//! 4. A held transfer gives its stream up, so that it keeps no other one waiting, and asks for the rest when it is
//!    released.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, sleep};
use tracing::debug;

use crate::limits::{RESUME_FROM, RESUME_PATIENCE};
use crate::traffic::Meter;
use crate::uplink::{BodyError, Passing, Uplink, UplinkError, ended_with_the_session};

/// How long to wait before asking again where no session came.
const PAUSE: Duration = Duration::from_secs(1);

/// Why the rest of an answer did not come.
#[derive(Debug, Error)]
enum RestError {
    /// Nothing carried the question for too long.
    #[error("no session came in time to go on with an answer")]
    NoSession,
    /// The site has another version by now, or gives no parts after all.
    #[error("the site does not go on with the answer: {0}")]
    Refused(StatusCode),
}

/// A request that can be sent again for the rest of its answer.
pub(super) struct Source {
    uri: Uri,
    headers: HeaderMap,
}

/// The answers that can be held, by their addresses.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    holds: Mutex<HashMap<String, Weak<Hold>>>,
}

#[derive(Debug, Default)]
struct Hold {
    held: AtomicBool,
    waiting: AtomicWaker,
}

/// An answer under way.
pub(crate) struct Transfer {
    rest: Arc<Rest>,
    hold: Arc<Hold>,
    /// The first byte of the version that is still missing, and the one after the last.
    missing: std::ops::Range<u64>,
    state: State,
    meter: Option<Meter>,
}

/// What is needed to ask for the rest.
struct Rest {
    uplink: Arc<Uplink>,
    source: Source,
    validator: HeaderValue,
}

enum State {
    Flowing(Incoming),
    Held,
    Asking(BoxFuture<'static, Result<Incoming, RestError>>),
}

impl Source {
    /// Copies what may be asked again; `None` for anything but a plain GET.
    pub(super) fn copy(request: &Request<Passing>) -> Option<Self> {
        let plain = *request.method() == Method::GET && !request.headers().contains_key(IF_RANGE);
        plain.then(|| Self { uri: request.uri().clone(), headers: request.headers().clone() })
    }
}

impl Transfers {
    /// Wraps the body of an answer that can be continued; others pass as they are.
    pub(super) fn carry(
        &self,
        uplink: &Arc<Uplink>,
        source: Option<Source>,
        answer: Response<Incoming>,
    ) -> Response<Passing> {
        let (parts, body) = answer.into_parts();
        let extent = extent(parts.status, &parts.headers).filter(|extent| extent.end - extent.start >= RESUME_FROM);
        let (Some(source), Some(missing), Some(validator)) = (source, extent, validator(&parts.headers)) else {
            return Response::from_parts(parts, Passing::Stream(body));
        };
        let hold = Arc::new(Hold::default());
        let mut holds = self.holds();
        holds.retain(|_, hold| hold.strong_count() > 0);
        holds.insert(source.uri.to_string(), Arc::downgrade(&hold));
        drop(holds);
        let rest = Arc::new(Rest { uplink: Arc::clone(uplink), source, validator });
        let transfer = Transfer { rest, hold, missing, state: State::Flowing(body), meter: None };
        Response::from_parts(parts, Passing::Transfer(Box::new(transfer)))
    }

    /// Tells whether the answer of an address is under way and can be held.
    pub(crate) fn can_hold(&self, address: &str) -> bool {
        self.find(address).is_some()
    }

    /// Holds the answer of an address, or lets it go on. False when there is none that can be held.
    pub(crate) fn hold(&self, address: &str, held: bool) -> bool {
        let Some(hold) = self.find(address) else { return false };
        hold.held.store(held, Ordering::SeqCst);
        hold.waiting.wake();
        true
    }

    fn find(&self, address: &str) -> Option<Arc<Hold>> {
        let uri = address.split('#').next()?.parse::<Uri>().ok()?;
        self.holds().get(&uri.to_string())?.upgrade()
    }

    fn holds(&self) -> MutexGuard<'_, HashMap<String, Weak<Hold>>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transfer {
    /// Counts what passes from now on.
    pub(crate) fn metered(self, meter: Meter) -> Self {
        Self { meter: Some(meter), ..self }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            self.hold.waiting.register(cx.waker());
            if self.hold.held.load(Ordering::SeqCst) && !self.is_end_stream() {
                // Without its stream it keeps no window that others need.
                self.state = State::Held;
                return Poll::Pending;
            }
            match &mut self.state {
                State::Held => self.ask(),
                State::Asking(asking) => match ready!(asking.as_mut().poll(cx)) {
                    Ok(body) => self.state = State::Flowing(body),
                    Err(error) => return Poll::Ready(Some(Err(error.into()))),
                },
                State::Flowing(body) => match ready!(Pin::new(body).poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        let length = frame.data_ref().map_or(0, Bytes::len);
                        self.missing.start += length as u64;
                        if let Some(meter) = &self.meter {
                            meter.count(length);
                        }
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    Some(Err(error)) if self.missing.is_empty() || !ended_with_the_session(&error) => {
                        return Poll::Ready(Some(Err(error.into())));
                    }
                    Some(Err(_)) => self.ask(),
                    None => return Poll::Ready(None),
                },
            }
        }
    }

    fn ask(&mut self) {
        debug!(missing = self.missing.end - self.missing.start, "the rest of an answer is asked for");
        self.state = State::Asking(Box::pin(Arc::clone(&self.rest).ask(self.missing.clone())));
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.missing.is_empty() && matches!(&self.state, State::Flowing(body) if body.is_end_stream())
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.missing.end - self.missing.start)
    }
}

impl Rest {
    /// Asks for what is missing until a session carries the question.
    async fn ask(self: Arc<Self>, missing: std::ops::Range<u64>) -> Result<Incoming, RestError> {
        let deadline = Instant::now() + RESUME_PATIENCE;
        loop {
            match self.uplink.request(self.request(&missing)).await {
                Ok(answer) => {
                    let fits = extent(answer.status(), answer.headers()).as_ref() == Some(&missing);
                    return if fits { Ok(answer.into_body()) } else { Err(RestError::Refused(answer.status())) };
                }
                Err(_) if Instant::now() >= deadline => return Err(RestError::NoSession),
                Err(UplinkError::NoSession | UplinkError::NotLetIn | UplinkError::Broken(_)) => sleep(PAUSE).await,
            }
        }
    }

    fn request(&self, missing: &std::ops::Range<u64>) -> Request<Passing> {
        let mut request = Request::new(Passing::empty());
        *request.uri_mut() = self.source.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = self.source.headers.clone();
        let range = format!("bytes={}-{}", missing.start, missing.end - 1);
        request.headers_mut().insert(RANGE, HeaderValue::try_from(range).expect("numbers are a header"));
        request.headers_mut().insert(IF_RANGE, self.validator.clone());
        request
    }
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfer").field("missing", &self.missing).finish_non_exhaustive()
    }
}

/// Returns which bytes of its version an answer carries, where the site gives parts of it.
fn extent(status: StatusCode, headers: &HeaderMap) -> Option<std::ops::Range<u64>> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match status {
        StatusCode::OK if text(ACCEPT_RANGES)?.trim().eq_ignore_ascii_case("bytes") => {
            Some(0..text(CONTENT_LENGTH)?.parse().ok()?)
        }
        StatusCode::PARTIAL_CONTENT => {
            let (range, _) = text(CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
            let (first, last) = range.split_once('-')?;
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then(|| first..last.saturating_add(1))
        }
        _ => None,
    }
}

/// Returns what tells this version from every other one: a strong tag, or a date where nothing was encoded.
fn validator(headers: &HeaderMap) -> Option<HeaderValue> {
    match headers.get(ETAG) {
        Some(tag) => tag.as_bytes().starts_with(b"\"").then(|| tag.clone()),
        None if headers.contains_key(CONTENT_ENCODING) => None,
        None => headers.get(LAST_MODIFIED).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_an_answer_that_names_its_bytes_can_be_continued() {
        let whole = [("content-length", "9"), ("accept-ranges", "bytes")];
        assert_eq!(extent(StatusCode::OK, &headers(&whole)), Some(0..9));
        assert_eq!(extent(StatusCode::OK, &headers(&whole[..1])), None);
        assert_eq!(extent(StatusCode::OK, &headers(&[whole[0], ("accept-ranges", "none")])), None);
        assert_eq!(extent(StatusCode::NOT_FOUND, &headers(&whole)), None);
        let part = |range| extent(StatusCode::PARTIAL_CONTENT, &headers(&[("content-range", range)]));
        assert_eq!(part("bytes 2-4/10"), Some(2..5));
        assert_eq!(part("bytes 2-4/*"), Some(2..5));
        for range in ["bytes 4-2/10", "bytes */10", "items 2-4/10", "bytes 2-/10"] {
            assert_eq!(part(range), None, "{range}");
        }
    }

    #[test]
    fn only_a_validator_that_tells_versions_apart_counts() {
        assert_eq!(validator(&headers(&[("etag", "\"a\"")])).unwrap(), "\"a\"");
        assert_eq!(validator(&headers(&[("etag", "W/\"a\""), ("last-modified", "x")])), None);
        assert_eq!(validator(&headers(&[("last-modified", "x")])).unwrap(), "x");
        assert_eq!(validator(&headers(&[("last-modified", "x"), ("content-encoding", "gzip")])), None);
        assert_eq!(validator(&HeaderMap::new()), None);
    }
}
