//! Trading a setup key for credentials.

use http::{Method, StatusCode};
use latchgate_protocol::control::Control;
use latchgate_protocol::rest::{DeviceClaimed, DeviceCreated, DeviceList, DeviceState};
use latchgate_protocol::{ClaimId, DeviceSetupKey, Topic};
use tokio::task::JoinSet;

use super::TestGateway;
use crate::support::{Account, Answer, DeviceAccount, Peer, START, call, claim, create_device, request, revoke, rng};

async fn control(connector: &mut Peer, instance: &Account) -> Control {
    loop {
        let (topic, payload) = connector.publication().await;
        if topic == Topic::Control(instance.id).to_string() {
            return serde_json::from_slice(&payload).unwrap();
        }
    }
}

fn claimed(answer: &Answer) -> DeviceAccount {
    answer.body_as::<DeviceClaimed>(StatusCode::OK).into()
}

async fn states(gateway: &TestGateway, instance: &Account) -> Vec<DeviceState> {
    let answer = gateway.call(request(Method::GET, "/v1/devices").by(instance).empty()).await;
    answer.body_as::<DeviceList>(StatusCode::OK).devices.iter().map(|device| device.state).collect()
}

#[tokio::test]
async fn ab_01_of_100_parallel_claims_exactly_one_gets_the_device() {
    let gateway = TestGateway::start_with(|config| config.limits.claims_per_address.burst = 1000).await;
    let instance = gateway.create_instance().await;
    let mut connector = gateway.connector(&instance).await;
    let created = gateway.create_device(&instance).await;

    let mut claims = JoinSet::new();
    for _ in 0..100 {
        claims.spawn(call(gateway.addr(), claim(&created.device_setup_key, &ClaimId::make(&mut rng()))));
    }
    let answers = claims.join_all().await;

    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(StatusCode::OK), with(StatusCode::CONFLICT)), (1, 99));
    let conflict = answers.iter().find(|answer| answer.status == StatusCode::CONFLICT).unwrap();
    assert_eq!(conflict.problem().code, "code-used");
    assert_eq!(states(&gateway, &instance).await, [DeviceState::Issued]);
    let device_id = created.device_id;
    let mut news = [control(&mut connector, &instance).await, control(&mut connector, &instance).await];
    news.sort_by_key(|control| matches!(control, Control::ClaimConflict { .. }));
    assert_eq!(news, [Control::Claimed { device_id }, Control::ClaimConflict { device_id }]);
    // One alarm only: the next news is of the next event.
    assert_eq!(gateway.call(revoke(&instance, device_id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(control(&mut connector, &instance).await, Control::Revoked { device_id });
}

#[tokio::test]
async fn ab_01_an_absent_connector_hears_of_the_conflict_when_it_connects() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let created = gateway.create_device(&instance).await;
    for status in [StatusCode::OK, StatusCode::CONFLICT, StatusCode::CONFLICT] {
        assert_eq!(gateway.claim(&created.device_setup_key, &ClaimId::make(&mut rng())).await.status, status);
    }

    let mut connector = gateway.connector(&instance).await;

    let device_id = created.device_id;
    assert_eq!(control(&mut connector, &instance).await, Control::ClaimConflict { device_id });
    let mut connector = gateway.connector(&instance).await;
    assert_eq!(gateway.call(revoke(&instance, device_id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(control(&mut connector, &instance).await, Control::Revoked { device_id });
}

#[tokio::test]
async fn ab_02_the_same_claim_repeated_gets_a_new_password_and_the_old_one_is_dead() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let created = gateway.create_device(&instance).await;
    let claim_id = ClaimId::make(&mut rng());

    let first = claimed(&gateway.claim(&created.device_setup_key, &claim_id).await);
    let second = claimed(&gateway.claim(&created.device_setup_key, &claim_id).await);

    assert_eq!(first.id, second.id);
    assert_ne!(first.password, second.password);
    let user = first.id.to_string();
    assert_eq!(gateway.try_connect(instance.id, &user, &first.password).await.1, 0x86);
    assert_eq!(gateway.try_connect(instance.id, &user, &second.password).await.1, 0);
}

#[tokio::test]
async fn ab_03_a_code_is_gone_after_connect_after_expiry_and_when_unknown_with_one_body() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let claim_id = ClaimId::make(&mut rng());

    let unknown = gateway.claim(&DeviceSetupKey::make(&mut rng()), &claim_id).await;
    assert_eq!(unknown.status, StatusCode::GONE);
    assert_eq!(unknown.problem().code, "code-gone");

    let connected = gateway.create_device(&instance).await;
    let account = claimed(&gateway.claim(&connected.device_setup_key, &claim_id).await);
    gateway.device_peer(&account).await;
    let after_connect = gateway.claim(&connected.device_setup_key, &claim_id).await;

    let expired = gateway.create_device(&instance).await;
    claimed(&gateway.claim(&expired.device_setup_key, &claim_id).await);
    gateway.clock.set(expired.expires);
    let after_expiry = gateway.claim(&expired.device_setup_key, &claim_id).await;
    let other_after_expiry = gateway.claim(&expired.device_setup_key, &ClaimId::make(&mut rng())).await;

    gateway.clock.set(START);
    let revoked = gateway.create_device(&instance).await;
    assert_eq!(gateway.call(revoke(&instance, revoked.device_id)).await.status, StatusCode::NO_CONTENT);
    let after_revocation = gateway.claim(&revoked.device_setup_key, &claim_id).await;

    for answer in [after_connect, after_expiry, other_after_expiry, after_revocation] {
        assert_eq!(answer.status, unknown.status);
        assert_eq!(answer.body, unknown.body);
    }
}

#[tokio::test]
async fn ab_03_a_code_that_expired_does_not_come_back_when_the_clock_steps_back() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let created = gateway.create_device(&instance).await;
    gateway.clock.set(created.expires);
    // The start of a gateway removes what has expired, as does each minute of its run.
    let gateway = gateway.restart().await;
    gateway.clock.set(created.expires - 3600);
    let answer = gateway.claim(&created.device_setup_key, &ClaimId::make(&mut rng())).await;
    assert_eq!(answer.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_repeated_creation_answers_the_same_device_with_a_new_key() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let first: DeviceCreated = gateway.call(create_device(&instance, "k", 600)).await.body_as(StatusCode::CREATED);
    let second: DeviceCreated = gateway.call(create_device(&instance, "k", 600)).await.body_as(StatusCode::CREATED);
    assert_eq!(first.device_id, second.device_id);
    let claim_id = ClaimId::make(&mut rng());
    assert_eq!(gateway.claim(&first.device_setup_key, &claim_id).await.status, StatusCode::GONE);
    claimed(&gateway.claim(&second.device_setup_key, &claim_id).await);
    assert_eq!(gateway.call(create_device(&instance, "k", 600)).await.status, StatusCode::GONE);
    assert_eq!(gateway.call(create_device(&instance, "k", 601)).await.status, StatusCode::BAD_REQUEST);
    // The key of one instance says nothing about another's.
    let other = gateway.create_instance().await;
    let third: DeviceCreated = gateway.call(create_device(&other, "k", 600)).await.body_as(StatusCode::CREATED);
    assert_ne!(third.device_id, first.device_id);
}

#[tokio::test]
async fn a_device_goes_through_its_states() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let created = gateway.create_device(&instance).await;
    assert_eq!(states(&gateway, &instance).await, [DeviceState::Open]);
    let account = claimed(&gateway.claim(&created.device_setup_key, &ClaimId::make(&mut rng())).await);
    assert_eq!(states(&gateway, &instance).await, [DeviceState::Issued]);
    let _peer = gateway.device_peer(&account).await;
    let answer = gateway.call(request(Method::GET, "/v1/devices").by(&instance).empty()).await;
    let devices = answer.body_as::<DeviceList>(StatusCode::OK).devices;
    assert_eq!((devices[0].state, devices[0].connected, devices[0].created), (DeviceState::Claimed, true, START));
    gateway.call(revoke(&instance, account.id)).await;
    assert_eq!(states(&gateway, &instance).await, [DeviceState::Revoked]);
}
