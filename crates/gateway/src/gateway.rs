//! Starting and stopping a gateway.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use getrandom::SysRng;
use latchgate_protocol::InstanceId;
use latchgate_protocol::control::Control;
use rand_core::UnwrapErr;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::bus::{Bus, BusError, Kind, Subject};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Limits};
use crate::hash::{HashPool, fingerprint};
use crate::limits::{DATABASE_CONNECTIONS, REVOCATIONS, STOP_TIMEOUT, SWEEP};
use crate::metrics::Metrics;
use crate::ops;
use crate::relay::Hub;
use crate::relay::reason::Reason;
use crate::server::{self, Admission};
use crate::store::{self, CheckReport, Store, StoreError};
use crate::throttle::{Bucket, SlowDown, Source, Throttle, Turns};
use crate::tls::Tls;

/// A gateway that is not running.
#[derive(Debug)]
pub struct Gateway;

/// A gateway that is running. Dropping it without [`Running::stop`] cuts every connection.
pub struct Running {
    address: SocketAddr,
    ops_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    tls: Option<Tls>,
    cancel: CancellationToken,
    tasks: TaskTracker,
    /// The bus ends last, so that what the others say at the end is heard elsewhere.
    last: CancellationToken,
    carrying: TaskTracker,
}

/// Why a running gateway stops; clients are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The node goes away and another one takes over: DISCONNECT 0x9D.
    Drain,
    /// The service ends: DISCONNECT 0x8B.
    ShutDown,
}

/// Why a gateway did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error("could not use the configuration")]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error("could not open the store")]
    Store(#[from] StoreError),
    /// The bus cannot be used.
    #[error("could not use the bus")]
    Bus(#[from] BusError),
    /// A file that the configuration names cannot be read.
    #[error("could not read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or key cannot be used.
    #[error("could not use the TLS certificate and key")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// The address cannot be bound.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gave no random bytes")]
    Randomness,
}

/// What every part of a running gateway uses.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) hashes: HashPool,
    pub(crate) throttles: Throttles,
    /// For claims of one setup key.
    pub(crate) turns: Turns,
    pub(crate) hub: Hub,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) admission: Arc<Admission>,
    /// The SHA-256 of the registration token, where one is wanted.
    pub(crate) registration: Option<[u8; 32]>,
    /// The relayed connections.
    pub(crate) relayed: TaskTracker,
}

/// All token buckets.
pub(crate) struct Throttles {
    pub(crate) logins_per_address: Throttle<Source>,
    pub(crate) logins_per_id: Throttle<[u8; 16]>,
    pub(crate) tickets_per_address: Throttle<Source>,
    pub(crate) claims_per_address: Throttle<Source>,
    pub(crate) takeovers_per_id: Throttle<[u8; 16]>,
    registrations_per_address: Throttle<Source>,
    registrations: Mutex<Bucket>,
}

/// The operating system's randomness.
pub(crate) const fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

impl Gateway {
    /// Starts a gateway on the current Tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] says what stands in the way.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        config.validate()?;
        getrandom::fill(&mut [0; 16]).map_err(|_| StartError::Randomness)?;
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let registration = config.registration_token_file.as_deref().map(read_token).transpose()?;
        let listener = listen(config.listen).await?;
        let ops_listener = match config.ops_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let place = config.clone();
        let store = tokio::task::spawn_blocking(move || open_store(&place));
        let store = store.await.map_err(|_| StoreError::Unavailable)??;
        let (bus, carrier) = match &config.bus.nats {
            Some(remote) => {
                let (bus, carrier) = Bus::connect(&remote.url("LATCHGATE_NATS_URL")?, remote).await?;
                (Some(Arc::new(bus)), Some(carrier))
            }
            None => (None, None),
        };
        let shared = Arc::new(Shared::new(config, store, registration, bus));
        shared.store.sweep(shared.clock.now()).await?;
        let seen = shared.store.last_revocation().await?;
        let running = Running::spawn(Arc::clone(&shared), (listener, tls), ops_listener);
        if let Some(carrier) = carrier {
            running.carrying.spawn(carrier.run(Arc::clone(&shared), running.last.clone()));
        }
        if shared.store.is_shared() {
            running.tasks.spawn(read_revocations(shared, seen, running.cancel.clone()));
        }
        Ok(running)
    }
}

impl Gateway {
    /// Checks the store of a configuration without changing it.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong.
    pub fn check(config: &Config) -> Result<CheckReport, StartError> {
        config.validate()?;
        Ok(match database(config)? {
            Some(server) => Store::check_server(&server)?,
            None => Store::check(&config.data)?,
        })
    }
}

fn open_store(config: &Config) -> Result<Store, StartError> {
    Ok(match database(config)? {
        Some(server) => Store::open_server(&server, DATABASE_CONNECTIONS)?,
        None => Store::open(&config.data)?,
    })
}

/// Reads where the PostgreSQL server is, if one is configured.
fn database(config: &Config) -> Result<Option<store::Server>, StartError> {
    let Some(remote) = &config.store.postgres else { return Ok(None) };
    let url = remote.url("LATCHGATE_POSTGRES_URL")?;
    Ok(Some(store::Server::new(&url, || Ok(remote.tls()?))?))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn read_token(path: &std::path::Path) -> Result<[u8; 32], StartError> {
    let refused = |source| StartError::File { path: path.into(), source };
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(refused)?);
    if text.trim().is_empty() {
        return Err(refused(std::io::Error::other("the file is empty")));
    }
    Ok(fingerprint(text.trim().as_bytes()))
}

