//! Connections to a site that a login is bound to.
//!
//! NTLM, and Negotiate where it falls back to it, log a connection in and not a request (RFC 4559, section 6).
//! Such a connection must never carry somebody else's request, so it is never one of the pool:
//!
//! 1. A request with such credentials gets a connection to the site for itself. It is kept for the connection of
//!    the browser that it came by, which the device numbers in [`CONNECTION_HEADER`].
//! 2. Whatever else comes by the same connection of the browser for the same site goes there as well.
//! 3. It ends with the session, when the site closes it, or after it was not used for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use latchgate_tunnel::catalogue::CONNECTION_HEADER;
use tokio::time::Instant;

use crate::limits::{BOUND_CONNECTIONS, UPSTREAM_IDLE};
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::upstream::{RequestBody, Upstream};

/// The bound connections of one session.
#[derive(Default)]
pub(super) struct BoundConnections(Mutex<HashMap<(Origin, u64), Bound>>);

struct Bound {
    place: Place,
    used: Instant,
}

/// Where a connection is kept between its requests.
#[derive(Clone, Default)]
pub(super) struct Place(Arc<tokio::sync::Mutex<Option<SendRequest<RequestBody>>>>);

impl BoundConnections {
    /// Returns the connection that a request belongs to; `None` where it may be any one of the pool.
    pub(super) fn place(&self, origin: &Origin, headers: &HeaderMap) -> Option<Place> {
        let binds = logs_a_connection_in(headers);
        let Some(number) = browser_connection(headers) else { return binds.then(Place::default) };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.retain(|_, bound| bound.is_busy() || now.duration_since(bound.used) < UPSTREAM_IDLE);
        let key = (origin.clone(), number);
        if binds && !kept.contains_key(&key) && kept.len() < BOUND_CONNECTIONS {
            kept.insert(key.clone(), Bound { place: Place::default(), used: now });
        }
        let Some(bound) = kept.get_mut(&key) else { return binds.then(Place::default) };
        bound.used = now;
        Some(bound.place.clone())
    }
}

impl Bound {
    fn is_busy(&self) -> bool {
        Arc::strong_count(&self.place.0) > 1
    }
}

impl Place {
    /// Sends a request over the connection that is kept here, or over a new one.
    pub(super) async fn send(
        &self,
        upstream: &Upstream,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Refusal> {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map(Into::into).unwrap_or_default();
        let mut kept = self.0.lock().await;
        let mut connection = match still_open(kept.take()).await {
            Some(connection) => connection,
            None => upstream.open_for_one().await?,
        };
        let answer = upstream.send_over(&mut connection, request).await?;
        *kept = Some(connection);
        Ok(answer)
    }
}

/// Waits until a connection can take the next request; the site may have closed it.
async fn still_open(kept: Option<SendRequest<RequestBody>>) -> Option<SendRequest<RequestBody>> {
    let mut connection = kept?;
    connection.ready().await.is_ok().then_some(connection)
}

fn browser_connection(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONNECTION_HEADER)?.to_str().ok()?.parse().ok()
}

fn logs_a_connection_in(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"ntlm") || scheme.eq_ignore_ascii_case(b"negotiate")
    })
}
