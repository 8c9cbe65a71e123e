//! The tests of the store once more, on a PostgreSQL server, and what only that one does.

#![expect(clippy::duplicate_mod, reason = "the same tests hold for both databases")]

use http::{Method, StatusCode};
use latchgate_gateway::{Config, Gateway, Remote, StartError, StoreError};
use latchgate_protocol::rest::{DeviceList, DeviceState};
use latchgate_protocol::{ClaimId, DevicePassword, InstancePassword, ResumeTicket};

use crate::servers::PostgresServer;
use crate::support::{Backend as _, TestGatewayOn, call, request, rng, with_ops};

#[path = "claim.rs"]
mod claim;
#[path = "limits.rs"]
mod limits;
#[path = "login.rs"]
mod login;
#[path = "rest.rs"]
mod rest;

type TestGateway = TestGatewayOn<PostgresServer>;

#[tokio::test]
async fn ab_15_a_claim_while_the_server_is_down_changes_nothing_and_can_be_repeated() {
    let mut gateway = TestGateway::start_with(with_ops).await;
    let instance = gateway.create_instance().await;
    let created = gateway.create_device(&instance).await;
    let claim_id = ClaimId::make(&mut rng());

    gateway.backend.stop();
    let refused = gateway.claim(&created.device_setup_key, &claim_id).await;
    assert_eq!((refused.status, refused.problem().detail), (StatusCode::SERVICE_UNAVAILABLE, None));
    let ready = request(Method::GET, "/readyz").empty();
    assert_eq!(call(gateway.running.ops_addr().unwrap(), ready).await.status, StatusCode::SERVICE_UNAVAILABLE);

    gateway.backend.resume();
    let listed = gateway.call(request(Method::GET, "/v1/devices").by(&instance).empty()).await;
    let listed: DeviceList = listed.body_as(StatusCode::OK);
    assert_eq!(listed.devices[0].state, DeviceState::Open);
    assert_eq!(gateway.claim(&created.device_setup_key, &claim_id).await.status, StatusCode::OK);
}

#[tokio::test]
async fn ab_93_the_server_holds_no_secret() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let peer = gateway.device_peer(&device).await;
    let dump = gateway.backend.dump();
    let holds = |text: &str| dump.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds(&device.id.to_string()), "the dump is not of this database");
    let ticket = peer.ticket().unwrap();
    let bytes = [
        hex::encode(InstancePassword::from_text(&instance.password).unwrap().reveal_bytes()),
        hex::encode(DevicePassword::from_text(&device.password).unwrap().reveal_bytes()),
        hex::encode(ResumeTicket::from_text(&ticket).unwrap().reveal_bytes()),
    ];
    for secret in [&instance.password, &device.password, &ticket].into_iter().chain(&bytes) {
        assert!(!holds(secret));
    }
}

#[tokio::test]
async fn ab_95_a_newer_schema_is_refused_and_left_alone() {
    let gateway = TestGateway::start().await;
    let backend = gateway.backend;
    gateway.running.shutdown().await;
    let url = backend.url();
    tokio::task::spawn_blocking(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.batch_execute("UPDATE latchgate_schema SET version = 1000").unwrap();
    })
    .await
    .unwrap();
    let mut config = Config::loopback("unused");
    backend.configure(&mut config);
    let refused = Gateway::start(config).await;
    assert!(matches!(refused, Err(StartError::Store(StoreError::Newer { found: 1000, .. }))));
}

#[tokio::test]
async fn a_server_without_its_url_or_with_a_wrong_password_is_refused_without_a_word_of_it() {
    let backend = PostgresServer::start();
    let mut config = Config::loopback("unused");
    config.store.postgres = Some(Remote { url_file: Some("/nonexistent".into()), ..Remote::default() });
    assert!(matches!(Gateway::start(config.clone()).await, Err(StartError::Config(_))));
    let file = backend.url_file();
    std::fs::write(&file, backend.url().replace(crate::servers::PASSWORD, "canary")).unwrap();
    config.store.postgres = Some(Remote { url_file: Some(file), ..Remote::default() });
    let Err(error) = Gateway::start(config).await else { panic!("started with a wrong password") };
    assert!(!format!("{error:?} {error:#?} {error}").contains("canary"));
}
