//! The public face of a device: [`Client`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use latchgate_protocol::origin::PlainHttp;
use thiserror::Error;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::failure::{Failure, Fault};
use crate::vault::KeyStore;
use crate::view::{AppView, CodeView, KeychainState, Light, Screen, StatusView};

/// Which certificate authorities the gateway is checked against.
#[derive(Debug, Clone)]
pub enum TlsRoots {
    /// The system's.
    Platform,
    /// These only, as PEM.
    Pem(Vec<u8>),
}

/// The name of a profile: lower-case letters, digits, `-` and `_`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
}

/// What opens the vault, or seals it first.
pub enum UnlockSecret {
    /// A passphrase.
    Passphrase(Zeroizing<String>),
    /// A key that the system bound to a finger or a face.
    Biometric(Zeroizing<Vec<u8>>),
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
    /// Called outside a tokio runtime.
    #[error("a client needs a tokio runtime")]
    NoRuntime,
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
}

impl ProxyEndpoint {
    /// Returns the certificate (PEM) that the proxy shows for a site's host.
    #[must_use]
    pub fn certificate_pem(&self, host: &str) -> Option<String> {
        let _ = host;
        None
    }
}

/// One device: the controller of one profile. Clones share it.
///
/// Methods return quickly; what takes long goes on behind them and shows in the view.
#[derive(Clone)]
pub struct Client {
    view: Arc<watch::Sender<AppView>>,
}

impl Client {
    /// Opens a profile. Nothing is read from the key store and nothing is sent.
    ///
    /// # Errors
    /// [`ClientError`] when the folder cannot be used or another process has it.
    pub fn open(config: ClientConfig) -> Result<Self, ClientError> {
        let _ = config;
        let status =
            StatusView { internet: Light::Unknown, gateway: Light::Unknown, company: Light::Unknown, failure: None };
        let view = AppView {
            screen: Screen::Welcome,
            profile: None,
            status,
            sites: Vec::new(),
            keychain: KeychainState::Available,
        };
        Ok(Self { view: Arc::new(watch::Sender::new(view)) })
    }

    /// Returns the present view.
    #[must_use]
    pub fn view(&self) -> AppView {
        self.view.borrow().clone()
    }

    /// Returns a receiver of every later view.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<AppView> {
        self.view.subscribe()
    }

    /// Reads a pairing code. Nothing is sent.
    ///
    /// # Errors
    /// What is wrong with the code.
    pub fn inspect_code(&self, text: &str) -> Result<CodeView, Failure> {
        let _ = text;
        Err(Fault::Unavailable.failure())
    }

    /// Finds the text of a pairing code in a picture (PNG, JPEG, WebP, BMP, GIF).
    ///
    /// # Errors
    /// `picture-unreadable` or `picture-no-code`.
    pub async fn read_picture(&self, bytes: Vec<u8>) -> Result<Zeroizing<String>, Failure> {
        drop(bytes);
        std::future::ready(()).await;
        Err(Fault::Unavailable.failure())
    }

    /// Finds the text of a pairing code in a camera frame of `width * height` grey values. Blocks for at
    /// most 200 ms.
    ///
    /// # Errors
    /// `picture-unreadable` or `picture-no-code`.
    pub fn read_luma(&self, width: u32, height: u32, luma: &[u8]) -> Result<Zeroizing<String>, Failure> {
        let _ = (width, height, luma);
        Err(Fault::Unavailable.failure())
    }

    /// Begins a pairing; the view shows its progress. `secret` seals the vault that is made.
    ///
    /// # Errors
    /// What is wrong with the code or the key store; nothing was sent then.
    pub async fn pair(&self, text: &str, secret: UnlockSecret) -> Result<(), Failure> {
        let _ = text;
        drop(secret);
        std::future::ready(()).await;
        Err(Fault::Unavailable.failure())
    }

    /// Goes on with an interrupted pairing of an open vault.
    ///
    /// # Errors
    /// `locked`, `not-paired`.
    pub fn resume_pairing(&self) -> Result<(), Failure> {
        Err(Fault::Unavailable.failure())
    }

    /// Gives an unfinished or unconfirmed pairing up and erases what it made.
    ///
    /// # Errors
    /// `already-paired` once the pairing is complete; see [`Client::forget`].
    pub async fn cancel_pairing(&self) -> Result<(), Failure> {
        std::future::ready(()).await;
        Err(Fault::Unavailable.failure())
    }

    /// The person compared the check code (or went on from the last pairing screen): show the portal.
    ///
    /// # Errors
    /// `not-paired`, or those of the vault.
    pub async fn confirm_check_code(&self) -> Result<(), Failure> {
        std::future::ready(()).await;
        Err(Fault::Unavailable.failure())
    }

    /// Opens the vault and connects.
    ///
    /// # Errors
    /// `wrong-passphrase`, `too-many-attempts`, or those of the keychain.
    pub async fn unlock(&self, secret: UnlockSecret) -> Result<(), Failure> {
        drop(secret);
        std::future::ready(()).await;
        Err(Fault::Unavailable.failure())
    }

    /// Closes the tunnel and the proxy and drops the keys from memory.
    pub fn lock(&self) {}

    /// Removes the pairing, keys and all, from this device. The company keeps its side until it revokes.
    ///
    /// # Errors
    /// Those of the key store.
    pub async fn forget(&self) -> Result<(), Failure> {
        std::future::ready(()).await;
        Err(Fault::Unavailable.failure())
    }

    /// Returns where the proxy listens while the vault is open.
    #[must_use]
    pub fn proxy(&self) -> Option<ProxyEndpoint> {
        None
    }
}
