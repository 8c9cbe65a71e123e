//! What only a secure origin may do: a `Secure` cookie with the `__Host-` prefix and a service worker.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use crate::Scheme;
use crate::html;
use crate::login::cookie;
use crate::person::Person;

const COOKIE: &str = "__Host-northlight";

/// Sets the cookie on first sight and shows what the browser makes of this origin.
pub(crate) async fn page(person: Person, Extension(scheme): Extension<Scheme>, headers: HeaderMap) -> Response {
    let returned = cookie(&headers, COOKIE).is_some();
    let arrived = match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let body = format!(
        r#"<h1>Security of this page</h1>
<p>What your browser grants to this address. Over <code>https</code> all four should be good.</p>
<dl class="card facts">
<div><dt>Reached the server over</dt><dd id="arrived">{arrived}</dd></div>
<div><dt>Secure context</dt><dd id="secure-context">…</dd></div>
<div><dt><code>Secure</code>, <code>__Host-</code> cookie came back</dt><dd id="secure-cookie">{}</dd></div>
<div><dt>Service worker</dt><dd id="service-worker">…</dd></div>
<div><dt>Answer from the service worker</dt><dd id="service-worker-answer">…</dd></div>
</dl>
<script src="/assets/secure.js"></script>"#,
        if returned { "yes" } else { "not yet: reload" }
    );
    let mut response = html::page(&person, "Security", &body);
    if scheme == Scheme::Https {
        let value = format!("{COOKIE}=1; Path=/; Secure; HttpOnly; SameSite=Strict");
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    response
}

/// Serves the worker.
pub(crate) async fn service_worker() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, include_str!("../assets/sw.js")).into_response()
}

/// Answers what the worker would have answered, if there is none.
pub(crate) async fn probe() -> &'static str {
    "server"
}
