//! Bodies that take their time, and who gives them up.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::page::Word;
use super::{NotedEnd, Trial};
use crate::large::to_hex;

/// How often an endless answer goes on.
const BEAT: Duration = Duration::from_millis(50);

/// Counts and hashes a body, and notes its first bytes as soon as they are here.
pub(super) async fn count(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Word { word }): Query<Word>,
    request: Request,
) -> Response {
    let stated = request.headers().contains_key(header::CONTENT_LENGTH);
    let (mut size, mut hash) = (0, Sha256::new());
    let mut body = request.into_body().into_data_stream();
    while let Some(part) = body.next().await {
        let Ok(part) = part else {
            trial.note(&word, "broke off");
            return StatusCode::BAD_REQUEST.into_response();
        };
        if size == 0 && !part.is_empty() {
            trial.note(&word, "began");
        }
        size += part.len();
        hash.update(&part);
    }
    Json(json!({ "size": size, "sha256": to_hex(&hash.finalize()), "stated": stated })).into_response()
}

/// Answers until nobody takes it any more, and notes the beginning and that.
pub(super) async fn endless(Extension(trial): Extension<Arc<Trial>>, Query(Word { word }): Query<Word>) -> Response {
    trial.note(&word, "began");
    let end = NotedEnd { trial, word };
    let beats = futures_util::stream::unfold((end, tokio::time::interval(BEAT)), |(end, mut beat)| async move {
        beat.tick().await;
        Some((Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024])), (end, beat)))
    });
    ([(header::CACHE_CONTROL, "no-store")], Body::from_stream(beats)).into_response()
}

/// Sends one event and ends; the browser comes back for the next one.
pub(super) async fn events(headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<u64>().ok()).unwrap_or(0);
    let event = format!("retry: 20\n: a remark\nid: {0}\nevent: step\ndata: {last}\ndata: and {0}\n\n", last + 1);
    ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")], event).into_response()
}
