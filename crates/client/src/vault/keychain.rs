//! The system's keychain as a key store: Secret Service, Keychain, Credential Manager. Android has none here.
//!
//! Values are Base64 text, because not every keychain takes bytes. Every entry carries the service
//! `latchgate`; its user is the value's name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
#[cfg(not(target_os = "ios"))]
use keyring::Entry;
use keyring::Error;
#[cfg(target_os = "ios")]
use keyring_core::Entry;
use zeroize::{Zeroize as _, Zeroizing};

use crate::vault::store::{KeyStore, StoreError};

const SERVICE: &str = "latchgate";
const PROBE: &str = "probe";

/// Keeps values in the system's keychain.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeychainStore;

impl KeychainStore {
    /// Uses the keychain of the person who runs this process.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl KeyStore for KeychainStore {
    fn probe(&self) -> Result<(), StoreError> {
        self.write(PROBE, b"probe")?;
        let back = self.read(PROBE)?;
        self.delete(PROBE)?;
        if back.is_some_and(|value| *value == b"probe") { Ok(()) } else { Err(StoreError::Corrupt) }
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let text = match entry(name)?.get_password() {
            Ok(text) => Zeroizing::new(text),
            Err(Error::NoEntry) => return Ok(None),
            Err(error) => return Err(classify(error)),
        };
        let value = STANDARD.decode(text.as_bytes()).map_err(|_| StoreError::Corrupt)?;
        Ok(Some(Zeroizing::new(value)))
    }

    fn write(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let text = Zeroizing::new(STANDARD.encode(value));
        entry(name)?.set_password(&text).map_err(classify)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }

    fn guards(&self) -> bool {
        true
    }
}

fn entry(name: &str) -> Result<Entry, StoreError> {
    #[cfg(target_os = "ios")]
    choose_store()?;
    Entry::new(SERVICE, name).map_err(classify)
}

/// The library chooses no store on iOS by itself.
#[cfg(target_os = "ios")]
fn choose_store() -> Result<(), StoreError> {
    use std::sync::OnceLock;

    static CHOSEN: OnceLock<()> = OnceLock::new();
    if CHOSEN.get().is_none() {
        keyring_core::set_default_store(apple_native_keyring_store::protected::Store::new().map_err(classify)?);
        let _ = CHOSEN.set(());
    }
    Ok(())
}

/// The library's errors are open-ended, so whatever is not known to be something else counts as denied.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is foreign and open-ended")]
fn classify(error: Error) -> StoreError {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => StoreError::Absent,
        Error::PlatformFailure(reason) => classify_failure(&reason.to_string()),
        Error::NoStorageAccess(reason) => classify_refusal(&reason.to_string()),
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            bytes.zeroize();
            StoreError::Corrupt
        }
        Error::BadStoreFormat(_) | Error::Ambiguous(_) => StoreError::Corrupt,
        _ => StoreError::Denied,
    }
}

/// The stores tell a locked keychain from a refusing one in words alone. An interaction that is not allowed
/// (Apple's -25308) and a dismissed prompt leave the keychain locked.
fn classify_refusal(reason: &str) -> StoreError {
    let reason = reason.to_lowercase();
    if reason.contains("denied") || reason.contains("auth") { StoreError::Denied } else { StoreError::Locked }
}

fn classify_failure(reason: &str) -> StoreError {
    if reason.to_lowercase().contains("locked") { StoreError::Locked } else { StoreError::Absent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ab_82_each_refusal_of_a_keychain_has_a_type() {
        let denied = Error::NoStorageAccess("access denied".into());
        assert!(matches!(classify(denied), StoreError::Denied));
        for reason in ["SS Error: object locked", "SS error: prompt dismissed", "User interaction is not allowed."] {
            assert!(matches!(classify(Error::NoStorageAccess(reason.into())), StoreError::Locked), "{reason}");
        }
        let locked = Error::PlatformFailure("org.freedesktop.Secret.Error.IsLocked".into());
        assert!(matches!(classify(locked), StoreError::Locked));
        assert!(matches!(classify(Error::PlatformFailure("no such service".into())), StoreError::Absent));
        assert!(matches!(classify(Error::NoDefaultStore), StoreError::Absent));
        assert!(matches!(classify(Error::BadEncoding(vec![1])), StoreError::Corrupt));
        assert!(matches!(classify(Error::Ambiguous(Vec::new())), StoreError::Corrupt));
    }
}
