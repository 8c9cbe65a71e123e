//! Where the keys lie: a keychain that fails, keys that are damaged or gone.

use super::*;
use crate::view::Settings;

#[tokio::test]
async fn ab_82_without_a_working_keychain_no_code_is_burnt() {
    let device = Device::new();
    let controller = device.start().await;
    type Case = (fn() -> StoreError, &'static str, KeychainState);
    let failures: [Case; 4] = [
        (|| StoreError::Absent, "keychain-absent", KeychainState::Absent),
        (|| StoreError::Locked, "keychain-locked", KeychainState::Locked),
        (|| StoreError::Denied, "keychain-denied", KeychainState::Denied),
        (|| StoreError::Corrupt, "keychain-corrupt", KeychainState::Corrupt),
    ];
    for (fail, code, state) in failures {
        *device.store.fails.lock().unwrap() = Some(fail);
        let failure = controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err();
        assert_eq!((failure.code.as_str(), controller.board().view().keychain), (code, state));
    }
    assert_eq!(device.world.far().messages, 0);
    device.store.mend();
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}

#[tokio::test]
async fn ab_82_where_there_is_no_keychain_a_chosen_passphrase_seals_a_file() {
    let device = Device::new();
    *device.store.fails.lock().unwrap() = Some(|| StoreError::Absent);
    let controller = device.paired_with(passphrase("correct horse")).await;
    assert!(device.folder.path().join("work/work.vault").exists());
    drop(controller);

    let controller = device.start().await;
    controller.unlock(passphrase("correct horse")).await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Portal);
}

#[tokio::test]
async fn ab_82_a_locked_keychain_is_no_reason_to_pair_again() {
    let device = Device::new();
    drop(device.paired().await);
    let controller = device.start().await;
    *device.store.fails.lock().unwrap() = Some(|| StoreError::Locked);
    let failure = controller.unlock(UnlockSecret::None).await.unwrap_err();
    let view = controller.board().view();
    assert_eq!((failure.code.as_str(), view.keychain), ("keychain-locked", KeychainState::Locked));
    assert!(matches!(view.screen, Screen::Locked { .. }));
    device.store.mend();
    controller.unlock(UnlockSecret::None).await.unwrap();
    until(&controller, |view| view.status.company == Light::Good).await;
}

#[tokio::test]
async fn ab_82_damaged_keys_are_named_and_neither_deleted_nor_counted_as_a_wrong_passphrase() {
    for secret in [|| passphrase("correct horse"), || UnlockSecret::None] {
        let device = Device::new();
        let controller = device.paired_with(secret()).await;
        let erasing = Settings { erase_after_tries: Some(10), ..Settings::default() };
        controller.set_settings(erasing).await.unwrap();
        drop(controller);
        let flip = || {
            let mut values = device.store.values.lock().unwrap();
            let blob = values.get_mut("work").unwrap();
            let middle = blob.len() / 2;
            blob[middle] ^= 1;
        };
        flip();
        let damaged = device.store.values.lock().unwrap().clone();
        let controller = device.start().await;
        for _ in 0..12 {
            let failure = controller.unlock(secret()).await.unwrap_err();
            let view = controller.board().view();
            assert_eq!((failure.code.as_str(), view.keychain), ("keychain-corrupt", KeychainState::Corrupt));
            assert!(matches!(view.screen, Screen::Locked { failed_attempts: 0, .. }));
        }
        assert_eq!(*device.store.values.lock().unwrap(), damaged, "nothing is changed");
        flip();
        controller.unlock(secret()).await.unwrap();
        until(&controller, |view| view.status.company == Light::Good).await;
    }
}

#[tokio::test]
async fn ab_83_a_vault_without_a_description_is_one_that_never_mattered() {
    let device = Device::new();
    let controller = device.start().await;
    let description = device.folder.path().join("work/profile.new");
    std::fs::create_dir(&description).unwrap();
    let failure = controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err();
    assert_eq!(failure.code, "storage-failed");
    assert_eq!(device.world.far().messages, 0);
    assert!(device.store.values.lock().unwrap().is_empty());
    std::fs::remove_dir(&description).unwrap();
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}

#[tokio::test]
async fn ab_83_a_description_without_a_vault_says_that_the_keys_are_gone() {
    let device = Device::new();
    drop(device.paired().await);
    device.store.values.lock().unwrap().clear();
    let controller = device.start().await;
    assert_eq!(controller.unlock(UnlockSecret::None).await.unwrap_err().code, "vault-absent");
    controller.forget().await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Welcome);
}
