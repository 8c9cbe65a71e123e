//! The public face of a device: [`Client`].

mod pages;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use latchgate_link::dial::TlsRoots;
use latchgate_picture::PictureError;
use latchgate_protocol::origin::PlainHttp;
use thiserror::Error;
use tokio::sync::watch;
use zeroize::Zeroizing;

pub use self::pages::{Login, SameSite};
use crate::catalogue::{Scheme, Sites};
use crate::code;
use crate::controller::Controller;
use crate::failure::{Failure, Fault};
use crate::network::Internet;
use crate::presence::PresenceEvent;
use crate::profile;
use crate::proxy::{Authority, Credentials};
use crate::vault::KeyStore;
use crate::view::{AppView, CodeView, DeviceView, LockCause, ProfileView, Settings};

/// The name of a profile: lower-case letters, digits, `-` and `_`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileName(String);

impl ProfileName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`ClientError::ProfileName`] when it has other characters or another length.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if fits { Ok(Self(text.to_owned())) } else { Err(ClientError::ProfileName) }
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client works with.
pub struct ClientConfig {
    /// Where the profile's files lie; created when missing.
    pub data_dir: PathBuf,
    /// Which profile.
    pub profile: ProfileName,
    /// Where the sealed blob lies.
    pub store: Box<dyn KeyStore>,
    /// Whether plain `http` gateways are allowed.
    pub plain_http: PlainHttp,
    /// What the company calls this device.
    pub device_label: String,
    /// How the gateway's certificate is checked.
    pub roots: TlsRoots,
    /// Whether an open vault closes by itself.
    pub idle: IdleLock,
    /// Erases what pages of the company kept for this profile: cookies, cache, downloads. Called where it may
    /// block, before the keys are erased, and again after a crash.
    pub web_data: Option<EraseWebData>,
}

/// Whether an open vault closes after some time without use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleLock {
    /// As the person chose in the settings; [`Client::touch`] says that somebody is there.
    BySettings,
    /// Never: a program that serves others has nobody who touches it.
    Never,
}

/// Erases the web data of a profile; erasing what is gone already is no error.
pub type EraseWebData = Arc<dyn Fn() -> std::io::Result<()> + Send + Sync>;

/// What opens the vault, or seals it first.
pub enum UnlockSecret {
    /// A passphrase.
    Passphrase(Zeroizing<String>),
    /// A key that the system bound to a finger or a face.
    Biometric(Zeroizing<Vec<u8>>),
    /// A random key of 32 bytes that a file outside of the profile's folder holds.
    FileKey(Zeroizing<Vec<u8>>),
    /// A random key that lies in the keychain.
    None,
}

/// Why a client cannot be opened.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The profile's name has other characters or another length.
    #[error("expected a profile name of 1 to 64 lower-case letters, digits, - and _")]
    ProfileName,
    /// Another process has the profile open.
    #[error("the profile is in use by another process")]
    InUse,
    /// The folder cannot be used.
    #[error("cannot use the data folder")]
    Io(#[from] std::io::Error),
    /// The profile's description is damaged.
    #[error("the description of the profile is damaged")]
    Corrupt,
    /// The proxy was asked to listen where other machines reach it.
    #[error("the proxy listens on loopback addresses only")]
    NotLoopback,
    /// Called outside a tokio runtime.
    #[error("a client needs a tokio runtime")]
    NoRuntime,
}

/// How the loopback proxy is opened, for scripts that rely on it.
pub struct ProxyOptions {
    /// A loopback address; port 0 means any.
    pub listen: SocketAddr,
    /// The user and password to keep; without them new ones are made at each unlock.
    pub credentials: Option<(String, Zeroizing<String>)>,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into(), credentials: None }
    }
}

/// Where the loopback proxy listens and what it asks for, until the next lock.
#[derive(Clone)]
pub struct ProxyEndpoint {
    /// Always a loopback address.
    pub addr: SocketAddr,
    /// The user name for HTTP Basic and SOCKS5.
    pub user: String,
    /// The password for both.
    pub password: Zeroizing<String>,
    /// The certificate authority of this unlock, as PEM. It is trusted by the intranet view alone.
    pub ca_pem: String,
    pub(crate) authority: Arc<Authority>,
    pub(crate) sites: Arc<Sites>,
}

