//! The way to one site's upstream.
//!
//! 1. The declared host is resolved once and its addresses are pinned; they are resolved anew only when none
//!    of them answers. A request never decides where a connection goes.
//! 2. Each address is checked before it is connected to ([`crate::origin::is_permitted`]), and the peer of the
//!    finished connection once more.
//! 3. TLS trusts the operating system's authorities and those of the site; there is no way to switch it off.
//! 4. Requests go over a pool of HTTP/1.1 or, where TLS agrees on it, HTTP/2 connections. Redirects are
//!    answers like others and nothing is decoded.

mod dial;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use latchgate_tunnel::catalogue::error_code;

pub use dial::UpstreamError;
pub(crate) use dial::{Dial, Resolve, Socket, SystemResolver};

use crate::body::BodyError;
use crate::config::SiteConfig;
use crate::limits::{
    UPSTREAM_CONNECTION_WINDOW, UPSTREAM_HEAD, UPSTREAM_HEADER_COUNT, UPSTREAM_IDLE, UPSTREAM_IDLE_CONNECTIONS,
    UPSTREAM_WINDOW,
};
use crate::refusal::Refusal;

/// The body of a request to a site.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, BodyError>;

/// Connections to one upstream.
#[derive(Debug)]
pub(crate) struct Upstream {
    dial: Dial,
    client: Client<Dial, RequestBody>,
    passthrough: bool,
    reachable: AtomicU8,
}

const UNTRIED: u8 = 0;
const REACHED: u8 = 1;
const NOT_REACHED: u8 = 2;

impl Upstream {
    pub(crate) fn new(site: &SiteConfig, resolver: Arc<dyn Resolve>) -> Result<Self, UpstreamError> {
        let dial = Dial::new(site, resolver)?;
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(UPSTREAM_IDLE)
            .pool_max_idle_per_host(UPSTREAM_IDLE_CONNECTIONS)
            .http1_max_buf_size(UPSTREAM_HEAD)
            .http1_max_headers(UPSTREAM_HEADER_COUNT)
            .http2_max_header_list_size(u32::try_from(UPSTREAM_HEAD).unwrap_or(u32::MAX))
            .http2_initial_stream_window_size(UPSTREAM_WINDOW)
            .http2_initial_connection_window_size(UPSTREAM_CONNECTION_WINDOW)
            .set_host(false);
        let client = builder.build(dial.clone());
        Ok(Self { dial, client, passthrough: site.passthrough, reachable: AtomicU8::new(UNTRIED) })
    }

    /// Sends one request. Dropping the future or the answer's body cancels it.
    pub(crate) async fn send(&self, request: Request<RequestBody>) -> Result<Response<Incoming>, Refusal> {
        let answer = self.client.request(request).await.map_err(|error| refuse(&error));
        self.note(answer.is_ok());
        check(answer?)
    }

    /// Opens an HTTP/1.1 connection that is not one of the pool.
    pub(crate) async fn open_for_one(&self) -> Result<SendRequest<RequestBody>, Refusal> {
        let socket = TokioIo::new(self.open().await?);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(UPSTREAM_HEAD).max_headers(UPSTREAM_HEADER_COUNT);
        let (requests, connection) = builder.handshake(socket).await.map_err(|error| refuse(&error))?;
        // It ends with the site, or with whoever holds its other end.
        tokio::spawn(connection);
        Ok(requests)
    }

    /// Sends one request over such a connection, the target in origin form.
    pub(crate) async fn send_over(
        &self,
        connection: &mut SendRequest<RequestBody>,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Refusal> {
        check(connection.send_request(request).await.map_err(|error| refuse(&error))?)
    }

    /// Opens a connection of its own, for WebSocket: TLS where the upstream is `https`, HTTP/1.1 on it.
    pub(crate) async fn open(&self) -> Result<Socket, Refusal> {
        let opened = self.dial.open_http1().await;
        self.note(opened.is_ok());
        opened.map_err(|error| error.refusal())
    }

    /// Opens a bare TCP connection, for raw bytes.
    pub(crate) async fn open_raw(&self) -> Result<Socket, Refusal> {
        let opened = self.dial.open_raw().await;
        self.note(opened.is_ok());
        opened.map_err(|error| error.refusal())
    }

    /// Tries to connect, TLS included; where raw bytes pass, TLS is the device's business.
    pub(crate) async fn probe(&self) -> Result<(), UpstreamError> {
        let opened = if self.passthrough { self.dial.open_raw().await } else { self.dial.open_http1().await };
        self.note(opened.is_ok());
        opened.map(drop)
    }

    /// Tells whether the last attempt reached it.
    pub(crate) fn reachable(&self) -> Option<bool> {
        match self.reachable.load(Ordering::Relaxed) {
            REACHED => Some(true),
            NOT_REACHED => Some(false),
            _ => None,
        }
    }

    fn note(&self, reached: bool) {
        self.reachable.store(if reached { REACHED } else { NOT_REACHED }, Ordering::Relaxed);
    }
}

fn check(response: Response<Incoming>) -> Result<Response<Incoming>, Refusal> {
    if response.status().is_informational() {
        return Err(Refusal::upstream(error_code::UPSTREAM_UNREACHABLE, "the site switched protocols unasked"));
    }
    Ok(response)
}

/// Finds our own reason in the chain of a client's error.
fn refuse(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::debug!(error, "a site did not answer");
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<UpstreamError>() {
            return own.refusal();
        }
        cause = error.source();
    }
    Refusal::upstream(error_code::UPSTREAM_UNREACHABLE, "the site broke off the connection")
}
