//! Refusals as the browser gets them: a page for a person who navigates, one line for a script.

use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use latchgate_tunnel::catalogue::{ERROR_HEADER, error_code};

use crate::failure::{Failure, Fault};
use crate::uplink::Passing;

const HTML: &str = "text/html";
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// Whether a person waits for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Person,
    Script,
}

impl Reader {
    /// Tells from the request who reads its answer.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let html = headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|text| text.contains(HTML)));
        let fetches = headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        if html && !fetches && method != Method::HEAD { Self::Person } else { Self::Script }
    }
}

/// Answers with a failure.
pub(super) fn refuse(reader: Reader, status: StatusCode, failure: &Failure) -> Response<Passing> {
    let (kind, text) = match reader {
        Reader::Person => ("text/html; charset=utf-8", html(failure)),
        Reader::Script => {
            ("text/plain; charset=utf-8", format!("{}: {} {}\n", failure.code, failure.message, failure.advice))
        }
    };
    let mut answer = Response::new(Passing::Whole(Some(Bytes::from(text))));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(code) = HeaderValue::from_str(&failure.code) {
        headers.insert(ERROR_HEADER, code);
    }
    answer
}

/// Returns what a refusal of the connector means; `None` when the answer is the site's own.
pub(crate) fn connector_refusal(headers: &HeaderMap) -> Option<Fault> {
    let code = headers.get(ERROR_HEADER)?.to_str().ok()?;
    match code {
        error_code::SITE_NOT_ALLOWED => Some(Fault::SiteNotAllowed),
        error_code::SITE_UNKNOWN => Some(Fault::SiteUnknown),
        error_code::PERSON_SUSPENDED => Some(Fault::Suspended),
        error_code::UPSTREAM_UNREACHABLE => Some(Fault::UpstreamUnreachable),
        error_code::UPSTREAM_CERTIFICATE => Some(Fault::UpstreamCertificate),
        error_code::UPSTREAM_TIMEOUT => Some(Fault::UpstreamTimeout),
        error_code::BAD_REQUEST => Some(Fault::BadRequest),
        error_code::DEVICE_NOT_CONFIRMED => Some(Fault::NotConfirmed),
        error_code::DEVICE_UNKNOWN => Some(Fault::DeviceUnknown),
        error_code::CHECK_CODE => Some(Fault::CheckCodeDiffers),
        _ => None,
    }
}

fn html(failure: &Failure) -> String {
    let Failure { code, message, advice } = failure;
    let [code, message, advice] = [escape(code), escape(message), escape(advice)];
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{message}</title>\
         <style>:root{{color-scheme:light dark;font:1.05rem/1.5 system-ui,sans-serif}}\
         body{{margin:0;min-height:100vh;display:grid;place-items:center}}\
         main{{max-width:32rem;padding:2rem}}h1{{font-size:1.4rem;line-height:1.3;margin:0 0 .75rem}}\
         p{{margin:0 0 1.5rem}}small{{opacity:.65}}</style>\
         <main role=alert><h1>{message}</h1><p>{advice}</p><small>Latchgate · {code}</small></main></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_person_gets_a_page_and_a_script_gets_a_line() {
        let accept = [("accept", "text/html,application/xhtml+xml;q=0.9")];
        assert_eq!(Reader::of(&Method::GET, &headers(&accept)), Reader::Person);
        assert_eq!(Reader::of(&Method::GET, &headers(&[("accept", "*/*")])), Reader::Script);
        let fetch = [accept[0], ("sec-fetch-mode", "cors")];
        assert_eq!(Reader::of(&Method::GET, &headers(&fetch)), Reader::Script);
    }

    #[test]
    fn a_refusal_is_never_cached_framed_or_shared() {
        let answer = refuse(Reader::Person, StatusCode::FORBIDDEN, &Fault::SiteNotAllowed.failure());
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[ERROR_HEADER], "site-not-allowed");
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control")));
    }

    #[test]
    fn words_from_outside_are_no_markup() {
        let page = html(&Fault::Internal.with_message("<script>alert(1)</script>"));
        assert!(!page.contains("<script>"));
    }

    #[test]
    fn every_refusal_of_the_connector_has_words() {
        for code in [
            error_code::SITE_NOT_ALLOWED,
            error_code::SITE_UNKNOWN,
            error_code::PERSON_SUSPENDED,
            error_code::UPSTREAM_UNREACHABLE,
            error_code::UPSTREAM_CERTIFICATE,
            error_code::UPSTREAM_TIMEOUT,
            error_code::BAD_REQUEST,
            error_code::DEVICE_NOT_CONFIRMED,
        ] {
            let mut map = HeaderMap::new();
            map.insert(ERROR_HEADER, HeaderValue::from_static(code));
            assert!(connector_refusal(&map).is_some(), "{code}");
        }
    }
}
