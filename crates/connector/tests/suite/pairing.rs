//! Inviting and pairing.

use std::time::Duration;

use latchgate_connector::{DeviceState, InvitationRequest, InviteError, StoreError, invite};
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::problem::code::CODE_USED;
use latchgate_tunnel::PairingCode;

use super::support::{Company, Device, WIKI, claim};

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_device_pairs_and_opens_a_site_as_its_person() {
    let company = Company::started().await;
    let device = company.device().await;
    assert_eq!(device.connector_key(), company.store.connector_key());
    let (status, body) = device.open().await.get(WIKI).await.unwrap();
    assert_eq!((status.as_u16(), body.as_str()), (200, "maria"));
    let rows = company.store.devices().unwrap();
    assert_eq!((rows[0].state, rows[0].label.as_deref()), (DeviceState::Active, Some("Maria's phone")));
    company.audited("device-claimed").await;
    company.audited("device-paired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_52_a_connector_that_restarts_between_any_two_steps_finishes_the_pairing() {
    let mut company = Company::new().await;
    let invitation = company.invite().await;
    company.start().await;
    let mut device = Device::claim(&invitation).await;
    company.stop().await;
    company.start().await;
    device.pair().await.unwrap();
    company.stop().await;
    company.start().await;
    drop(device.session().await.unwrap());
    company.stop().await;
    company.start().await;
    let (status, _) = device.open().await.get(WIKI).await.unwrap();
    assert_eq!(status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_43_a_second_claim_of_one_code_is_refused_and_reported() {
    let company = Company::started().await;
    let invitation = company.invite().await;
    claim(&invitation).await.unwrap();
    let second = claim(&invitation).await.unwrap_err();
    assert_eq!(second.problem_code(), Some(CODE_USED));
    company.audited("claim-conflict").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lives_a_day_at_most_and_a_long_one_counts_as_printed() {
    let company = Company::new().await;
    let ask = async |person, seconds| {
        let request = InvitationRequest { person, lifetime: Duration::from_secs(seconds), printed: false };
        let config = company.config();
        invite(&company.store, &company.rest(), config.gateway(), request).await
    };
    assert!(matches!(ask("maria", 24 * 3600 + 1).await, Err(InviteError::Lifetime)));
    assert!(matches!(ask("maria", 0).await, Err(InviteError::Lifetime)));
    let unknown = ask("mraia", 600).await;
    assert!(matches!(unknown, Err(InviteError::Store(StoreError::UnknownPerson { .. }))));
    for (seconds, printed) in [(600, false), (601, true)] {
        let invitation = ask("maria", seconds).await.unwrap();
        let code = PairingCode::decode(&invitation.code, PlainHttp::ToLoopback).unwrap();
        assert_eq!((invitation.printed, code.flags.printed), (printed, printed));
        assert!(!format!("{invitation:?}").contains("LG1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_a_printed_code_waits_for_its_approval() {
    let company = Company::started().await;
    let request = InvitationRequest { person: "maria", lifetime: Duration::from_secs(600), printed: true };
    let config = company.config();
    let invitation = invite(&company.store, &company.rest(), config.gateway(), request).await.unwrap();
    let mut device = Device::claim(&invitation).await;
    device.pair().await.unwrap();
    let browser = device.open().await;
    assert_eq!(browser.get(WIKI).await.unwrap().0.as_u16(), 403);
    // Another process approves; the running connector notices.
    let other = latchgate_connector::Store::open(company.store.data()).unwrap();
    other.approve(device.device_id(), Some(&device.check_code())).unwrap();
    while browser.get(WIKI).await.unwrap().0.as_u16() != 200 {}
}
