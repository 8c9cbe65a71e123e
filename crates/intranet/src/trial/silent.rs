//! Streams that say one thing, fall silent, and go on when they are woken: as long as that takes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header;
use tokio_tungstenite::tungstenite::Message;

use super::Trial;
use super::page::scripted;
use crate::socket;

/// Opens both and says when they are silent, and what came after.
pub(super) async fn page() -> Response {
    scripted("Silence", "<p>Waits.</p>", &["report.js", "silence.js"])
}

/// An event now, and one each time somebody wakes it.
pub(super) async fn events(Extension(trial): Extension<Arc<Trial>>) -> Response {
    let woken = trial.wakes.subscribe();
    let events = futures_util::stream::unfold((woken, 0_u64), |(mut woken, number)| async move {
        if number > 0 {
            woken.changed().await.ok()?;
        }
        let event = Bytes::from(format!("id: {number}\ndata: {number}\n\n"));
        Some((Ok::<_, Infallible>(event), (woken, number + 1)))
    });
    let fields = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (fields, Body::from_stream(events)).into_response()
}

/// A message now, and one each time somebody wakes it; gives back what it is told.
pub(super) async fn socket(Extension(trial): Extension<Arc<Trial>>, request: Request) -> Response {
    let mut woken = trial.wakes.subscribe();
    socket::accept(request, move |mut socket| async move {
        let mut said = Some(Message::text("here"));
        loop {
            if let Some(said) = said.take()
                && socket.send(said).await.is_err()
            {
                return;
            }
            tokio::select! {
                changed = woken.changed() => match changed {
                    Ok(()) => said = Some(Message::text("woken")),
                    Err(_) => return,
                },
                message = socket.next() => match message {
                    Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => said = Some(message),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_))) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    })
}
