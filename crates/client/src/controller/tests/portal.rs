//! A captive portal, or whatever else answers in the place of the gateway.

use std::time::Duration;

use super::*;

#[tokio::test(start_paused = true)]
async fn ab_90_a_captive_portal_is_said_and_asked_again_ever_more_slowly() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().portal = Some(302);
    device.world.cut_sessions();
    let view = until(&controller, |view| view.status.failure.is_some()).await;
    let code = |view: &AppView| view.status.failure.as_ref().map(|failure| failure.code.clone());
    assert_eq!(code(&view).as_deref(), Some("captive-portal"));
    let messages = device.world.far().messages;

    let asked_within = async |minutes: u64| {
        let before = device.world.far().portal_asked;
        tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
        device.world.far().portal_asked - before
    };
    // A second on average at first, and a quarter of a minute later on.
    let first = asked_within(1).await;
    assert!((20..=150).contains(&first), "{first} times in the first minute");
    asked_within(2).await;
    let later = asked_within(8).await;
    assert!((5..=90).contains(&later), "{later} times in eight minutes");
    assert_eq!(device.world.far().messages, messages, "nothing of a login was sent");
    assert_eq!(code(&controller.board().view()).as_deref(), Some("captive-portal"));

    device.world.far().portal = None;
    until(&controller, |view| view.status.company == Light::Good).await;
    assert!(!device.is_erased());
}

#[tokio::test(start_paused = true)]
async fn ab_90_a_captive_portal_burns_no_code() {
    let device = Device::new();
    device.world.far().portal = Some(200);
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| pairing_failure(view).is_some()).await;
    assert_eq!(pairing_failure(&view), Some(("captive-portal".to_owned(), true)));
    assert_eq!(device.world.far().messages, 0);
    assert!(device.world.far().portal_asked > 5);

    device.world.far().portal = None;
    controller.resume_pairing().await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}
