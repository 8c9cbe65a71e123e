//! Revocation: the keys first, the open session at once, the gateway until it has confirmed.

use std::path::Path;
use std::time::{Duration, Instant};

use latchgate_connector::{Store, UnixSeconds};
use latchgate_link::LinkError;
use latchgate_protocol::rest::DeviceState;
use latchgate_tunnel::CloseReason;

use super::support::{Company, Device, WIKI, until};

/// Returns whether the gateway counts all devices as revoked.
async fn all_revoked(company: &Company) -> bool {
    let account = company.store.account().expect("an account");
    let listed = company.rest().list_devices(&account).await.expect("a list");
    listed.devices.iter().all(|device| device.state == DeviceState::Revoked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_by_another_process_cuts_the_open_session_and_reaches_the_gateway() {
    let company = Company::started().await;
    let device = company.device().await;
    let other = company.device().await;
    let (browser, unharmed) = (device.open().await, other.open().await);
    assert_eq!(browser.get(WIKI).await.unwrap().0.as_u16(), 200);

    let process = Store::open(company.store.data()).unwrap();
    process.revoke(device.device_id(), UnixSeconds::now()).unwrap();
    browser.until_cut().await;
    company.audited("revocation-confirmed").await;
    assert!(process.revocations().unwrap().is_empty());
    assert!(matches!(device.link().await, Err(LinkError::Refused(_))));
    assert_eq!(unharmed.get(WIKI).await.unwrap().0.as_u16(), 200);
}

/// A gateway that hears of a revocation closes the device's connection, and what the device was to hear is lost.
#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_told_when_the_device_has_left() {
    let company = Company::started().await;
    loop {
        let (staying, leaving) = (company.device().await, company.device().await);
        let link = staying.link().await.expect("a connection");
        let browsers = [staying.open_on(&link).await, leaving.open().await];
        let begun = Instant::now();
        for device in [&staying, &leaving] {
            company.store.revoke(device.device_id(), UnixSeconds::now()).unwrap();
        }
        for browser in browsers {
            browser.until_cut().await;
        }
        assert_eq!(link.farewell().await, CloseReason::Revoked);
        let waits = |device: &Device| company.store.revocations().unwrap().contains(&device.device_id());
        until(|| !waits(&leaving)).await;
        let told = !waits(&staying);
        drop(link);
        until(|| !waits(&staying)).await;
        // A device that stays is waited for some seconds; a machine that took these for everything else tries again.
        if begun.elapsed() < Duration::from_secs(4) {
            assert!(!told, "the gateway was told while the device was there");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_away_is_told_when_it_is_back() {
    let mut company = Company::started().await;
    let device = company.device().await;
    drop(device.open().await);
    company.stop_gateway().await;
    company.store.revoke(device.device_id(), UnixSeconds::now()).unwrap();
    company.start_gateway().await;
    until(|| company.store.revocations().unwrap().is_empty()).await;
    assert!(all_revoked(&company).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_99_a_gateway_that_was_restored_from_a_backup_resurrects_nobody() {
    let mut company = Company::started().await;
    let device = company.device().await;
    drop(device.open().await);
    let (live, backup) = (company.folder.path().join("gateway"), company.folder.path().join("backup"));
    company.stop_gateway().await;
    copy_folder(&live, &backup);
    company.start_gateway().await;

    company.store.revoke(device.device_id(), UnixSeconds::now()).unwrap();
    company.audited("revocation-confirmed").await;
    assert!(all_revoked(&company).await);

    company.stop_gateway().await;
    std::fs::remove_dir_all(&live).unwrap();
    copy_folder(&backup, &live);
    company.start_gateway().await;
    while !all_revoked(&company).await {}
    assert!(matches!(device.link().await, Err(LinkError::Refused(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_person_cuts_all_the_persons_devices() {
    let company = Company::started().await;
    let browsers = [company.device().await.open().await, company.device().await.open().await];
    company.store.remove_person("maria", UnixSeconds::now()).unwrap();
    for browser in browsers {
        browser.until_cut().await;
    }
    until(|| company.store.revocations().unwrap().is_empty()).await;
    assert!(all_revoked(&company).await);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
    }
}
