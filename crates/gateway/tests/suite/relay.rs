//! Frames from one side to the other, presence, and who may say what.

use bytes::Bytes;
use futures_util::SinkExt as _;
use http::StatusCode;
use latchgate_protocol::control::Control;
use latchgate_protocol::publish::Name;
use latchgate_protocol::{DeviceId, InstanceId, Topic};
use mqtt_protocol_core::mqtt::packet::{Property, UserProperty, v5_0};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{
    Account, DeviceAccount, Peer, TestGateway, connect_packet, publish_packet, revoke, rng, with_ops,
};

/// A connector, and a device that it knows to be present.
async fn pair(gateway: &TestGateway) -> (Account, DeviceAccount, Peer, Peer) {
    let instance = gateway.create_instance().await;
    let account = gateway.device(&instance).await;
    let mut connector = gateway.connector(&instance).await;
    let device = gateway.device_peer(&account).await;
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"1".to_vec()));
    (instance, account, connector, device)
}

/// A connector and two devices that it knows to be present.
async fn trio(gateway: &TestGateway) -> (Account, [DeviceAccount; 2], Peer, [Peer; 2]) {
    let instance = gateway.create_instance().await;
    let accounts = [gateway.device(&instance).await, gateway.device(&instance).await];
    let mut connector = gateway.connector(&instance).await;
    let devices = [gateway.device_peer(&accounts[0]).await, gateway.device_peer(&accounts[1]).await];
    for account in &accounts {
        assert_eq!(connector.publication().await, (account.presence().to_string(), b"1".to_vec()));
    }
    (instance, accounts, connector, devices)
}

#[tokio::test]
async fn frames_travel_both_ways() {
    let gateway = TestGateway::start().await;
    let (_, account, mut connector, mut device) = pair(&gateway).await;
    for payload in [&b"one"[..], &[2; 19_000], b""] {
        device.publish(&account.up().to_string(), payload).await;
        assert_eq!(connector.publication().await, (account.up().to_string(), payload.to_vec()));
        connector.publish(&account.down().to_string(), payload).await;
        assert_eq!(device.publication().await, (account.down().to_string(), payload.to_vec()));
    }
}

#[tokio::test]
async fn frames_keep_their_order_and_use_aliases_both_ways() {
    let gateway = TestGateway::start().await;
    let (_, account, mut connector, mut device) = pair(&gateway).await;
    let (up, down) = (account.up().to_string(), account.down().to_string());
    device.send(publish_packet(Name::Bind(&up, 4), &[0])).await;
    connector.send(publish_packet(Name::Bind(&down, 1024), &[0])).await;
    for number in 1..200 {
        device.send(publish_packet(Name::Alias(4), &[number])).await;
        connector.send(publish_packet(Name::Alias(1024), &[number])).await;
    }
    for number in 0..200 {
        for (peer, topic) in [(&mut connector, &up), (&mut device, &down)] {
            let packet = peer.next().await.unwrap();
            assert_eq!(packet.len() > 70, number == 0, "the topic is spelled out once");
            assert_eq!(peer.read_publish(&packet), (topic.clone(), vec![number]));
        }
    }
}

#[tokio::test]
async fn packets_may_be_cut_and_joined_in_any_way() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let account = gateway.device(&instance).await;
    let mut connector = gateway.connector(&instance).await;
    let mut device = gateway.upgrade(instance.id).await;
    let up = account.up().to_string();
    let mut bytes = connect_packet(&account.id.to_string(), &account.password);
    for payload in [&b"a"[..], b"bb", b"ccc"] {
        bytes.extend_from_slice(&publish_packet(Name::Topic(&up), payload));
    }
    bytes.extend_from_slice(&[0xc0, 0]);
    for chunk in bytes.chunks(7) {
        device.send(chunk.to_vec()).await;
    }
    assert_eq!(device.connack().await, 0);
    assert_eq!(device.next().await.as_deref(), Some(&[0xd0, 0][..]));
    for payload in [&b"a"[..], b"bb", b"ccc"] {
        assert_eq!(connector.publication().await, (up.clone(), payload.to_vec()));
    }
}