impl ProxyEndpoint {
    /// Returns the certificate (PEM) that the proxy shows for a site's host until the next lock.
    #[must_use]
    pub fn certificate_pem(&self, host: &str) -> Option<String> {
        self.authority.certificate_pem(host).ok().map(|pem| pem.to_string())
    }

    /// Returns the certificates (PEM) of the company's own authority that may vouch for this `https` site, and for no
    /// other. Only sites whose bytes pass untouched have some.
    #[must_use]
    pub fn site_ca(&self, host: &str, port: u16) -> Option<String> {
        self.sites.load().find(Scheme::Https, host, port)?.ca.clone()
    }
}

impl std::fmt::Debug for ProxyEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProxyEndpoint({})", self.addr)
    }
}

/// One device: the controller of one profile. Clones share it; the last one to go closes everything.
///
/// Methods return quickly; what takes long goes on behind them and shows in the view.
#[derive(Clone)]
pub struct Client {
    controller: Arc<Controller>,
    plain_http: PlainHttp,
}

impl Client {
    /// Opens a profile inside a tokio runtime. Nothing is sent.
    ///
    /// # Errors
    /// [`ClientError`] when the folder cannot be used or another process has it.
    pub fn open(config: ClientConfig) -> Result<Self, ClientError> {
        let plain_http = config.plain_http;
        let network = Arc::new(Internet::new(config.roots.clone()));
        Controller::open(config, network).map(|controller| Self::over(controller, plain_http))
    }

    pub(crate) const fn over(controller: Arc<Controller>, plain_http: PlainHttp) -> Self {
        Self { controller, plain_http }
    }

    /// Describes a profile without opening it, so that another process may have it open.
    ///
    /// # Errors
    /// [`ClientError`] when the description cannot be read.
    pub fn describe(data_dir: &Path, profile: &ProfileName) -> Result<Option<ProfileView>, ClientError> {
        let described = profile::read(&data_dir.join(profile.as_str()))?;
        Ok(described.map(|profile| profile.view(None)))
    }

    /// Returns the present view.
    #[must_use]
    pub fn view(&self) -> AppView {
        self.controller.board().view()
    }

