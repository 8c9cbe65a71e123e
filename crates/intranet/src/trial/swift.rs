//! A site that speaks HTTP/2 and nothing else, and says early what its page will need (RFC 8297): where a trial starts.

use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response, StatusCode, header};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::Trial;

const HINT: &str = "</trial/swift.css>; rel=preload; as=style";
const STYLE: &str = "#state { color: rgb(1, 102, 3); }";

/// Serves until `stop`; every connection ends with it.
pub(crate) async fn serve(listener: TcpListener, tls: TlsAcceptor, trial: Arc<Trial>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (tls, trial) = (tls.clone(), Arc::clone(&trial));
        connections.spawn(async move {
            if let Err(error) = serve_connection(stream, tls, trial).await {
                tracing::debug!(error, "connection ended early");
            }
        });
    }
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve_connection(stream: TcpStream, tls: TlsAcceptor, trial: Arc<Trial>) -> Ended {
    let mut connection = h2::server::handshake(tls.accept(stream).await?).await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        let trial = Arc::clone(&trial);
        tokio::spawn(async move {
            if let Err(error) = answer(&request, respond, &trial) {
                tracing::debug!(%error, "an answer was not taken");
            }
        });
    }
    Ok(())
}

fn answer(request: &Request<RecvStream>, mut respond: SendResponse<Bytes>, trial: &Trial) -> Result<(), h2::Error> {
    let (status, content_type, body) = match request.uri().path() {
        "/trial/start" => {
            let mut hint = Response::new(());
            *hint.status_mut() = StatusCode::EARLY_HINTS;
            hint.headers_mut().insert(header::LINK, http::HeaderValue::from_static(HINT));
            respond.send_informational(hint)?;
            (StatusCode::OK, "text/html; charset=utf-8", page(&trial.sites.old))
        }
        "/trial/swift.css" => (StatusCode::OK, "text/css", STYLE.to_owned()),
        _ => (StatusCode::NOT_FOUND, "text/plain", String::new()),
    };
    let mut head = Response::new(());
    *head.status_mut() = status;
    let fields = head.headers_mut();
    fields.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    if content_type.starts_with("text/html") {
        fields.insert(header::LINK, http::HeaderValue::from_static(HINT));
        fields.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    }
    respond.send_response(head, false)?.send_data(body.into(), true)
}

/// Leads on, with what it saw in the fragment.
fn page(old: &str) -> String {
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Start</title>\n\
         <link rel=\"stylesheet\" href=\"/trial/swift.css\">\n<p id=\"state\">Starts.</p>\n<script>\n\
         addEventListener(\"load\", () => {{\n\
         const colour = getComputedStyle(document.getElementById(\"state\")).color;\n\
         const styles = performance.getEntriesByName(new URL(\"/trial/swift.css\", location).href).length;\n\
         const rows = {{ early_hints: {{ colour, styles }} }};\n\
         location.replace(\"{old}/trial/prompts#\" + encodeURIComponent(JSON.stringify(rows)));\n\
         }});\n</script>\n"
    )
}
