//! The pages of the trial, what they ask for, and where they say what they saw.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::Query;
use axum::response::{Html, IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Trial;

/// Makes a page of one script. Nothing is forbidden to it: what it reaches is what is tried.
pub(super) fn scripted(title: &str, body: &str, scripts: &[&str]) -> Response {
    let scripts: String = scripts.iter().map(|name| format!("<script src=\"/assets/{name}\"></script>")).collect();
    let html = format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n{body}\n{scripts}\n");
    ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

/// The trial itself.
pub(super) async fn trial() -> Response {
    scripted("Trial", "<p id=\"state\">Runs by itself.</p>", &["report.js", "trial.js", "streams.js", "windows.js"])
}

/// A window that the trial opens: it greets whoever opened it and gives back what it is told.
pub(super) async fn window() -> Response {
    scripted("Window", "<p>Opened by a page.</p>", &["window.js"])
}

/// Says how the other sites are called.
pub(super) async fn places(Extension(trial): Extension<Arc<Trial>>) -> Json<Value> {
    let sites = &trial.sites;
    Json(json!({ "home": sites.home, "signIn": sites.sign_in, "partner": sites.partner, "old": sites.old }))
}

/// Takes what a page saw.
pub(super) async fn report(Extension(trial): Extension<Arc<Trial>>, Json(said): Json<Value>) -> StatusCode {
    trial.told().reports.push(said);
    StatusCode::NO_CONTENT
}

/// A page cannot go on without a click.
pub(super) async fn want_click(Extension(trial): Extension<Arc<Trial>>) -> StatusCode {
    trial.clicks_wanted.fetch_add(1, Ordering::SeqCst);
    StatusCode::NO_CONTENT
}

/// A word under which something is noted.
#[derive(Debug, Deserialize)]
pub(super) struct Word {
    pub(super) word: String,
}

/// Gives what was noted under a word; a body that comes along is noted first.
pub(super) async fn noted(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Word { word }): Query<Word>,
    said: Bytes,
) -> Response {
    if !said.is_empty() {
        trial.note(&word, String::from_utf8_lossy(&said));
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(trial.noted(&word))).into_response()
}
