//! A backup of a profile: a file that a passphrase opens, and that is this device to whoever has both.
//!
//! ```text
//! "LGB" | version 1 | a vault's sealed form (vault/blob.rs) under the name "LG1 backup"
//! ```
//! Inside is the description and what the vault holds, as JSON. Nothing makes a backup by itself: the person turns
//! backups on, and then asks for each. A restored backup is a copy of the device: as soon as one of the two has
//! changed its keys, the company takes the other one for a clone, refuses it and says so.

use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::{Controller, Stage, stage};
use crate::client::UnlockSecret;
use crate::clocks::Clocks;
use crate::contact::Due;
use crate::failure::{Failure, Fault};
use crate::limits::{BLOB, PASSPHRASE_LENGTH};
use crate::profile::Profile;
use crate::vault::blob::{self, BlobError, Protection, VaultKey, Work};
use crate::vault::contents::Contents;
use crate::vault::{Vault, derive};

const MAGIC: &[u8; 4] = b"LGB\x01";
/// Keeps a backup from being taken for a vault, and a vault for a backup.
const NAME: &str = "LG1 backup";

#[derive(Serialize)]
struct Kept<'a> {
    profile: &'a Profile,
    contents: &'a Contents,
}

#[derive(Deserialize)]
struct Restored {
    profile: Profile,
    contents: Contents,
}

impl Controller {
    /// Seals a copy of the profile under a passphrase of its own.
    pub(crate) async fn back_up(&self, passphrase: Zeroizing<String>) -> Result<Vec<u8>, Failure> {
        let _one_at_a_time = self.command.lock().await;
        if !self.board.view().settings.backups {
            return Err(Fault::BackupsOff.failure());
        }
        if passphrase.chars().count() < PASSPHRASE_LENGTH {
            return Err(Fault::WeakPassphrase.failure());
        }
        let vault = self.open_vault()?;
        if !matches!(stage(&vault).await, Stage::Complete) {
            return Err(Fault::PairingUnfinished.failure());
        }
        let profile = self.read_profile()?.ok_or_else(|| Fault::NotPaired.failure())?;
        let work = Work::make_for_backup().map_err(|_| Fault::NoRandomness.failure())?;
        let (work, key) = derive(passphrase, work).await.map_err(|error| Failure::from(&error))?;
        let mut text = Zeroizing::new(Vec::with_capacity(32 * 1024));
        serde_json::to_writer(&mut *text, &Kept { profile: &profile, contents: vault.lock().await.contents() })
            .map_err(|_| Fault::Internal.failure())?;
        let sealed = blob::seal(&Protection::Passphrase(work), &key, NAME, &text).map_err(|_| Fault::NoRandomness)?;
        info!("a backup was made");
        Ok([&MAGIC[..], &sealed].concat())
    }

    /// Makes this unpaired profile the device that a backup holds, under a new secret. Nothing is sent before it is
    /// durable.
    pub(crate) async fn restore(
        &self,
        backup: &[u8],
        passphrase: Zeroizing<String>,
        secret: UnlockSecret,
    ) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        if self.read_profile()?.is_some() {
            return Err(Fault::AlreadyPaired.failure());
        }
        let Restored { mut profile, contents } = open(backup, passphrase).await?;
        let now = Clocks::now();
        if contents.contact().is_some_and(|contact| contact.due_on(&now) == Due::Erase) {
            return Err(Fault::BackupTooOld.failure());
        }
        let method = secret.method();
        let place = self.choose_place(method).await?;
        (profile.method, profile.place) = (method, place);
        let shelf = self.shelf(place);
        let locks = self.locks.load(std::sync::atomic::Ordering::SeqCst);
        let vault = Vault::create(shelf.clone(), secret, contents).await.map_err(|error| Failure::from(&error))?;
        if let Err(error) = self.folder.write(&profile) {
            warn!(%error, "the profile was not written");
            drop(shelf.clear().await);
            return Err(Fault::StorageFailed.failure());
        }
        info!("a backup was restored");
        self.contact.unseal(vault.contents().contact().cloned(), &now);
        self.install(vault, profile, locks).await
    }
}