#[tokio::test]
async fn presence_says_who_has_subscribed() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let account = gateway.device(&instance).await;
    let user = account.id.to_string();
    let mut device = gateway.connect(instance.id, &user, &account.password).await;
    assert_eq!(device.subscribe(&[account.connector_presence().to_string()]).await, [0]);
    assert_eq!(device.publication().await, (account.connector_presence().to_string(), b"0".to_vec()));

    // Connected, and not yet subscribed: nobody is told, and frames are not for it.
    let mut connector = gateway.connect(instance.id, &instance.id.to_string(), &instance.password).await;
    device.ping().await;
    let filters = ["u", "p"].map(|leaf| format!("lg/1/{}/+/{leaf}", instance.id));
    assert_eq!(connector.subscribe(&filters).await, [0, 0]);
    assert_eq!(device.publication().await.1, b"1");

    connector.ping().await;
    assert_eq!(device.subscribe(&[account.down().to_string()]).await, [0]);
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"1".to_vec()));
    device.send(vec![0xe0, 0]).await;
    assert_eq!(connector.publication().await, (account.presence().to_string(), b"0".to_vec()));

    // A connector that comes later is told of those who are there.
    let _device = gateway.device_peer(&account).await;
    assert_eq!(connector.publication().await.1, b"1");
    let mut later = gateway.connector(&instance).await;
    assert_eq!(later.publication().await, (account.presence().to_string(), b"1".to_vec()));
}

#[tokio::test]
async fn the_other_side_is_absent_after_unsubscribing() {
    let gateway = TestGateway::start().await;
    let (instance, account, mut connector, mut device) = pair(&gateway).await;
    assert_eq!(device.subscribe(&[account.connector_presence().to_string()]).await, [0]);
    assert_eq!(device.publication().await.1, b"1");
    let unsubscribe = |filter: String| {
        let packet = v5_0::Unsubscribe::builder().packet_id(9).entries([filter]).unwrap().build().unwrap();
        packet.to_continuous_buffer()
    };
    connector.send(unsubscribe(format!("lg/1/{}/+/u", instance.id))).await;
    assert_eq!(connector.next().await.as_deref(), Some(&[0xb0, 4, 0, 9, 0, 0][..]));
    assert_eq!(device.publication().await.1, b"0");
    device.send(unsubscribe(account.down().to_string())).await;
    assert_eq!(device.next().await.as_deref(), Some(&[0xb0, 4, 0, 9, 0, 0][..]));
    assert_eq!(connector.publication().await.1, b"0");
}

#[tokio::test]
async fn ab_24_a_device_publishes_its_own_frames_and_nothing_else() {
    let gateway = TestGateway::start_with(|config| config.limits.takeovers_per_id.burst = 100).await;
    let instance = gateway.create_instance().await;
    let (account, other) = (gateway.device(&instance).await, gateway.device(&instance).await);
    let foreign_instance = gateway.create_instance().await;
    let mut connector = gateway.connector(&instance).await;
    let mut bystander = gateway.device_peer(&other).await;
    let mut foreign = gateway.connector(&foreign_instance).await;
    assert_eq!(connector.publication().await.1, b"1");

    let up = account.up().to_string();
    let (denied, invalid) = (0x87, 0x90);
    let cases = [
        (other.up().to_string(), denied),
        (other.down().to_string(), denied),
        (account.down().to_string(), denied),
        (account.presence().to_string(), denied),
        (account.connector_presence().to_string(), denied),
        (Topic::Control(instance.id).to_string(), denied),
        (Topic::Up(foreign_instance.id, account.id).to_string(), denied),
        ("$SYS/x".to_owned(), invalid),
        (String::new(), invalid),
        (format!("lg/1/{}/+/u", instance.id), invalid),
        (format!("lg/1/{}/#", instance.id), invalid),
        (format!("{up}\0"), invalid),
        (format!("{up}/"), invalid),
        (format!("/{up}"), invalid),
        (up.to_uppercase(), invalid),
        ("a".repeat(19_000), invalid),
    ];
    let user = account.id.to_string();
    for (topic, code) in cases {
        let mut device = gateway.connect(instance.id, &user, &account.password).await;
        device.publish(&topic, b"forged").await;
        assert_eq!(device.disconnected().await, Some(code), "{topic:.90}");
    }
    let mut invalid_utf8 = publish_packet(Name::Topic("ab"), b"forged").to_vec();
    invalid_utf8[4] = 0xff;
    let mut longest_topic = vec![0x30, 0x83, 0x80, 0x04, 0xff, 0xff];
    longest_topic.resize(20_000, b'a');
    for (packet, code) in [(invalid_utf8, 0x90), (longest_topic, 0x95)] {
        let mut device = gateway.connect(instance.id, &user, &account.password).await;
        device.send(packet).await;
        assert_eq!(device.disconnected().await, Some(code));
    }
    for peer in [&mut connector, &mut bystander, &mut foreign] {
        peer.ping().await;
    }
}

