//! Serves one device's sealed stream: HTTP/2 in, the company's sites out.
//!
//! 1. Each request is checked for its form, then against the current policy: person, site, path.
//! 2. It is forwarded ([`forward`]), upgraded to a WebSocket or a raw connection ([`upgrade`]), or answered by
//!    the connector itself ([`own`]). Everything else is refused, by name.
//! 3. Every stream hangs on a leash: when a new policy refuses its device or site, it ends at once.

mod bound;
mod devices;
mod forward;
mod own;
pub(crate) mod rotation;
mod upgrade;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use latchgate_link::limits::{CONNECTION_WINDOW, CONNECTOR_WINDOW, MAX_STREAMS, STREAM_WINDOW};
use latchgate_link::pace::Paced;
use latchgate_protocol::DeviceId;
use latchgate_tunnel::catalogue::{AUTHORITY, error_code};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use self::bound::BoundConnections;
use crate::audit::{Audit, Event};
use crate::body::ResponseBody;
use crate::headers::check_request;
use crate::identity::Signer;
use crate::limits::{HEADER_LIST, PATH_BYTES, STREAM_SEND_BUFFER};
use crate::origin::{Origin, Scheme};
use crate::policy::{Grant, Policy, PolicyBoard};
use crate::refusal::Refusal;
use crate::store::Store;
use crate::usage::Usage;

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) board: PolicyBoard,
    pub(crate) usage: Usage,
    pub(crate) audit: Audit,
    pub(crate) signer: Signer,
}

/// One device's session.
struct Session {
    shared: Arc<Shared>,
    device_id: DeviceId,
    /// Ends with the session.
    life: CancellationToken,
    /// One for each site that the device has streams to.
    leashes: Mutex<HashMap<Origin, CancellationToken>>,
    /// What logins like NTLM are bound to.
    bound: BoundConnections,
    /// What was refused and noted already: a browser asks again and again.
    noted: Mutex<HashSet<(Origin, &'static str)>>,
}

/// How many different refusals of one session are noted.
const NOTED: usize = 64;

/// Serves a device until its stream ends or `stop` says so.
pub(crate) async fn serve<S>(shared: Arc<Shared>, device_id: DeviceId, stream: S, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let changes = shared.board.subscribe();
    let life = stop.child_token();
    let _ends_with_this = life.clone().drop_guard();
    let session = Arc::new(Session {
        shared,
        device_id,
        life: life.clone(),
        leashes: Mutex::default(),
        bound: BoundConnections::default(),
        noted: Mutex::default(),
    });
    let answering = Arc::clone(&session);
    let service = service_fn(move |request| {
        let session = Arc::clone(&answering);
        async move { Ok::<_, Infallible>(session.handle(request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .max_concurrent_streams(MAX_STREAMS)
        .initial_connection_window_size(CONNECTOR_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_send_buf_size(STREAM_SEND_BUFFER)
        .max_header_list_size(HEADER_LIST)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(Paced::server(stream, CONNECTION_WINDOW)), service);
    tokio::select! {
        ended = connection => match ended {
            Ok(()) => debug!(%device_id, "the session ended"),
            Err(error) => debug!(%device_id, error = &error as &dyn std::error::Error, "the session broke off"),
        },
        () = session.hold_leashes(changes) => debug!(%device_id, "the session ended with the pairing"),
        () = life.cancelled() => debug!(%device_id, "the session was stopped"),
    }
}

impl Session {
    /// Answers one request.
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<ResponseBody> {
        let origin = request_origin(&request);
        match self.answer(request, origin.as_ref()).await {
            Ok(response) => response,
            Err(refusal) => {
                debug!(device_id = %self.device_id, code = refusal.code, detail = refusal.detail, "refused");
                self.note(origin, &refusal);
                refusal.into_response()
            }
        }
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        origin: Option<&Origin>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        check_request(request.headers())?;
        check_target(request.uri())?;
        let Some(origin) = origin else { return Err(malformed("the request names no site")) };
        let protocol = request.extensions_mut().remove::<Protocol>();
        if origin.host == AUTHORITY {
            return self.answer_own(request).await;
        }
        let (grant, leash) = self.admit(origin)?;
        if request.method() != Method::CONNECT {
            return self.forward(request, grant, leash).await;
        }
        match protocol {
            None => self.connect_raw(request, grant, leash).await,
            Some(protocol) if protocol.as_str() == "websocket" => self.connect_websocket(request, grant, leash).await,
            Some(_) => Err(malformed("the protocol of the CONNECT is unknown")),
        }
    }

    /// Decides, and ties what is granted to the policy.
    fn admit(&self, origin: &Origin) -> Result<(Grant, CancellationToken), Refusal> {
        self.shared.board.current().admit(self.device_id, origin)?;
        let leash = {
            let mut leashes = self.leashes.lock().unwrap_or_else(PoisonError::into_inner);
            leashes.entry(origin.clone()).or_insert_with(|| self.life.child_token()).clone()
        };
        // Decided again with the leash in place: a policy that changes from here on pulls it.
        let grant = self.shared.board.current().admit(self.device_id, origin)?;
        Ok((grant, leash))
    }

    /// Pulls the leashes that a new policy does not grant any more. Returns when it does not know the device.
    async fn hold_leashes(&self, mut changes: watch::Receiver<Arc<Policy>>) {
        while changes.changed().await.is_ok() {
            let policy = Arc::clone(&changes.borrow_and_update());
            if !policy.knows(self.device_id) {
                return;
            }
            let mut leashes = self.leashes.lock().unwrap_or_else(PoisonError::into_inner);
            leashes.retain(|origin, leash| {
                let granted = policy.admit(self.device_id, origin).is_ok();
                if !granted {
                    leash.cancel();
                }
                granted
            });
        }
    }

    /// Writes the first refusal of its kind into the audit log.
    fn note(&self, origin: Option<Origin>, refusal: &Refusal) {
        let (Some(origin), 403) = (origin, refusal.status.as_u16()) else { return };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < NOTED && noted.insert((origin.clone(), refusal.code)) {
            let (shared, device_id, code) = (Arc::clone(&self.shared), self.device_id, refusal.code);
            tokio::task::spawn_blocking(move || {
                let site = origin.to_string();
                shared.audit.note_caused(Event::AccessRefused, device_id, &[("site", &site), ("code", code)]);
            });
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.device_id)
    }
}

/// Returns where a request wants to go. A CONNECT without `:protocol` names no scheme: it is for raw `https`.
fn request_origin<B>(request: &Request<B>) -> Option<Origin> {
    let uri = request.uri();
    if request.method() == Method::CONNECT && uri.scheme().is_none() {
        return Origin::of_authority(Scheme::Https, uri.authority()?);
    }
    Origin::of_request(uri)
}

fn check_target(uri: &Uri) -> Result<(), Refusal> {
    let length = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if length > PATH_BYTES { Err(malformed("the path and query are too long")) } else { Ok(()) }
}

const fn malformed(detail: &'static str) -> Refusal {
    Refusal::bad_request(error_code::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests;
