//! Streams of bytes in place of a request and an answer: WebSocket and raw connections.
//!
//! A WebSocket arrives as an extended CONNECT (RFC 8441), which has no key: the connector makes one, does the
//! HTTP/1.1 handshake with the site (RFC 6455) and checks its answer. What follows passes untouched.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use getrandom::SysRng;
use http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use latchgate_tunnel::catalogue::error_code;
use rand_core::TryRng as _;
use ring::digest;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::forward::{relay, within_head_timeout};
use super::own::empty;
use super::{Session, malformed};
use crate::body::{Activity, Counted, ResponseBody};
use crate::headers::prepare_response;
use crate::limits::{COPY_BUFFER, UPSTREAM_HEAD, UPSTREAM_HEAD_TIMEOUT, UPSTREAM_HEADER_COUNT};
use crate::policy::Grant;
use crate::refusal::Refusal;
use crate::upstream::Socket;
use crate::usage::Counters;

/// How long the second direction of a WebSocket may go on after the first ended: a close frame's answer.
const WEBSOCKET_LINGER: Duration = Duration::from_secs(10);

impl Session {
    pub(super) async fn connect_websocket(
        &self,
        mut request: Request<Incoming>,
        grant: Grant,
        leash: CancellationToken,
    ) -> Result<Response<ResponseBody>, Refusal> {
        if grant.site.config.passthrough || !grant.site.config.websocket {
            return Err(Refusal::SITE_NOT_ALLOWED);
        }
        let device = hyper::upgrade::on(&mut request);
        let (mut onward, _) = self.prepare(request, &grant)?;
        let key = make_key()?;
        ask_for_websocket(&mut onward, &key);
        let counters = self.begin_usage(&grant);
        let activity = Activity::start();
        let answer = async { shake_hands(grant.site.upstream.open().await?, onward).await };
        let mut response = tokio::select! {
            answer = within_head_timeout(&activity, UPSTREAM_HEAD_TIMEOUT, answer) => answer?,
            () = leash.cancelled() => return Err(Refusal::SITE_NOT_ALLOWED),
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return refuse_or_relay(response, &counters, leash);
        }
        if response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes)
            != Some(derive_accept(&key).as_bytes())
        {
            return Err(broken("the site's answer to the WebSocket handshake is not one"));
        }
        let site = hyper::upgrade::on(&mut response);
        let mut accepted = empty(StatusCode::OK);
        *accepted.headers_mut() = accepted_headers(response.headers());
        tokio::spawn(async move {
            let Ok(site) = site.await else { return };
            carry_until(leash, device, TokioIo::new(site), counters, Some(WEBSOCKET_LINGER)).await;
        });
        Ok(accepted)
    }

    pub(super) async fn connect_raw(
        &self,
        mut request: Request<Incoming>,
        grant: Grant,
        leash: CancellationToken,
    ) -> Result<Response<ResponseBody>, Refusal> {
        if !grant.site.config.passthrough {
            return Err(Refusal::SITE_NOT_ALLOWED);
        }
        let device = hyper::upgrade::on(&mut request);
        let counters = self.begin_usage(&grant);
        let site = tokio::select! {
            site = grant.site.upstream.open_raw() => site?,
            () = leash.cancelled() => return Err(Refusal::SITE_NOT_ALLOWED),
        };
        tokio::spawn(carry_until(leash, device, site, counters, None));
        Ok(empty(StatusCode::OK))
    }
}

fn ask_for_websocket(request: &mut Request<()>, key: &str) {
    *request.method_mut() = Method::GET;
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = target.map(Into::into).unwrap_or_default();
    let headers = request.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.entry(SEC_WEBSOCKET_VERSION).or_insert(HeaderValue::from_static("13"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
}

async fn shake_hands(socket: Socket, request: Request<()>) -> Result<Response<Incoming>, Refusal> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(UPSTREAM_HEAD)
        .max_headers(UPSTREAM_HEADER_COUNT)
        .handshake(TokioIo::new(socket))
        .await
        .map_err(|_| broken("the site broke off the WebSocket handshake"))?;
    tokio::spawn(connection.with_upgrades());
    let request = request.map(|()| Empty::<Bytes>::new());
    sender.send_request(request).await.map_err(|_| broken("the site broke off the WebSocket handshake"))
}

/// Passes on a site's refusal, such as 401 or a redirect; a success that is no upgrade would be taken for one.
fn refuse_or_relay(
    response: Response<Incoming>,
    counters: &Counters,
    leash: CancellationToken,
) -> Result<Response<ResponseBody>, Refusal> {
    if response.status().is_success() || response.status().is_informational() {
        return Err(broken("the site does not speak WebSocket here"));
    }
    Ok(relay(response, counters, leash))
}

fn accepted_headers(answer: &HeaderMap) -> HeaderMap {
    let mut headers = answer.clone();
    prepare_response(&mut headers);
    headers.remove(SEC_WEBSOCKET_ACCEPT);
    headers.remove(CONTENT_LENGTH);
    headers
}

fn make_key() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| malformed("the connector has no random numbers"))?;
    Ok(STANDARD.encode(bytes))
}

fn derive_accept(key: &str) -> String {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    STANDARD.encode(hash)
}

const fn broken(detail: &'static str) -> Refusal {
    Refusal::upstream(error_code::UPSTREAM_UNREACHABLE, detail)
}

/// Carries bytes both ways until both directions ended or the leash is pulled.
async fn carry_until<S>(
    leash: CancellationToken,
    device: OnUpgrade,
    site: S,
    counters: Counters,
    linger: Option<Duration>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let carried = async {
        let Ok(device) = device.await else { return };
        let site = Counted::new(site, counters.up, counters.down);
        carry_both(TokioIo::new(device), site, linger).await;
    };
    tokio::select! {
        () = carried => {}
        () = leash.cancelled() => debug!("a connection ended with the right to it"),
    }
}

async fn carry_both(device: impl AsyncRead + AsyncWrite, site: impl AsyncRead + AsyncWrite, linger: Option<Duration>) {
    let (device_reader, device_writer) = tokio::io::split(device);
    let (site_reader, site_writer) = tokio::io::split(site);
    let mut up = std::pin::pin!(carry(device_reader, site_writer));
    let mut down = std::pin::pin!(carry(site_reader, device_writer));
    // A direction that broke off takes the other one with it; one that ended leaves it its time.
    tokio::select! {
        ended = &mut up => if ended.is_ok() { wait_for(down, linger).await },
        ended = &mut down => if ended.is_ok() { wait_for(up, linger).await },
    }
}

async fn wait_for(rest: impl Future<Output = std::io::Result<()>>, linger: Option<Duration>) {
    match linger {
        None => drop(rest.await),
        Some(linger) => drop(tokio::time::timeout(linger, rest).await),
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut buffer = vec![0; COPY_BUFFER];
    loop {
        let length = from.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            return to.shutdown().await;
        };
        to.write_all(bytes).await?;
        to.flush().await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_is_that_of_rfc_6455() {
        assert_eq!(derive_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
