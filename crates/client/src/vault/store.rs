//! Where a sealed blob lies: the seam between the vault and the system.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::failure::{Failure, Fault};
use crate::view::KeychainState;

/// Why a key store did not do what was asked. Nothing was changed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// This system has no such store.
    #[error("there is no key store on this system")]
    Absent,
    /// The store is locked.
    #[error("the key store is locked")]
    Locked,
    /// The store refuses this program.
    #[error("the key store refuses access")]
    Denied,
    /// What lies there is not what was written.
    #[error("the stored value is damaged")]
    Corrupt,
    /// The disk, or the way to the store.
    #[error("the key store failed")]
    Io(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps small values under names. Calls block; the vault makes them outside the async runtime.
pub trait KeyStore: Send + Sync + 'static {
    /// Writes, reads and deletes a value under a name of its own, to find out whether the store works.
    ///
    /// # Errors
    /// [`StoreError`] says in which way it does not.
    fn probe(&self) -> Result<(), StoreError>;

    /// Returns the value under `name`, `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`]; never `Ok(None)` when the store cannot tell.
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;

    /// Writes a value under `name`, whole or not at all, and returns when it is durable.
    ///
    /// # Errors
    /// [`StoreError`]; the earlier value stays then.
    fn write(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Deletes the value under `name`; a missing one is no error.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(&self, name: &str) -> Result<(), StoreError>;

    /// Tells whether the store itself guards what lies in it, so that an unsealed key may lie there.
    fn guards(&self) -> bool;
}

impl StoreError {
    /// Returns what the screens show about the keychain after this error.
    #[must_use]
    pub const fn keychain_state(&self) -> KeychainState {
        match self {
            Self::Absent | Self::Io(_) => KeychainState::Absent,
            Self::Locked => KeychainState::Locked,
            Self::Denied => KeychainState::Denied,
            Self::Corrupt => KeychainState::Corrupt,
        }
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        let fault = match error {
            StoreError::Absent => Fault::KeychainAbsent,
            StoreError::Locked => Fault::KeychainLocked,
            StoreError::Denied => Fault::KeychainDenied,
            StoreError::Corrupt => Fault::KeychainCorrupt,
            StoreError::Io(_) => Fault::StorageFailed,
        };
        fault.failure()
    }
}
