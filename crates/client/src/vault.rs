//! The vault: one sealed blob per profile that holds everything secret.
//!
//! 1. [`Shelf`] reads and writes named values in a [`KeyStore`], outside of the async runtime.
//! 2. [`Vault::create`] seals the first contents; [`Vault::open`] opens them again.
//! 3. [`Vault::put`] replaces the contents and returns when they are durable: what depends on them is sent
//!    afterwards.
//!
//! A vault under a passphrase can be bound to a finger or a face as well ([`Vault::bind`]): its key lies in
//! `<name>.bound`, sealed under the one that the system bound. When the system drops that one, because the fingers or
//! faces that it knows are others, the passphrase opens the vault as ever, and it is bound anew.
//!
//! Beside the blob, under the profile's name, lie `<name>.key` where a random key opens it (only in a store
//! that guards its values) and `<name>.tries` with the count of wrong passphrases.

pub(crate) mod blob;
pub(crate) mod contents;
mod file;
mod keychain;
mod store;
pub(crate) mod tries;

use std::sync::Arc;

use thiserror::Error;
use tokio::time::Instant;
use zeroize::Zeroizing;

pub(crate) use self::blob::Protection;
use self::blob::{BlobError, VaultKey, Work};
use self::contents::Contents;
pub use self::file::FileStore;
pub(crate) use self::file::{make_private_folder, write_atomically};
pub use self::keychain::KeychainStore;
pub use self::store::{KeyStore, StoreError};
use self::tries::Tries;
use crate::client::UnlockSecret;
use crate::failure::{Failure, Fault};
use crate::limits::{BOUND_KEY_LENGTH, FILE_KEY_LENGTH, KEYCHAIN_TIMEOUT, PASSPHRASE_LENGTH};
use crate::view::KeychainState;

/// Why the vault was not opened, made or written.
#[derive(Debug, Error)]
pub(crate) enum VaultError {
    /// The key store failed.
    #[error("the key store failed")]
    Store(#[from] StoreError),
    /// There is no blob.
    #[error("there is no vault")]
    Absent,
    /// The passphrase is not the right one.
    #[error("the passphrase does not open the vault")]
    WrongPassphrase,
    /// The key that the system bound to a finger or a face is another one than before, and nothing else opens it.
    #[error("the bound key does not open the vault")]
    WrongKey,
    /// The same, where a passphrase opens it, too.
    #[error("the bound key does not open the vault, and a passphrase does")]
    Unbound,
    /// The key in the file is not the right one.
    #[error("the key in the file does not open the vault")]
    WrongFileKey,
    /// Too many wrong tries; the next one has to wait.
    #[error("too many wrong tries")]
    Wait,
    /// There were as many wrong tries as the person allowed: the keys are to be erased.
    #[error("all tries are spent")]
    Spent,
    /// Another kind of secret opens it.
    #[error("another kind of secret opens the vault")]
    WrongMethod,
    /// The passphrase or key is too short to protect anything.
    #[error("the passphrase is too short")]
    Weak,
    /// A random key may not lie in a store that guards nothing.
    #[error("the store does not guard an unsealed key")]
    Unguarded,
    /// What lies there cannot be read.
    #[error("the vault is damaged")]
    Corrupt,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

impl From<BlobError> for VaultError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NoRandomness => Self::NoRandomness,
            BlobError::Malformed | BlobError::Incompatible | BlobError::Work | BlobError::WrongKey => Self::Corrupt,
        }
    }
}

impl VaultError {
    /// Returns what the screens show about the keychain after this error, where it is the keychain's.
    pub(crate) const fn keychain_state(&self) -> Option<KeychainState> {
        match self {
            Self::Store(error) => Some(error.keychain_state()),
            Self::Corrupt => Some(KeychainState::Corrupt),
            Self::Absent
            | Self::WrongPassphrase
            | Self::WrongKey
            | Self::Unbound
            | Self::WrongFileKey
            | Self::Wait
            | Self::Spent
            | Self::WrongMethod
            | Self::Weak
            | Self::Unguarded
            | Self::NoRandomness => None,
        }
    }
}

