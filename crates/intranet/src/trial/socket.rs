//! A WebSocket that tells the browser what arrived: text and bytes back, whether its ping was answered, the cookies of
//! the handshake, and the code and reason of either end.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, Request};
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::Trial;
use super::page::Word;
use crate::socket::{self, Socket};

/// What the ping of the site carries.
const PING: &[u8] = b"are you there";

/// Upgrades and talks.
pub(super) async fn talk(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Word { word }): Query<Word>,
    request: Request,
) -> Response {
    let cookies = request.headers().get(header::COOKIE).map(HeaderValue::as_bytes).unwrap_or_default();
    let cookies = String::from_utf8_lossy(cookies);
    let greeting = format!("cookies {cookies}");
    socket::accept(request, move |socket| async move { answer(socket, &trial, &word, greeting).await })
}

async fn answer(mut socket: Socket, trial: &Trial, word: &str, greeting: String) {
    let first = [Message::text(greeting), Message::Ping(Bytes::from_static(PING))];
    let mut waiting: Vec<Message> = first.into();
    loop {
        for message in waiting.drain(..) {
            if socket.send(message).await.is_err() {
                return;
            }
        }
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.as_str() == "close" => {
                waiting
                    .push(Message::Close(Some(CloseFrame {
                        code: 4002.into(), reason: "enough, danke schön".into()
                    })));
            }
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => waiting.push(message),
            Some(Ok(Message::Pong(bytes))) if bytes == PING => waiting.push(Message::text("the ping was answered")),
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) =
                    frame.map_or((0, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                trial.note(word, format!("closed with {code} {reason}"));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(_)) | None => {
                trial.note(word, "gone");
                return;
            }
        }
    }
}