#[tokio::test]
async fn ab_25_a_subscription_to_anything_else_is_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let (account, other) = (gateway.device(&instance).await, gateway.device(&instance).await);
    let mut device = gateway.connect(instance.id, &account.id.to_string(), &account.password).await;
    let id = instance.id;
    let cases = [
        ("#".to_owned(), 0x87),
        ("+/+".to_owned(), 0x87),
        ("lg/1/+/+/u".to_owned(), 0x87),
        (format!("lg/1/{id}/#"), 0x87),
        (format!("lg/1/{id}/+/u"), 0x87),
        (format!("lg/1/{id}/+/d"), 0x87),
        (format!("lg/1/{id}/+/p"), 0x87),
        (format!("lg/1/{id}/k"), 0x87),
        (account.up().to_string(), 0x87),
        (account.presence().to_string(), 0x87),
        (other.down().to_string(), 0x87),
        (Topic::ConnectorPresence(InstanceId::make(&mut rng())).to_string(), 0x87),
        ("$SYS/#".to_owned(), 0x87),
        (format!("$share/g/{}", account.down()), 0x9e),
        (format!("lg/1/{id}/a+/u"), 0x8f),
        ("#/a".to_owned(), 0x8f),
        ("a\0".to_owned(), 0x8f),
    ];
    for (filter, code) in &cases {
        let codes = device.subscribe(&[filter.clone(), account.connector_presence().to_string()]).await;
        assert_eq!(codes, [*code, 0], "{filter}");
        assert_eq!(device.publication().await.1, b"0");
    }
    let mut connector = gateway.connector(&instance).await;
    for (filter, code) in [
        ("lg/1/+/+/u".to_owned(), 0x87),
        (Topic::Control(InstanceId::make(&mut rng())).to_string(), 0x87),
        (account.up().to_string(), 0x87),
        (account.down().to_string(), 0x87),
        (format!("$share/g/lg/1/{id}/+/u"), 0x9e),
    ] {
        assert_eq!(connector.subscribe(std::slice::from_ref(&filter)).await, [code], "{filter}");
    }
    // More filters than anybody needs, and none.
    connector.send(crate::support::subscribe_packet(&vec!["a".to_owned(); 9])).await;
    assert_eq!(connector.disconnected().await, Some(0x97));
    device.send(crate::support::subscribe_packet(&[])).await;
    assert_eq!(device.disconnected().await, Some(0x81));
}

#[tokio::test]
async fn ab_27_a_connector_reaches_its_own_devices_only() {
    let gateway = TestGateway::start_with(with_ops).await;
    let (_, foreign, _foreign_connector, mut victim) = pair(&gateway).await;
    let (instance, account, mut connector, _device) = pair(&gateway).await;

    let random = Topic::Down(instance.id, DeviceId::make(&mut rng()));
    connector.publish(&random.to_string(), b"x").await;
    gateway.call(revoke(&instance, account.id)).await;
    connector.publish(&account.down().to_string(), b"x").await;
    connector.publish(&Topic::Down(instance.id, foreign.id).to_string(), b"forged").await;
    for _ in 0..10 {
        connector.publish(&foreign.down().to_string(), b"forged").await;
    }
    connector.send(vec![0xc0, 0]).await;
    while connector.next().await.as_deref() != Some(&[0xd0, 0]) {}
    assert_eq!(gateway.metric("latchgate_dropped_absent_total").await, 3);
    assert_eq!(gateway.metric("latchgate_dropped_foreign_total").await, 10);

    connector.publish(&foreign.down().to_string(), b"forged").await;
    assert_eq!(connector.disconnected().await, Some(0x87));
    victim.ping().await;

    for topic in [foreign.up(), account.presence(), Topic::Control(instance.id)] {
        let mut connector = gateway.connector(&instance).await;
        connector.publish(&topic.to_string(), b"forged").await;
        assert_eq!(connector.disconnected().await, Some(0x87), "{topic}");
    }
}

