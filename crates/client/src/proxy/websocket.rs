//! WebSocket through the tunnel: an upgrade (RFC 6455) or an extended CONNECT (RFC 8441) of the browser
//! becomes an extended CONNECT to the connector; afterwards bytes pass both ways.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tracing::debug;

use super::Gate;
use super::http::{join_cookies, pass_back, refuse_uplink, site_uri, strip_hop_by_hop};
use super::page::{Reader, refuse};
use super::raw::copy;
use crate::catalogue::Site;
use crate::failure::Fault;
use crate::traffic::{Metered, Traffic};
use crate::uplink::Passing;

const WEBSOCKET: &str = "websocket";
/// RFC 6455, section 1.3.
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Tells whether an HTTP/1.1 request asks for a WebSocket.
pub(super) fn is_upgrade(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET
        && lists(request, &CONNECTION, "upgrade")
        && lists(request, &UPGRADE, WEBSOCKET)
        && request.headers().contains_key(SEC_WEBSOCKET_KEY)
}

/// Tells whether an HTTP/2 request asks for a WebSocket.
pub(super) fn is_extended(request: &Request<Incoming>) -> bool {
    request.method() == Method::CONNECT
        && request.extensions().get::<Protocol>().is_some_and(|protocol| protocol.as_str() == WEBSOCKET)
}

fn lists(request: &Request<Incoming>, header: &http::HeaderName, word: &str) -> bool {
    let values = request.headers().get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
}

/// Opens the WebSocket at the connector and joins both ends.
pub(super) async fn forward(
    gate: &Arc<Gate>,
    site: &Arc<Site>,
    mut request: Request<Incoming>,
    reader: &Reader,
) -> Response<Passing> {
    let accept = match derive_accept(&request) {
        Some(accept) => Some(accept),
        None if is_extended(&request) => None,
        None => return refuse(reader, StatusCode::BAD_REQUEST, &Fault::BadRequest.failure()),
    };
    let Some(uri) = site_uri(site, request.uri().path_and_query()) else {
        return refuse(reader, StatusCode::BAD_REQUEST, &Fault::BadRequest.failure());
    };
    let browser = hyper::upgrade::on(&mut request);
    let mut outgoing = Request::new(Passing::empty());
    *outgoing.method_mut() = Method::CONNECT;
    *outgoing.uri_mut() = uri;
    *outgoing.version_mut() = Version::HTTP_2;
    *outgoing.headers_mut() = join_cookies(strip_hop_by_hop(std::mem::take(request.headers_mut())));
    outgoing.headers_mut().remove(SEC_WEBSOCKET_KEY);
    outgoing.extensions_mut().insert(Protocol::from_static(WEBSOCKET));
    let mut answer = match gate.behind.uplink.request(outgoing).await {
        Ok(answer) => answer,
        Err(error) => return refuse_uplink(gate, reader, &error),
    };
    if !answer.status().is_success() {
        return pass_back(answer, reader, |answer| answer.map(Passing::Stream));
    }
    let tunnel = hyper::upgrade::on(&mut answer);
    gate.spawn(join(browser, tunnel, Arc::clone(&site.traffic)));
    greet(&answer, accept)
}

/// Says yes in the browser's own protocol.
fn greet(answer: &Response<Incoming>, accept: Option<HeaderValue>) -> Response<Passing> {
    let mut greeting = Response::new(Passing::empty());
    // A site may set cookies here, and says which subprotocol and extensions it chose.
    *greeting.headers_mut() = strip_hop_by_hop(answer.headers().clone());
    let headers = greeting.headers_mut();
    headers.remove(CONTENT_LENGTH);
    if let Some(accept) = accept {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
        *greeting.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    }
    greeting
}

async fn join(browser: OnUpgrade, tunnel: OnUpgrade, traffic: Arc<Traffic>) {
    let joined = async {
        let (browser, tunnel) = tokio::try_join!(browser, tunnel).map_err(std::io::Error::other)?;
        copy(&mut Metered::browser(TokioIo::new(browser), &traffic), &mut TokioIo::new(tunnel)).await
    };
    if let Err(error) = joined.await {
        debug!(%error, "a WebSocket ended");
    }
}

/// Derives the answer to the browser's key; `None` when the key or the version is not RFC 6455's.
fn derive_accept(request: &Request<Incoming>) -> Option<HeaderValue> {
    if request.headers().get(SEC_WEBSOCKET_VERSION)? != "13" {
        return None;
    }
    accept_for(request.headers().get(SEC_WEBSOCKET_KEY)?)
}

fn accept_for(key: &HeaderValue) -> Option<HeaderValue> {
    let decoded = STANDARD.decode(key.as_bytes()).ok()?;
    if decoded.len() != 16 {
        return None;
    }
    let text = [key.as_bytes(), ACCEPT_SUFFIX.as_bytes()].concat();
    HeaderValue::try_from(STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &text))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        let accept = accept_for(&HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accept.unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(accept_for(&HeaderValue::from_static("c2hvcnQ=")), None);
        assert_eq!(accept_for(&HeaderValue::from_static("%")), None);
    }
}
