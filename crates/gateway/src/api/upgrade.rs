//! The upgrade to WebSocket (RFC 6455, section 4.2) at `/v1/mqtt/{instance_id}`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper_util::rt::TokioIo;
use latchgate_protocol::InstanceId;
use latchgate_protocol::problem::code;
use latchgate_protocol::rest::MQTT_SUBPROTOCOL;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::debug;

use super::refusal::Refusal;
use crate::gateway::Shared;
use crate::relay::login;
use crate::server::Client;

/// `GET /v1/mqtt/{instance_id}`
pub(super) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    Path(instance_id): Path<String>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) {
        // Only browsers send it, and no page has business here.
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            code::MALFORMED,
            "Web pages may not connect here.",
            "Connect from a native client, which sends no Origin.",
        ));
    }
    let instance_id: InstanceId =
        instance_id.parse().map_err(|_| Refusal::malformed("An instance_id has 32 lower-case hexadecimal digits."))?;
    let accept =
        accept_key(headers).ok_or_else(|| Refusal::malformed("Expected a WebSocket upgrade of version 13."))?;
    if !lists(headers, &header::SEC_WEBSOCKET_PROTOCOL, |protocol| protocol == MQTT_SUBPROTOCOL) {
        return Err(Refusal::malformed("Offer the WebSocket subprotocol mqtt."));
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let serving = Arc::clone(&shared);
    shared.relayed.spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                login::serve(serving, TokioIo::new(upgraded), instance_id, client).await;
            }
            Err(error) => debug!(%error, "an upgrade was not completed"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(MQTT_SUBPROTOCOL));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Returns the answer to the key of a proper upgrade.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    /// 16 bytes in Base64.
    const KEY_LENGTH: usize = 24;
    let proper = lists(headers, &header::CONNECTION, |token| token.eq_ignore_ascii_case("upgrade"))
        && lists(headers, &header::UPGRADE, |token| token.eq_ignore_ascii_case("websocket"))
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| proper && key.len() == KEY_LENGTH)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

/// Tells whether one of a header's comma-separated tokens is the wanted one.
fn lists(headers: &HeaderMap, name: &HeaderName, is_wanted: impl Fn(&str) -> bool) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| is_wanted(token.trim()))
}
