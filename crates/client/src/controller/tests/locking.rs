//! Locks, wrong tries, and the settings of both.

use super::*;
use crate::view::Settings;

#[tokio::test]
async fn ab_84_wrong_passphrases_are_counted_and_have_to_wait() {
    let device = Device::new();
    let controller = device.paired_with(passphrase("correct horse")).await;
    controller.lock(LockCause::Person);
    for failed in 1..=5 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        let Screen::Locked { failed_attempts, retry_after_seconds, .. } = controller.board().view().screen else {
            panic!("a wrong passphrase opened the vault")
        };
        assert_eq!((failed_attempts, retry_after_seconds.is_some()), (failed, failed == 5));
    }
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "too-many-attempts");
    drop(controller);
    let controller = device.start().await;
    until(&controller, |view| matches!(view.screen, Screen::Locked { failed_attempts: 5, .. })).await;
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "too-many-attempts");
}

#[tokio::test(start_paused = true)]
async fn ab_84_the_tenth_wrong_passphrase_erases_where_the_person_chose_so() {
    let device = Device::new();
    let controller = device.paired_with(passphrase("correct horse")).await;
    let chosen = Settings { erase_after_tries: Some(10), ..Settings::default() };
    controller.set_settings(chosen).await.unwrap();
    controller.lock(LockCause::Person);
    for failed in 1..=9 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        assert_eq!(lock_screen(&controller), (failed, Some(10 - failed), LockCause::Person));
        tokio::time::advance(crate::limits::LONGEST_WAIT).await;
    }
    assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "erased-after-tries");
    let view = controller.board().view();
    assert_eq!((view.screen, view.ended.unwrap().code.as_str()), (Screen::Welcome, "erased-after-tries"));
    assert!(device.store.values.lock().unwrap().is_empty());
    assert!(!device.folder.path().join("work/profile.json").exists());
}

#[tokio::test(start_paused = true)]
async fn ab_84_without_that_choice_no_number_of_tries_erases() {
    let device = Device::new();
    let controller = device.paired_with(passphrase("correct horse")).await;
    controller.lock(LockCause::Person);
    for _ in 1..=12 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        tokio::time::advance(crate::limits::LONGEST_WAIT).await;
    }
    controller.unlock(passphrase("correct horse")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ab_84_a_kill_during_the_last_try_gives_no_other_one() {
    let device = Device::new();
    let controller = device.paired_with(passphrase("correct horse")).await;
    controller.set_settings(Settings { erase_after_tries: Some(10), ..Settings::default() }).await.unwrap();
    drop(controller);
    // Killed after the tenth try was counted, before it was made.
    device.store.values.lock().unwrap().insert("work.tries".to_owned(), br#"{"failed":10,"erase_after":10}"#.to_vec());
    let controller = device.start().await;
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "erased-after-tries");
    assert!(device.store.values.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn ab_84_a_reinstallation_that_leaves_the_keychain_gives_no_tries_back() {
    let device = Device::new();
    let controller = device.paired_with(passphrase("correct horse")).await;
    controller.set_settings(Settings { erase_after_tries: Some(10), ..Settings::default() }).await.unwrap();
    controller.lock(LockCause::Person);
    for _ in 1..=6 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        tokio::time::advance(crate::limits::LONGEST_WAIT).await;
    }
    drop(controller);
    // Everything of the app goes, and somebody writes a description without the choice beside the old vault.
    let description = device.folder.path().join("work/profile.json");
    let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&description).unwrap()).unwrap();
    text.as_object_mut().unwrap().remove("settings");
    std::fs::remove_dir_all(device.folder.path().join("work")).unwrap();
    std::fs::create_dir(device.folder.path().join("work")).unwrap();
    std::fs::write(&description, text.to_string()).unwrap();
    let controller = device.start().await;
    until(&controller, |view| matches!(view.screen, Screen::Locked { failed_attempts: 6, .. })).await;
    assert_eq!(lock_screen(&controller), (6, Some(4), LockCause::Start));
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "too-many-attempts");
}

#[tokio::test]
async fn ab_85_a_lock_closes_everything_and_the_next_unlock_has_other_credentials() {
    let device = Device::new();
    let controller = device.paired().await;
    let before = controller.proxy().unwrap();
    controller.lock(LockCause::Person);
    let view = controller.board().view();
    assert!(matches!(view.screen, Screen::Locked { .. }) && view.sites.is_empty());
    assert_eq!(view.profile.unwrap().person, None);
    assert!(controller.proxy().is_none());
    controller.unlock(UnlockSecret::None).await.unwrap();
    let after = controller.proxy().unwrap();
    assert_ne!(before.password, after.password);
    assert_ne!(before.ca_pem, after.ca_pem);
    until(&controller, |view| view.status.company == Light::Good).await;
}

#[tokio::test]
async fn ab_85_a_lock_overtakes_an_unlock_that_is_under_way() {
    let device = Device::new();
    let controller = device.paired().await;
    controller.lock(LockCause::Person);
    let (release, gate) = std::sync::mpsc::channel();
    *device.store.gate.lock().unwrap() = Some(gate);
    let unlocking = controller.unlock(UnlockSecret::None);
    let locking = async {
        until(&controller, |view| view.screen == Screen::Unlocking).await;
        controller.lock(LockCause::Person);
        drop(release);
    };
    let (unlocked, ()) = tokio::join!(unlocking, locking);
    assert_eq!(unlocked.unwrap_err().code, "locked");
    assert!(matches!(controller.board().view().screen, Screen::Locked { .. }));
    assert!(controller.proxy().is_none());
}

#[tokio::test(start_paused = true)]
async fn ab_85_a_device_that_nobody_uses_locks_by_itself() {
    let device = Device::new();
    let controller = device.paired().await;
    controller.set_settings(Settings { lock_after_minutes: Some(5), ..Settings::default() }).await.unwrap();
    let minute = std::time::Duration::from_secs(60);
    tokio::time::sleep(4 * minute).await;
    controller.touch();
    tokio::time::sleep(4 * minute).await;
    assert_eq!(controller.board().view().screen, Screen::Portal);
    tokio::time::sleep(2 * minute).await;
    assert_eq!(lock_screen(&controller).2, LockCause::Idle);
    assert!(controller.proxy().is_none());
}

#[tokio::test]
async fn settings_change_while_the_vault_is_open_and_within_their_range_only() {
    let device = Device::new();
    let controller = device.paired().await;
    for wrong in [
        Settings { lock_after_minutes: Some(0), ..Settings::default() },
        Settings { lock_after_minutes: Some(100_000), ..Settings::default() },
        Settings { erase_after_tries: Some(3), ..Settings::default() },
    ] {
        assert_eq!(controller.set_settings(wrong).await.unwrap_err().code, "bad-setting");
    }
    let chosen =
        Settings { lock_after_minutes: None, erase_after_tries: Some(12), backups: true, ..Settings::default() };
    controller.set_settings(chosen.clone()).await.unwrap();
    controller.lock(LockCause::Person);
    assert_eq!(controller.set_settings(Settings::default()).await.unwrap_err().code, "locked");
    drop(controller);
    assert_eq!(device.start().await.board().view().settings, chosen);
}

fn lock_screen(controller: &Controller) -> (u32, Option<u32>, LockCause) {
    match controller.board().view().screen {
        Screen::Locked { failed_attempts, tries_left, cause, .. } => (failed_attempts, tries_left, cause),
        Screen::Welcome | Screen::Pairing { .. } | Screen::Unlocking | Screen::Portal => panic!("it is not locked"),
    }
}
