//! HTTP at the proxy: what arrives at the bare port, and what arrives inside a connection to one site.
//!
//! The bare port takes absolute-form requests and CONNECT, each with credentials; anything else is somebody
//! who takes it for a web server and gets a refusal that no page of another origin can read. Inside a
//! connection to a site only requests that name this very site pass.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ALT_SVC, CONNECTION, COOKIE, EXPECT, HOST, HeaderName, LOCATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use latchgate_link::limits::{DEVICE_WINDOW, STREAM_WINDOW};
use latchgate_tunnel::catalogue::CONNECTION_HEADER;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tracing::debug;

use super::page::{Reader, connector_refusal, refuse, refuse_for_now};
use super::transfer::Source;
use super::{BrowserConnection, Gate, raw, websocket};
use crate::catalogue::{Scheme, Site};
use crate::failure::{Failure, Fault};
use crate::limits::{GREETING_TIMEOUT, HEAD};
use crate::traffic::Way;
use crate::uplink::{Passing, UplinkError};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// Asks a site for less (the WICG's Save Data API).
const SAVE_DATA: HeaderName = HeaderName::from_static("save-data");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const CHALLENGE: &str = "Basic realm=\"Latchgate\", charset=\"UTF-8\"";
/// Streams that a browser may have open at once towards one site.
const BROWSER_STREAMS: u32 = 256;

/// Serves a connection to the bare port.
pub(super) async fn serve_listener(gate: &Arc<Gate>, stream: TcpStream) -> io::Result<()> {
    let (gate, connection) = (Arc::clone(gate), gate.number_connection());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let gate = Arc::clone(&gate);
        request.extensions_mut().insert(connection);
        async move { Ok::<_, Infallible>(answer_listener(&gate, request).await) }
    });
    http1_builder().serve_connection(TokioIo::new(stream), service).with_upgrades().await.map_err(io::Error::other)
}

/// Serves HTTP/1.1 inside a connection to one site.
pub(super) async fn serve_site_http1<S>(gate: &Arc<Gate>, stream: S, site: Arc<Site>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (gate, connection) = (Arc::clone(gate), gate.number_connection());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (gate, site) = (Arc::clone(&gate), Arc::clone(&site));
        request.extensions_mut().insert(connection);
        async move { Ok::<_, Infallible>(answer_site(&gate, &site, request).await) }
    });
    http1_builder().serve_connection(TokioIo::new(stream), service).with_upgrades().await.map_err(io::Error::other)
}

