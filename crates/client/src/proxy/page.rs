//! Refusals as the browser gets them: a page for a person who navigates, in the person's language; one line for a
//! script.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use latchgate_tunnel::catalogue::{ERROR_HEADER, error_code};

use crate::failure::{Failure, Fault};
use crate::uplink::Passing;
use crate::words::Words;

/// The words in use.
pub(crate) type Spoken = ArcSwap<Words>;

const HTML: &str = "text/html";
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// Whether a person waits for a page, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reader {
    Person(Arc<Words>),
    Script,
}

impl Reader {
    /// Tells from the request who reads its answer.
    pub(super) fn of(words: &Spoken, method: &Method, headers: &HeaderMap) -> Self {
        let html = headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|text| text.contains(HTML)));
        let fetches = headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        if html && !fetches && method != Method::HEAD { Self::Person(words.load_full()) } else { Self::Script }
    }
}

/// Answers with a failure.
pub(super) fn refuse(reader: &Reader, status: StatusCode, failure: &Failure) -> Response<Passing> {
    let (kind, text) = match reader {
        Reader::Person(words) => ("text/html; charset=utf-8", html(words, status, &words.say(failure))),
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

/// Writes the page. It carries no address: what is copied from it may be sent to anybody.
fn html(words: &Words, status: StatusCode, failure: &Failure) -> String {
    let Failure { code, message, advice } = failure;
    let details = format!("Latchgate {} · {code} · {}", env!("CARGO_PKG_VERSION"), status.as_u16());
    let [language, code, message, advice, details] =
        [&words.language, code, message, advice, &details].map(|text| escape(text));
    let [retry, code_word, details_word] =
        [&words.page.retry, &words.page.code, &words.page.details].map(|text| escape(text));
    format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{message}</title>\
         <style>{STYLE}</style>\
         <main role=alert><h1>{message}</h1><p>{advice}</p><p><a href=\"\">{retry}</a></p>\
         <p class=code>{code_word} {code}</p><details><summary>{details_word}</summary>\
         <code>{details}</code></details></main></html>\n"
    )
}

/// Readable on light and dark ground, with targets of 44 pixels; one click selects all details.
const STYLE: &str = ":root{color-scheme:light dark;font:1.05rem/1.5 system-ui,sans-serif}\
    body{margin:0;min-height:100vh;display:grid;place-items:center}\
    main{max-width:32rem;padding:2rem}h1{font-size:1.4rem;line-height:1.3;margin:0 0 .75rem}\
    p{margin:0 0 1.25rem}a{display:inline-block;padding:.65rem 1.25rem;border:1px solid;border-radius:.75rem;\
    color:inherit;text-decoration:none;font-weight:600}\
    .code{margin:0 0 .5rem;font-size:.9rem}summary{min-height:44px;line-height:44px;font-size:.9rem;cursor:pointer}\
    code{user-select:all;-webkit-user-select:all;font-size:.9rem;overflow-wrap:anywhere}\
    a:focus-visible,summary:focus-visible{outline:3px solid;outline-offset:2px}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{FailureWords, PageWords};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn german() -> Words {
        let page = PageWords {
            failures: [(
                "site-not-allowed".to_owned(),
                FailureWords { message: "Nicht frei.".to_owned(), advice: "Fragen.".to_owned() },
            )]
            .into(),
            retry: "Noch einmal".to_owned(),
            ..Words::default().page
        };
        Words { language: "de".to_owned(), page }
    }

    fn text_of(answer: Response<Passing>) -> String {
        match answer.into_body() {
            Passing::Whole(Some(bytes)) => String::from_utf8(bytes.to_vec()).unwrap(),
            Passing::Whole(None) | Passing::Stream(_) | Passing::Metered(..) | Passing::Transfer(_) => String::new(),
        }
    }

    #[test]
    fn a_person_gets_a_page_and_a_script_gets_a_line() {
        let words = Spoken::default();
        let person = Reader::Person(Arc::default());
        let accept = [("accept", "text/html,application/xhtml+xml;q=0.9")];
        assert_eq!(Reader::of(&words, &Method::GET, &headers(&accept)), person);
        assert_eq!(Reader::of(&words, &Method::GET, &headers(&[("accept", "*/*")])), Reader::Script);
        let fetch = [accept[0], ("sec-fetch-mode", "cors")];
        assert_eq!(Reader::of(&words, &Method::GET, &headers(&fetch)), Reader::Script);
    }

    #[test]
    fn a_refusal_is_never_cached_framed_or_shared() {
        let person = Reader::Person(Arc::default());
        let answer = refuse(&person, StatusCode::FORBIDDEN, &Fault::SiteNotAllowed.failure());
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[ERROR_HEADER], "site-not-allowed");
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control")));
    }

    #[test]
    fn words_from_outside_are_no_markup() {
        let failure = Fault::Internal.with_message("<script>alert(1)</script>");
        let mut words = Words { language: "en\" onload=\"x".to_owned(), ..Words::default() };
        words.page.retry = "<b>".to_owned();
        let page = html(&words, StatusCode::OK, &failure);
        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("\" onload"), "{page}");
    }

    #[test]
    fn a_person_reads_the_refusal_in_their_own_language() {
        let reader = Reader::Person(Arc::new(german()));
        let page = text_of(refuse(&reader, StatusCode::FORBIDDEN, &Fault::SiteNotAllowed.failure()));
        assert!(page.contains("<html lang=\"de\">") && page.contains("<h1>Nicht frei.</h1>"), "{page}");
        assert!(page.contains(">Noch einmal</a>") && page.contains("site-not-allowed"), "{page}");
        // What was not translated is said all the same.
        let page = text_of(refuse(&reader, StatusCode::BAD_GATEWAY, &Fault::TunnelDown.failure()));
        assert!(page.contains(Fault::TunnelDown.message()), "{page}");
        // In English the failure may say more than its code.
        let failure = Fault::SiteNotAllowed.with_message("canteen.example.com is not shared with you.");
        let page = text_of(refuse(&Reader::Person(Arc::default()), StatusCode::FORBIDDEN, &failure));
        assert!(page.contains("canteen.example.com"), "{page}");
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