impl From<&VaultError> for Failure {
    fn from(error: &VaultError) -> Self {
        let fault = match error {
            VaultError::Store(error) => return error.into(),
            VaultError::Absent => Fault::VaultAbsent,
            VaultError::WrongPassphrase => Fault::WrongPassphrase,
            VaultError::WrongKey => Fault::BoundKeyLost,
            VaultError::Unbound => Fault::BoundKeyChanged,
            VaultError::WrongFileKey => Fault::WrongFileKey,
            VaultError::Wait => Fault::TooManyAttempts,
            VaultError::Spent => Fault::ErasedAfterTries,
            VaultError::WrongMethod => Fault::WrongMethod,
            VaultError::Weak => Fault::WeakPassphrase,
            VaultError::Unguarded => Fault::KeychainAbsent,
            VaultError::Corrupt => Fault::KeychainCorrupt,
            VaultError::NoRandomness => Fault::NoRandomness,
        };
        fault.failure()
    }
}

/// One profile's values in a key store.
#[derive(Clone)]
pub(crate) struct Shelf {
    store: Arc<dyn KeyStore>,
    name: Arc<str>,
}

impl Shelf {
    pub(crate) fn new(store: Arc<dyn KeyStore>, name: &str) -> Self {
        Self { store, name: name.into() }
    }

    /// Finds out whether the store works.
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        self.run(|store, _| store.probe()).await
    }

    /// Reads the count of wrong tries.
    pub(crate) async fn read_tries(&self) -> Result<Tries, StoreError> {
        let stored = self.run(|store, name| store.read(&tries_name(name))).await?;
        Ok(Tries::read(stored.as_ref().map(|bytes| &bytes[..]), Instant::now()))
    }

    /// Writes the count of wrong tries, durably.
    pub(crate) async fn write_tries(&self, tries: &Tries) -> Result<(), StoreError> {
        let bytes = tries.encode();
        self.run(move |store, name| store.write(&tries_name(name), &bytes)).await
    }

    async fn read_blob(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.run(|store, name| store.read(name)).await?.ok_or(VaultError::Absent)
    }

    /// Deletes everything of the profile, the blob first: a key without a blob opens nothing.
    pub(crate) async fn clear(&self) -> Result<(), StoreError> {
        self.run(|store, name| {
            store.delete(name)?;
            store.delete(&key_name(name))?;
            store.delete(&bound_name(name))?;
            store.delete(&tries_name(name))
        })
        .await
    }

    /// Runs a call of the store where it may block.
    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn KeyStore, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Self { store, name } = self.clone();
        let task = tokio::task::spawn_blocking(move || call(&*store, &name));
        match tokio::time::timeout(KEYCHAIN_TIMEOUT, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(StoreError::Io(Box::new(panicked))),
            Err(_) => Err(StoreError::Locked),
        }
    }
}

fn key_name(profile: &str) -> String {
    format!("{profile}.key")
}

fn bound_name(profile: &str) -> String {
    format!("{profile}.bound")
}

fn tries_name(profile: &str) -> String {
    format!("{profile}.tries")
}

/// An open vault: its key and its contents in memory, until it is dropped.
pub(crate) struct Vault {
    shelf: Shelf,
    protection: Protection,
    key: VaultKey,
    contents: Contents,
}

impl Vault {
    /// Seals the first contents under `secret` and returns when they are durable.
    pub(crate) async fn create(shelf: Shelf, secret: UnlockSecret, contents: Contents) -> Result<Self, VaultError> {
        let (protection, key) = make_key(&shelf, secret).await?;
        shelf.run(|store, name| store.delete(&tries_name(name)).and_then(|()| store.delete(&bound_name(name)))).await?;
        let mut vault = Self { shelf, protection, key, contents };
        vault.write().await?;
        Ok(vault)
    }