#[tokio::test]
async fn ab_27_a_flood_to_devices_that_are_not_there_ends_the_connection() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let mut connector = gateway.connector(&instance).await;
    let topic = Topic::Down(instance.id, DeviceId::make(&mut rng())).to_string();
    connector.send(publish_packet(Name::Bind(&topic, 1), b"")).await;
    while connector.try_send(publish_packet(Name::Alias(1), b"")).await {}
    assert_eq!(connector.disconnected().await, Some(0x96));
}

#[tokio::test]
async fn ab_28_an_alias_that_was_not_bound_is_refused() {
    let gateway = TestGateway::start_with(|config| config.limits.takeovers_per_id.burst = 100).await;
    let (instance, account, mut connector, mut device) = pair(&gateway).await;
    let up = account.up().to_string();
    // Bound in an earlier connection.
    device.send(publish_packet(Name::Bind(&up, 1), b"x")).await;
    assert_eq!(connector.publication().await.1, b"x");
    for name in [Name::Alias(0), Name::Alias(1), Name::Alias(5), Name::Bind(&up, 5), Name::Bind(&up, 0)] {
        let mut device = gateway.connect(instance.id, &account.id.to_string(), &account.password).await;
        device.send(publish_packet(name, b"x")).await;
        assert_eq!(device.disconnected().await, Some(0x94), "{name:?}");
    }
    connector.send(publish_packet(Name::Bind(&account.down().to_string(), 1025), b"x")).await;
    assert_eq!(connector.disconnected().await, Some(0x94));
}

#[tokio::test]
async fn ab_29_what_the_relay_does_not_do_is_refused_by_name() {
    let gateway = TestGateway::start_with(|config| config.limits.takeovers_per_id.burst = 100).await;
    let (instance, account, mut connector, _) = pair(&gateway).await;
    let publish = |first: u8| {
        let mut packet = publish_packet(Name::Topic(&account.up().to_string()), b"x").to_vec();
        packet[0] = first;
        packet
    };
    let cases = [
        (publish(0x32), 0x9b),
        (publish(0x34), 0x9b),
        (publish(0x36), 0x9b),
        (publish(0x31), 0x9a),
        (vec![0x40, 2, 0, 1], 0x82),                // PUBACK
        (vec![0x50, 2, 0, 1], 0x82),                // PUBREC
        (vec![0x62, 2, 0, 1], 0x82),                // PUBREL
        (vec![0x70, 2, 0, 1], 0x82),                // PUBCOMP
        (vec![0xf0, 0], 0x82),                      // AUTH
        (vec![0x20, 3, 0, 0, 0], 0x82),             // CONNACK
        (vec![0x00, 0], 0x82),                      // reserved
        (vec![0x82, 6, 0, 0, 0, 0, 1, b'a'], 0x81), // SUBSCRIBE cut short
        (vec![0x30, 0], 0x81),                      // PUBLISH without anything
    ];
    for (packet, code) in cases {
        let mut device = gateway.connect(instance.id, &account.id.to_string(), &account.password).await;
        device.send(packet.clone()).await;
        assert_eq!(device.disconnected().await, Some(code), "{packet:x?}");
    }
    loop {
        let (topic, payload) = connector.publication().await;
        assert_eq!(topic, account.presence().to_string());
        if payload == b"0" {
            break;
        }
    }
}

#[tokio::test]
async fn ab_30_user_properties_are_not_forwarded_and_a_flood_of_them_is_too_large() {
    let gateway = TestGateway::start().await;
    let (_, account, mut connector, mut device) = pair(&gateway).await;
    let with = |count: usize| {
        let property = || Property::UserProperty(UserProperty::new("canary", "canary").unwrap());
        let packet = v5_0::Publish::builder()
            .topic_name(account.up().to_string())
            .unwrap()
            .props((0..count).map(|_| property()).collect::<Vec<_>>())
            .payload(b"x".to_vec())
            .build()
            .unwrap();
        packet.to_continuous_buffer()
    };
    device.send(with(100)).await;
    let packet = connector.next().await.unwrap();
    assert!(!packet.windows(6).any(|bytes| bytes == b"canary"));
    assert_eq!(connector.read_publish(&packet), (account.up().to_string(), b"x".to_vec()));
    let flood = with(100_000);
    let (first, _) = flood.split_at(20_000);
    device.send(first.to_vec()).await;
    assert_eq!(device.disconnected().await, Some(0x95));
}

