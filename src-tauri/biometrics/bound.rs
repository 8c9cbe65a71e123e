//! Systems that can bind a key to a finger or a face. For Android, iOS and macOS; type-checked by
//! `cargo xtask crosscheck`, not run.
//!
//! - Android: the Keystore holds a key that only BIOMETRIC_STRONG releases and that a new enrolment destroys; it
//!   seals the vault's key, and the sealed form lies in the app's folder.
//! - Apple: the system recognises the owner, then the keychain hands out the vault's key.

use latchgate_client::{Failure, Fault, ProfileName};
use tauri::AppHandle;
use tauri_plugin_biometric::{AuthOptions, BiometricExt, BiometryType};
use zeroize::Zeroizing;

use crate::view::Biometrics;

/// The length of the key in bytes: an AES-256 key.
const KEY_LENGTH: usize = 32;
/// What the system's dialog says.
const REASON: &str = "Unlock Latchgate";

/// Returns what the system can recognise its owner by.
pub(crate) async fn kind(app: &AppHandle) -> Biometrics {
    let status = ask(app, |app| app.biometric().status()).await;
    match status {
        Some(Ok(status)) if status.is_available => match status.biometry_type {
            BiometryType::TouchID => Biometrics::Finger,
            BiometryType::FaceID => Biometrics::Face,
            BiometryType::None => Biometrics::Absent,
        },
        Some(Ok(_) | Err(_)) | None => Biometrics::Absent,
    }
}

/// Makes a random key, and hands it to the system after it has recognised its owner.
///
/// # Errors
/// `biometrics-refused`, or those of the keychain.
pub(crate) async fn make_key(app: &AppHandle, profile: &ProfileName) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut key = Zeroizing::new(vec![0; KEY_LENGTH]);
    getrandom::fill(&mut key).map_err(|_| Fault::NoRandomness)?;
    let (guarded, profile) = (key.clone(), profile.clone());
    ask(app, move |app| guard::put(app, &profile, &guarded)).await.unwrap_or_else(|| Err(refused()))?;
    Ok(key)
}

/// Gets the key back after the system has recognised its owner.
///
/// # Errors
/// `bound-key-changed` where the system dropped the key, `biometrics-refused`, or those of the keychain.
pub(crate) async fn release_key(app: &AppHandle, profile: &ProfileName) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let profile = profile.clone();
    ask(app, move |app| guard::get(app, &profile)).await.unwrap_or_else(|| Err(refused()))
}

/// Forgets the key.
pub(crate) async fn forget_key(app: &AppHandle, profile: &ProfileName) {
    let profile = profile.clone();
    if let Some(Err(failure)) = ask(app, move |app| guard::remove(app, &profile)).await {
        tracing::warn!(code = failure.code, "the bound key was not removed");
    }
}

/// The system's dialogs block their caller and must not block the main thread.
async fn ask<T: Send + 'static>(app: &AppHandle, question: impl FnOnce(&AppHandle) -> T + Send + 'static) -> Option<T> {
    let app = app.clone();
    tauri::async_runtime::spawn_blocking(move || question(&app)).await.ok()
}

fn options() -> AuthOptions {
    AuthOptions { allow_device_credential: false, ..AuthOptions::default() }
}

fn refused() -> Failure {
    Failure {
        code: "biometrics-refused".to_owned(),
        message: "You were not recognised.".to_owned(),
        advice: "Try again, or use your passphrase where you have one.".to_owned(),
    }
}

#[cfg(target_os = "android")]
mod guard {
    use std::path::PathBuf;

    use tauri::Manager;

    use super::{
        AppHandle, AuthOptions, BiometricExt, Failure, Fault, ProfileName, REASON, Zeroizing, options, refused,
    };

    /// The sealed key; without the Keystore's key it says nothing.
    fn path(app: &AppHandle, profile: &ProfileName) -> Result<PathBuf, Failure> {
        let folder = app.path().app_local_data_dir().map_err(|_| Fault::StorageFailed)?;
        Ok(folder.join(format!("{}.bound", profile.as_str())))
    }

    fn cipher(app: &AppHandle, options: AuthOptions) -> Result<Zeroizing<String>, Failure> {
        let result = app.biometric().biometric_cipher(REASON.to_owned(), options).map_err(|_| refused())?;
        Ok(Zeroizing::new(result.data))
    }

    pub(super) fn put(app: &AppHandle, profile: &ProfileName, key: &[u8]) -> Result<(), Failure> {
        let plain = hex::encode(key);
        let sealed = cipher(app, AuthOptions { data_to_encrypt: Some(plain), ..options() })?;
        std::fs::write(path(app, profile)?, sealed.as_bytes()).map_err(|_| Fault::StorageFailed.into())
    }

    pub(super) fn get(app: &AppHandle, profile: &ProfileName) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let sealed = std::fs::read_to_string(path(app, profile)?).map_err(|_| Fault::VaultAbsent)?;
        let options = AuthOptions { data_to_decrypt: Some(sealed), ..options() };
        let plain = app.biometric().biometric_cipher(REASON.to_owned(), options).map_err(|error| {
            // The plugin tells a key that an enrolment invalidated by these words alone.
            let dropped = error.to_string().contains("Failed to initialize the cipher");
            if dropped { Fault::BoundKeyChanged.into() } else { refused() }
        })?;
        let plain = Zeroizing::new(plain.data);
        hex::decode(plain.as_bytes()).map(Zeroizing::new).map_err(|_| Fault::KeychainCorrupt.into())
    }

    pub(super) fn remove(app: &AppHandle, profile: &ProfileName) -> Result<(), Failure> {
        match std::fs::remove_file(path(app, profile)?) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::StorageFailed.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(any(target_os = "ios", target_os = "macos"))]
mod guard {
    use latchgate_client::{KeyStore, KeychainStore, StoreError};

    use super::{AppHandle, BiometricExt, Failure, Fault, ProfileName, REASON, Zeroizing, options, refused};

    /// The key's name in the keychain.
    fn name(profile: &ProfileName) -> String {
        format!("{}.bound", profile.as_str())
    }

    fn recognise(app: &AppHandle) -> Result<(), Failure> {
        app.biometric().authenticate(REASON.to_owned(), options()).map_err(|_| refused())
    }

    fn failure(error: StoreError) -> Failure {
        Failure::from(&error)
    }

    pub(super) fn put(app: &AppHandle, profile: &ProfileName, key: &[u8]) -> Result<(), Failure> {
        recognise(app)?;
        KeychainStore::new().write(&name(profile), key).map_err(failure)
    }

    pub(super) fn get(app: &AppHandle, profile: &ProfileName) -> Result<Zeroizing<Vec<u8>>, Failure> {
        recognise(app)?;
        KeychainStore::new().read(&name(profile)).map_err(failure)?.ok_or_else(|| Fault::VaultAbsent.into())
    }

    pub(super) fn remove(_: &AppHandle, profile: &ProfileName) -> Result<(), Failure> {
        KeychainStore::new().delete(&name(profile)).map_err(failure)
    }
}