    /// Opens the vault. A wrong passphrase is counted, in `tries` and durably.
    pub(crate) async fn open(shelf: Shelf, secret: UnlockSecret, tries: &mut Tries) -> Result<Self, VaultError> {
        let blob = shelf.read_blob().await?;
        let protection = Protection::read(&blob)?;
        let key = match (&protection, secret) {
            (Protection::Passphrase(work), UnlockSecret::Passphrase(passphrase)) => {
                return Self::try_passphrase(shelf, blob, work.clone(), passphrase, tries).await;
            }
            (Protection::Passphrase(_), UnlockSecret::Biometric(bound)) => {
                let key = unwrap_bound_key(&shelf, &bound).await?;
                let contents = read_contents(&blob, &key, &shelf.name)?;
                return Ok(Self { shelf, protection, key, contents });
            }
            (Protection::BoundKey, UnlockSecret::Biometric(bound)) => VaultKey::derive_from_bound_key(&bound),
            (Protection::FileKey, UnlockSecret::FileKey(key)) => VaultKey::derive_from_file_key(&key),
            (Protection::StoredKey, UnlockSecret::None) => read_stored_key(&shelf).await?,
            // What is sealed like something beside a vault is none.
            (Protection::Vault, _) => return Err(VaultError::Corrupt),
            (Protection::Passphrase(_) | Protection::BoundKey | Protection::FileKey | Protection::StoredKey, _) => {
                return Err(VaultError::WrongMethod);
            }
        };
        let contents = match (read_contents(&blob, &key, &shelf.name), &protection) {
            (Err(BlobError::WrongKey), Protection::BoundKey) => return Err(VaultError::WrongKey),
            (Err(BlobError::WrongKey), Protection::FileKey) => return Err(VaultError::WrongFileKey),
            (contents, _) => contents?,
        };
        Ok(Self { shelf, protection, key, contents })
    }

