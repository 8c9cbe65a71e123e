//! The end of a pairing that the company ended, and what is no such end.

use latchgate_link::Refusal;
use latchgate_protocol::{DeviceId, SealedBlob};
use latchgate_tunnel::wipe::{ConfirmationHash, WipeKey};
use latchgate_tunnel::{CloseReason, Generation};

use super::*;

#[tokio::test]
async fn ab_86_a_refusing_gateway_is_named_and_erases_nothing() {
    let device = Device::new();
    drop(device.paired().await);
    let stored = device.store.values.lock().unwrap().clone();
    device.world.far().refusal = Some(Refusal::NotAuthorized);
    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| view.status.failure.is_some()).await;
    assert_eq!(view.status.failure.unwrap().code, "revoked");
    assert_eq!((view.screen, view.status.gateway), (Screen::Portal, Light::Bad));
    assert_eq!(*device.store.values.lock().unwrap(), stored);
    device.world.far().refusal = None;
    controller.wake();
    until(&controller, |view| view.status.company == Light::Good && view.status.failure.is_none()).await;
}

#[tokio::test]
async fn ab_86_the_companys_sealed_word_erases_everything_and_says_so() {
    let device = Device::new();
    let controller = device.paired().await;
    let endpoint = controller.proxy().unwrap();
    device.world.far().farewell.send_replace(CloseReason::Revoked);
    device.world.cut_sessions();
    let view = until(&controller, |view| view.screen == Screen::Welcome).await;
    assert_eq!(view.ended.map(|notice| notice.code).as_deref(), Some("removed"));
    assert!(device.store.values.lock().unwrap().is_empty());
    assert!(!device.folder.path().join("work/profile.json").exists());
    assert_eq!(device.erased.load(Ordering::Relaxed), 1, "what pages kept is erased");
    // The listener's task is dropped by the runtime, in its own time.
    while TcpStream::connect(endpoint.addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn ab_86_an_order_that_waited_erases_everything_and_is_answered() {
    let device = Device::new();
    drop(device.paired().await);
    let (order, hash) = order(&device);
    device.world.far().order = Some(order);
    device.world.far().refusal = Some(Refusal::NotAuthorized);
    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| view.screen == Screen::Welcome).await;
    assert_eq!(view.ended.unwrap().code, "removed");
    assert!(device.store.values.lock().unwrap().is_empty());
    while controller.is_leaving() {
        tokio::task::yield_now().await;
    }
    assert!(hash.matches(device.world.far().answer.as_ref().unwrap().as_bytes()));
}

#[tokio::test]
async fn ab_86_an_order_that_the_company_did_not_seal_erases_nothing() {
    let device = Device::new();
    drop(device.paired().await);
    let stored = device.store.values.lock().unwrap().clone();
    let (order, _) = order(&device);
    let mut forged = order.as_bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    for forged in [forged, vec![1; 22], b"wipe".to_vec(), order.as_bytes()[..21].to_vec()] {
        device.world.far().order = SealedBlob::new(forged);
        device.world.far().refusal = Some(Refusal::NotAuthorized);
        let controller = device.start().await;
        controller.unlock(UnlockSecret::None).await.unwrap();
        until(&controller, |view| view.status.failure.is_some()).await;
        controller.wake();
        until(&controller, |view| view.status.failure.is_some()).await;
        assert_eq!(*device.store.values.lock().unwrap(), stored);
        assert!(!controller.is_leaving());
    }
    assert_eq!(device.world.far().answer, None);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_an_erasure_is_made_up_for_by_the_next_start() {
    let device = Device::new();
    let controller = device.paired().await;
    let (_, hash) = order(&device);
    device.world.far().answers_lost = 3;
    // The keychain fails in the middle: the vault stays, and the process ends.
    *device.store.fails.lock().unwrap() = Some(|| StoreError::Locked);
    device.world.far().farewell.send_replace(CloseReason::Wipe);
    let failed = |view: &AppView| view.ended.as_ref().is_some_and(|ended| ended.code == "keychain-locked");
    until(&controller, failed).await;
    drop(controller);
    assert!(!device.store.values.lock().unwrap().is_empty());

    device.store.mend();
    let controller = device.start().await;
    until(&controller, |view| view.screen == Screen::Welcome && view.profile.is_none()).await;
    assert!(device.store.values.lock().unwrap().is_empty(), "no passphrase is needed to finish");
    while controller.is_leaving() {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert!(hash.matches(device.world.far().answer.as_ref().unwrap().as_bytes()));
    drop(controller);
    let again = device.start().await;
    assert!(!again.is_leaving(), "it is over");
    assert_eq!(again.board().view().ended.unwrap().code, "removed", "and still said");
}

/// Makes the order as the connector does, and what recognises its answer.
fn order(device: &Device) -> (SealedBlob, ConfirmationHash) {
    let far = device.world.far();
    let (_, key, _) = far.active.as_ref().unwrap();
    let wipe = WipeKey::derive(key, DeviceId::from_bytes([0xd1; 16]), Generation::FIRST);
    (SealedBlob::new(wipe.seal_order()).unwrap(), wipe.confirmation_hash())
}