/// Serves HTTP/2 inside a connection to one site.
pub(super) async fn serve_site_http2<S>(gate: &Arc<Gate>, stream: S, site: Arc<Site>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let gate = Arc::clone(gate);
    let service = service_fn(move |request| {
        let (gate, site) = (Arc::clone(&gate), Arc::clone(&site));
        async move { unless_bound(answer_site(&gate, &site, request).await) }
    });
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_connection_window_size(DEVICE_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_concurrent_streams(BROWSER_STREAMS)
        .max_header_list_size(HEAD)
        .enable_connect_protocol()
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// A login that is bound to a connection needs one to itself: the browser asks again over HTTP/1.1 (RFC 9113,
/// section 7).
fn unless_bound(answer: Response<Passing>) -> Result<Response<Passing>, h2::Error> {
    let mut offered = answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let bound = answer.status() == StatusCode::UNAUTHORIZED
        && offered.any(|offer| {
            let scheme = offer.split([' ', ',']).next().unwrap_or_default();
            scheme.eq_ignore_ascii_case("ntlm") || scheme.eq_ignore_ascii_case("negotiate")
        });
    if bound { Err(h2::Reason::HTTP_1_1_REQUIRED.into()) } else { Ok(answer) }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(GREETING_TIMEOUT);
    builder
}

async fn answer_listener(gate: &Arc<Gate>, request: Request<Incoming>) -> Response<Passing> {
    let reader = &Reader::of(&gate.behind.words, request.method(), request.headers());
    if request.method() == Method::CONNECT {
        return answer_connect(gate, request);
    }
    let Some(authority) = request.uri().authority() else {
        let mut answer = refuse(reader, StatusCode::FORBIDDEN, &Fault::NotAWebServer.failure());
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return answer;
    };
    if !is_authorized(gate, request.headers()) {
        return challenge(reader);
    }
    let plain = matches!(request.uri().scheme_str(), Some("http" | "ws"));
    let host_agrees = request.headers().get_all(HOST).iter().all(|host| agrees(host, authority));
    let Some((host, port)) = split_authority(authority, Scheme::Http).filter(|_| plain && host_agrees) else {
        return refuse(reader, StatusCode::BAD_REQUEST, &Fault::BadRequest.failure());
    };
    if let Some(site) = gate.site(Scheme::Http, host, port) {
        return forward(gate, &site, request, reader).await;
    }
    match gate.site(Scheme::Https, host, Scheme::Https.default_port()) {
        Some(site) if port == Scheme::Http.default_port() => redirect(&site, request.uri()),
        Some(_) | None => refuse_foreign(reader, host),
    }
}

/// Answers CONNECT and serves the connection that follows.
fn answer_connect(gate: &Arc<Gate>, request: Request<Incoming>) -> Response<Passing> {
    let reader = &Reader::Script;
    if !is_authorized(gate, request.headers()) {
        return challenge(reader);
    }
    let target = request.uri().authority().and_then(|authority| split_target(authority));
    let Some((host, port)) = target else {
        return refuse(reader, StatusCode::BAD_REQUEST, &Fault::BadRequest.failure());
    };
    let Some(site) = gate.any_site(host, port) else { return refuse_foreign(reader, host) };
    let upgrade = hyper::upgrade::on(request);
    let task = Arc::clone(gate);
    gate.spawn(async move {
        let served = match upgrade.await {
            Ok(upgraded) => raw::serve_upgraded(&task, upgraded, site).await,
            Err(error) => Err(io::Error::other(error)),
        };
        if let Err(error) = served {
            debug!(%error, "a connection to a site ended");
        }
    });
    Response::new(Passing::empty())
}

/// Answers a request inside a connection to `site`.
async fn answer_site(gate: &Arc<Gate>, site: &Arc<Site>, request: Request<Incoming>) -> Response<Passing> {
    let reader = &Reader::of(&gate.behind.words, request.method(), request.headers());
    if !names_site(&request, site) {
        return refuse(reader, StatusCode::MISDIRECTED_REQUEST, &Fault::SiteNotAllowed.failure());
    }
    if request.method() == Method::CONNECT && !websocket::is_extended(&request) {
        return refuse(reader, StatusCode::METHOD_NOT_ALLOWED, &Fault::BadRequest.failure());
    }
    // What the person may open can change while the connection is open.
    if gate.site(site.scheme, &site.host, site.port).is_none() {
        return refuse_foreign(reader, &site.host);
    }
    forward(gate, site, request, reader).await
}

/// The host of the request line and every `Host` name the site, and at least one of them is there.
fn names_site(request: &Request<Incoming>, site: &Site) -> bool {
    let hosts = request.headers().get_all(HOST);
    let line = request.uri().authority();
    let some = line.is_some() || hosts.iter().next().is_some();
    let hosts_agree = hosts.iter().all(|host| host.to_str().is_ok_and(|host| site.is_named(host)));
    some && hosts_agree && line.is_none_or(|authority| site.is_named(authority.as_str()))
}

async fn forward(gate: &Arc<Gate>, site: &Arc<Site>, request: Request<Incoming>, reader: &Reader) -> Response<Passing> {
    if websocket::is_extended(&request) || websocket::is_upgrade(&request) {
        return websocket::forward(gate, site, request, reader).await;
    }
    let (parts, body) = request.into_parts();
    let Some(uri) = site_uri(site, parts.uri.path_and_query()) else {
        return refuse(reader, StatusCode::BAD_REQUEST, &Fault::BadRequest.failure());
    };
    let mut outgoing = Request::new(Passing::Metered(body, site.traffic.meter(Way::Sent)));
    *outgoing.method_mut() = parts.method;
    *outgoing.uri_mut() = uri;
    *outgoing.version_mut() = Version::HTTP_2;
    *outgoing.headers_mut() = join_cookies(strip_hop_by_hop(parts.headers));
    match parts.extensions.get::<BrowserConnection>() {
        Some(connection) => outgoing.headers_mut().insert(CONNECTION_HEADER, connection.0.into()),
        None => outgoing.headers_mut().remove(CONNECTION_HEADER),
    };
    if gate.saves_data() {
        outgoing.headers_mut().insert(SAVE_DATA, HeaderValue::from_static("on"));
    }
    let source = Source::copy(&outgoing);
    let meter = site.traffic.meter(Way::Received);
    match gate.behind.uplink.request(outgoing).await {
        Ok(answer) => pass_back(answer, reader, |answer| {
            gate.transfers.carry(&gate.behind.uplink, source, answer).map(|body| body.metered(meter))
        }),
        Err(error) => refuse_uplink(gate, reader, &error),
    }
}

/// Returns the address of `path` at `site`, as the connector knows it.
pub(super) fn site_uri(site: &Site, path: Option<&PathAndQuery>) -> Option<Uri> {
    let path = path.cloned().unwrap_or(PathAndQuery::from_static("/"));
    let builder = Uri::builder().scheme(site.scheme.as_str()).authority(site.authority.as_str());
    builder.path_and_query(path).build().ok()
}

/// Hands the connector's answer to the browser; its own refusals become pages for people.
pub(super) fn pass_back(
    answer: Response<Incoming>,
    reader: &Reader,
    carry: impl FnOnce(Response<Incoming>) -> Response<Passing>,
) -> Response<Passing> {
    if matches!(reader, Reader::Person { .. })
        && let Some(fault) = connector_refusal(answer.headers())
    {
        return refuse(reader, answer.status(), &fault.failure());
    }
    let (parts, body) = carry(answer).into_parts();
    let mut back = Response::new(body);
    *back.status_mut() = parts.status;
    *back.headers_mut() = strip_hop_by_hop(parts.headers);
    // The site answers through the tunnel only; other ways to it do not exist for the browser.
    back.headers_mut().remove(ALT_SVC);
    back
}

/// Answers a request that the tunnel did not carry, with the reason that the status shows too.
pub(super) fn refuse_uplink(gate: &Gate, reader: &Reader, error: &UplinkError) -> Response<Passing> {
    debug!(%error, "a request got no answer");
    match error {
        UplinkError::NoSession => refuse_for_now(reader, &gate.behind.uplink.obstacle()),
        UplinkError::NotLetIn => refuse(reader, StatusCode::SERVICE_UNAVAILABLE, &gate.behind.uplink.obstacle()),
        UplinkError::Broken(_) => refuse(reader, StatusCode::BAD_GATEWAY, &Fault::TunnelDown.failure()),
    }
}

fn refuse_foreign(reader: &Reader, host: &str) -> Response<Passing> {
    let failure: Failure = match reader {
        Reader::Person { .. } => Fault::SiteNotAllowed
            .with_message(format!("{host} is not one of the sites that your company shares with you.")),
        Reader::Script => Fault::SiteNotAllowed.failure(),
    };
    refuse(reader, StatusCode::FORBIDDEN, &failure)
}

fn challenge(reader: &Reader) -> Response<Passing> {
    let mut answer = refuse(reader, StatusCode::PROXY_AUTHENTICATION_REQUIRED, &Fault::ProxyCredentials.failure());
    answer.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    answer
}

fn is_authorized(gate: &Gate, headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(PROXY_AUTHORIZATION).iter();
    given.next().is_some_and(|header| gate.credentials.accept_basic(header.as_bytes())) && given.next().is_none()
}

/// The site exists encrypted only: a person who typed its bare name gets there.
fn redirect(site: &Site, uri: &Uri) -> Response<Passing> {
    let mut answer = Response::new(Passing::Whole(Some(Bytes::new())));
    *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let location = site_uri(site, uri.path_and_query()).map(|uri| HeaderValue::try_from(uri.to_string()));
    if let Some(Ok(location)) = location {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

/// Splits `host[:port]` without user information.
fn split_authority(authority: &Authority, scheme: Scheme) -> Option<(&str, u16)> {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host)?;
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Some((host, scheme.default_port())),
        None => None,
        Some(_) => Some((host, authority.port_u16().filter(|port| *port != 0)?)),
    }
}

/// CONNECT must name its port.
fn split_target(authority: &Authority) -> Option<(&str, u16)> {
    authority.port_u16().and_then(|_| split_authority(authority, Scheme::Https))
}

fn agrees(host: &HeaderValue, authority: &Authority) -> bool {
    let stated = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let stated = stated.as_ref().and_then(|stated| split_authority(stated, Scheme::Http));
    let wanted = split_authority(authority, Scheme::Http);
    stated.zip(wanted).is_some_and(|((a, ap), (b, bp))| a.eq_ignore_ascii_case(b) && ap == bp)
}

/// Removes what is between two neighbours only (RFC 9110, section 7.6.1), credentials of the proxy included.
///
/// That trailers are welcome is said on: every neighbour on this way passes them (RFC 9113, section 8.2.2).
pub(super) fn strip_hop_by_hop(mut headers: HeaderMap) -> HeaderMap {
    let takes_trailers = headers.get_all(TE).iter().any(|value| {
        value.to_str().is_ok_and(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("trailers")))
    });
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, PROXY_AUTHORIZATION, PROXY_AUTHENTICATE] {
        headers.remove(name);
    }
    for name in [TE, TRANSFER_ENCODING, UPGRADE, EXPECT, HOST] {
        headers.remove(name);
    }
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    headers
}