    async fn try_passphrase(
        shelf: Shelf,
        blob: Zeroizing<Vec<u8>>,
        work: Work,
        passphrase: Zeroizing<String>,
        tries: &mut Tries,
    ) -> Result<Self, VaultError> {
        // A process that was killed while it made its last try may not make another one.
        if tries.left() == Some(0) {
            return Err(VaultError::Spent);
        }
        if tries.wait(Instant::now()).is_some() {
            return Err(VaultError::Wait);
        }
        tries.count(Instant::now());
        shelf.write_tries(tries).await?;
        let (work, key) = derive(passphrase, work).await?;
        match read_contents(&blob, &key, &shelf.name) {
            Ok(contents) => {
                tries.reset(Instant::now());
                shelf.write_tries(tries).await?;
                Ok(Self { shelf, protection: Protection::Passphrase(work), key, contents })
            }
            Err(BlobError::WrongKey) if tries.left() == Some(0) => Err(VaultError::Spent),
            Err(BlobError::WrongKey) => Err(VaultError::WrongPassphrase),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the key that the system bound open a vault that has a passphrase; an earlier one does not any more.
    pub(crate) async fn bind(&self, bound: Zeroizing<Vec<u8>>) -> Result<(), VaultError> {
        if !matches!(self.protection, Protection::Passphrase(_)) {
            return Err(VaultError::WrongMethod);
        }
        if bound.len() < BOUND_KEY_LENGTH {
            return Err(VaultError::Weak);
        }
        let (key, name) = (VaultKey::derive_from_bound_key(&bound), bound_name(&self.shelf.name));
        let sealed = blob::seal(&Protection::BoundKey, &key, &name, self.key.reveal_bytes())?;
        Ok(self.shelf.run(move |store, _| store.write(&name, &sealed)).await?)
    }

    /// Leaves the passphrase as the only way in.
    pub(crate) async fn unbind(&self) -> Result<(), VaultError> {
        Ok(self.shelf.run(|store, name| store.delete(&bound_name(name))).await?)
    }

    /// Returns the contents.
    pub(crate) const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Replaces the contents and returns when they are durable. On an error the earlier ones stay.
    pub(crate) async fn put(&mut self, contents: Contents) -> Result<(), VaultError> {
        let earlier = std::mem::replace(&mut self.contents, contents);
        let written = self.write().await;
        if written.is_err() {
            self.contents = earlier;
        }
        written
    }

    async fn write(&mut self) -> Result<(), VaultError> {
        // Large enough that the text never moves, so that no copy of it stays behind.
        let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *text, &self.contents).map_err(|_| VaultError::Corrupt)?;
        let blob = blob::seal(&self.protection, &self.key, &self.shelf.name, &text)?;
        Ok(self.shelf.run(move |store, name| store.write(name, &blob)).await?)
    }
}

/// Makes the key of a new vault; a random one is durable before the blob that it opens.
async fn make_key(shelf: &Shelf, secret: UnlockSecret) -> Result<(Protection, VaultKey), VaultError> {
    match secret {
        UnlockSecret::Passphrase(passphrase) => {
            if passphrase.chars().count() < PASSPHRASE_LENGTH {
                return Err(VaultError::Weak);
            }
            let (work, key) = derive(passphrase, Work::make()?).await?;
            Ok((Protection::Passphrase(work), key))
        }
        UnlockSecret::Biometric(bound) => {
            if bound.len() < BOUND_KEY_LENGTH {
                return Err(VaultError::Weak);
            }
            Ok((Protection::BoundKey, VaultKey::derive_from_bound_key(&bound)))
        }
        UnlockSecret::FileKey(key) => {
            if key.len() != FILE_KEY_LENGTH {
                return Err(VaultError::Weak);
            }
            Ok((Protection::FileKey, VaultKey::derive_from_file_key(&key)))
        }
        UnlockSecret::None => {
            if !shelf.store.guards() {
                return Err(VaultError::Unguarded);
            }
            let key = VaultKey::make()?;
            let bytes = Zeroizing::new(*key.reveal_bytes());
            shelf.run(move |store, name| store.write(&key_name(name), &bytes[..])).await?;
            Ok((Protection::StoredKey, key))
        }
    }
}

/// Opens the vault's key with the one that the system bound.
async fn unwrap_bound_key(shelf: &Shelf, bound: &[u8]) -> Result<VaultKey, VaultError> {
    let name = bound_name(&shelf.name);
    let sealed = shelf.run(move |store, name| store.read(&bound_name(name))).await?.ok_or(VaultError::WrongMethod)?;
    match blob::open(&sealed, &VaultKey::derive_from_bound_key(bound), &name) {
        Ok(key) => VaultKey::from_stored(&key).ok_or(VaultError::Corrupt),
        Err(BlobError::WrongKey) => Err(VaultError::Unbound),
        Err(error) => Err(error.into()),
    }
}

async fn read_stored_key(shelf: &Shelf) -> Result<VaultKey, VaultError> {
    let bytes = shelf.run(|store, name| store.read(&key_name(name))).await?.ok_or(VaultError::Corrupt)?;
    VaultKey::from_stored(&bytes).ok_or(VaultError::Corrupt)
}

/// Derives the key where it does not hold up the runtime.
pub(crate) async fn derive(passphrase: Zeroizing<String>, work: Work) -> Result<(Work, VaultKey), VaultError> {
    let task = tokio::task::spawn_blocking(move || {
        let key = VaultKey::derive_from_passphrase(&passphrase, &work)?;
        Ok::<_, BlobError>((work, key))
    });
    Ok(task.await.map_err(|panicked| StoreError::Io(Box::new(panicked)))??)
}

fn read_contents(blob: &[u8], key: &VaultKey, name: &str) -> Result<Contents, BlobError> {
    let text = blob::open(blob, key, name)?;
    serde_json::from_slice(&text).map_err(|_| BlobError::Malformed)
}

#[cfg(test)]
pub(crate) mod tests;
