//! The listener for clients: admission, TLS, and HTTP/1.1 with hard limits.
//!
//! HTTP/2 is not offered: a WebSocket wants a connection of its own, REST calls are rare, and what is not
//! spoken cannot be abused.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::Service as _;
use tracing::{debug, warn};

use crate::api;
use crate::config::Limits;
use crate::gateway::Shared;
use crate::limits::{REQUEST_HEAD, REQUEST_HEADERS, UNSENT};
use crate::metrics::Metrics;
use crate::throttle::Source;
use crate::tls::Tls;

/// Who may connect: all together, and from one address without having logged in.
pub(crate) struct Admission {
    state: Mutex<Admitted>,
    connections: usize,
    half_open: usize,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Admitted {
    connections: usize,
    half_open: HashMap<Source, usize>,
}

/// One admitted connection.
pub(crate) struct Guard {
    admission: Arc<Admission>,
    source: Source,
    half_open: AtomicBool,
}

/// Who sent a request.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) source: Source,
    pub(crate) guard: Arc<Guard>,
}

impl Admission {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        let (connections, half_open) = (limits.connections, limits.half_open_per_address);
        Self { state: Mutex::default(), connections, half_open, metrics }
    }

    fn admit(self: &Arc<Self>, address: IpAddr, is_proxy: bool) -> Option<Guard> {
        let source = Source::from(address);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let half_open = state.half_open.get(&source).copied().unwrap_or(0);
        if state.connections >= self.connections || (!is_proxy && half_open >= self.half_open) {
            self.metrics.throttled.increment();
            return None;
        }
        state.connections += 1;
        *state.half_open.entry(source).or_default() += 1;
        self.metrics.connections.add(1);
        Some(Guard { admission: Arc::clone(self), source, half_open: AtomicBool::new(true) })
    }
}

impl Guard {
    /// The connection no longer counts as half open.
    pub(crate) fn logged_in(&self) {
        if self.half_open.swap(false, Ordering::AcqRel) {
            let mut state = self.admission.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = state.half_open.get_mut(&self.source) {
                *count -= 1;
                if *count == 0 {
                    state.half_open.remove(&self.source);
                }
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.logged_in();
        self.admission.metrics.connections.add(-1);
        self.admission.state.lock().unwrap_or_else(PoisonError::into_inner).connections -= 1;
    }
}

/// Accepts clients until it is cancelled.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener, tls: Option<Tls>, cancel: CancellationToken) {
    let router = api::router(Arc::clone(&shared));
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => accept(&shared, stream, address, tls.clone(), router.clone(), &cancel),
            Err(error) => {
                // Out of file descriptors, as a rule: wait for some to come back.
                warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn accept(
    shared: &Arc<Shared>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Tls>,
    router: Router,
    cancel: &CancellationToken,
) {
    let ip = address.ip().to_canonical();
    let is_proxy = shared.config.trusted_proxies.iter().any(|proxy| proxy.contains(ip));
    let Some(guard) = shared.admission.admit(ip, is_proxy) else { return };
    let guard = Arc::new(guard);
    let (shared, cancel) = (Arc::clone(shared), cancel.clone());
    tokio::spawn(async move {
        prepare(&stream);
        let limit = shared.config.limits.head_timeout();
        match tls {
            None => speak_http(&shared, stream, ip, guard, router, cancel).await,
            Some(tls) => match timeout(limit, tls.acceptor().accept(stream)).await {
                Ok(Ok(stream)) => speak_http(&shared, stream, ip, guard, router, cancel).await,
                Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
                Err(_) => debug!("a TLS handshake took too long"),
            },
        }
    });
}

/// Small packets leave at once, and what the peer does not read waits here and not in the kernel.
fn prepare(stream: &TcpStream) {
    drop(stream.set_nodelay(true));
    #[cfg(any(target_os = "linux", target_os = "android"))]
    drop(SockRef::from(stream).set_tcp_notsent_lowat(UNSENT));
}

async fn speak_http<S>(
    shared: &Arc<Shared>,
    stream: S,
    peer: IpAddr,
    guard: Arc<Guard>,
    router: Router,
    cancel: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        let source = source_of(shared, peer, &request);
        request.extensions_mut().insert(Client { source, guard: Arc::clone(&guard) });
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.config.limits.head_timeout())
        .max_buf_size(REQUEST_HEAD)
        .max_headers(REQUEST_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%error, "an HTTP connection ended");
    }
}

/// Names the address that limits count: the peer, or whom a trusted proxy names.
fn source_of<B>(shared: &Shared, peer: IpAddr, request: &Request<B>) -> Source {
    let trusts = |address: IpAddr| shared.config.trusted_proxies.iter().any(|proxy| proxy.contains(address));
    if !trusts(peer) {
        return peer.into();
    }
    let named = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut nearest = peer;
    for text in named.into_iter().rev() {
        let Ok(address) = text.parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !trusts(nearest) {
            break;
        }
    }
    nearest.into()
}
