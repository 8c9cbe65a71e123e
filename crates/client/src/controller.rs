//! Decides what happens to one profile: pairing, unlocking, locking, forgetting.
//!
//! 1. Commands run one at a time. Each changes what is durable first, then what runs, then the view.
//! 2. [`Open`] is everything that exists only while the vault is open; dropping it closes the tunnel and the
//!    proxy and wipes the keys.
//! 3. A lock takes effect at once, whatever command is under way; a command that opens the vault meanwhile
//!    finds that it was overtaken and leaves it closed.

mod backup;
mod binding;
mod contact;
mod keeping;
mod leaving;
mod locking;
mod moving;
mod pairing;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use latchgate_protocol::origin::PlainHttp;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;
use tracing::warn;

use self::locking::locked;
use crate::board::{Board, pairing};
use crate::client::{
    ClientConfig, ClientError, EraseWebData, IdleLock, ProfileName, ProxyEndpoint, ProxyOptions, UnlockSecret,
};
use crate::clocks::Clocks;
use crate::connection::{Connection, Shared};
use crate::contact::{ContactDesk, Due};
use crate::drawer::Drawer;
use crate::establish::Establisher;
use crate::failure::{Failure, Fault};
use crate::farewell::{Farewell, forget_end, read_end};
use crate::network::Network;
use crate::profile::{Place, Profile, ProfileFolder};
use crate::proxy::{Behind, Proxy, Spoken};
use crate::rotation::RotationDesk;
use crate::uplink::Uplink;
use crate::vault::contents::{Active, Contents};
use crate::vault::tries::Tries;
use crate::vault::{FileStore, KeyStore, Shelf, StoreError, Vault, VaultError};
use crate::view::{KeychainState, LockCause, PairingStep, Screen, UnlockMethod};

/// The decisions about one profile.
pub(crate) struct Controller {
    this: Weak<Self>,
    name: ProfileName,
    device_label: String,
    plain_http: PlainHttp,
    store: Arc<dyn KeyStore>,
    network: Arc<dyn Network>,
    web_data: Option<EraseWebData>,
    folder: Arc<ProfileFolder>,
    board: Arc<Board>,
    /// Held by the one command that is under way.
    command: tokio::sync::Mutex<()>,
    open: Mutex<Option<Open>>,
    tries: Mutex<Tries>,
    proxy_options: Mutex<ProxyOptions>,
    /// Tasks of vaults that were closed, which hold keys until they are gone.
    closing: Mutex<Vec<JoinHandle<()>>>,
    /// Counts locks, so that a command notices one that overtook it.
    locks: AtomicU64,
    /// Why the vault is closed.
    cause: Mutex<LockCause>,
    idle: IdleLock,
    /// When somebody last used the device.
    used: Mutex<Clocks>,
    /// When the company last answered.
    contact: Arc<ContactDesk>,
    /// The bound key was found to be dropped.
    unbound: AtomicBool,
    /// The words of the proxy's own pages.
    words: Arc<Spoken>,
    /// Whether little data shall move.
    low_data: Arc<AtomicBool>,
}

/// What exists while the vault is open.
struct Open {
    vault: Arc<tokio::sync::Mutex<Vault>>,
    profile: Arc<Mutex<Profile>>,
    uplink: Arc<Uplink>,
    sites: Arc<crate::catalogue::Sites>,
    wake: Arc<Notify>,
    rotation: Arc<RotationDesk>,
    drawer: Arc<Drawer>,
    connection: Option<JoinHandle<()>>,
    proxy: Option<Proxy>,
    idle: Option<AbortHandle>,
    /// Writes what pages left behind.
    keeping: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.abort();
        }
        if let Some(idle) = &self.idle {
            idle.abort();
        }
        self.keeping.abort();
    }
}

/// How far the pairing in an open vault is.
#[expect(clippy::large_enum_variant, reason = "one value, alive for the length of a function")]
enum Stage {
    Unfinished,
    /// Complete, and the last screen was not left yet.
    Unconfirmed(Active),
    Complete,
}

