//! Connecting, being replaced, changing configuration, and the loopback listener.

use http::StatusCode;
use latchgate_connector::{Config, Connector, StartError, StoreError};
use latchgate_protocol::origin::PlainHttp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{Company, WIKI, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_comes_back_after_the_gateway_did() {
    let mut company = Company::started().await;
    let device = company.device().await;
    assert_eq!(device.open().await.get(WIKI).await.unwrap().0.as_u16(), 200);
    for _ in 0..2 {
        company.stop_gateway().await;
        company.start_gateway().await;
        assert_eq!(device.open().await.get(WIKI).await.unwrap().0.as_u16(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_starts_without_its_gateway_and_connects_later() {
    let mut company = Company::new().await;
    company.stop_gateway().await;
    let running = Connector::start(company.config()).await.unwrap();
    assert_eq!(*running.connections().borrow(), 0);
    company.connector = Some(running);
    company.start_gateway().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_96_a_second_connector_on_the_same_data_does_not_start() {
    let company = Company::started().await;
    let second = Connector::start(company.config()).await;
    assert!(matches!(second, Err(StartError::Store(StoreError::InUse(_)))));
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_96_a_copied_identity_that_connects_elsewhere_is_reported() {
    let company = Company::started().await;
    let copy = company.folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["connector.db", "connector.db-wal", "connector.key"] {
        drop(std::fs::copy(company.store.data().join(name), copy.join(name)));
    }
    let text = company.config_text().replace("data = \"data\"", "data = \"copy\"");
    let config = Config::parse(&text, company.folder.path(), PlainHttp::ToLoopback).unwrap();
    let second = Connector::start(config).await.unwrap();
    company.audited("taken-over").await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_72_a_changed_file_is_taken_over_and_an_unusable_one_is_not() {
    let mut company = Company::new().await;
    let path = company.folder.path().join("connector.toml");
    let text = company.config_text();
    std::fs::write(&path, &text).unwrap();
    company.connector = Some(Connector::start(Config::load(&path, PlainHttp::ToLoopback).unwrap()).await.unwrap());
    let browser = company.device().await.open().await;
    assert_eq!(browser.get(WIKI).await.unwrap().0.as_u16(), 200);

    std::fs::write(&path, text.replace("\"staff\"", "\"nobody-is-in-it\"")).unwrap();
    // A page that is on its way when the file is taken over may be cut off.
    browser.until_answered(StatusCode::FORBIDDEN).await;
    company.audited("configuration-changed").await;
    std::fs::write(&path, "unusable = true").unwrap();
    std::fs::write(&path, format!("{text}\n# again")).unwrap();
    browser.until_answered(StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_72_a_file_that_changes_while_the_connector_starts_is_taken_over() {
    let mut company = Company::new().await;
    let path = company.folder.path().join("connector.toml");
    let text = company.config_text();
    std::fs::write(&path, &text).unwrap();
    let config = Config::load(&path, PlainHttp::ToLoopback).unwrap();
    std::fs::write(&path, text.replace("\"staff\"", "\"nobody-is-in-it\"")).unwrap();
    company.connector = Some(Connector::start(config).await.unwrap());
    company.audited("configuration-changed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_written_when_the_connector_stops() {
    let mut company = Company::started().await;
    let device = company.device().await;
    device.open().await.get(WIKI).await.unwrap();
    company.stop().await;
    let usage = company.store.usage().unwrap();
    assert_eq!((usage[0].login.as_str(), usage[0].requests, usage[0].down), ("maria", 1, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn ab_69_the_public_key_is_served_to_this_machine_by_its_own_name_only() {
    let company = Company::started().await;
    let address = company.connector.as_ref().unwrap().local_addr().unwrap();
    let ask = async |target: &str, host: String| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = ask("/jwks.json", address.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"crv\":\"Ed25519\""), "{answer}");
    assert!(!answer.to_lowercase().contains("access-control"));
    let rebound = ask("/jwks.json", format!("evil.example.com:{}", address.port())).await;
    assert!(rebound.starts_with("HTTP/1.1 421") && !rebound.contains("Ed25519"));
    assert!(ask("/other", address.to_string()).await.starts_with("HTTP/1.1 404"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_connector_leaves_its_data_to_the_next() {
    let mut company = Company::started().await;
    company.stop().await;
    company.start().await;
    until(|| *company.connector.as_ref().unwrap().connections().borrow() == 1).await;
}
