//! Answers whose fields and encodings must arrive as they are.

use std::sync::Arc;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::Trial;
use super::page::Word;

/// "Grüße aus dem Büro. ", two hundred times.
const GZIP: &str =
    "H4sIAAAAAAACA+3IMQ3AIBAAQCuvoCK6oKNJGQkJBD01wvbG0NHkbrwycudX41kz3trizj36FUVrrbXWWmuttdZa/7sPh/gxy/gRAAA=";
/// The same.
const BROTLI: &str = "G/cR+K2Od1xA+Nm3WYZFLexyWO6oyt7qkzeFwsgKpC5d2ubiwjChmwkALXQLDw==";

/// Sets a cookie of each kind.
pub(super) async fn cookies() -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    for cookie in [
        "set-strict=1; Path=/; Secure; HttpOnly; SameSite=Strict",
        "set-lax=2; Path=/; Secure; SameSite=Lax",
        "set-none=3; Path=/; Secure; SameSite=None",
        "__Host-set=4; Path=/; Secure; HttpOnly",
        "__Secure-set=5; Path=/trial; Secure",
        "set-wide=6; Path=/; Secure; Domain=northlight.example",
        "set-foreign=7; Path=/; Secure; Domain=elsewhere.example",
        "set-gone=8; Path=/; Secure; Max-Age=0",
        "set-odd=\"a b, c\"; Path=/; Secure; Whatever=1",
        "set-letters=Zoë; Path=/; Secure",
    ] {
        // As sites send it, whatever the specification says of letters outside ASCII.
        if let Ok(cookie) = HeaderValue::from_bytes(cookie.as_bytes()) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    answer
}

/// Sends the same request, body and all, to the mirror.
pub(super) async fn moved() -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "../echo")]).into_response()
}

/// Which encoding is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Coding {
    coding: String,
}

/// Gives a text in an encoding of the browser's choice.
pub(super) async fn compressed(Query(Coding { coding }): Query<Coding>) -> Response {
    let encoded = if coding == "br" { BROTLI } else { GZIP };
    let Ok(bytes) = STANDARD.decode(encoded) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let fields = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_ENCODING, coding),
        (header::VARY, "Accept-Encoding".to_owned()),
        (header::CACHE_CONTROL, "no-transform".to_owned()),
    ];
    (fields, bytes).into_response()
}

/// Tells a browser that has this version already that it has not changed.
pub(super) async fn known(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Word { word }): Query<Word>,
    headers: HeaderMap,
) -> Response {
    const TAG: &str = "\"version-1\"";
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == TAG);
    trial.note(&word, if same { "asked whether it changed" } else { "asked for all of it" });
    let fields = [(header::ETAG, TAG), (header::CACHE_CONTROL, "no-cache")];
    if same { (StatusCode::NOT_MODIFIED, fields).into_response() } else { (fields, "version 1").into_response() }
}

/// Lets pages of the other sites read which method, cookies and field of their own arrived.
pub(super) async fn across(Extension(trial): Extension<Arc<Trial>>, method: Method, headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let origin = text("origin").to_owned();
    let sites = &trial.sites;
    let allowed = [&sites.home, &sites.sign_in, &sites.partner].into_iter().any(|site| *site == origin);
    // HTTP/2 lets a browser split them (RFC 9113, section 8.2.3).
    let crumbs = headers.get_all(header::COOKIE).iter().map(|crumb| String::from_utf8_lossy(crumb.as_bytes()));
    let body = json!({
        "method": method.as_str(),
        "cookie": crumbs.collect::<Vec<_>>().join("; "),
        "own": text("x-own"),
        "origin": origin,
        "site": text("sec-fetch-site"),
    });
    let mut answer =
        if method == Method::OPTIONS { StatusCode::NO_CONTENT.into_response() } else { Json(body).into_response() };
    let fields = answer.headers_mut();
    if let (true, Ok(origin)) = (allowed, origin.parse()) {
        fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        fields.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        fields.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("PUT"));
        fields.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("x-own"));
        fields.insert(header::SET_COOKIE, HeaderValue::from_static("across=1; Path=/; Secure; SameSite=None"));
    }
    answer
}
