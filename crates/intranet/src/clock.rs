//! A clock over a WebSocket. The page reconnects by itself, so that it shows how long an outage lasts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::Site;
use crate::html;
use crate::person::Person;
use crate::socket::{self, Socket};

const TICK: Duration = Duration::from_millis(500);

/// Shows the clock.
pub(crate) async fn page(person: Person) -> Response {
    let body = r#"<h1>Clock</h1><p>The time of the server, over a WebSocket that reconnects by itself.</p>
<p class="state" id="state" data-state="connecting">Connecting</p>
<p class="big" id="clock">––:––:––</p>
<p>Ticks on this connection: <span id="count">0</span> · connections: <span id="connections">0</span></p>
<form id="say" class="row"><label>Say something <input id="text" autocomplete="off"></label><button>Send</button></form>
<p id="echo" aria-live="polite"></p>
<script src="/assets/clock.js"></script>"#;
    html::page(&person, "Clock", body)
}

/// Upgrades to a WebSocket that ticks and echoes.
pub(crate) async fn socket(State(site): State<Site>, person: Person, request: Request) -> Response {
    socket::accept(request, move |socket| async move { talk(socket, person.shown(), site.stop).await })
}

async fn talk(mut socket: Socket, person: &str, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let answer = tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => Message::text(tick(person)),
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => Message::text(serde_json::json!({ "echo": text.as_str() }).to_string()),
                Some(Ok(Message::Binary(bytes))) => Message::Binary(bytes),
                // The next look sends the answer to a ping or a close, and ends after a close.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_))) => continue,
                Some(Err(_)) | None => return,
            },
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

fn tick(person: &str) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    serde_json::json!({ "time": format!("{hour:02}:{minute:02}:{second:02}"), "person": person }).to_string()
}