#[tokio::test]
async fn ab_32_a_device_that_does_not_read_is_closed_alone() {
    let gateway = TestGateway::start_with(with_ops).await;
    let (instance, [slow, other], mut connector, [mut stalled, mut reader]) = trio(&gateway).await;
    let down = slow.down().to_string();
    // More than its socket and its queue hold.
    let mut sent = 0;
    while gateway.metric("latchgate_queue_overflows_total").await == 0 {
        for _ in 0..200 {
            connector.publish(&down, &[1; 19_000]).await;
        }
        sent += 200;
        assert!(sent < 20_000, "nothing overflows");
        assert!(gateway.metric("latchgate_queued_bytes").await <= 1280 * 1024);
    }
    connector.publish(&other.down().to_string(), b"still here").await;
    assert_eq!(reader.publication().await.1, b"still here");

    let mut news = vec![connector.publication().await, connector.publication().await];
    news.sort();
    let quota = serde_json::to_vec(&Control::Quota { device_id: slow.id }).unwrap();
    let mut wanted =
        vec![(Topic::Control(instance.id).to_string(), quota), (slow.presence().to_string(), b"0".to_vec())];
    wanted.sort();
    assert_eq!(news, wanted);
    // What it had not read is not missing in silence: its connection is over.
    let mut received = 0;
    while let Some(packet) = stalled.next().await {
        received += 1;
        if packet[0] >> 4 == 14 {
            assert_eq!(packet[2], 0x97);
        }
    }
    assert!(received < sent);
    assert_eq!(gateway.metric("latchgate_queued_bytes").await, 0);
}

#[tokio::test]
async fn ab_33_when_all_queues_are_too_much_the_largest_goes_first() {
    let gateway = TestGateway::start_with(|config| {
        config.limits.queued_total = 2 << 20;
        config.limits.device_queue = 64 << 20;
        with_ops(config);
    })
    .await;
    let (_, [small, large], mut connector, [mut small_peer, mut large_peer]) = trio(&gateway).await;
    // Both stop reading; one is sent ten times as much.
    let (large_down, small_down) = (large.down().to_string(), small.down().to_string());
    while gateway.metric("latchgate_queue_overflows_total").await == 0 {
        for _ in 0..100 {
            connector.publish(&large_down, &[1; 19_000]).await;
        }
        for _ in 0..10 {
            connector.publish(&small_down, &[2; 19_000]).await;
        }
    }
    assert!(gateway.metric("latchgate_queued_bytes").await < 3 << 20);
    let (_, news) = connector.publication().await;
    assert_eq!(serde_json::from_slice::<Control>(&news).unwrap(), Control::Quota { device_id: large.id });
    while large_peer.next().await.is_some() {}
    assert_eq!(small_peer.publication().await, (small_down, vec![2; 19_000]));
}

#[tokio::test]
async fn ab_34_when_the_connector_stops_reading_devices_wait_and_nothing_is_lost() {
    const FRAMES: u32 = 2000;
    let gateway = TestGateway::start_with(with_ops).await;
    let (instance, account, mut connector, device) = pair(&gateway).await;
    let idle = gateway.device(&instance).await;
    let mut idle_peer = gateway.device_peer(&idle).await;
    let up = account.up().to_string();
    let flood = tokio::spawn(async move {
        let mut device = device;
        let mut payload = vec![0; 19_000];
        for number in 0..FRAMES {
            payload[..4].copy_from_slice(&number.to_be_bytes());
            device.publish(&up, &payload).await;
        }
        device
    });
    while gateway.metric("latchgate_queued_bytes").await < 1280 * 1024 {
        idle_peer.ping().await;
    }
    assert!(gateway.metric("latchgate_queued_bytes").await < 1280 * 1024 + 64 * 1024);
    // The connector does not read, and is heard all the same.
    connector.publish(&idle.down().to_string(), b"heard").await;
    assert_eq!(idle_peer.publication().await.1, b"heard");

    let mut numbers = Vec::new();
    while numbers.len() < FRAMES as usize {
        let (topic, payload) = connector.publication().await;
        if topic.ends_with("/u") {
            numbers.push(u32::from_be_bytes(payload[..4].try_into().unwrap()));
        }
    }
    assert_eq!(numbers, (0..FRAMES).collect::<Vec<_>>());
    let mut device = flood.await.unwrap();
    device.ping().await;
}

