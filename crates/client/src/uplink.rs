//! The session to the connector as the rest of the client uses it: HTTP requests in, answers out.
//!
//! 1. The connection publishes each new HTTP/2 session with [`Uplink::publish`] and ends it with
//!    [`Uplink::interrupt`].
//! 2. [`Uplink::request`] sends on the present session. Where there is none it waits for the next one, and
//!    what was not sent, or can safely be sent twice, is sent again on it.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http2::SendRequest;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use crate::failure::{Failure, Fault};
use crate::limits::WAIT_FOR_SESSION;
use crate::proxy::Transfer;
use crate::traffic::Meter;

/// Why a body broke off.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body on its way through: streamed from the other side, or made here.
#[derive(Debug)]
pub(crate) enum Passing {
    /// As it comes.
    Stream(Incoming),
    /// As it comes, and counted.
    Metered(Incoming, Meter),
    /// As it comes, and past the end of the session it came on.
    Transfer(Box<Transfer>),
    /// In one piece.
    Whole(Option<Bytes>),
}

impl Passing {
    pub(crate) const fn empty() -> Self {
        Self::Whole(None)
    }

    /// Counts what passes from now on; what was made here is not counted.
    pub(crate) fn metered(self, meter: Meter) -> Self {
        match self {
            Self::Stream(body) | Self::Metered(body, _) => Self::Metered(body, meter),
            Self::Transfer(transfer) => Self::Transfer(Box::new(transfer.metered(meter))),
            Self::Whole(body) => Self::Whole(body),
        }
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Stream(body) => Pin::new(body).poll_frame(cx).map_err(BodyError::from),
            Self::Metered(body, meter) => {
                let polled = Pin::new(body).poll_frame(cx).map_err(BodyError::from);
                if let Poll::Ready(Some(Ok(frame))) = &polled {
                    meter.count(frame.data_ref().map_or(0, Bytes::len));
                }
                polled
            }
            Self::Transfer(transfer) => transfer.poll_frame(cx),
            Self::Whole(body) => Poll::Ready(body.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Stream(body) | Self::Metered(body, _) => body.is_end_stream(),
            Self::Transfer(transfer) => transfer.is_end_stream(),
            Self::Whole(body) => body.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Stream(body) | Self::Metered(body, _) => body.size_hint(),
            Self::Transfer(transfer) => transfer.size_hint(),
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}

/// Why a request got no answer from the connector.
#[derive(Debug, Error)]
pub(crate) enum UplinkError {
    /// No session came in time.
    #[error("no session to the company came in time")]
    NoSession,
    /// The company or its gateway does not let this device in, and no session will come soon.
    #[error("the device is not let in")]
    NotLetIn,
    /// The session, or this one stream of it, broke.
    #[error("the session to the company broke")]
    Broken(#[source] hyper::Error),
}

/// Sends requests to the connector, over whichever session is open.
#[derive(Debug)]
pub(crate) struct Uplink {
    standing: watch::Sender<Standing>,
    /// How many sessions there were; each is known by its number.
    sessions: AtomicU64,
    obstacle: Mutex<Option<Failure>>,
}

/// Whether requests can be sent, or are worth waiting.
#[derive(Debug, Default)]
struct Standing {
    session: Option<OpenSession>,
    /// The device is not let in: no session will come soon.
    refused: bool,
}

#[derive(Debug, Clone)]
struct OpenSession {
    number: u64,
    requests: SendRequest<Passing>,
}

impl Default for Uplink {
    fn default() -> Self {
        Self { standing: watch::Sender::default(), sessions: AtomicU64::new(0), obstacle: Mutex::new(None) }
    }
}

impl Uplink {
    /// Takes a new session into use; earlier ones finish what they carry.
    pub(crate) fn publish(&self, requests: SendRequest<Passing>) {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        self.note_obstacle(None);
        self.standing.send_replace(Standing { session: Some(OpenSession { number, requests }), refused: false });
    }

    /// Ends the present session; requests wait for the next one.
    pub(crate) fn interrupt(&self) {
        self.standing.send_modify(|standing| standing.session = None);
    }

    /// Says why there is no session, for the people whose requests wait in vain. Where the device is not let in,
    /// they do not wait.
    pub(crate) fn set_obstacle(&self, obstacle: Option<Failure>) {
        let refused = obstacle
            .as_ref()
            .is_some_and(|failure| [Fault::Revoked, Fault::Removed].iter().any(|fault| fault.code() == failure.code));
        self.note_obstacle(obstacle);
        self.standing.send_modify(|standing| standing.refused = refused);
    }

    fn note_obstacle(&self, obstacle: Option<Failure>) {
        *self.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = obstacle;
    }

    /// Returns why there is no session.
    pub(crate) fn obstacle(&self) -> Failure {
        let obstacle = self.obstacle.lock().unwrap_or_else(PoisonError::into_inner).clone();
        obstacle.unwrap_or_else(|| Fault::TunnelDown.failure())
    }

    /// Sends a request and returns the head of the answer; the bodies stream.
    ///
    /// Dropping the future, or the answer's body, resets the stream at the connector.
    pub(crate) async fn request(&self, request: Request<Passing>) -> Result<Response<Incoming>, UplinkError> {
        let deadline = Instant::now() + WAIT_FOR_SESSION;
        let mut sessions = self.standing.subscribe();
        let mut copy = copy_if_repeatable(&request);
        let mut request = request;
        loop {
            let mut open = wait_for_session(&mut sessions, deadline).await?;
            let number = open.number;
            match open.requests.try_send_request(request).await {
                Ok(answer) => return Ok(answer),
                Err(mut error) => {
                    request = match (error.take_message(), copy.take()) {
                        (Some(unsent), copied) => {
                            copy = copied;
                            unsent
                        }
                        (None, Some(copied)) if ended_with_the_session(error.error()) => {
                            Request::from_parts(copied, Passing::empty())
                        }
                        (None, _) => return Err(UplinkError::Broken(error.into_error())),
                    };
                    debug!(number, "a session ended under a request, which waits for the next one");
                    self.retire(number);
                }
            }
        }
    }

    /// Counts the requests that wait for a session or for an answer.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> usize {
        self.standing.receiver_count()
    }

    /// Takes a session that turned out to be over out of use, unless another one replaced it already.
    fn retire(&self, number: u64) {
        self.standing.send_if_modified(|standing| {
            let over = standing.session.as_ref().is_some_and(|session| session.number == number);
            if over {
                standing.session = None;
            }
            over
        });
    }
}

async fn wait_for_session(
    sessions: &mut watch::Receiver<Standing>,
    deadline: Instant,
) -> Result<OpenSession, UplinkError> {
    let waited = timeout_at(deadline, sessions.wait_for(|standing| standing.session.is_some() || standing.refused));
    let standing = waited.await.map_err(|_| UplinkError::NoSession)?.map_err(|_| UplinkError::NoSession)?;
    standing.session.clone().ok_or(UplinkError::NotLetIn)
}

/// Safe methods without a body may be sent twice (RFC 9110, section 9.2.2).
fn copy_if_repeatable(request: &Request<Passing>) -> Option<Parts> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !safe || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy.into_parts().0)
}

/// Tells a session that ended from a stream that the connector reset on purpose.
pub(crate) fn ended_with_the_session(error: &hyper::Error) -> bool {
    let stream = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    stream.is_none_or(|stream| stream.is_io() || stream.is_go_away())
}
