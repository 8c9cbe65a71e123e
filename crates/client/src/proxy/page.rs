//! Refusals as the browser gets them: a page for a person who navigates, in the person's language; one line for a
//! script.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, REFRESH, X_CONTENT_TYPE_OPTIONS,
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

/// How long a page that waits for the connection stands before it is asked for again, in seconds. The question then
/// waits for a session by itself ([`crate::limits::WAIT_FOR_SESSION`]).
const AGAIN: HeaderValue = HeaderValue::from_static("2");

/// Whether a person waits for a page, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reader {
    /// Who came by a link or by an address, and not with a form, can come again without being asked.
    Person {
        words: Arc<Words>,
        by_get: bool,
    },
    Script,
}

impl Reader {
    /// Tells from the request who reads its answer.
    pub(super) fn of(words: &Spoken, method: &Method, headers: &HeaderMap) -> Self {
        let html = headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|text| text.contains(HTML)));
        let fetches = headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        if html && !fetches && method != Method::HEAD {
            Self::Person { words: words.load_full(), by_get: method == Method::GET }
        } else {
            Self::Script
        }
    }
}

/// Answers with a failure.
pub(super) fn refuse(reader: &Reader, status: StatusCode, failure: &Failure) -> Response<Passing> {
    let (kind, text) = match reader {
        Reader::Person { words, .. } => ("text/html; charset=utf-8", html(words, status, &words.say(failure))),
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

/// Answers with a failure that passes, and which [`crate::connection`] tries to end all the time: the page looks again
/// by itself, as it says.
pub(super) fn refuse_for_now(reader: &Reader, failure: &Failure) -> Response<Passing> {
    let mut answer = refuse(reader, StatusCode::SERVICE_UNAVAILABLE, failure);
    if matches!(reader, Reader::Person { by_get: true, .. }) {
        answer.headers_mut().insert(REFRESH, AGAIN);
    }
    answer
}

/// Returns the page that an engine shows in the place of one for which it got no answer.
pub(crate) fn page_for(words: &Words, failure: &Failure) -> String {
    html(words, StatusCode::BAD_GATEWAY, &words.say(failure))
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

/// In the colours of the screens, readable on light and dark ground, with targets of 44 pixels; one click selects all
/// details.
const STYLE: &str = ":root{color-scheme:light dark;background:#f5f4ef;color:#14201e;font:1.05rem/1.5 -apple-system,\
    BlinkMacSystemFont,'Segoe UI',Roboto,Inter,Cantarell,Ubuntu,'Noto Sans','Liberation Sans',system-ui,sans-serif}\
    @media(prefers-color-scheme:dark){:root{background:#0f1615;color:#e9efed}}\
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

    fn person(words: Words) -> Reader {
        Reader::Person { words: Arc::new(words), by_get: true }
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
        let person = person(Words::default());
        let accept = [("accept", "text/html,application/xhtml+xml;q=0.9")];
        assert_eq!(Reader::of(&words, &Method::GET, &headers(&accept)), person);
        assert_eq!(Reader::of(&words, &Method::GET, &headers(&[("accept", "*/*")])), Reader::Script);
        let fetch = [accept[0], ("sec-fetch-mode", "cors")];
        assert_eq!(Reader::of(&words, &Method::GET, &headers(&fetch)), Reader::Script);
    }

    #[test]
    fn a_refusal_is_never_cached_framed_or_shared() {
        let person = person(Words::default());
        let answer = refuse(&person, StatusCode::FORBIDDEN, &Fault::SiteNotAllowed.failure());
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[ERROR_HEADER], "site-not-allowed");
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control")));
    }

    #[test]
    fn a_page_looks_again_for_the_connection_unless_it_came_from_a_form() {
        let failure = Fault::GatewayDown.failure();
        let words = Spoken::default();
        let again = |method: &Method, accept: &'static str| {
            let reader = Reader::of(&words, method, &headers(&[("accept", accept)]));
            refuse_for_now(&reader, &failure).headers().contains_key(REFRESH)
        };
        assert!(again(&Method::GET, "text/html"));
        assert!(!again(&Method::POST, "text/html"), "what was filled in must not be lost");
        assert!(!again(&Method::GET, "*/*"));
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
        let reader = person(german());
        let page = text_of(refuse(&reader, StatusCode::FORBIDDEN, &Fault::SiteNotAllowed.failure()));
        assert!(page.contains("<html lang=\"de\">") && page.contains("<h1>Nicht frei.</h1>"), "{page}");
        assert!(page.contains(">Noch einmal</a>") && page.contains("site-not-allowed"), "{page}");
        // What was not translated is said all the same.
        let page = text_of(refuse(&reader, StatusCode::BAD_GATEWAY, &Fault::TunnelDown.failure()));
        assert!(page.contains(Fault::TunnelDown.message()), "{page}");
        // In English the failure may say more than its code.
        let failure = Fault::SiteNotAllowed.with_message("canteen.example.com is not shared with you.");
        let page = text_of(refuse(&person(Words::default()), StatusCode::FORBIDDEN, &failure));
        assert!(page.contains("canteen.example.com"), "{page}");
    }

    #[test]
    fn a_page_in_the_place_of_one_that_did_not_load_speaks_the_same_language() {
        let page = page_for(&german(), &Fault::SiteNotAllowed.failure());
        assert!(page.contains("<h1>Nicht frei.</h1>") && page.contains("<a href=\"\">Noch einmal</a>"), "{page}");
    }

    #[test]
    fn a_page_has_the_colours_of_the_screens() {
        let tokens = include_str!("../../../../ui/src/styles/tokens.css");
        for (name, light, dark) in [("paper", "#f5f4ef", "#0f1615"), ("ink", "#14201e", "#e9efed")] {
            assert!(tokens.contains(&format!("--{name}: light-dark({light}, {dark});")), "{name}");
            assert!(STYLE.contains(light) && STYLE.contains(dark), "{name}");
        }
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
