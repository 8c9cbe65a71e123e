//! The loopback listener: `GET /jwks.json`, the public key of signed identities. Nothing else, and only under
//! a loopback name, so that a page that rebinds its name to this machine reads nothing.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::session::Shared;

/// Serves until `stop` says so.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let Ok(address) = listener.local_addr() else { return };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| {
            let answer = answer(&request, address, &shared);
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    debug!(error = &error as &dyn std::error::Error, "a local connection broke off");
                },
                () = stop.cancelled() => {}
            }
        });
    }
}

fn answer(request: &Request<Incoming>, address: SocketAddr, shared: &Shared) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host != address.to_string() && host != format!("localhost:{}", address.port()) {
        *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
        return response;
    }
    if request.method() != Method::GET || request.uri().path() != "/jwks.json" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    *response.body_mut() = Full::new(Bytes::from(shared.signer.jwks().to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}