impl Controller {
    /// Takes the profile's folder and shows what lies there.
    pub(crate) fn open(config: ClientConfig, network: Arc<dyn Network>) -> Result<Arc<Self>, ClientError> {
        let runtime = Handle::try_current().map_err(|_| ClientError::NoRuntime)?;
        let folder = ProfileFolder::take(config.data_dir.join(config.profile.as_str()))?;
        let profile = folder.read()?;
        let start = |profile: &Profile| locked(&fresh(), profile.method, LockCause::Start);
        let screen = profile.as_ref().map_or(Screen::Welcome, start);
        let board = Board::new(screen, profile.as_ref().map(|profile| profile.view(None)));
        let controller = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            name: config.profile,
            device_label: config.device_label,
            plain_http: config.plain_http,
            store: Arc::from(config.store),
            network,
            web_data: config.web_data,
            folder: Arc::new(folder),
            board: Arc::new(board),
            command: tokio::sync::Mutex::new(()),
            open: Mutex::new(None),
            tries: Mutex::new(fresh()),
            proxy_options: Mutex::default(),
            closing: Mutex::default(),
            locks: AtomicU64::new(0),
            cause: Mutex::new(LockCause::Start),
            idle: config.idle,
            used: Mutex::new(Clocks::now()),
            contact: Arc::default(),
            unbound: AtomicBool::new(false),
            words: Arc::default(),
            low_data: Arc::default(),
        });
        controller.contact.begin(profile.as_ref().and_then(|profile| profile.contact.clone()), &Clocks::now());
        controller.show_settings(&profile.as_ref().map(|profile| profile.settings.clone()).unwrap_or_default());
        if let Some(profile) = &profile {
            controller.board.set_method(profile.method, profile.bound);
        } else {
            controller.board.set_ended(read_end(controller.folder.path()).map(Fault::failure));
        }
        if let Some(farewell) = Farewell::read(controller.folder.path()) {
            let leaving = Arc::clone(&controller);
            drop(runtime.spawn(async move { leaving.leave(&farewell).await }));
            return Ok(controller);
        }
        let looking = Arc::clone(&controller);
        drop(runtime.spawn(async move {
            looking.look_around(profile).await;
            looking.follow_contact();
        }));
        Ok(controller)
    }

    /// Finds out what the first screen should know: whether the keychain works, how many tries were wrong.
    async fn look_around(&self, profile: Option<Profile>) {
        let _one_at_a_time = self.command.lock().await;
        if !matches!(self.board.view().screen, Screen::Welcome | Screen::Locked { .. }) {
            return;
        }
        match profile {
            None if self.store.guards() => {
                let probed = self.shelf(Place::Store).probe().await;
                self.board.set_keychain(keychain_state(&probed));
            }
            Some(profile) if profile.method == UnlockMethod::Passphrase => {
                if let Ok(tries) = self.shelf(profile.place).read_tries().await {
                    *self.tries() = tries;
                    self.show_locked(profile.method);
                }
            }
            None | Some(_) => {}
        }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    pub(crate) async fn unlock(&self, secret: UnlockSecret) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        if self.vault().is_some() {
            return Ok(());
        }
        let unpaired = || self.board.view().ended.unwrap_or_else(|| Fault::NotPaired.failure());
        let profile = self.read_profile()?.ok_or_else(unpaired)?;
        let locks = self.locks.load(Ordering::SeqCst);
        self.board.set_screen(Screen::Unlocking);
        match self.open_with(secret, &profile).await {
            Ok(vault) if self.contact.unseal(vault.contents().contact().cloned(), &Clocks::now()) == Due::Erase => {
                drop(vault);
                Err(self.erase_overdue(&profile).await)
            }
            Ok(vault) => self.install(vault, profile, locks).await,
            Err(VaultError::Spent) => self.erase_spent(&profile).await,
            Err(error) => {
                if matches!(error, VaultError::Unbound) {
                    self.unbound.store(true, Ordering::SeqCst);
                }
                if let Some(state) = error.keychain_state()
                    && profile.place == Place::Store
                    && self.store.guards()
                {
                    self.board.set_keychain(state);
                }
                self.show_locked(profile.method);
                Err((&error).into())
            }
        }
    }

    async fn open_with(&self, secret: UnlockSecret, profile: &Profile) -> Result<Vault, VaultError> {
        let shelf = self.shelf(profile.place);
        let mut tries = self.tries().clone();
        if tries.failed() == 0 {
            // Another process may have counted meanwhile.
            tries = shelf.read_tries().await?;
        }
        let opened = Vault::open(shelf, secret, &mut tries).await;
        *self.tries() = tries;
        opened
    }

    /// Puts an open vault to use, unless a lock overtook its opening.
    async fn install(&self, vault: Vault, profile: Profile, locks: u64) -> Result<(), Failure> {
        let method = profile.method;
        self.board.set_profile(Some(profile.view(None)));
        self.board.set_method(method, profile.bound);
        self.show_settings(&profile.settings);
        self.board.set_away(self.contact.view(&Clocks::now()));
        self.board.set_ended(None);
        if let Err(error) = forget_end(self.folder.path()) {
            warn!(%error, "the end of an earlier pairing was not forgotten");
        }
        let vault = Arc::new(tokio::sync::Mutex::new(vault));
        let stage = stage(&vault).await;
        let drawer = Arc::new(self.open_drawer(vault.lock().await.contents().static_key()));
        let open = Open {
            vault,
            profile: Arc::new(Mutex::new(profile)),
            uplink: Arc::default(),
            sites: Arc::default(),
            wake: Arc::default(),
            rotation: Arc::default(),
            keeping: keeping::keep_writing(&drawer),
            drawer,
            connection: None,
            proxy: None,
            idle: self.follow_idleness(),
        };
        {
            let mut slot = self.opened();
            if self.locks.load(Ordering::SeqCst) != locks {
                drop(slot);
                self.show_locked(method);
                return Err(Fault::Locked.failure());
            }
            *slot = Some(open);
        }
        self.follow_rules().await;
        match stage {
            Stage::Unfinished => {
                self.board.set_screen(pairing(PairingStep::Connecting));
                self.start_connection(true);
                Ok(())
            }
            Stage::Unconfirmed(active) => {
                self.show_paired(&active);
                self.start_connection(false);
                Ok(())
            }
            Stage::Complete => {
                self.start_connection(false);
                self.open_portal().await
            }
        }
    }

    /// Opens the proxy and shows the portal.
    async fn open_portal(&self) -> Result<(), Failure> {
        let behind = self.opened().as_ref().map(|open| Behind {
            sites: Arc::clone(&open.sites),
            uplink: Arc::clone(&open.uplink),
            words: Arc::clone(&self.words),
            low_data: Arc::clone(&self.low_data),
        });
        let Some(behind) = behind else { return Err(Fault::Locked.failure()) };
        let (listen, credentials) = {
            let options = self.proxy_options.lock().unwrap_or_else(PoisonError::into_inner);
            (options.listen, options.credentials().map_err(|_| Fault::NoRandomness.failure())?)
        };
        let proxy = Proxy::start(listen, credentials, behind).await.map_err(|error| {
            warn!(%error, "the proxy did not start");
            self.lock(LockCause::Person);
            Fault::ProxyFailed.failure()
        })?;
        let mut slot = self.opened();
        let Some(open) = slot.as_mut() else { return Err(Fault::Locked.failure()) };
        open.proxy = Some(proxy);
        self.board.set_screen(Screen::Portal);
        Ok(())
    }

    /// Starts the task that keeps the connection; it replaces an earlier one.
    fn start_connection(&self, unfinished: bool) {
        let mut slot = self.opened();
        let Some(open) = slot.as_mut() else { return };
        let establisher = Establisher {
            network: Arc::clone(&self.network),
            vault: Arc::clone(&open.vault),
            plain_http: self.plain_http,
            ticket: None,
        };
        let shared = Shared {
            board: Arc::clone(&self.board),
            uplink: Arc::clone(&open.uplink),
            sites: Arc::clone(&open.sites),
            wake: Arc::clone(&open.wake),
            folder: Arc::clone(&self.folder),
            profile: Arc::clone(&open.profile),
            rotation: Arc::clone(&open.rotation),
            contact: Arc::clone(&self.contact),
            drawer: Arc::clone(&open.drawer),
            low_data: Arc::clone(&self.low_data),
        };
        let mut connection = Connection::new(establisher, shared);
        let this = Weak::clone(&self.this);
        let task = tokio::spawn(async move {
            let mut first = None;
            if unfinished {
                let Some(established) = connection.pair().await else { return };
                let Some(controller) = this.upgrade() else { return };
                controller.handle_paired().await;
                first = Some(established);
            }
            let goodbye = connection.keep(first).await;
            let Some(controller) = this.upgrade() else { return };
            // In a task of its own: erasing ends this one.
            drop(tokio::spawn(async move { controller.handle_goodbye(goodbye).await }));
        });
        if let Some(earlier) = open.connection.replace(task) {
            earlier.abort();
        }
    }

    pub(crate) fn proxy(&self) -> Option<ProxyEndpoint> {
        self.opened().as_ref()?.proxy.as_ref().map(|proxy| proxy.endpoint().clone())
    }

    pub(crate) fn can_hold_transfer(&self, address: &str) -> bool {
        let open = self.opened();
        let proxy = open.as_ref().and_then(|open| open.proxy.as_ref());
        proxy.is_some_and(|proxy| proxy.transfers().can_hold(address))
    }

    pub(crate) fn hold_transfer(&self, address: &str, held: bool) -> bool {
        let open = self.opened();
        let proxy = open.as_ref().and_then(|open| open.proxy.as_ref());
        proxy.is_some_and(|proxy| proxy.transfers().hold(address, held))
    }

    pub(crate) fn set_proxy_options(&self, options: ProxyOptions) {
        *self.proxy_options.lock().unwrap_or_else(PoisonError::into_inner) = options;
    }

    pub(crate) fn wake(&self) {
        if let Some(open) = self.opened().as_ref() {
            open.wake.notify_one();
        }
    }

    fn shelf(&self, place: Place) -> Shelf {
        let store = match place {
            Place::Store => Arc::clone(&self.store),
            Place::Folder => Arc::new(FileStore::new(self.folder.path())),
        };
        Shelf::new(store, self.name.as_str())
    }

    fn read_profile(&self) -> Result<Option<Profile>, Failure> {
        self.folder.read().map_err(|error| {
            warn!(%error, "the profile cannot be read");
            Fault::KeychainCorrupt.failure()
        })
    }

    fn profile_of(&self, open: &Open) -> Profile {
        open.profile.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn open_vault(&self) -> Result<Arc<tokio::sync::Mutex<Vault>>, Failure> {
        self.vault().ok_or_else(|| match self.board.view().screen {
            Screen::Welcome => Fault::NotPaired.failure(),
            Screen::Pairing { .. } | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => {
                Fault::Locked.failure()
            }
        })
    }

    fn vault(&self) -> Option<Arc<tokio::sync::Mutex<Vault>>> {
        self.opened().as_ref().map(|open| Arc::clone(&open.vault))
    }

    fn opened(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnlockSecret {
    const fn method(&self) -> UnlockMethod {
        match self {
            Self::Passphrase(_) => UnlockMethod::Passphrase,
            Self::Biometric(_) => UnlockMethod::Biometric,
            Self::FileKey(_) => UnlockMethod::FileKey,
            Self::None => UnlockMethod::None,
        }
    }
}

async fn stage(vault: &tokio::sync::Mutex<Vault>) -> Stage {
    match vault.lock().await.contents() {
        Contents::Claiming(_) | Contents::Claimed(_) | Contents::Pending(_) => Stage::Unfinished,
        Contents::Active(active) if active.check_code.is_some() => Stage::Unconfirmed(active.clone()),
        Contents::Active(_) => Stage::Complete,
    }
}

fn fresh() -> Tries {
    Tries::read(None, Instant::now())
}

const fn keychain_state(probed: &Result<(), StoreError>) -> KeychainState {
    match probed {
        Ok(()) => KeychainState::Available,
        Err(error) => error.keychain_state(),
    }
}

#[cfg(test)]
mod tests;
