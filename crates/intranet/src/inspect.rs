//! Two mirrors: `/whoami` shows the request as it arrived, `/echo` gives the body back.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header;
use serde::Serialize;

use crate::Scheme;
use crate::person::Person;
use crate::record;

#[derive(Debug, Serialize)]
struct WhoAmI {
    person: Option<String>,
    scheme: &'static str,
    version: String,
    method: String,
    target: String,
    headers: BTreeMap<String, Vec<String>>,
}

/// Answers with the request line and all headers as JSON.
pub(crate) async fn whoami(Extension(scheme): Extension<Scheme>, person: Person, request: Request) -> Response {
    let mut headers = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in record::header_texts(request.headers()) {
        headers.entry(name).or_default().push(value);
    }
    Json(WhoAmI {
        person: person.0,
        scheme: match scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        },
        version: format!("{:?}", request.version()),
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers,
    })
    .into_response()
}

/// Streams the request body back under its own content type.
pub(crate) async fn echo(request: Request) -> Response {
    let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
    let mut response = Response::new(Body::new(request.into_body()));
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}
