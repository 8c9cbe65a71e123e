//! Which header fields pass, in both directions.
//!
//! From the device: hop-by-hop fields end here (RFC 9110, section 7.6.1), everything that could carry an
//! identity or pretend to come from a proxy is stripped, and only then does [`crate::identity`] stamp who is
//! asking. Names are compared as a CGI-like server sees them: `X_Remote_User` and `X.Remote.User` arrive there
//! as the same variable as `X-Remote-User`.
//!
//! From the site: hop-by-hop fields and everything named `Latchgate-…`, which is the connector's own voice.

use std::collections::HashSet;

use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use latchgate_tunnel::catalogue::error_code;

use crate::limits::{HEADER_BYTES, HEADER_COUNT};
use crate::refusal::Refusal;

/// Names that never pass from a device, beside those of [`PREFIXES`]: hop-by-hop, and what common proxies and
/// identity gateways are believed with.
const NAMES: &[&str] = &[
    "connection",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
    "expect",
    "host",
    "http2-settings",
    "forwarded",
    "via",
    "client-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-original-method",
    "x-rewrite-url",
    "ssl-client-cert",
    "ssl-client-verify",
    "x-ssl-client-cert",
    "x-client-cert",
    "x-arr-clientcert",
];

/// Beginnings of names that never pass from a device.
const PREFIXES: &[&str] = &[
    "proxy-",
    "x-forwarded",
    "x-remote-",
    "remote-",
    "x-auth-request-",
    "x-authenticated-",
    "x-webauth-",
    "x-ssl-client-",
    "latchgate-",
    "x-latchgate-",
];

/// Names that a site may not choose for its identity header, although nothing else speaks against them.
const MEANINGFUL: &[&str] = &[
    "authorization",
    "cookie",
    "content-length",
    "content-type",
    "content-encoding",
    "host",
    "connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "origin",
    "referer",
    "range",
    "accept",
    "date",
];

/// The identity headers of all configured sites, in the spelling of [`canonical`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IdentityNames(HashSet<String>);

impl IdentityNames {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a HeaderName>) -> Self {
        Self(names.into_iter().map(canonical).collect())
    }

    fn forbids(&self, name: &HeaderName) -> bool {
        let name = canonical(name);
        NAMES.contains(&name.as_str())
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || self.0.contains(&name)
    }

    /// Removes everything that a device may not say from a block of fields or trailers.
    pub(crate) fn strip(&self, headers: &mut HeaderMap) {
        let mut removed = named_by_connection(headers);
        removed.extend(headers.keys().filter(|name| self.forbids(name)).cloned());
        for name in removed {
            headers.remove(name);
        }
    }
}

/// Tells whether a header may be configured to carry an identity.
pub(crate) fn is_reserved_for_identity(name: &HeaderName) -> bool {
    let name = canonical(name);
    !MEANINGFUL.contains(&name.as_str())
        && !name.starts_with("sec-")
        && !name.starts_with("proxy-")
        && !name.starts_with("latchgate-")
}

/// Refuses header blocks that have no honest use.
pub(crate) fn check_request(headers: &HeaderMap) -> Result<(), Refusal> {
    let refused = |detail| Refusal::bad_request(error_code::BAD_REQUEST, detail);
    let cookies = headers.get_all(COOKIE).iter().count();
    if headers.len().saturating_sub(cookies.saturating_sub(1)) > HEADER_COUNT {
        return Err(refused("the request has too many header fields"));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES {
        return Err(refused("the header fields of the request are too large"));
    }
    let printable = |byte: u8| byte == b'\t' || (0x20..0x7f).contains(&byte);
    // Browsers send the letters of a cookie as they are, and a site that set one would be shut for good.
    let is_fine = |name: &HeaderName, byte: u8| printable(byte) || (*name == COOKIE && byte >= 0x80);
    if !headers.iter().all(|(name, value)| value.as_bytes().iter().all(|byte| is_fine(name, *byte))) {
        return Err(refused("a header field other than the cookies holds bytes outside ASCII"));
    }
    if headers.get_all(CONTENT_LENGTH).iter().count() > 1 || headers.contains_key(TRANSFER_ENCODING) {
        return Err(refused("the request states its length in more than one way"));
    }
    Ok(())
}

/// Turns a device's request header into the site's: strips, joins cookies, states the public host.
pub(crate) fn prepare_request(headers: &mut HeaderMap, names: &IdentityNames, host: &HeaderValue) {
    let takes_trailers = headers.get_all(TE).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    names.strip(headers);
    join_cookies(headers);
    headers.insert(HOST, host.clone());
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Turns a site's response header into what the device gets. `Location` and `Set-Cookie` pass untouched.
pub(crate) fn prepare_response(headers: &mut HeaderMap) {
    let mut removed = named_by_connection(headers);
    removed.extend(headers.keys().filter(|name| is_hop_by_hop_or_ours(name)).cloned());
    for name in removed {
        headers.remove(name);
    }
}

fn is_hop_by_hop_or_ours(name: &HeaderName) -> bool {
    *name == CONNECTION
        || *name == TRANSFER_ENCODING
        || *name == UPGRADE
        || *name == TE
        || matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings")
        || canonical(name).starts_with("latchgate-")
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .filter(|name| *name != CONTENT_LENGTH && *name != TRAILER && *name != EXPECT)
        .collect()
}

/// Joins the crumbs that HTTP/2 splits a cookie into (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return;
    }
    if let Ok(mut cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        cookie.set_sensitive(true);
        headers.insert(COOKIE, cookie);
    }
}

