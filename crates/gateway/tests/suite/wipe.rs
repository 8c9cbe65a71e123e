//! Orders that wait for a revoked device.

use http::{Method, StatusCode};
use latchgate_protocol::control::Control;
use latchgate_protocol::rest::{ConfirmWipe, DeviceList, DeviceState, OrderWipe};
use latchgate_protocol::{DeviceId, SealedBlob, Topic};

use crate::support::{Account, Answer, DeviceAccount, TestGateway, request, revoke};

fn blob(bytes: &[u8]) -> SealedBlob {
    SealedBlob::new(bytes.to_vec()).unwrap()
}

async fn order(gateway: &TestGateway, instance: &Account, device: DeviceId, bytes: &[u8]) -> StatusCode {
    let path = format!("/v1/devices/{device}/wipe");
    gateway.call(request(Method::PUT, &path).by(instance).json(&OrderWipe { order: blob(bytes) })).await.status
}

async fn fetch(gateway: &TestGateway, device: &DeviceAccount) -> Answer {
    let path = format!("/v1/devices/{}/wipe", device.id);
    gateway.call(request(Method::GET, &path).basic(&device.id.to_string(), &device.password).empty()).await
}

async fn answer(gateway: &TestGateway, device: &DeviceAccount, bytes: &[u8]) -> StatusCode {
    let path = format!("/v1/devices/{}/wipe/confirmation", device.id);
    let draft = request(Method::POST, &path).basic(&device.id.to_string(), &device.password);
    gateway.call(draft.json(&ConfirmWipe { confirmation: blob(bytes) })).await.status
}

async fn entry(gateway: &TestGateway, instance: &Account) -> latchgate_protocol::rest::DeviceEntry {
    let answer = gateway.call(request(Method::GET, "/v1/devices").by(instance).empty()).await;
    answer.body_as::<DeviceList>(StatusCode::OK).devices.remove(0)
}

#[tokio::test]
async fn an_order_waits_over_a_restart_until_the_device_answered() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let peer = gateway.device_peer(&device).await;
    assert_eq!(fetch(&gateway, &device).await.status, StatusCode::NOT_FOUND, "no order before there is one");
    assert_eq!(answer(&gateway, &device, b"too soon").await, StatusCode::NOT_FOUND);

    assert_eq!(order(&gateway, &instance, device.id, b"sealed").await, StatusCode::NO_CONTENT);
    drop(peer);
    let (_, code) = gateway.try_connect(instance.id, &device.id.to_string(), &device.password).await;
    assert_eq!(code, 0x87, "the device is revoked");

    let gateway = gateway.restart().await;
    let fetched: OrderWipe = fetch(&gateway, &device).await.body_as(StatusCode::OK);
    assert_eq!(fetched.order, blob(b"sealed"));
    let mut connector = gateway.connector(&instance).await;
    assert_eq!(answer(&gateway, &device, b"done").await, StatusCode::NO_CONTENT);
    loop {
        let (topic, payload) = connector.publication().await;
        if topic == Topic::Control(instance.id).to_string() {
            assert_eq!(serde_json::from_slice::<Control>(&payload).unwrap(), Control::Wiped { device_id: device.id });
            break;
        }
    }
    let entry = entry(&gateway, &instance).await;
    assert_eq!((entry.state, entry.wipe_confirmation), (DeviceState::Revoked, Some(blob(b"done"))));

    assert_eq!(gateway.call(revoke(&instance, device.id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(fetch(&gateway, &device).await.status, StatusCode::UNAUTHORIZED, "its credentials are gone");
}

#[tokio::test]
async fn a_revoked_device_reaches_its_own_order_and_nothing_else() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let (device, other) = (gateway.device(&instance).await, gateway.device(&instance).await);
    order(&gateway, &instance, device.id, b"sealed").await;
    let credentials = |draft: crate::support::Draft| draft.basic(&device.id.to_string(), &device.password);
    for (method, path) in [
        (Method::GET, "/v1/devices".to_owned()),
        (Method::DELETE, format!("/v1/devices/{}", other.id)),
        (Method::GET, format!("/v1/devices/{}/wipe", other.id)),
        (Method::PUT, format!("/v1/devices/{}/wipe", device.id)),
    ] {
        let answer =
            gateway.call(credentials(request(method.clone(), &path)).json(&OrderWipe { order: blob(b"x") })).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    let forged = DeviceAccount { password: other.password.clone(), ..device };
    assert_eq!(fetch(&gateway, &forged).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn ab_09_an_order_for_anothers_device_is_not_taken() {
    let gateway = TestGateway::start().await;
    let (instance, stranger) = (gateway.create_instance().await, gateway.create_instance().await);
    let device = gateway.device(&instance).await;
    assert_eq!(order(&gateway, &stranger, device.id, b"sealed").await, StatusCode::NOT_FOUND);
    assert_eq!(fetch(&gateway, &device).await.status, StatusCode::NOT_FOUND);
    gateway.device_peer(&device).await;
}

#[tokio::test]
async fn an_oversized_or_empty_order_is_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let path = format!("/v1/devices/{}/wipe", device.id);
    for text in [r#"{"order":""}"#.to_owned(), format!(r#"{{"order":"{}"}}"#, "A".repeat(684)), "{}".to_owned()] {
        let answer = gateway.call(request(Method::PUT, &path).by(&instance).text(text)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    gateway.device_peer(&device).await;
}
