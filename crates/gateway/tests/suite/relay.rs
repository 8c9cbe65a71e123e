//! Frames from one side to the other, presence, and who may say what.

use crate::support::TestGateway;

#[tokio::test]
async fn frames_travel_both_ways() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let account = gateway.device(&instance).await;
    let mut connector = gateway.connector(&instance).await;
    let mut device = gateway.device_peer(&account).await;
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"1".to_vec()));

    for payload in [&b"one"[..], &[2; 19_000], b""] {
        device.publish(&account.up().to_string(), payload).await;
        assert_eq!(connector.publication().await, (account.up().to_string(), payload.to_vec()));
        connector.publish(&account.down().to_string(), payload).await;
        assert_eq!(device.publication().await, (account.down().to_string(), payload.to_vec()));
    }
}
