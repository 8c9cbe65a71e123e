//! A person's own devices, seen and ended from another device of the same person.

use http::{Request, StatusCode};
use latchgate_protocol::DeviceId;
use latchgate_tunnel::devices::{DeviceAction, DeviceList, OwnDeviceState};
use serde_json::{Value, json};

use crate::fixture::{Device, TestApp, empty, full, refusal, text};
use crate::store::{DeviceState, WipeState};

const DEVICES: &str = "http://connector.latchgate.internal/v1/devices";

async fn list(device: &Device) -> DeviceList {
    serde_json::from_str(&device.get_text(DEVICES).await).unwrap()
}

async fn post(device: &Device, of: DeviceId, action: DeviceAction, body: &Value) -> (u16, String) {
    let url = format!("http://connector.latchgate.internal{}", action.path(of));
    let response = device.send(Request::post(url).body(full(body.to_string())).unwrap()).await;
    let (status, code) = refusal(&response);
    (status, code.to_owned())
}

fn state_of(app: &TestApp, device: &Device) -> (DeviceState, Option<WipeState>) {
    let row = app.test.store.find_device(&device.device_id.to_string()).unwrap();
    (row.state, row.wipe)
}

fn audited(app: &TestApp) -> String {
    std::fs::read_to_string(app.test.store.data().join("audit.jsonl")).unwrap_or_default()
}

#[tokio::test]
async fn a_lost_device_is_revoked_from_another_one_of_the_same_person() {
    let app = TestApp::new("");
    let laptop = app.device_of("maria", "staff").await;
    let phone = app.pair("maria", false).await;
    let ada = app.device_of("ada", "staff").await;

    let seen = list(&laptop).await;
    let ids: Vec<_> = seen.devices.iter().map(|device| (device.device_id, device.this, device.state)).collect();
    let expected = [(laptop.device_id, true, OwnDeviceState::Active), (phone.device_id, false, OwnDeviceState::Active)];
    assert_eq!(ids, expected, "one's own devices and nobody else's");

    assert_eq!(post(&laptop, phone.device_id, DeviceAction::Revoke, &json!({})).await.0, 204);
    assert_eq!(state_of(&app, &phone), (DeviceState::Revoked, None));
    assert_eq!(state_of(&app, &laptop).0, DeviceState::Active);
    assert_eq!(state_of(&app, &ada).0, DeviceState::Active);
    assert_eq!(list(&laptop).await.devices[1].state, OwnDeviceState::Revoked);
    let audit = audited(&app);
    assert!(audit.contains("device-revoked") && audit.contains(&laptop.device_id.to_string()), "{audit}");
}

#[tokio::test]
async fn a_wipe_from_another_device_waits_for_its_answer() {
    let app = TestApp::new("");
    let laptop = app.device_of("maria", "staff").await;
    let phone = app.pair("maria", false).await;
    assert_eq!(post(&laptop, phone.device_id, DeviceAction::Revoke, &json!({ "wipe": true })).await.0, 204);
    assert_eq!(state_of(&app, &phone), (DeviceState::Revoked, Some(WipeState::Pending)));
    assert_eq!(list(&laptop).await.devices[1].state, OwnDeviceState::WipePending);
    assert!(audited(&app).contains("wipe-ordered"));
}

#[tokio::test]
async fn another_persons_device_is_as_unknown_as_one_that_does_not_exist() {
    let app = TestApp::new("");
    let maria = app.device_of("maria", "staff").await;
    let ada = app.device_of("ada", "staff").await;
    let nobody = DeviceId::from_bytes([0xee; 16]);
    for (action, body) in [
        (DeviceAction::Revoke, json!({ "wipe": true })),
        (DeviceAction::Confirm, json!({ "check_code": "123456" })),
        (DeviceAction::Deny, json!({})),
    ] {
        let of_ada = post(&maria, ada.device_id, action, &body).await;
        assert_eq!(of_ada, (404, "device-unknown".to_owned()), "{action:?}");
        assert_eq!(post(&maria, nobody, action, &body).await, of_ada);
    }
    assert_eq!(state_of(&app, &ada), (DeviceState::Active, None));
    let malformed = post(&maria, maria.device_id, DeviceAction::Confirm, &json!([])).await;
    assert_eq!(malformed.0, 400);
    let deleted = maria.send(Request::delete(DEVICES).body(empty()).unwrap()).await;
    assert_eq!(refusal(&deleted).0, 400);
}

/// A photographed code that somebody claimed first: the thief's device must not let itself in.
#[tokio::test]
async fn ab_45_where_the_person_confirms_another_device_does_and_a_denied_one_is_gone() {
    let app = TestApp::new("confirm = \"person\"\n---\n");
    let laptop = app.device_of("maria", "staff").await;
    app.test.store.approve(laptop.device_id, None).unwrap();
    let thief = app.pair("maria", false).await;
    app.refresh();
    assert_eq!(refusal(&thief.get(DEVICES).await), (403, "device-not-confirmed"));
    let itself = post(&thief, thief.device_id, DeviceAction::Confirm, &json!({ "check_code": "000000" })).await;
    assert_eq!(itself, (403, "device-not-confirmed".to_owned()));

    let seen = list(&laptop).await;
    assert_eq!(seen.devices[1].state, OwnDeviceState::Unconfirmed);
    assert_eq!(seen.devices[1].check_code.as_ref().unwrap().len(), 6, "the code to compare is shown");
    let wrong = post(&laptop, thief.device_id, DeviceAction::Confirm, &json!({ "check_code": "wrong" })).await;
    assert_eq!(wrong, (409, "check-code".to_owned()));
    assert_eq!(post(&laptop, thief.device_id, DeviceAction::Deny, &json!({})).await.0, 204);
    assert_eq!(state_of(&app, &thief).0, DeviceState::Revoked);
    assert_eq!(app.test.store.revocations().unwrap(), [thief.device_id], "the gateway is told: its code is void");
    assert!(audited(&app).contains("device-denied"));

    let phone = app.pair("maria", false).await;
    let code = list(&laptop).await.devices.into_iter().find_map(|device| device.check_code).unwrap();
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert_eq!(post(&laptop, phone.device_id, DeviceAction::Confirm, &json!({ "check_code": spaced })).await.0, 204);
    app.refresh();
    assert_eq!(phone.get(DEVICES).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn ab_45_where_an_administrator_confirms_no_device_does() {
    let app = TestApp::new("confirm = \"administrator\"\n---\n");
    let laptop = app.device_of("maria", "staff").await;
    app.test.store.approve(laptop.device_id, None).unwrap();
    let phone = app.pair("maria", false).await;
    app.refresh();
    let body = text(laptop.get(DEVICES).await).await;
    assert!(body.contains("unconfirmed") && !body.contains("check_code"), "{body}");
    let code = app.test.store.find_device(&phone.device_id.to_string()).unwrap().check_code.unwrap();
    let confirmed = post(&laptop, phone.device_id, DeviceAction::Confirm, &json!({ "check_code": code })).await;
    assert_eq!(confirmed, (403, "device-not-confirmed".to_owned()));
    assert_eq!(refusal(&phone.get(DEVICES).await), (403, "device-not-confirmed"));
}