    /// Returns a receiver of every later view.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<AppView> {
        self.controller.board().watch()
    }

    /// Reads a pairing code. Nothing is sent.
    ///
    /// # Errors
    /// What is wrong with the code.
    pub fn inspect_code(&self, text: &str) -> Result<CodeView, Failure> {
        code::read(text, self.plain_http).map(|code| code::view(&code))
    }

    /// Finds the text of a pairing code in a picture (PNG, JPEG, WebP, BMP, GIF).
    ///
    /// # Errors
    /// `picture-unreadable` or `picture-no-code`.
    pub async fn read_picture(&self, bytes: Vec<u8>) -> Result<Zeroizing<String>, Failure> {
        let searched = tokio::task::spawn_blocking(move || latchgate_picture::read_file(bytes)).await;
        let searched = searched.unwrap_or(Err(PictureError::NotStarted));
        searched.map_err(|error| Fault::from(error).failure())
    }

    /// Finds the text of a pairing code in a camera frame of `width * height` grey values. Blocks for at
    /// most 200 ms.
    ///
    /// # Errors
    /// `picture-unreadable` or `picture-no-code`.
    pub fn read_luma(&self, width: u32, height: u32, luma: &[u8]) -> Result<Zeroizing<String>, Failure> {
        latchgate_picture::read_luma(width, height, luma).map_err(|error| Fault::from(error).failure())
    }

    /// Begins a pairing and returns once it is durable that it began; the view shows its progress. `secret`
    /// seals the vault that is made.
    ///
    /// # Errors
    /// What is wrong with the code or the key store; nothing was sent then.
    pub async fn pair(&self, text: &str, secret: UnlockSecret) -> Result<(), Failure> {
        self.controller.pair(text, secret).await
    }

    /// Tells whether the unfinished pairing of an open vault began with this code.
    pub async fn began_with(&self, text: &str) -> bool {
        self.controller.began_with(text).await
    }

    /// Goes on with an interrupted pairing of an open vault.
    ///
    /// # Errors
    /// `locked`, `not-paired`, `already-paired`.
    pub async fn resume_pairing(&self) -> Result<(), Failure> {
        self.controller.resume_pairing().await
    }

    /// Gives an unfinished or unconfirmed pairing up and erases what it made.
    ///
    /// # Errors
    /// `already-paired` once the pairing is complete; see [`Client::forget`].
    pub async fn cancel_pairing(&self) -> Result<(), Failure> {
        self.controller.cancel_pairing().await
    }

    /// The person compared the check code (or went on from the last pairing screen): show the portal.
    ///
    /// # Errors
    /// `locked`, `pairing-unfinished`, or those of the vault.
    pub async fn confirm_check_code(&self) -> Result<(), Failure> {
        self.controller.confirm_check_code().await
    }

    /// Opens the vault and connects; an unfinished pairing goes on.
    ///
    /// # Errors
    /// `wrong-passphrase`, `too-many-attempts`, or those of the keychain.
    pub async fn unlock(&self, secret: UnlockSecret) -> Result<(), Failure> {
        self.controller.unlock(secret).await
    }

    /// Lets a key that the system bound to a finger or a face open a vault that has a passphrase, too; anew where
    /// the system dropped the earlier one.
    ///
    /// # Errors
    /// `locked`, `wrong-method` where the vault has no passphrase, or those of the key store.
    pub async fn bind(&self, bound: Zeroizing<Vec<u8>>) -> Result<(), Failure> {
        self.controller.bind(bound).await
    }

    /// Leaves the passphrase as the only way in.
    ///
    /// # Errors
    /// `locked`, or those of the key store.
    pub async fn unbind(&self) -> Result<(), Failure> {
        self.controller.unbind().await
    }

    /// The system dropped the bound key, because the fingers or faces that it knows are others. Returns what the
    /// person can do; nothing is deleted.
    #[must_use]
    pub fn bound_key_dropped(&self) -> Failure {
        self.controller.bound_key_dropped()
    }

    /// Tells whether the bound key was found to be dropped since the vault was last bound: after an unlock by the
    /// passphrase it is to be bound anew.
    #[must_use]
    pub fn wants_binding(&self) -> bool {
        self.controller.wants_binding()
    }

    /// Closes the tunnel and the proxy and drops the keys from memory.
    pub fn lock(&self) {
        self.controller.lock(LockCause::Person);
    }

    /// Waits until the connection that [`Client::lock`] has ended is gone, and the vault's keys with it.
    pub async fn closed(&self) {
        self.controller.closed().await;
    }

    /// Locks, and says on the screen why.
    pub fn lock_because(&self, cause: LockCause) {
        self.controller.lock(cause);
    }

    /// Heeds what the system says about the person. Sleep always locks, a locked screen where that was chosen;
    /// the return of the person only looks after the connection.
    pub fn heed(&self, event: PresenceEvent) {
        match event {
            PresenceEvent::Left(LockCause::Screen) if !self.view().settings.lock_with_screen => {}
            PresenceEvent::Left(cause) => self.lock_because(cause),
            PresenceEvent::Back => self.wake(),
        }
    }

    /// Somebody uses the device: the time without use begins anew.
    pub fn touch(&self) {
        self.controller.touch();
    }

    /// Makes a backup of the open profile under a passphrase of its own. Whoever has both is this device, until the
    /// company notices that there are two.
    ///
    /// # Errors
    /// `backups-off`, `weak-passphrase`, `locked`, `pairing-unfinished`.
    pub async fn back_up(&self, passphrase: Zeroizing<String>) -> Result<Vec<u8>, Failure> {
        self.controller.back_up(passphrase).await
    }

    /// Makes this unpaired profile the device that a backup holds, sealed under `secret`.
    ///
    /// # Errors
    /// `backup-unreadable`, `backup-passphrase`, `already-paired`, or those of the key store.
    pub async fn restore(
        &self,
        backup: &[u8],
        passphrase: Zeroizing<String>,
        secret: UnlockSecret,
    ) -> Result<(), Failure> {
        self.controller.restore(backup, passphrase, secret).await
    }

    /// Changes what the person chose for this profile.
    ///
    /// # Errors
    /// `locked`, `bad-setting`, `storage-failed`, or those of the key store.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), Failure> {
        self.controller.set_settings(settings).await
    }

    /// Writes what the person chose for this profile, for another device; no key is in it.
    ///
    /// # Errors
    /// `not-paired`.
    pub fn export_settings(&self) -> Result<Vec<u8>, Failure> {
        self.controller.export_settings()
    }

    /// Takes over what the person chose on another device, as far as the company allows.
    ///
    /// # Errors
    /// `settings-unreadable`, or those of [`Client::set_settings`].
    pub async fn import_settings(&self, file: &[u8]) -> Result<(), Failure> {
        self.controller.import_settings(file).await
    }

    /// Replaces the device's key while its pages stay open, and returns when the next one is in use. The company
    /// asks for it every 30 days by itself.
    ///
    /// # Errors
    /// `locked`, `pairing-unfinished`, or why there is no connection; the key in use stays then.
    pub async fn rotate(&self) -> Result<(), Failure> {
        self.controller.rotate().await
    }

    /// Removes the pairing, keys and all, from this device. The company keeps its side until it revokes.
    ///
    /// # Errors
    /// `not-paired`, or those of the key store.
    pub async fn forget(&self) -> Result<(), Failure> {
        self.controller.forget().await
    }

    /// Lists the devices of the person whom this device belongs to.
    ///
    /// # Errors
    /// `locked`, or why the company does not answer.
    pub async fn devices(&self) -> Result<Vec<DeviceView>, Failure> {
        self.controller.devices().await
    }

    /// Ends the pairing of one of the person's devices, a lost one for example; with `wipe` it is also ordered to
    /// erase itself, now or when it is next online.
    ///
    /// # Errors
    /// `device-unknown`, `locked`, or why the company does not answer.
    pub async fn revoke_device(&self, id: &str, wipe: bool) -> Result<(), Failure> {
        self.controller.revoke_device(id, wipe).await
    }

    /// Says that a new device of the person shows this check code.
    ///
    /// # Errors
    /// `check-code-differs`, `device-unknown`, `not-confirmed` where only an administrator may say so.
    pub async fn confirm_device(&self, id: &str, check_code: &str) -> Result<(), Failure> {
        self.controller.confirm_device(id, check_code).await
    }

    /// Says that a new device shows another check code, or is nobody's: it is revoked, and its code is void.
    ///
    /// # Errors
    /// `device-unknown`, `locked`, or why the company does not answer.
    pub async fn deny_device(&self, id: &str) -> Result<(), Failure> {
        self.controller.deny_device(id).await
    }

    /// Tells whether the company ended the pairing and is still to hear that this device erased itself.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.controller.is_leaving()
    }

    /// Returns where the proxy listens while the portal is open.
    #[must_use]
    pub fn proxy(&self) -> Option<ProxyEndpoint> {
        self.controller.proxy()
    }

    /// Tells whether the answer of an address is under way and can be held: the site gives parts of it.
    #[must_use]
    pub fn can_hold_transfer(&self, address: &str) -> bool {
        self.controller.can_hold_transfer(address)
    }

    /// Holds the answer of an address, or lets it go on where it stopped. False when there is none that can be held.
    pub fn hold_transfer(&self, address: &str, held: bool) -> bool {
        self.controller.hold_transfer(address, held)
    }

    /// Chooses how the proxy is opened from the next unlock on.
    pub fn set_proxy_options(&self, options: ProxyOptions) {
        self.controller.set_proxy_options(options);
    }

    /// Looks after the connection at once: the app came to the front, the network changed.
    pub fn wake(&self) {
        self.controller.wake();
    }
}

impl ProxyOptions {
    pub(crate) fn credentials(&self) -> Result<Credentials, getrandom::Error> {
        match &self.credentials {
            Some((user, password)) => Ok(Credentials::new(user.clone(), password.clone())),
            None => Credentials::make(),
        }
    }
}
