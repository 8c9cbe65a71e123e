//! The running connector.
//!
//! 1. [`Connector::start`] opens the store, makes the policy and starts the tasks below; from then on it needs
//!    nobody.
//! 2. The link task keeps one connection to the gateway for ever and starts a session for each device.
//! 3. The watch task notices what the command line changes and refreshes the policy, which cuts off who was revoked.
//! 4. The revoker tells the gateway about revocations, once the devices have left, until it has confirmed each.
//! 5. [`Running::shutdown`] ends them and writes the usage counters.

mod link;
mod revoker;
mod watcher;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use getrandom::SysRng;
use latchgate_link::dial::{DialError, Dialer};
use latchgate_link::rest::{InstanceAccount, Rest};
use latchgate_protocol::DeviceId;
use rand_core::TryRng as _;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::audit::{Audit, Event};
use crate::config::Config;
use crate::identity::Signer;
use crate::local::Local;
use crate::page::Pages;
use crate::policy::{PolicyBoard, PolicyError};
use crate::session::Shared;
use crate::store::{ServeLock, Store, StoreError};
use crate::usage::Usage;

/// Starts connectors.
#[derive(Debug)]
pub struct Connector;

/// A connector that runs until it is shut down.
#[derive(Debug)]
pub struct Running {
    core: Arc<Core>,
    tasks: TaskTracker,
    local: Option<SocketAddr>,
    _lock: ServeLock,
}

/// Why a connector did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Randomness,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A site cannot be used as it is declared.
    #[error("could not make the policy")]
    Policy(#[from] PolicyError),
    /// The way to the gateway cannot be prepared.
    #[error("could not prepare the connection to the gateway")]
    Dial(#[from] DialError),
    /// The loopback listener could not be opened.
    #[error("could not listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What the tasks share.
struct Core {
    store: Store,
    shared: Arc<Shared>,
    account: InstanceAccount,
    dialer: Dialer,
    rest: Rest,
    config: Config,
    /// How many times the connector was connected and subscribed.
    connections: watch::Sender<u64>,
    revocations: Notify,
    /// Set when the gateway's list of devices has news.
    look_at_list: AtomicBool,
    stop: CancellationToken,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Core({})", self.account.instance_id)
    }
}

impl Connector {
    /// Starts a connector on the identity in the configuration's data folder.
    ///
    /// # Errors
    /// [`StartError`] names why it must not run. A gateway that is not reachable is no reason.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        SysRng.try_fill_bytes(&mut [0; 32]).map_err(|_| StartError::Randomness)?;
        for warning in config.warnings() {
            warn!("{warning}");
        }
        let store = Store::open(&config.data)?;
        let lock = store.lock_for_serving()?;
        let account = store.account()?;
        let shared = Arc::new(Shared {
            store: store.clone(),
            board: PolicyBoard::new(&store, &config)?,
            usage: Usage::default(),
            audit: Audit::new(&store),
            signer: Signer::new(store.keys(), account.instance_id),
        });
        let dialer = Dialer::new(config.dial())?;
        let listener = listen(config.local).await?;
        let local = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let core = Arc::new(Core {
            store,
            shared,
            account,
            rest: Rest::new(dialer.clone()),
            dialer,
            config,
            connections: watch::Sender::default(),
            revocations: Notify::new(),
            look_at_list: AtomicBool::new(false),
            stop: CancellationToken::new(),
        });
        core.store.set_local(local)?;
        core.note(Event::ServeStarted, Vec::new()).await;
        let tasks = TaskTracker::new();
        tasks.spawn(link::run(Arc::clone(&core), tasks.clone()));
        tasks.spawn(watcher::run(Arc::clone(&core)));
        tasks.spawn(revoker::run(Arc::clone(&core)));
        if let Some(listener) = listener {
            let shared = Arc::clone(&core.shared);
            let pages = Pages::new(Arc::clone(&shared), core.rest.clone(), core.config.gateway.clone());
            tasks.spawn(crate::local::serve(listener, Arc::new(Local { shared, pages }), core.stop.clone()));
        }
        tasks.close();
        Ok(Running { core, tasks, local, _lock: lock })
    }
}

impl Running {
    /// Returns the store that the connector works on.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.core.store
    }

    /// Returns the REST interface of the gateway, for inviting devices.
    #[must_use]
    pub fn rest(&self) -> &Rest {
        &self.core.rest
    }

    /// Watches how many times the connector was connected and subscribed: 0 before the first time.
    #[must_use]
    pub fn connections(&self) -> watch::Receiver<u64> {
        self.core.connections.subscribe()
    }

    /// Waits until the connector is connected and subscribed for the first time.
    pub async fn connected(&self) {
        let mut connections = self.connections();
        drop(connections.wait_for(|count| *count > 0).await);
    }

    /// Returns where `/jwks.json` is served, if it is.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Ends all sessions and tasks, and writes what was counted.
    pub async fn shutdown(self) {
        self.core.stop.cancel();
        self.tasks.wait().await;
        self.core.flush_usage().await;
        self.core.note(Event::ServeStopped, Vec::new()).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}

impl Core {
    /// Runs work on the store where it may block.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Option<T> {
        let core = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&core)).await.ok()
    }

    async fn note(self: &Arc<Self>, event: Event, fields: Vec<(&'static str, String)>) {
        self.blocking(move |core| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            core.shared.audit.note(event, &fields);
        })
        .await;
    }

    async fn note_device(self: &Arc<Self>, event: Event, device_id: DeviceId) {
        self.blocking(move |core| core.shared.audit.note_caused(event, device_id, &[])).await;
    }

    async fn flush_usage(self: &Arc<Self>) {
        let flushed = self.blocking(|core| core.shared.usage.flush(&core.store)).await;
        if let Some(Err(error)) = flushed {
            error!(error = &error as &dyn std::error::Error, "the usage counters could not be written");
        }
    }

    /// Publishes what the store says; devices that it does not know any more are told and cut off.
    fn refresh(&self) {
        self.publish();
        self.revocations.notify_one();
    }

    fn publish(&self) {
        if let Err(error) = self.shared.board.refresh() {
            error!(error = &error as &dyn std::error::Error, "the policy could not be refreshed");
        }
    }
}

async fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else { return Ok(None) };
    TcpListener::bind(address).await.map(Some).map_err(|source| StartError::Listen { address, source })
}
