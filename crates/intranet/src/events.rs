//! Server-sent events: one tick a second, resumed by `Last-Event-ID`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, header};

use crate::Site;
use crate::html;
use crate::person::Person;

const TICK: Duration = Duration::from_secs(1);

/// Shows the ticks as they come.
pub(crate) async fn page(person: Person) -> Response {
    let body = r#"<h1>Events</h1><p>The server sends one line a second, and the browser picks up where it left off.</p>
<p class="state" id="state" data-state="connecting">Connecting</p>
<p class="big" id="event">–</p><p>Received on this page: <span id="count">0</span></p>
<script src="/assets/events.js"></script>"#;
    html::page(&person, "Events", body)
}

/// Streams the ticks; the first comes at once.
pub(crate) async fn stream(State(site): State<Site>, person: Person, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse::<u64>().ok()).unwrap_or(0);
    let person = person.shown().replace(['\r', '\n'], " ");
    let ticks = futures_util::stream::unfold((last, tokio::time::interval(TICK)), |(last, mut interval)| async move {
        interval.tick().await;
        Some((last + 1, (last + 1, interval)))
    });
    let stop = site.stop.clone();
    let lines = ticks
        .map(move |id| Ok::<_, Infallible>(Bytes::from(format!("id: {id}\nevent: tick\ndata: {id} for {person}\n\n"))))
        .take_until(stop.cancelled_owned());
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(lines)).into_response()
}