#[tokio::test]
async fn ab_35_a_device_above_its_rate_is_read_more_slowly_and_loses_nothing() {
    let gateway = TestGateway::start_with(|config| config.limits.device_bytes_per_second = 200_000).await;
    let (_, account, mut connector, mut device) = pair(&gateway).await;
    for number in 0..20 {
        device.publish(&account.up().to_string(), &[number; 16_000]).await;
    }
    for number in 0..20 {
        assert_eq!(connector.publication().await.1, [number; 16_000]);
    }
    device.ping().await;
}

#[tokio::test]
async fn ab_36_what_is_not_a_masked_binary_message_ends_the_connection() {
    let gateway = TestGateway::start_with(|config| config.limits.takeovers_per_id.burst = 100).await;
    let (instance, account, ..) = pair(&gateway).await;
    let user = account.id.to_string();
    let mut device = gateway.connect(instance.id, &user, &account.password).await;
    device.socket.send(Message::text("\u{d0}\0")).await.unwrap();
    assert_eq!(device.disconnected().await, Some(0x81));

    let mut device = gateway.connect(instance.id, &user, &account.password).await;
    let unmasked = [0x82, 2, 0xc0, 0];
    device.socket.get_mut().write_all(&unmasked).await.unwrap();
    let mut rest = Vec::new();
    let _ = device.socket.get_mut().read_to_end(&mut rest).await;
    assert!(!rest.windows(2).any(|bytes| bytes == [0xd0, 0]), "an unmasked frame was answered");
}

#[tokio::test]
async fn ab_36_a_message_in_fragments_of_one_byte_between_pings_is_understood() {
    let gateway = TestGateway::start().await;
    let (_, account, mut connector, mut device) = pair(&gateway).await;
    let packet = publish_packet(Name::Topic(&account.up().to_string()), b"x");
    let last = packet.len() - 1;
    for (index, byte) in packet.iter().enumerate() {
        let kind = if index == 0 { Data::Binary } else { Data::Continue };
        let frame = Frame::message(vec![*byte], OpCode::Data(kind), index == last);
        device.socket.send(Message::Frame(frame)).await.unwrap();
        device.socket.send(Message::Ping(Bytes::new())).await.unwrap();
    }
    assert_eq!(connector.publication().await, (account.up().to_string(), b"x".to_vec()));
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    const PINGS: usize = 500;
    let gateway = TestGateway::start().await;
    let (_, account, mut connector, mut device) = pair(&gateway).await;
    for _ in 0..PINGS {
        device.send(vec![0xc0, 0]).await;
    }
    device.publish(&account.up().to_string(), b"x").await;
    for _ in 0..PINGS {
        assert_eq!(device.next().await.as_deref(), Some(&[0xd0, 0][..]));
    }
    assert_eq!(connector.publication().await.1, b"x");
}

#[tokio::test]
async fn a_revoked_device_is_cut_off_at_once() {
    let gateway = TestGateway::start().await;
    let (instance, account, mut connector, mut device) = pair(&gateway).await;
    assert_eq!(gateway.call(revoke(&instance, account.id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(device.disconnected().await, Some(0x98));
    let mut news = vec![connector.publication().await.1, connector.publication().await.1];
    news.sort();
    let revoked = serde_json::to_vec(&Control::Revoked { device_id: account.id }).unwrap();
    assert_eq!(news, [b"0".to_vec(), revoked]);
    assert_eq!(gateway.try_connect(instance.id, &account.id.to_string(), &account.password).await.1, 0x87);
    // Once more is no error.
    assert_eq!(gateway.call(revoke(&instance, account.id)).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_silent_client_is_closed_after_one_and_a_half_keep_alives() {
    let gateway = TestGateway::start_with(|config| config.limits.keep_alive_s = 1).await;
    let instance = gateway.create_instance().await;
    // It does not even subscribe: what it says could come too late.
    let mut connector = gateway.connect(instance.id, &instance.id.to_string(), &instance.password).await;
    assert_eq!(connector.disconnected().await, Some(0x8d));
}
