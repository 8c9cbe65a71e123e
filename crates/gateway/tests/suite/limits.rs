//! Rates and quotas.

use http::{Method, StatusCode};
use latchgate_gateway::Rate;
use latchgate_protocol::rest::DeviceList;
use latchgate_protocol::{ClaimId, DeviceSetupKey};

use super::TestGateway;
use crate::support::{Account, START, create_device, request, rng, with_ops};

const NEVER: f64 = 1e-6;

#[tokio::test]
async fn ab_05_password_attempts_of_an_address_are_limited_before_hashing() {
    let gateway = TestGateway::start_with(|config| {
        config.limits.logins_per_address = Rate { burst: 3, per_second: NEVER };
        with_ops(config);
    })
    .await;
    let instance = gateway.create_instance().await;
    let list = || request(Method::GET, "/v1/devices").by(&instance).empty();
    for _ in 0..3 {
        assert_eq!(gateway.call(list()).await.status, StatusCode::OK);
    }
    let hashes = gateway.metric("latchgate_hashes_total").await;

    let refused = gateway.call(list()).await;
    let (_, code) = gateway.try_connect(instance.id, &instance.id.to_string(), &instance.password).await;

    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(code, 0x9f);
    assert_eq!(gateway.metric("latchgate_hashes_total").await, hashes);
    assert_eq!(gateway.metric("latchgate_throttled_total").await, 1, "the login was counted");
}

#[tokio::test]
async fn ab_05_password_attempts_for_one_id_are_limited() {
    let gateway =
        TestGateway::start_with(|config| config.limits.logins_per_id = Rate { burst: 1, per_second: NEVER }).await;
    let (one, other) = (gateway.create_instance().await, gateway.create_instance().await);
    let mut statuses = Vec::new();
    for instance in [&one, &one, &other] {
        statuses.push(gateway.call(request(Method::GET, "/v1/devices").by(instance).empty()).await.status);
    }
    assert_eq!(statuses, [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS, StatusCode::OK]);
}

#[tokio::test]
async fn ab_05_claims_of_an_address_are_limited() {
    let gateway =
        TestGateway::start_with(|config| config.limits.claims_per_address = Rate { burst: 2, per_second: NEVER }).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(gateway.claim(&DeviceSetupKey::make(&mut rng()), &ClaimId::make(&mut rng())).await.status);
    }
    assert_eq!(statuses, [StatusCode::GONE, StatusCode::GONE, StatusCode::TOO_MANY_REQUESTS]);
}

#[tokio::test]
async fn ab_06_registrations_are_limited_by_address_and_altogether() {
    let few = Rate { burst: 2, per_second: NEVER };
    let by_address = TestGateway::start_with(|config| config.limits.registrations_per_address = few).await;
    let altogether = TestGateway::start_with(|config| config.limits.registrations = few).await;
    for gateway in [by_address, altogether] {
        for status in [StatusCode::CREATED, StatusCode::CREATED, StatusCode::TOO_MANY_REQUESTS] {
            assert_eq!(gateway.call(request(Method::POST, "/v1/instances").empty()).await.status, status);
        }
    }
}

#[tokio::test]
async fn ab_06_an_instance_that_never_connects_is_deleted_after_an_hour() {
    let gateway = TestGateway::start().await;
    let (used, unused) = (gateway.create_instance().await, gateway.create_instance().await);
    gateway.connector(&used).await;
    gateway.create_device(&unused).await;
    gateway.clock.set(START + 3600);
    let gateway = gateway.restart().await;
    let list = |instance| request(Method::GET, "/v1/devices").by(instance).empty();
    gateway.call(list(&used)).await.body_as::<DeviceList>(StatusCode::OK);
    assert_eq!(gateway.call(list(&unused)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn ab_06_an_instance_has_a_bounded_number_of_devices() {
    let gateway = TestGateway::start_with(|config| config.limits.devices_per_instance = 2).await;
    let (full, other) = (gateway.create_instance().await, gateway.create_instance().await);
    let statuses = async |instance: &Account| {
        let mut statuses = Vec::new();
        for key in ["a", "b", "c", "a"] {
            statuses.push(gateway.call(create_device(instance, key, 600)).await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses(&full).await, [201, 201, 429, 201]);
    assert_eq!(statuses(&other).await, [201, 201, 429, 201]);
}

#[tokio::test]
async fn ab_11_a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let few = Rate { burst: 1, per_second: NEVER };
    let register =
        |forwarded: &'static str| request(Method::POST, "/v1/instances").header("x-forwarded-for", forwarded).empty();
    let gateway = TestGateway::start_with(|config| config.limits.registrations_per_address = few).await;
    for (forwarded, status) in [("192.0.2.1", StatusCode::CREATED), ("192.0.2.2", StatusCode::TOO_MANY_REQUESTS)] {
        assert_eq!(gateway.call(register(forwarded)).await.status, status);
    }
    let behind_proxy = TestGateway::start_with(|config| {
        config.limits.registrations_per_address = few;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let answers = [
        ("192.0.2.1", StatusCode::CREATED),
        ("192.0.2.2", StatusCode::CREATED),
        // What stands left of the address that the proxy saw is the client's own word.
        ("192.0.2.9, 192.0.2.1", StatusCode::TOO_MANY_REQUESTS),
        ("192.0.2.3, 127.0.0.1", StatusCode::CREATED),
        ("not an address", StatusCode::CREATED),
        ("", StatusCode::TOO_MANY_REQUESTS),
    ];
    for (forwarded, status) in answers {
        assert_eq!(behind_proxy.call(register(forwarded)).await.status, status, "{forwarded}");
    }
}
