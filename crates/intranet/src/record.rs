//! Notes each request before it is served, so that a test can tell what reached the upstream.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::Site;

/// The newest requests that are kept; a load test must not fill the memory.
const KEPT: usize = 10_000;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The method, in capitals.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// All headers in their order, names in lower case, values as text.
    pub headers: Vec<(String, String)>,
}

impl RequestRecord {
    /// Returns the values of one header, by its name in lower case.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct Records(Mutex<VecDeque<RequestRecord>>);

impl Records {
    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn push(&self, record: RequestRecord) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == KEPT {
            records.pop_front();
        }
        records.push_back(record);
    }
}

/// The middleware that notes.
pub(crate) async fn note(State(site): State<Site>, request: Request, next: Next) -> Response {
    site.records.push(RequestRecord {
        method: request.method().to_string(),
        target: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
        headers: header_texts(request.headers()),
    });
    next.run(request).await
}

/// Returns all headers as text, bytes outside UTF-8 replaced.
pub(crate) fn header_texts(headers: &http::HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
