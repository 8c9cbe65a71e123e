//! A film, in parts as a browser asks for them.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::Query;
use axum::response::Response;
use http::{HeaderMap, header};

use super::Trial;
use super::page::Word;
use crate::large::answer_part;

/// Serves the film or a part of it, and notes which parts are asked for.
pub(super) async fn film(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Word { word }): Query<Word>,
    headers: HeaderMap,
) -> Response {
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).unwrap_or("all of it");
    trial.note(&word, range);
    let film = trial.film.clone();
    answer_part(&headers, film.len() as u64, "\"film\"", "video/webm", |range| {
        let offset = |at: u64| usize::try_from(at).unwrap_or(film.len()).min(film.len());
        Body::from(film.slice(offset(range.start)..offset(range.end)))
    })
}
