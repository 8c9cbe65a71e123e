//! Several gateways on one PostgreSQL server, with NATS between them.

use std::sync::Arc;

use async_nats::{ConnectErrorKind, ConnectOptions};
use http::StatusCode;
use latchgate_gateway::{BusError, Config, Gateway, Remote, StartError, Stop};
use latchgate_protocol::control::Control;
use latchgate_protocol::{ClaimId, Topic};
use tokio::task::JoinSet;

use crate::servers::{NatsServer, PASSWORD, PostgresServer};
use crate::support::{Account, Backend, DeviceAccount, Peer, TestGatewayOn, call, claim, revoke, rng};

type Node = TestGatewayOn<Arc<PostgresServer>>;

/// Nodes of one gateway.
struct Cluster {
    nats: NatsServer,
    nodes: Vec<Node>,
}

impl Cluster {
    async fn start(count: usize) -> Self {
        let (nats, database) = (NatsServer::start(), <Arc<PostgresServer> as Backend>::start());
        let mut nodes = Vec::new();
        for _ in 0..count {
            let adjust = |config: &mut Config| {
                config.bus.nats = Some(Remote { url_file: Some(nats.url_file()), ..Remote::default() });
                config.limits.claims_per_address.burst = 1000;
            };
            nodes.push(Node::start_on(Arc::clone(&database), adjust).await);
        }
        Self { nats, nodes }
    }

    /// A connector at the first node and a device at the second, which know of each other.
    async fn pair(&self) -> (Account, DeviceAccount, Peer, Peer) {
        let instance = self.nodes[0].create_instance().await;
        let account = self.nodes[0].device(&instance).await;
        let mut connector = self.nodes[0].connector(&instance).await;
        let device = self.device(1, &account).await;
        sees(&mut connector, &account).await;
        (instance, account, connector, device)
    }

    /// Connects a device that hears of its connector, and waits until it does.
    async fn device(&self, node: usize, account: &DeviceAccount) -> Peer {
        let mut device = self.nodes[node].device_peer(account).await;
        let presence = account.connector_presence();
        assert_eq!(device.subscribe(&[presence.to_string()]).await, [0]);
        hears(&mut device, &presence).await;
        device
    }
}

async fn control(connector: &mut Peer, instance: &Account) -> Control {
    loop {
        let (topic, payload) = connector.publication().await;
        if topic == Topic::Control(instance.id).to_string() {
            return serde_json::from_slice(&payload).unwrap();
        }
    }
}

/// Waits until the connector knows that the device is there.
async fn sees(connector: &mut Peer, account: &DeviceAccount) {
    hears(connector, &account.presence()).await;
}

/// Waits until a peer hears that the other side is there. It may hear first that it is not: a node that answers late is
/// not waited for.
async fn hears(peer: &mut Peer, presence: &Topic) {
    while peer.publication().await != (presence.to_string(), b"1".to_vec()) {}
}

/// Sends a frame each way and sees it arrive, whatever presence is said before it.
async fn exchange(account: &DeviceAccount, connector: &mut Peer, device: &mut Peer, payload: &[u8]) {
    device.publish(&account.up().to_string(), payload).await;
    while connector.publication().await != (account.up().to_string(), payload.to_vec()) {}
    connector.publish(&account.down().to_string(), payload).await;
    while device.publication().await != (account.down().to_string(), payload.to_vec()) {}
}

#[tokio::test]
async fn a_device_and_its_connector_at_different_nodes_reach_each_other() {
    let cluster = Cluster::start(2).await;
    let (_, account, mut connector, mut device) = cluster.pair().await;
    let (up, down) = (account.up().to_string(), account.down().to_string());
    for number in 0..100_u8 {
        device.publish(&up, &[number; 3_000]).await;
        connector.publish(&down, &[number; 3_000]).await;
    }
    for number in 0..100_u8 {
        assert_eq!(connector.publication().await, (up.clone(), vec![number; 3_000]));
        assert_eq!(device.publication().await, (down.clone(), vec![number; 3_000]));
    }
    exchange(&account, &mut connector, &mut device, &[7; 19_000]).await;

    drop(device);
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"0".to_vec()));
    let mut device = cluster.device(1, &account).await;
    sees(&mut connector, &account).await;
    drop(connector);
    assert_eq!(device.publication().await, (account.connector_presence().to_string(), b"0".to_vec()));
}

