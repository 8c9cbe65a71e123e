//! The loopback proxy: the only door from a browser to the tunnel.
//!
//! 1. One listener on a loopback address, at a random port, lives from unlock to lock.
//! 2. A connection's first byte tells SOCKS5 from HTTP. Both ask for the credentials of this unlock.
//! 3. Only origins of the catalogue pass. `http` requests are forwarded; a connection to an `https` site is
//!    terminated here with a certificate of this unlock's authority; a `passthrough` site gets its raw bytes.
//! 4. Bodies stream both ways; a cancelled request resets its stream at the connector.

mod authority;
mod credentials;
mod http;
mod page;
mod raw;
mod socks;
mod transfer;
mod websocket;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, warn};

pub(crate) use self::authority::Authority;
pub(crate) use self::credentials::Credentials;
use self::http::serve_listener;
pub(crate) use self::page::{Spoken, connector_refusal, page_for};
pub(crate) use self::transfer::{Transfer, Transfers};
use crate::catalogue::{Scheme, Site, Sites};
use crate::client::{ClientError, ProxyEndpoint};
use crate::limits::{GREETING_TIMEOUT, PROXY_CONNECTIONS};
use crate::uplink::Uplink;

/// The first byte of SOCKS5 (RFC 1928), which begins no HTTP request.
const SOCKS5: u8 = 5;

/// What every connection of one unlock shares.
pub(crate) struct Gate {
    credentials: Credentials,
    authority: Arc<Authority>,
    behind: Behind,
    transfers: Arc<Transfers>,
    closed: CancellationToken,
    /// How many connections of a browser were served so far.
    connections: AtomicU64,
}

/// What lies behind the proxy, and how the person wants it.
#[derive(Clone)]
pub(crate) struct Behind {
    pub(crate) sites: Arc<Sites>,
    pub(crate) uplink: Arc<Uplink>,
    /// The words of the proxy's own pages.
    pub(crate) words: Arc<Spoken>,
    /// Whether sites are asked for less.
    pub(crate) low_data: Arc<AtomicBool>,
}

/// The number of a connection over which a browser speaks HTTP/1.1: what logins like NTLM are bound to.
#[derive(Debug, Clone, Copy)]
struct BrowserConnection(u64);

/// A running proxy. Dropping it closes the listener and every connection.
pub(crate) struct Proxy {
    endpoint: ProxyEndpoint,
    transfers: Arc<Transfers>,
    _close: DropGuard,
}

impl Proxy {
    /// Listens at `address`, which must be a loopback one, and serves until dropped.
    pub(crate) async fn start(
        address: SocketAddr,
        credentials: Credentials,
        behind: Behind,
    ) -> Result<Self, ClientError> {
        if !address.ip().is_loopback() {
            return Err(ClientError::NotLoopback);
        }
        let authority = Arc::new(Authority::make().map_err(io::Error::other)?);
        let listener = TcpListener::bind(address).await?;
        let endpoint = ProxyEndpoint {
            addr: listener.local_addr()?,
            user: credentials.user().to_owned(),
            password: credentials.password().clone(),
            ca_pem: authority.ca_pem(),
            authority: Arc::clone(&authority),
            sites: Arc::clone(&behind.sites),
        };
        let closed = CancellationToken::new();
        let transfers = Arc::<Transfers>::default();
        let gate = Arc::new(Gate {
            credentials,
            authority,
            behind,
            transfers: Arc::clone(&transfers),
            closed: closed.clone(),
            connections: AtomicU64::new(0),
        });
        gate.spawn(accept(Arc::clone(&gate), listener));
        Ok(Self { endpoint, transfers, _close: closed.drop_guard() })
    }

    /// Returns where it listens and what it asks for.
    pub(crate) fn endpoint(&self) -> &ProxyEndpoint {
        &self.endpoint
    }

    /// Returns the answers that can be held.
    pub(crate) fn transfers(&self) -> &Transfers {
        &self.transfers
    }
}

impl Gate {
    /// Runs a task until it ends or the proxy closes.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closed = self.closed.clone();
        drop(tokio::spawn(async move { closed.run_until_cancelled(task).await }));
    }

    fn saves_data(&self) -> bool {
        self.behind.low_data.load(Ordering::Relaxed)
    }

    fn number_connection(&self) -> BrowserConnection {
        BrowserConnection(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    fn site(&self, scheme: Scheme, host: &str, port: u16) -> Option<Arc<Site>> {
        self.behind.sites.load().find(scheme, host, port)
    }

    fn any_site(&self, host: &str, port: u16) -> Option<Arc<Site>> {
        self.behind.sites.load().find_any(host, port)
    }
}

async fn accept(gate: Arc<Gate>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(PROXY_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Arc::clone(&gate);
                gate.spawn(async move {
                    if let Err(error) = serve(&connection, stream).await {
                        debug!(%error, "a connection to the proxy ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                warn!(%error, "the proxy could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(gate: &Arc<Gate>, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    let peeked = timeout(GREETING_TIMEOUT, stream.peek(&mut first)).await??;
    if peeked == 0 {
        return Ok(());
    }
    if first[0] != SOCKS5 {
        return serve_listener(gate, stream).await;
    }
    match timeout(GREETING_TIMEOUT, socks::greet(gate, &mut stream)).await?? {
        Some(site) => raw::serve_site(gate, stream, site).await,
        None => stream.shutdown().await,
    }
}

#[cfg(test)]
mod tests;
