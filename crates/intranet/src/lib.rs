//! A sample intranet for the demo and the tests: what a small company might run behind its firewall.
//!
//! It trusts one request header, `X-Remote-User`, as the connector stamps it, and shows what a tunnel has to
//! carry well: a wiki that greets the person by name and keeps a history by person, an upload, a WebSocket
//! clock, server-sent events, a large file with ranges, a cookie login, and the same again over `https`
//! under a private certificate authority.
//!
//! 1. [`Intranet::start`] binds an `http` and an `https` listener and returns their addresses.
//! 2. Each request is noted ([`Running::requests`]), so that tests can prove what reached the upstream.
//! 3. Dropping [`Running`] closes both listeners and every open connection.

mod clock;
mod events;
mod html;
mod inspect;
pub mod large;
mod listen;
mod login;
mod markup;
mod person;
mod record;
mod secure;
mod socket;
mod tls;
mod trial;
mod upload;
mod wiki;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::middleware;
use axum::routing::{any, get, post, put};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use person::PERSON_HEADER;
pub use record::RequestRecord;
pub use trial::{Trial, TrialConfig, TrialSites};

/// How the sample intranet is started; [`Default`] serves from memory on two free loopback ports.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where `http` is served.
    pub listen: SocketAddr,
    /// Where `https` is served.
    pub https_listen: SocketAddr,
    /// Where pages and uploads are kept; `None` keeps pages in memory and only hashes uploads.
    pub data: Option<PathBuf>,
    /// Further host names in the `https` certificate; `localhost` and `127.0.0.1` are always in it.
    pub names: Vec<String>,
    /// Serves the pages of a trial as well.
    pub trial: Option<TrialConfig>,
}

impl Default for Config {
    fn default() -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen: any_port, https_listen: any_port, data: None, names: Vec::new(), trial: None }
    }
}

/// The sample intranet.
#[derive(Debug)]
pub struct Intranet;

/// A started intranet; dropping it ends every connection.
#[derive(Debug)]
pub struct Running {
    /// The bound `http` address.
    pub http_addr: SocketAddr,
    /// The bound `https` address.
    pub https_addr: SocketAddr,
    /// The certificate authority of the `https` site, as PEM.
    pub ca_pem: String,
    /// The trial, if there is one.
    pub trial: Option<Arc<Trial>>,
    site: Site,
    _stop: DropGuard,
}

/// What every handler can reach.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    wiki: Arc<wiki::Wiki>,
    uploads: Arc<upload::Uploads>,
    records: Arc<record::Records>,
    stop: CancellationToken,
}

impl Intranet {
    /// Binds both listeners and serves until the returned value is dropped.
    ///
    /// # Errors
    /// When an address cannot be bound, the data folder not be used, or no certificate be made.
    pub async fn start(mut config: Config) -> anyhow::Result<Running> {
        let stop = CancellationToken::new();
        let site = Site {
            wiki: Arc::new(wiki::Wiki::open(config.data.as_deref())?),
            uploads: Arc::new(upload::Uploads::open(config.data.as_deref())?),
            records: Arc::default(),
            stop: stop.clone(),
        };
        config.names.extend(config.trial.iter().flat_map(TrialConfig::hosts).map(str::to_owned));
        let identity = tls::Identity::make(&config.names).context("make the https certificate")?;
        let http = TcpListener::bind(config.listen).await.with_context(|| format!("listen on {}", config.listen))?;
        let https = TcpListener::bind(config.https_listen)
            .await
            .with_context(|| format!("listen on {}", config.https_listen))?;
        let trial = match config.trial {
            Some(config) => Some(serve_trial(config, &site, https.local_addr()?.port(), &identity).await?),
            None => None,
        };
        let router = |scheme| router(site.clone(), scheme, trial.clone());
        let running = Running {
            http_addr: http.local_addr()?,
            https_addr: https.local_addr()?,
            ca_pem: identity.ca_pem.clone(),
            trial: trial.clone(),
            site: site.clone(),
            _stop: stop.clone().drop_guard(),
        };
        let both = identity.acceptor(&["h2", "http/1.1"]);
        tokio::spawn(listen::serve(http, None, router(Scheme::Http), stop.clone()));
        tokio::spawn(listen::serve(https, Some(both), router(Scheme::Https), stop));
        Ok(running)
    }
}

/// Serves the sites of a trial that speak one protocol alone, on free ports.
async fn serve_trial(
    config: TrialConfig,
    site: &Site,
    both: u16,
    identity: &tls::Identity,
) -> anyhow::Result<Arc<Trial>> {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let old = TcpListener::bind(any_port).await.context("listen for the older site")?;
    let swift = TcpListener::bind(any_port).await.context("listen for the swift site")?;
    let ports = [both, old.local_addr()?.port(), swift.local_addr()?.port()];
    let trial = Arc::new(Trial::new(config, ports));
    let (stop, http1, http2) = (&site.stop, identity.acceptor(&["http/1.1"]), identity.acceptor(&["h2"]));
    let router = router(site.clone(), Scheme::Https, Some(Arc::clone(&trial)));
    tokio::spawn(listen::serve(old, Some(http1), router, stop.clone()));
    tokio::spawn(trial::swift::serve(swift, http2, Arc::clone(&trial), stop.clone()));
    Ok(trial)
}

impl Running {
    /// Returns the requests that arrived so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.site.records.all()
    }

    /// Returns the `http` origin, without a slash at the end.
    #[must_use]
    pub fn http_origin(&self) -> String {
        format!("http://{}", self.http_addr)
    }

    /// Returns the `https` origin, without a slash at the end.
    #[must_use]
    pub fn https_origin(&self) -> String {
        format!("https://{}", self.https_addr)
    }
}

/// How a request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

fn router(site: Site, scheme: Scheme, trial: Option<Arc<Trial>>) -> Router {
    let trial = trial.map(trial::router).unwrap_or_default();
    Router::new()
        .merge(trial)
        .route("/", get(wiki::home))
        .route("/me", get(wiki::own_page).post(wiki::save_own_page))
        .route("/wiki/{page}", get(wiki::page).post(wiki::save_page))
        .route("/wiki/{page}/edit", get(wiki::edit_page))
        .route("/wiki/{page}/history", get(wiki::page_history))
        .route("/upload", get(upload::form).post(upload::receive_form))
        .route("/upload/raw", put(upload::receive_raw).post(upload::receive_raw))
        .route("/clock", get(clock::page))
        .route("/clock/ws", any(clock::socket))
        .route("/events", get(events::page))
        .route("/events/stream", get(events::stream))
        .route("/files", get(large::page))
        .route("/files/large.bin", get(large::file))
        .route("/login", get(login::form).post(login::sign_in))
        .route("/logout", post(login::sign_out))
        .route("/secure", get(secure::page))
        .route("/sw.js", get(secure::service_worker))
        .route("/offline-probe", get(secure::probe))
        .route("/whoami", any(inspect::whoami))
        .route("/echo", any(inspect::echo))
        .route("/assets/{name}", get(html::asset))
        .fallback(html::not_found)
        .layer(middleware::from_fn_with_state(site.clone(), record::note))
        .layer(axum::Extension(scheme))
        .with_state(site)
}
