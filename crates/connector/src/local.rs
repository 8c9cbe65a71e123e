//! The loopback listener: `GET /jwks.json`, the public key of signed identities, and the pairing page.
//!
//! Everything only under a loopback name, so that a page that rebinds its name to this machine reads nothing. The
//! page's own calls need its secret in a header, which no other page can send here: there is no CORS, no cookie, and
//! no frame.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::limits::OWN_BODY;
use crate::page::{self, PageError, Pages};
use crate::session::Shared;

/// What the listener serves.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pages: Pages,
}

/// The header that carries a page's secret.
const SESSION: &str = "latchgate-page";

/// Serves until `stop` says so.
pub(crate) async fn serve(listener: TcpListener, local: Arc<Local>, stop: CancellationToken) {
    let Ok(address) = listener.local_addr() else { return };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let local = Arc::clone(&local);
        let service = service_fn(move |request| {
            let local = Arc::clone(&local);
            async move { Ok::<_, Infallible>(local.answer(request, address).await) }
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

impl Local {
    async fn answer(&self, request: Request<Incoming>, address: SocketAddr) -> Response<Full<Bytes>> {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        if host != address.to_string() && host != format!("localhost:{}", address.port()) {
            return status(StatusCode::MISDIRECTED_REQUEST);
        }
        let mut response = match (request.method(), request.uri().path()) {
            (&Method::GET, "/jwks.json") => return self.jwks(),
            (&Method::GET, "/pair") => serve_page(),
            (&Method::POST, path) if path.starts_with("/pair/") && is_from_here(request.headers(), &host) => {
                self.call(request).await
            }
            _ => status(StatusCode::NOT_FOUND),
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
        let same_origin = HeaderValue::from_static("same-origin");
        headers.insert(HeaderName::from_static("cross-origin-opener-policy"), same_origin.clone());
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), same_origin);
        response
    }

    fn jwks(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.shared.signer.jwks().to_string())));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
        response
    }

    async fn call(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let session = request.headers().get(SESSION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let path = request.uri().path().to_owned();
        let Ok(body) = Limited::new(request.into_body(), OWN_BODY).collect().await else {
            return status(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let Ok(call) = serde_json::from_slice::<Call>(&body.to_bytes()) else { return status(StatusCode::BAD_REQUEST) };
        let session = session.unwrap_or_default();
        let answered = match path.as_str() {
            "/pair/open" => self.pages.open(&call.token).await.map(|session| Some(json!({ "session": *session }))),
            "/pair/state" => self.pages.look(&session).await.map(|view| serde_json::to_value(view).ok()),
            "/pair/confirm" => self.pages.confirm(&session, &call.check_code).await.map(|()| None),
            "/pair/deny" => self.pages.deny(&session).await.map(|()| None),
            _ => return status(StatusCode::NOT_FOUND),
        };
        match answered {
            Ok(Some(value)) => {
                let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Ok(None) => status(StatusCode::NO_CONTENT),
            Err(PageError::Over) => status(StatusCode::UNAUTHORIZED),
            Err(PageError::Refused) => status(StatusCode::CONFLICT),
            Err(PageError::Invite) => status(StatusCode::BAD_GATEWAY),
            Err(PageError::Store(error)) => {
                error!(error = &error as &dyn std::error::Error, "the store failed a pairing page");
                status(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

/// What the page sends; each call uses its part.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Call {
    token: String,
    check_code: String,
}

const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

fn serve_page() -> Response<Full<Bytes>> {
    let Some((html, nonce)) = page::html() else { return status(StatusCode::SERVICE_UNAVAILABLE) };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Tells whether a call comes from the page itself: a browser tells where other pages' calls come from.
fn is_from_here(headers: &HeaderMap, host: &str) -> bool {
    let is = |name: HeaderName, wanted: &str| headers.get(name).is_none_or(|value| value == wanted);
    let json = headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
    json && is(ORIGIN, &format!("http://{host}")) && is(HeaderName::from_static("sec-fetch-site"), "same-origin")
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