/// HTTP/2 lets a browser split its cookies; sites beyond expect one field (RFC 9113, section 8.2.3).
pub(super) fn join_cookies(mut headers: HeaderMap) -> HeaderMap {
    if headers.get_all(COOKIE).iter().nth(1).is_some() {
        let parts: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        let joined = HeaderValue::from_bytes(&parts.join(&b"; "[..]));
        match joined {
            Ok(joined) => drop(headers.insert(COOKIE, joined)),
            Err(_) => drop(headers.remove(COOKIE)),
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_between_neighbours_are_removed() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("proxy-authorization", "Basic canary"),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip"),
            ("host", "wiki.example.com"),
            ("cookie", "a=b"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let left = strip_hop_by_hop(headers);
        assert_eq!(left.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["cookie"]);
    }

    #[test]
    fn a_wish_for_trailers_is_said_on() {
        let mut headers = HeaderMap::new();
        headers.insert(TE, HeaderValue::from_static("gzip;q=0.5, Trailers"));
        headers.insert(CONNECTION, HeaderValue::from_static("TE"));
        assert_eq!(strip_hop_by_hop(headers)[TE], "trailers");
    }

    #[test]
    fn a_login_that_is_bound_to_a_connection_is_asked_for_over_http1() {
        let challenged = |status: StatusCode, offer: &'static str| {
            let mut answer = Response::new(Passing::empty());
            *answer.status_mut() = status;
            answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"x\""));
            answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(offer));
            unless_bound(answer).map_err(|error| error.reason())
        };
        for offer in ["NTLM", "Negotiate", "ntlm TlRMTVNTUAAC"] {
            let refused = challenged(StatusCode::UNAUTHORIZED, offer);
            assert_eq!(refused.err(), Some(Some(h2::Reason::HTTP_1_1_REQUIRED)), "{offer}");
        }
        assert!(challenged(StatusCode::UNAUTHORIZED, "Digest realm=\"NTLM\"").is_ok());
        assert!(challenged(StatusCode::OK, "NTLM").is_ok());
    }

    #[test]
    fn split_cookies_are_joined() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1"));
        headers.append(COOKIE, HeaderValue::from_static("b=2"));
        let joined = join_cookies(headers);
        assert_eq!(joined.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }

    #[test]
    fn an_authority_is_a_host_and_a_port_and_nothing_else() {
        let split = |text: &str| {
            let authority: Authority = text.parse().ok()?;
            split_authority(&authority, Scheme::Http).map(|(host, port)| (host.to_owned(), port))
        };
        assert_eq!(split("wiki.example.com"), Some(("wiki.example.com".to_owned(), 80)));
        assert_eq!(split("[fd00::1]:81"), Some(("[fd00::1]".to_owned(), 81)));
        for wrong in
            ["user@wiki.example.com", "wiki.example.com:", "wiki.example.com:0", "wiki.example.com:99999", "u:p@h:1"]
        {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
