//! Accepts connections and serves the router on them, HTTP/1.1 and HTTP/2, with or without TLS.

use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of a connection, which every request on it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection(pub(crate) u64);

/// Serves until `stop`; every connection ends with it.
pub(crate) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        // A lost NODELAY costs speed, not correctness.
        let _ = stream.set_nodelay(true);
        let (tls, router) = (tls.clone(), router.clone());
        let connection = Connection(number);
        connections.spawn(async move {
            let Some(acceptor) = tls else { return serve_connection(stream, connection, router).await };
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                serve_connection(stream, connection, router).await;
            }
        });
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    connection: Connection,
    router: Router,
) {
    let server = auto::Builder::new(TokioExecutor::new());
    let service = TowerToHyperService::new(router);
    let numbered = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection);
        service.call(request)
    });
    let served = server.serve_connection_with_upgrades(TokioIo::new(stream), numbered).await;
    if let Err(error) = served {
        tracing::debug!(error, "connection ended early");
    }
}
