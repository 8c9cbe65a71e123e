//! What a profile says in the clear: the company's name, the gateway, and what opens the vault.
//!
//! Nothing here is secret, and nobody but the company and the device's owner is named. The file is written
//! after the vault's first contents and before anything is sent, and deleted after them, so that a vault
//! without a description is never one that matters.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use latchgate_protocol::GatewayOrigin;
use latchgate_tunnel::StaticPublicKey;
use serde::{Deserialize, Serialize};

use crate::client::ClientError;
use crate::contact::Contact;
use crate::vault::{make_private_folder, write_atomically};
use crate::view::{ProfileView, Settings, UnlockMethod};

const VERSION: u32 = 1;
const FILE: &str = "profile.json";

/// The description of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    version: u32,
    /// The company's name, empty until the connector said it.
    pub(crate) company: String,
    /// Where the gateway is.
    pub(crate) gateway: GatewayOrigin,
    /// The connector's key.
    pub(crate) connector_key: StaticPublicKey,
    /// What the company calls this device.
    pub(crate) device_label: String,
    /// What opens the vault.
    pub(crate) method: UnlockMethod,
    /// Whether a finger or a face opens a vault with a passphrase, too.
    #[serde(default)]
    pub(crate) bound: bool,
    /// Where the vault lies.
    pub(crate) place: Place,
    /// What the person chose.
    #[serde(default)]
    pub(crate) settings: Settings,
    /// A copy of what the vault holds about the company's last answer, for a device that nobody unlocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<Contact>,
}

/// Where a vault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    /// In the key store that the client was given.
    Store,
    /// In the profile's folder, because there was no keychain and the person chose a passphrase.
    Folder,
}

/// The folder of one profile, held by one process at a time.
#[derive(Debug)]
pub(crate) struct ProfileFolder {
    path: PathBuf,
    _lock: File,
}

impl Profile {
    /// Describes a pairing that begins.
    pub(crate) fn new(
        gateway: GatewayOrigin,
        connector_key: StaticPublicKey,
        device_label: String,
        method: UnlockMethod,
        place: Place,
    ) -> Self {
        Self {
            version: VERSION,
            company: String::new(),
            gateway,
            connector_key,
            device_label,
            method,
            bound: false,
            place,
            settings: Settings::default(),
            contact: None,
        }
    }

    /// Returns what the screens show; `person` is known while connected.
    pub(crate) fn view(&self, person: Option<String>) -> ProfileView {
        ProfileView {
            company: self.company.clone(),
            person,
            device_label: self.device_label.clone(),
            gateway_host: self.gateway.host().to_owned(),
            company_fingerprint: self.connector_key.fingerprint(),
        }
    }
}

impl ProfileFolder {
    /// Takes the folder for this process.
    pub(crate) fn take(path: PathBuf) -> Result<Self, ClientError> {
        make_private_folder(&path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ClientError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Returns the folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the description; `None` where nothing is paired.
    pub(crate) fn read(&self) -> Result<Option<Profile>, ClientError> {
        read(&self.path)
    }

    /// Writes the description, durably.
    pub(crate) fn write(&self, profile: &Profile) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(profile).map_err(io::Error::other)?;
        write_atomically(&self.file(), &text)
    }

    /// Deletes the description.
    pub(crate) fn delete(&self) -> io::Result<()> {
        match fs::remove_file(self.file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }
}

/// Tells whether a folder has a description, readable or not.
pub(crate) fn exists(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Reads the description in a folder, whoever holds it.
pub(crate) fn read(folder: &Path) -> Result<Option<Profile>, ClientError> {
    let bytes = match fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let profile: Profile = serde_json::from_slice(&bytes).map_err(|_| ClientError::Corrupt)?;
    if profile.version == VERSION { Ok(Some(profile)) } else { Err(ClientError::Corrupt) }
}

#[cfg(test)]
mod tests {
    use latchgate_protocol::origin::PlainHttp;
    use latchgate_tunnel::StaticPrivateKey;

    use super::*;

    fn profile() -> Profile {
        let gateway = GatewayOrigin::parse("https://gateway.example.com", PlainHttp::ToLoopback).unwrap();
        let key = StaticPrivateKey::from_bytes([3; 32]).public_key();
        Profile::new(gateway, key, "phone".to_owned(), UnlockMethod::Passphrase, Place::Store)
    }

    #[test]
    fn a_description_round_trips_and_can_be_deleted_twice() {
        let folder = tempfile::tempdir().unwrap();
        let folder = ProfileFolder::take(folder.path().join("work")).unwrap();
        assert_eq!(folder.read().unwrap(), None);
        folder.write(&profile()).unwrap();
        assert_eq!(folder.read().unwrap(), Some(profile()));
        folder.delete().unwrap();
        folder.delete().unwrap();
        assert_eq!(folder.read().unwrap(), None);
    }

    #[test]
    fn one_process_holds_a_profile() {
        let folder = tempfile::tempdir().unwrap();
        let first = ProfileFolder::take(folder.path().join("work")).unwrap();
        assert!(matches!(ProfileFolder::take(folder.path().join("work")), Err(ClientError::InUse)));
        assert!(ProfileFolder::take(folder.path().join("home")).is_ok());
        drop(first);
        assert!(ProfileFolder::take(folder.path().join("work")).is_ok());
    }

    #[test]
    fn a_damaged_description_is_an_error_and_not_a_new_start() {
        let folder = tempfile::tempdir().unwrap();
        let folder = ProfileFolder::take(folder.path().to_owned()).unwrap();
        fs::write(folder.file(), b"{").unwrap();
        assert!(matches!(folder.read(), Err(ClientError::Corrupt)));
    }
}
