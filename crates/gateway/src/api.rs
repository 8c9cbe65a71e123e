//! The REST interface. Its bodies are those of [`latchgate_protocol::rest`]; its description is
//! `openapi.json`, served at `/v1/openapi.json`.

mod credentials;
mod devices;
mod instances;
mod refusal;
mod upgrade;
mod wipe;

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use http::{HeaderName, HeaderValue, StatusCode, header};
use latchgate_protocol::problem::code;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tracing::{error, warn};

use crate::gateway::Shared;
use crate::limits::{REQUEST_BODY, REQUEST_TIMEOUT};
use refusal::Refusal;

/// The description of the interface.
const OPENAPI: &str = include_str!("../openapi.json");

/// Every route, for clients.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/instances", post(instances::create))
        .route("/v1/instances/rotate-password", post(instances::rotate_password))
        .route("/v1/devices", post(devices::create).get(devices::list))
        .route("/v1/devices/claim", post(devices::claim))
        .route("/v1/devices/{device_id}", delete(devices::revoke))
        .route("/v1/devices/{device_id}/wipe", put(wipe::order).get(wipe::fetch))
        .route("/v1/devices/{device_id}/wipe/confirmation", post(wipe::confirm))
        .route("/v1/mqtt/{instance_id}", get(upgrade::upgrade))
        .route("/v1/openapi.json", get(openapi))
        .fallback(|| std::future::ready(Refusal::no_such_path()))
        .method_not_allowed_fallback(|| std::future::ready(Refusal::wrong_method()))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    std::future::ready(([(header::CONTENT_TYPE, "application/json")], OPENAPI)).await
}

/// What holds for every request: one way to frame it, no query string, an end in time, and nothing cached.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    shared.metrics.requests.increment();
    let ambiguous = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = match refuse(&shared, &request) {
        Some(refusal) => refusal.into_response(),
        None => match timeout(REQUEST_TIMEOUT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Refusal::too_slow().into_response(),
        },
    };
    let status = response.status();
    if status.is_client_error() {
        shared.metrics.requests_refused.increment();
    } else if status.is_server_error() {
        error!(%status, "a request failed");
        shared.metrics.requests_failed.increment();
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if ambiguous || status == StatusCode::PAYLOAD_TOO_LARGE || status == StatusCode::REQUEST_TIMEOUT {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn refuse(shared: &Shared, request: &Request) -> Option<Refusal> {
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        // Beside a Content-Length it is how a second request is smuggled past a proxy that counts otherwise
        // (RFC 9112, section 11.2). No documented body needs it.
        return Some(Refusal::malformed("Send the body with a Content-Length; transfer encodings are refused."));
    }
    if request.uri().query().is_some() {
        warn!("refused a request with a query string: it may hold credentials");
        shared.metrics.credentials_in_query.increment();
        return Some(Refusal::malformed(
            "This interface takes nothing in a query string; credentials travel in headers.",
        ));
    }
    None
}

/// Reads a JSON body of the documented form. Nothing of the body gets into the error.
async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !media_type.is_some_and(|value| value.eq_ignore_ascii_case("application/json")) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::MALFORMED,
            "The body must be JSON.",
            "Send the header Content-Type: application/json.",
        ));
    }
    let body = read_body(request).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let position = format!("Line {}, column {} is not of the documented form.", error.line(), error.column());
        Refusal::malformed(&position)
    })
}

/// Reads a body that must be empty.
async fn read_nothing(request: Request) -> Result<(), Refusal> {
    if read_body(request).await?.is_empty() { Ok(()) } else { Err(Refusal::malformed("This call takes no body.")) }
}

async fn read_body(request: Request) -> Result<Bytes, Refusal> {
    let too_large = || {
        let title = "The body did not arrive or is too large.";
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, code::MALFORMED, title, "A body has at most 65,536 bytes.")
    };
    let body = request.into_body();
    if body.size_hint().lower() > REQUEST_BODY as u64 {
        return Err(too_large());
    }
    axum::body::to_bytes(body, REQUEST_BODY).await.map_err(|_| too_large())
}