#[tokio::test]
async fn a_connector_that_comes_later_or_to_another_node_is_found() {
    let cluster = Cluster::start(3).await;
    let instance = cluster.nodes[0].create_instance().await;
    let account = cluster.nodes[0].device(&instance).await;
    let presence = account.connector_presence();
    let mut device = cluster.nodes[1].device_peer(&account).await;
    assert_eq!(device.subscribe(&[presence.to_string()]).await, [0]);
    assert_eq!(device.publication().await, (presence.to_string(), b"0".to_vec()));

    let mut connector = cluster.nodes[0].connector(&instance).await;
    hears(&mut device, &presence).await;
    exchange(&account, &mut connector, &mut device, b"first").await;

    // ab_31: the second login takes the place of the first, across nodes.
    let mut second = cluster.nodes[2].connector(&instance).await;
    assert_eq!(connector.disconnected().await, Some(0x8e));
    sees(&mut second, &account).await;
    exchange(&account, &mut second, &mut device, b"second").await;
}

#[tokio::test]
async fn ab_31_a_second_login_at_another_node_takes_the_place_of_the_first() {
    let cluster = Cluster::start(2).await;
    let (_, account, mut connector, mut first) = cluster.pair().await;
    let mut second = cluster.device(0, &account).await;
    assert_eq!(first.disconnected().await, Some(0x8e));
    exchange(&account, &mut connector, &mut second, b"second").await;
    let mut third = cluster.device(1, &account).await;
    assert_eq!(second.disconnected().await, Some(0x8e));
    exchange(&account, &mut connector, &mut third, b"third").await;
}