impl Running {
    fn spawn(shared: Arc<Shared>, clients: (TcpListener, Option<Tls>), ops: Option<TcpListener>) -> Self {
        let (listener, tls) = clients;
        let local = |listener: &TcpListener| listener.local_addr().ok();
        let address = local(&listener).unwrap_or(shared.config.listen);
        let ops_address = ops.as_ref().and_then(local);
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (last, carrying) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(server::serve(Arc::clone(&shared), listener, tls.clone(), cancel.clone()));
        if let Some(tls) = tls.clone() {
            tasks.spawn(tls.watch(cancel.clone()));
        }
        tasks.spawn(sweep(Arc::clone(&shared), cancel.clone()));
        if let Some(listener) = ops {
            tasks.spawn(ops::serve(Arc::clone(&shared), listener, cancel.clone()));
        }
        info!(%address, "the gateway is ready");
        Self { address, ops_address, shared, tls, cancel, tasks, last, carrying }
    }

    /// Returns the address that clients connect to.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of health and metrics, where they are served.
    #[must_use]
    pub const fn ops_addr(&self) -> Option<SocketAddr> {
        self.ops_address
    }

    /// Returns the origin that clients are told: scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.shared.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Reads the TLS certificate and key again. New connections get them; the open ones go on.
    pub fn reload_certificate(&self) {
        if let Some(tls) = &self.tls {
            tls.reload();
        }
    }

    /// Stops with [`Stop::ShutDown`].
    pub async fn shutdown(self) {
        self.stop(Stop::ShutDown).await;
    }

    /// Says goodbye to every client, waits a little for them to hear it, and closes the store.
    pub async fn stop(self, stop: Stop) {
        info!(?stop, "the gateway stops");
        self.shared.hub.stop(match stop {
            Stop::Drain => Reason::ServerMoved,
            Stop::ShutDown => Reason::ShuttingDown,
        });
        self.cancel.cancel();
        self.tasks.close();
        self.shared.relayed.close();
        let ended = async {
            self.shared.relayed.wait().await;
            self.tasks.wait().await;
        };
        if timeout(STOP_TIMEOUT, ended).await.is_err() {
            warn!("some connections did not end in time");
        }
        self.last.cancel();
        self.carrying.close();
        self.carrying.wait().await;
        // Connections that outlive the wait hold on to the store; it closes under them, and frees its folder.
        let shared = Arc::clone(&self.shared);
        if tokio::task::spawn_blocking(move || shared.store.close()).await.is_err() {
            error!("the store did not close");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.hub.stop(Reason::ShuttingDown);
        self.cancel.cancel();
        self.last.cancel();
    }
}

/// Closes the devices that other nodes revoked, in case the bus did not say so.
async fn read_revocations(shared: Arc<Shared>, mut seen: i64, cancel: CancellationToken) {
    let mut ticks = interval(REVOCATIONS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match shared.store.revocations_after(seen).await {
            Ok(revocations) => {
                for (number, instance_id, device_id) in revocations {
                    shared.hub.revoke(instance_id, device_id);
                    seen = number;
                }
            }
            Err(error) => error!(error = &error as &dyn std::error::Error, "could not read the revocations"),
        }
    }
}

async fn sweep(shared: Arc<Shared>, cancel: CancellationToken) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = shared.store.sweep(shared.clock.now()).await {
            error!(error = &error as &dyn std::error::Error, "could not remove what has expired");
        }
    }
}

impl Shared {
    fn new(config: Config, store: Store, registration: Option<[u8; 32]>, bus: Option<Arc<Bus>>) -> Self {
        let metrics = Arc::new(Metrics::default());
        Self {
            clock: config.clock.clone(),
            store,
            hashes: HashPool::new(config.pbkdf2_iterations, Arc::clone(&metrics)),
            throttles: Throttles::new(&config.limits),
            turns: Turns::default(),
            hub: Hub::new(&config.limits, Arc::clone(&metrics), bus),
            admission: Arc::new(Admission::new(&config.limits, Arc::clone(&metrics))),
            metrics,
            registration,
            relayed: TaskTracker::new(),
            config,
        }
    }

    /// Tells a connector of the codes that two devices claimed, once, when it can hear it.
    pub(crate) async fn announce_conflicts(&self, instance_id: InstanceId) {
        if !self.hub.takes_control(instance_id) {
            if let Some(bus) = self.hub.bus() {
                bus.say(Subject::Instance(instance_id), Kind::Conflicts, &[]);
            }
            return;
        }
        match self.store.take_conflicts(instance_id).await {
            Ok(devices) => {
                for device_id in devices {
                    self.hub.control(instance_id, &Control::ClaimConflict { device_id });
                }
            }
            Err(error) => error!(error = &error as &dyn std::error::Error, "could not look for claim conflicts"),
        }
    }
}

impl Throttles {
    fn new(limits: &Limits) -> Self {
        Self {
            logins_per_address: Throttle::new(limits.logins_per_address),
            logins_per_id: Throttle::new(limits.logins_per_id),
            tickets_per_address: Throttle::new(limits.tickets_per_address),
            claims_per_address: Throttle::new(limits.claims_per_address),
            takeovers_per_id: Throttle::new(limits.takeovers_per_id),
            registrations_per_address: Throttle::new(limits.registrations_per_address),
            registrations: Mutex::new(Bucket::full(limits.registrations)),
        }
    }

    /// Takes one registration, of the address and of all.
    pub(crate) fn take_registration(&self, source: Source, limits: &Limits) -> Result<(), SlowDown> {
        self.registrations_per_address.take(source)?;
        self.registrations.lock().unwrap_or_else(PoisonError::into_inner).take(limits.registrations)
    }
}