fn canonical(name: &HeaderName) -> String {
    name.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn prepared(fields: &[(&str, &str)]) -> HeaderMap {
        let names = IdentityNames::new([&HeaderName::from_static("x-company-person")]);
        let mut headers = map(fields);
        prepare_request(&mut headers, &names, &HeaderValue::from_static("wiki.example.com"));
        headers
    }

    #[test]
    fn ab_60_nothing_that_carries_an_identity_or_belongs_to_a_hop_passes() {
        for name in [
            "x-remote-user",
            "X_Remote_User",
            "x.remote.user",
            "Remote-User",
            "remote_user",
            "REMOTE_GROUPS",
            "x-company-person",
            "X_Company-Person",
            "x-forwarded-for",
            "x_forwarded_proto",
            "X-Forwarded-User",
            "forwarded",
            "latchgate-assertion",
            "Latchgate_Assertion",
            "x-auth-request-email",
            "x-webauth-user",
            "proxy-authorization",
            "proxy-connection",
            "upgrade",
            "expect",
            "keep-alive",
            "te",
            "x-real-ip",
            "x-original-url",
        ] {
            assert_eq!(prepared(&[(name, "forged")]), map(&[("host", "wiki.example.com")]), "{name} passed");
        }
    }

    #[test]
    fn ab_60_fields_named_by_connection_end_here() {
        let headers = prepared(&[("connection", "close, X-Auth"), ("x-auth", "forged"), ("accept", "*/*")]);
        assert_eq!(headers, map(&[("host", "wiki.example.com"), ("accept", "*/*")]));
    }

    #[test]
    fn ab_60_the_host_is_the_sites_own() {
        let headers = prepared(&[("host", "evil.example.com"), ("te", "trailers")]);
        assert_eq!(headers, map(&[("host", "wiki.example.com"), ("te", "trailers")]));
    }

    #[test]
    fn ordinary_fields_pass_untouched() {
        let fields = [
            ("authorization", "Bearer x"),
            ("range", "bytes=0-1"),
            ("if-none-match", "\"a\""),
            ("x-requested-with", "XMLHttpRequest"),
            ("x-csrf-token", "t"),
            ("accept-encoding", "gzip"),
            ("origin", "https://wiki.example.com"),
            ("host", "wiki.example.com"),
        ];
        assert_eq!(prepared(&fields), map(&fields));
    }

    #[test]
    fn crumbs_become_one_cookie() {
        let mut headers = HeaderMap::new();
        for crumb in ["a=1", "b=2", "c=3"] {
            headers.append(COOKIE, HeaderValue::from_static(crumb));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
    }

    #[test]
    fn ab_61_header_blocks_without_an_honest_use_are_refused() {
        let many: HeaderMap = (0..200)
            .map(|index| (format!("x-{index}").parse::<HeaderName>().unwrap(), HeaderValue::from_static("v")))
            .collect();
        assert!(check_request(&many).is_err());
        assert!(check_request(&map(&[("x-large", &"v".repeat(HEADER_BYTES))])).is_err());
        let mut obscure = HeaderMap::new();
        obscure.insert("x-name", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        assert!(check_request(&obscure).is_err());
        obscure.clear();
        obscure.insert(COOKIE, HeaderValue::from_bytes(b"name=Zo\xc3\xab").unwrap());
        assert!(check_request(&obscure).is_ok(), "as browsers send them");
        obscure.insert(COOKIE, HeaderValue::from_bytes(b"name=\x80\xff").unwrap());
        assert!(check_request(&obscure).is_ok(), "in any encoding");
        assert!(check_request(&map(&[("transfer-encoding", "chunked")])).is_err());
        let mut lengths = HeaderMap::new();
        lengths.append(CONTENT_LENGTH, HeaderValue::from_static("1"));
        lengths.append(CONTENT_LENGTH, HeaderValue::from_static("2"));
        assert!(check_request(&lengths).is_err());
        assert!(check_request(&map(&[("accept", "*/*"), ("cookie", "a=1")])).is_ok());
        for impossible in [&b"a\r\nb"[..], b"a\nb", b"a\0b"] {
            assert!(HeaderValue::from_bytes(impossible).is_err());
        }
    }

    #[test]
    fn a_site_cannot_speak_as_the_connector() {
        let mut headers = map(&[
            ("latchgate-error", "site-unknown"),
            ("Latchgate_Error", "x"),
            ("connection", "X-Hop"),
            ("x-hop", "1"),
            ("location", "http://10.0.0.9/"),
            ("set-cookie", "a=1; Domain=example.com"),
        ]);
        prepare_response(&mut headers);
        assert_eq!(headers, map(&[("location", "http://10.0.0.9/"), ("set-cookie", "a=1; Domain=example.com")]));
    }

    #[test]
    fn an_identity_header_must_not_have_another_meaning() {
        for name in ["cookie", "authorization", "host", "sec-fetch-site", "latchgate-assertion"] {
            assert!(!is_reserved_for_identity(&name.parse().unwrap()), "{name} was taken");
        }
        for name in ["x-remote-user", "remote-user", "x-company-person"] {
            assert!(is_reserved_for_identity(&name.parse().unwrap()));
        }
    }
}