#[tokio::test]
async fn ab_01_of_100_parallel_claims_over_three_nodes_exactly_one_gets_the_device() {
    let cluster = Cluster::start(3).await;
    let instance = cluster.nodes[0].create_instance().await;
    let mut connector = cluster.nodes[0].connector(&instance).await;
    let created = cluster.nodes[1].create_device(&instance).await;
    let mut claims = JoinSet::new();
    for number in 0..100 {
        let node = &cluster.nodes[number % 3];
        claims.spawn(call(node.addr(), claim(&created.device_setup_key, &ClaimId::make(&mut rng()))));
    }
    let answers = claims.join_all().await;
    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(StatusCode::OK), with(StatusCode::CONFLICT)), (1, 99));
    let device_id = created.device_id;
    let mut news = [control(&mut connector, &instance).await, control(&mut connector, &instance).await];
    news.sort_by_key(|control| matches!(control, Control::ClaimConflict { .. }));
    assert_eq!(news, [Control::Claimed { device_id }, Control::ClaimConflict { device_id }]);
    // One alarm only, whichever nodes saw the others.
    assert_eq!(cluster.nodes[2].call(revoke(&instance, device_id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(control(&mut connector, &instance).await, Control::Revoked { device_id });
}

#[tokio::test]
async fn ab_17_a_revocation_at_one_node_closes_the_device_at_another() {
    let cluster = Cluster::start(2).await;
    let (instance, account, mut connector, mut device) = cluster.pair().await;
    assert_eq!(cluster.nodes[0].call(revoke(&instance, account.id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(device.disconnected().await, Some(0x98));
    assert_eq!(control(&mut connector, &instance).await, Control::Revoked { device_id: account.id });
}

#[tokio::test]
async fn ab_17_a_revocation_closes_the_device_at_three_nodes_that_do_not_hear_each_other() {
    let mut cluster = Cluster::start(3).await;
    let instance = cluster.nodes[0].create_instance().await;
    let account = cluster.nodes[0].device(&instance).await;
    cluster.nats.stop();
    // Nobody tells a node that the device is elsewhere, too.
    let mut devices = Vec::new();
    for node in &cluster.nodes {
        devices.push(node.device_peer(&account).await);
    }
    let ticket = devices[2].ticket().unwrap();

    assert_eq!(cluster.nodes[0].call(revoke(&instance, account.id)).await.status, StatusCode::NO_CONTENT);

    // Nothing new is accepted, from this moment on.
    for node in &cluster.nodes {
        for proof in [account.password.clone(), format!("ticket:{ticket}")] {
            let (_, code) = node.try_connect(instance.id, &account.id.to_string(), &proof).await;
            assert_eq!(code, 0x87);
        }
    }
    for device in &mut devices {
        assert_eq!(device.disconnected().await, Some(0x98));
    }
}

#[tokio::test]
async fn when_the_bus_fails_the_sides_hear_it_and_when_it_is_back_they_find_each_other() {
    let mut cluster = Cluster::start(2).await;
    let (_, account, mut connector, mut device) = cluster.pair().await;
    cluster.nats.stop();
    assert_eq!(device.publication().await, (account.connector_presence().to_string(), b"0".to_vec()));
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"0".to_vec()));
    cluster.nats.resume();
    hears(&mut device, &account.connector_presence()).await;
    sees(&mut connector, &account).await;
    exchange(&account, &mut connector, &mut device, b"again").await;
}

#[tokio::test]
async fn ab_42_the_clients_of_a_draining_node_are_told_to_move_and_are_served_at_another() {
    let mut cluster = Cluster::start(2).await;
    let (instance, account, mut connector, mut device) = cluster.pair().await;
    let leaving = cluster.nodes.remove(0);
    let stopping = tokio::spawn(leaving.running.stop(Stop::Drain));
    assert_eq!(control(&mut connector, &instance).await, Control::Drain);
    assert_eq!(connector.disconnected().await, Some(0x9d));
    let mut connector = cluster.nodes[0].connector(&instance).await;
    sees(&mut connector, &account).await;
    exchange(&account, &mut connector, &mut device, b"moved").await;
    stopping.await.unwrap();
}

#[tokio::test]
async fn ab_41_a_client_without_the_gateways_credentials_hears_and_says_nothing() {
    let cluster = Cluster::start(2).await;
    let (_, account, mut connector, mut device) = cluster.pair().await;
    let address = cluster.nats.address();
    let without = async_nats::connect(&address).await.unwrap_err();
    assert_eq!(without.kind(), ConnectErrorKind::AuthorizationViolation);
    let wrong = ConnectOptions::with_user_and_password("latchgate".into(), "wrong".into());
    assert_eq!(wrong.connect(&address).await.unwrap_err().kind(), ConnectErrorKind::AuthorizationViolation);

    // Somebody else's credentials on the same server.
    let other = ConnectOptions::with_user_and_password("other".into(), PASSWORD.into());
    let other = other.connect(&address).await.unwrap();
    let mut overheard = other.subscribe("lg1.>").await.unwrap();
    let forged = [&[0; 9][..], b"forged"].concat();
    for topic in ["u", "d"] {
        let subject = format!("lg1.{topic}.{}.{}", account.instance_id, account.id);
        other.publish(subject, forged.clone().into()).await.unwrap();
    }
    let revocation = [&[8; 9][..], account.instance_id.as_bytes(), account.id.as_bytes()].concat();
    other.publish("lg1.sys.revoke", revocation.into()).await.unwrap();
    other.flush().await.unwrap();

    // The next that arrives is the real thing.
    device.publish(&account.up().to_string(), b"real").await;
    assert_eq!(connector.publication().await, (account.up().to_string(), b"real".to_vec()));
    connector.publish(&account.down().to_string(), b"real").await;
    assert_eq!(device.publication().await, (account.down().to_string(), b"real".to_vec()));
    other.flush().await.unwrap();
    assert!(futures_util::FutureExt::now_or_never(futures_util::StreamExt::next(&mut overheard)).flatten().is_none());
}

#[tokio::test]
async fn a_node_with_wrong_credentials_for_the_bus_does_not_start() {
    let (nats, database) = (NatsServer::start(), PostgresServer::start());
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::loopback(folder.path());
    database.configure(&mut config);
    let file = folder.path().join("url");
    std::fs::write(&file, nats.url().replace(PASSWORD, "canary")).unwrap();
    config.bus.nats = Some(Remote { url_file: Some(file), ..Remote::default() });
    let Err(error) = Gateway::start(config.clone()).await else { panic!("started") };
    assert!(matches!(error, StartError::Bus(BusError::Refused)));
    assert!(!format!("{error:?}").contains("canary"));
    // And a bus without the one truth is no cluster.
    config.store.postgres = None;
    assert!(matches!(Gateway::start(config).await, Err(StartError::Config(_))));
}

/// Presence follows the frames that were sent before it.
#[tokio::test]
async fn what_a_device_sent_before_it_left_arrives_before_its_absence() {
    let cluster = Cluster::start(2).await;
    let (_, account, mut connector, mut device) = cluster.pair().await;
    for number in 0..50_u8 {
        device.publish(&account.up().to_string(), &[number; 10_000]).await;
    }
    drop(device);
    for number in 0..50_u8 {
        assert_eq!(connector.publication().await, (account.up().to_string(), vec![number; 10_000]));
    }
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"0".to_vec()));
}
