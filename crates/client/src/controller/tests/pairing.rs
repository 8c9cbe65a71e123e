//! From a code to the portal, and what stands in the way.

use super::*;
use crate::world::COMPANY;

#[tokio::test]
async fn from_a_code_to_a_page_of_the_intranet() {
    let device = Device::new();
    let controller = device.start().await;
    assert_eq!(controller.board().view().screen, Screen::Welcome);

    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let paired = until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    let Screen::Pairing { progress } = &paired.screen else { panic!("the last screen of the pairing is shown") };
    assert_eq!(progress.check_code.as_ref().unwrap().len(), 7);
    assert!(controller.proxy().is_none());

    controller.confirm_check_code().await.unwrap();
    let portal = until(&controller, |view| !view.sites.is_empty()).await;
    let profile = portal.profile.unwrap();
    assert_eq!((profile.company.as_str(), profile.person.as_deref()), (COMPANY, Some("Ada")));
    assert_eq!((portal.screen, portal.sites.len()), (Screen::Portal, 2));
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/start").await;
    assert!(page.ends_with("/start at wiki.example.com"), "{page}");
    assert!(controller.proxy().unwrap().authority.certificate_pem("safe.example.com").is_ok());
}

#[tokio::test]
async fn a_printed_code_waits_for_its_check_code_across_a_restart() {
    let device = Device::new();
    device.world.far().printed = true;
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Confirming)).await;
    drop(controller);

    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    assert_eq!(step(&controller.board().view()), Some(PairingStep::Confirming));
    assert!(controller.proxy().is_none());
    controller.confirm_check_code().await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Portal);
}

#[tokio::test]
async fn ab_45_a_check_code_that_differs_leaves_nothing_on_the_device() {
    let device = Device::new();
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    controller.cancel_pairing().await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Welcome);
    assert!(device.store.values.lock().unwrap().is_empty());
    assert!(!device.folder.path().join("work/profile.json").exists());
}

#[tokio::test]
async fn ab_46_a_code_that_cannot_be_used_is_never_sent() {
    let device = Device::new();
    let controller = device.start().await;
    for (text, code) in
        [("", "code-empty"), ("https://evil.example", "code-not-a-code"), ("LG9:A", "code-foreign-version")]
    {
        let failure = controller.pair(text, UnlockSecret::None).await.unwrap_err();
        assert_eq!(failure.code, code);
    }
    assert_eq!(device.world.far().messages, 0);
    assert_eq!(controller.board().view().screen, Screen::Welcome);
}

#[tokio::test]
async fn a_used_code_says_so_and_the_next_code_takes_its_place() {
    let device = Device::new();
    device.world.claim_first();
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| pairing_failure(view).is_some()).await;
    assert_eq!(pairing_failure(&view), Some(("code-used".to_owned(), false)));
    device.world.invite_again();
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}

#[tokio::test(start_paused = true)]
async fn ab_52_an_interrupted_pairing_goes_on_after_a_restart() {
    let device = Device::new();
    device.world.far().present = false;
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| pairing_failure(view).is_some()).await;
    assert_eq!(pairing_failure(&view), Some(("connector-offline".to_owned(), true)));
    assert_eq!(controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err().code, "pairing-unfinished");
    drop(controller);

    device.world.far().present = true;
    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    assert_eq!(device.world.far().claims, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_pairing_goes_on_when_the_person_says_so() {
    let device = Device::new();
    device.world.far().present = false;
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| pairing_failure(view).is_some()).await;
    device.world.far().present = true;
    controller.resume_pairing().await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    assert_eq!(controller.resume_pairing().await.unwrap_err().code, "already-paired");
}

#[tokio::test]
async fn commands_out_of_order_are_refused_by_name() {
    let device = Device::new();
    let controller = device.start().await;
    assert_eq!(controller.unlock(UnlockSecret::None).await.unwrap_err().code, "not-paired");
    assert_eq!(controller.forget().await.unwrap_err().code, "not-paired");
    assert_eq!(controller.resume_pairing().await.unwrap_err().code, "not-paired");
    assert_eq!(controller.confirm_check_code().await.unwrap_err().code, "not-paired");
    controller.lock(LockCause::Person);
    assert_eq!(controller.board().view().screen, Screen::Welcome);
    drop(controller);

    let controller = device.paired().await;
    assert_eq!(controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err().code, "already-paired");
    assert_eq!(controller.cancel_pairing().await.unwrap_err().code, "already-paired");
    controller.unlock(UnlockSecret::None).await.unwrap();
    controller.lock(LockCause::Person);
    assert_eq!(controller.confirm_check_code().await.unwrap_err().code, "locked");
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "wrong-method");
    controller.forget().await.unwrap();
    assert!(device.store.values.lock().unwrap().is_empty());
}