async fn open(backup: &[u8], passphrase: Zeroizing<String>) -> Result<Restored, Failure> {
    let unreadable = || Fault::BackupUnreadable.failure();
    let sealed = backup.strip_prefix(MAGIC).filter(|sealed| sealed.len() as u64 <= BLOB).ok_or_else(unreadable)?;
    let Ok(Protection::Passphrase(work)) = Protection::read(sealed) else { return Err(unreadable()) };
    let (_, key): (Work, VaultKey) = derive(passphrase, work).await.map_err(|error| Failure::from(&error))?;
    let text = blob::open(sealed, &key, NAME).map_err(|error| match error {
        BlobError::WrongKey => Fault::BackupPassphrase.failure(),
        BlobError::Malformed | BlobError::Incompatible | BlobError::Work | BlobError::NoRandomness => unreadable(),
    })?;
    serde_json::from_slice(&text).map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use crate::controller::tests::{Device, passphrase, until};
    use crate::limits::{ARGON2_MEMORY, BACKUP_MEMORY};
    use crate::view::{Light, LockCause, Screen, Settings};
    use crate::world::COMPANY;

    use super::*;

    fn words(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    async fn backed_up(device: &Device) -> Vec<u8> {
        let controller = device.paired().await;
        assert_eq!(controller.back_up(words("backup words")).await.unwrap_err().code, "backups-off");
        controller.set_settings(Settings { backups: true, ..Settings::default() }).await.unwrap();
        assert_eq!(controller.back_up(words("short")).await.unwrap_err().code, "weak-passphrase");
        controller.back_up(words("backup words")).await.unwrap()
    }

    #[tokio::test]
    async fn a_backup_brings_the_device_back_under_a_new_passphrase() {
        let device = Device::new();
        let backup = backed_up(&device).await;
        assert!(backup.starts_with(b"LGB\x01LGV\x02\x01"));
        const { assert!(BACKUP_MEMORY > ARGON2_MEMORY) };
        let text = String::from_utf8_lossy(&backup).into_owned();
        assert!(!text.contains(COMPANY) && !text.contains("gateway.example.com"));

        let elsewhere = device.elsewhere();
        let controller = elsewhere.start().await;
        controller.restore(&backup, words("backup words"), passphrase("correct horse")).await.unwrap();
        until(&controller, |view| view.status.company == Light::Good).await;
        controller.lock(LockCause::Person);
        controller.unlock(passphrase("correct horse")).await.unwrap();
        assert_eq!(controller.board().view().screen, Screen::Portal);
        let again = controller.restore(&backup, words("backup words"), passphrase("correct horse")).await;
        assert_eq!(again.unwrap_err().code, "already-paired");
    }

    #[tokio::test]
    async fn ab_87_a_backup_without_its_passphrase_is_nothing() {
        let device = Device::new();
        let backup = backed_up(&device).await;
        let elsewhere = device.elsewhere();
        let controller = elsewhere.start().await;
        let mut damaged = backup.clone();
        damaged[3] = 2;
        for (bytes, secret, code) in [
            (&backup[..], "other words", "backup-passphrase"),
            (&damaged[..], "backup words", "backup-unreadable"),
            (&backup[..backup.len() - 1], "backup words", "backup-unreadable"),
            (&backup[4..], "backup words", "backup-unreadable"),
            (b"", "backup words", "backup-unreadable"),
        ] {
            let refused = controller.restore(bytes, words(secret), passphrase("correct horse")).await;
            assert_eq!(refused.unwrap_err().code, code);
        }
        assert_eq!(controller.board().view().screen, Screen::Welcome);
        assert!(elsewhere.store.values.lock().unwrap().is_empty());
    }
}
