//! The upgrade, CONNECT, tickets, and who takes whose place.

use http::{HeaderMap, Method, StatusCode};
use latchgate_gateway::Rate;
use latchgate_protocol::rest::PasswordRotation;
use latchgate_protocol::{DeviceId, DevicePassword, InstanceId, ResumeTicket};
use mqtt_protocol_core::mqtt::packet::{Property, Qos, v5_0};
use tokio_tungstenite::tungstenite;

use super::TestGateway;
use crate::support::{START, connect_as, connect_packet, request, revoke, rng, with_ops};

const NEVER: f64 = 1e-6;

async fn upgrade_status(gateway: &TestGateway, adjust: impl FnOnce(&mut HeaderMap)) -> StatusCode {
    let path = format!("/v1/mqtt/{}", InstanceId::make(&mut rng()));
    match gateway.try_upgrade(&path, adjust).await {
        Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
        Err(tungstenite::Error::Http(response)) => response.status(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn ab_20_a_web_page_and_another_subprotocol_are_refused() {
    let gateway = TestGateway::start().await;
    assert_eq!(upgrade_status(&gateway, |_| {}).await, StatusCode::SWITCHING_PROTOCOLS);
    for origin in ["https://evil.example", "null", "", &format!("http://{}", gateway.addr())] {
        let status = upgrade_status(&gateway, |headers| drop(headers.insert("origin", origin.parse().unwrap()))).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
    }
    for protocol in [None, Some("MQTT"), Some("mqttv3.1"), Some("xmqtt, mqttx")] {
        let status = upgrade_status(&gateway, |headers| {
            headers.remove("sec-websocket-protocol");
            if let Some(protocol) = protocol {
                headers.insert("sec-websocket-protocol", protocol.parse().unwrap());
            }
        })
        .await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{protocol:?}");
    }
    for (name, value) in [("sec-websocket-version", "8"), ("sec-websocket-key", "short"), ("upgrade", "h2c")] {
        let status = upgrade_status(&gateway, |headers| drop(headers.insert(name, value.parse().unwrap()))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
    }
}

#[tokio::test]
async fn ab_20_a_list_of_subprotocols_with_mqtt_in_it_is_accepted() {
    let gateway = TestGateway::start().await;
    let status = upgrade_status(&gateway, |headers| {
        headers.insert("sec-websocket-protocol", "other, mqtt".parse().unwrap());
        headers.insert("sec-websocket-extensions", "permessage-deflate".parse().unwrap());
    })
    .await;
    assert_eq!(status, StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn ab_36_compression_is_never_negotiated() {
    let gateway = TestGateway::start().await;
    let draft = request(Method::GET, &format!("/v1/mqtt/{}", InstanceId::make(&mut rng())))
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "WebSocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "mqtt")
        .header("sec-websocket-extensions", "permessage-deflate; client_max_window_bits");
    let answer = gateway.call_head(draft.empty()).await;
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    // The example of RFC 6455, section 1.3.
    assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(answer.headers().get("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn ab_04_an_unknown_device_and_a_wrong_password_are_answered_alike() {
    let gateway = TestGateway::start_with(with_ops).await;
    let (instance, other) = (gateway.create_instance().await, gateway.create_instance().await);
    let device = gateway.device(&instance).await;
    let unclaimed = gateway.create_device(&instance).await.device_id;
    let foreign = gateway.device(&other).await;
    let password = DevicePassword::make(&mut rng()).reveal().to_string();
    let unknown = DeviceId::make(&mut rng());
    for (user, password) in [
        (unknown, &password),
        (device.id, &password),
        (unclaimed, &password),
        // Right, at another instance.
        (foreign.id, &foreign.password),
    ] {
        let before = gateway.metric("latchgate_hashes_total").await;
        let mut peer = gateway.upgrade(instance.id).await;
        peer.send(connect_packet(&user.to_string(), password)).await;
        let connack = peer.next().await.unwrap();
        assert_eq!(connack[..], [0x20, 3, 0, 0x86, 0], "{user}");
        assert_eq!(peer.next().await, None);
        let derivations = gateway.metric("latchgate_hashes_total").await - before;
        assert_eq!(derivations, 1, "{user}");
    }
}

#[tokio::test]
async fn ab_21_a_first_packet_that_is_not_a_proper_connect_is_closed_unanswered() {
    let gateway = TestGateway::start().await;
    let instance_id = InstanceId::make(&mut rng());
    let first: [&[u8]; 9] = [
        &[0xc0, 0],                               // PINGREQ
        &[0x30, 5, 0, 1, b'a', 0, b'x'],          // PUBLISH
        &[0x10, 0xff, 0xff, 0xff, 0x7f],          // CONNECT of 256 MiB
        &[0x10, 0x81, 0xa0, 0x01],                // CONNECT of 20 KiB and a byte
        &[0x10, 0xff, 0xff, 0xff, 0xff, 1],       // a length of five bytes
        &[0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0], // a length without an end
        &[0x00],                                  // a reserved type
        &[0x11, 0],                               // CONNECT with a flag
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for packet in first {
        let mut peer = gateway.upgrade(instance_id).await;
        peer.send(packet.to_vec()).await;
        assert_eq!(peer.next().await, None, "{packet:x?}");
    }
    let mut peer = gateway.upgrade(instance_id).await;
    peer.try_send(vec![0x10; 20 * 1024 + 1]).await;
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn ab_22_a_connection_without_connect_is_closed() {
    let gateway = TestGateway::start_with(|config| config.limits.connect_timeout_ms = 50).await;
    let instance = gateway.create_instance().await;
    let packet = connect_packet(&instance.id.to_string(), &instance.password);
    for said in [0, 1, packet.len() - 1] {
        let mut peer = gateway.upgrade(instance.id).await;
        if said > 0 {
            peer.send(packet[..said].to_vec()).await;
        }
        assert_eq!(peer.next().await, None, "after {said} bytes");
    }
}

#[tokio::test]
async fn ab_22_half_open_connections_of_an_address_are_limited() {
    let gateway = TestGateway::start_with(|config| config.limits.half_open_per_address = 2).await;
    let instance = gateway.create_instance().await;
    let mut one = gateway.upgrade(instance.id).await;
    let _other = gateway.upgrade(instance.id).await;
    let path = format!("/v1/mqtt/{}", instance.id);
    assert!(gateway.try_upgrade(&path, |_| {}).await.is_err());
    // A login makes room for the next.
    one.send(connect_packet(&instance.id.to_string(), &instance.password)).await;
    assert_eq!(one.connack().await, 0);
    gateway.upgrade(instance.id).await;
}

#[tokio::test]
async fn ab_23_a_connect_of_another_form_has_its_code() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let user = instance.id.to_string();
    let good = connect_packet(&user, &instance.password);
    let name = good.windows(4).position(|bytes| bytes == b"MQTT").unwrap();
    let altered = |offset: usize, byte: u8| {
        let mut packet = good.clone();
        packet[name + offset] = byte;
        packet
    };
    let cases = [
        (altered(0, b'm'), 0x84),
        (altered(4, 4), 0x84),
        (altered(5, 0b1100_0011), 0x81),
        (connect_as(&DeviceId::make(&mut rng()).to_string(), &user, &instance.password), 0x85),
        (connect_as("", &user, &instance.password), 0x85),
        (connect_packet("canary", &instance.password), 0x86),
        (connect_packet(&user, ""), 0x86),
        (connect_packet(&user, "ticket:"), 0x86),
    ];
    for (packet, code) in cases {
        let mut peer = gateway.upgrade(instance.id).await;
        peer.send(packet.clone()).await;
        assert_eq!(peer.connack().await, code, "{packet:x?}");
        assert_eq!(peer.next().await, None);
    }
    let mut peer = gateway.connect(instance.id, &user, &instance.password).await;
    peer.send(good).await;
    assert_eq!(peer.disconnected().await, Some(0x82));
}

#[tokio::test]
async fn ab_26_a_last_will_is_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    for topic in [device.presence(), device.up()] {
        let packet = v5_0::Connect::builder()
            .client_id(device.id.to_string())
            .unwrap()
            .user_name(device.id.to_string())
            .unwrap()
            .password(device.password.clone().into_bytes())
            .unwrap()
            .will_message(topic.to_string(), b"0".to_vec(), Qos::AtMostOnce, false)
            .unwrap()
            .build()
            .unwrap();
        let mut peer = gateway.upgrade(instance.id).await;
        peer.send(packet.to_continuous_buffer()).await;
        assert_eq!(peer.connack().await, 0x87);
    }
}

#[tokio::test]
async fn connack_names_the_limits() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let peer = gateway.connect(instance.id, &instance.id.to_string(), &instance.password).await;
    let has = |is_wanted: &dyn Fn(&Property) -> bool| peer.properties.iter().any(is_wanted);
    assert!(has(&|property| matches!(property, Property::TopicAliasMaximum(value) if value.val() == 1024)));
    assert!(has(&|property| matches!(property, Property::MaximumPacketSize(value) if value.val() == 20_480)));
    assert!(has(&|property| matches!(property, Property::MaximumQos(value) if value.val() == 0)));
    assert!(has(&|property| matches!(property, Property::RetainAvailable(value) if value.val() == 0)));
    assert!(has(&|property| matches!(property, Property::WildcardSubscriptionAvailable(value) if value.val() == 1)));
    assert!(has(&|property| matches!(property, Property::SharedSubscriptionAvailable(value) if value.val() == 0)));
    assert!(has(&|property| matches!(property, Property::ServerKeepAlive(value) if value.val() == 30)));
}

#[tokio::test]
async fn a_ticket_stands_in_for_the_password_and_costs_no_hash() {
    let gateway = TestGateway::start_with(with_ops).await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    for (user, password) in [(instance.id.to_string(), &instance.password), (device.id.to_string(), &device.password)] {
        let ticket = format!("ticket:{}", gateway.connect(instance.id, &user, password).await.ticket().unwrap());
        let hashes = gateway.metric("latchgate_hashes_total").await;
        let peer = gateway.connect(instance.id, &user, &ticket).await;
        assert_eq!(peer.ticket(), None);
        assert_eq!(gateway.metric("latchgate_hashes_total").await, hashes);
    }
}

#[tokio::test]
async fn ab_18_a_ticket_is_void_for_others_after_a_day_after_rotation_and_after_revocation() {
    let gateway = TestGateway::start_with(|config| config.limits.takeovers_per_id.burst = 100).await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let other = gateway.device(&instance).await;
    let (user, owner) = (device.id.to_string(), instance.id.to_string());
    let ticket_of = |text: Option<String>| format!("ticket:{}", text.unwrap());
    let ticket = ticket_of(gateway.connect(instance.id, &user, &device.password).await.ticket());
    let owners = ticket_of(gateway.connect(instance.id, &owner, &instance.password).await.ticket());
    let code = async |user: &str, password: &str| gateway.try_connect(instance.id, user, password).await.1;

    assert_eq!(code(&other.id.to_string(), &ticket).await, 0x86);
    assert_eq!(code(&owner, &ticket).await, 0x86);
    assert_eq!(code(&user, &owners).await, 0x86);
    let foreign = format!("ticket:{}", ResumeTicket::make(&mut rng()).reveal().as_str());
    assert_eq!(code(&user, &foreign).await, 0x86);

    gateway.clock.set(START + 24 * 60 * 60 - 1);
    assert_eq!((code(&user, &ticket).await, code(&owner, &owners).await), (0, 0));
    gateway.clock.set(START + 24 * 60 * 60);
    assert_eq!((code(&user, &ticket).await, code(&owner, &owners).await), (0x86, 0x86));

    gateway.clock.set(START);
    let rotate = |password: &str, step: &str| {
        let draft = request(Method::POST, "/v1/instances/rotate-password").basic(&owner, password);
        draft.text(format!(r#"{{"step":"{step}"}}"#))
    };
    let prepared = gateway.call(rotate(&instance.password, "prepare")).await.body_as(StatusCode::OK);
    let PasswordRotation::Prepared { instance_password } = prepared else { panic!("not prepared") };
    assert_eq!(code(&owner, &owners).await, 0);
    assert_eq!(gateway.call(rotate(&instance_password.reveal(), "commit")).await.status, StatusCode::OK);
    assert_eq!(code(&owner, &owners).await, 0x86);

    let instance = crate::support::Account { password: instance_password.reveal().to_string(), ..instance };
    assert_eq!(code(&user, &ticket).await, 0);
    assert_eq!(gateway.call(revoke(&instance, device.id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(code(&user, &ticket).await, 0x87);
    assert_eq!(code(&user, &device.password).await, 0x87);
}

#[tokio::test]
async fn ab_31_a_second_login_takes_the_place_of_the_first() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let mut first_connector = gateway.connector(&instance).await;
    let mut first = gateway.device_peer(&device).await;
    assert_eq!(first_connector.publication().await.1, b"1");

    let mut second = gateway.device_peer(&device).await;
    assert_eq!(first.disconnected().await, Some(0x8e));
    assert_eq!(first_connector.publication().await.1, b"0");
    assert_eq!(first_connector.publication().await.1, b"1");

    assert_eq!(second.subscribe(&[device.connector_presence().to_string()]).await, [0]);
    assert_eq!(second.publication().await.1, b"1");
    let mut second_connector = gateway.connector(&instance).await;
    assert_eq!(first_connector.disconnected().await, Some(0x8e));
    assert_eq!(second.publication().await.1, b"0");
    assert_eq!(second.publication().await.1, b"1");
    assert_eq!(second_connector.publication().await.1, b"1");
    second.publish(&device.up().to_string(), b"x").await;
    assert_eq!(second_connector.publication().await.1, b"x");
}

#[tokio::test]
async fn ab_31_two_clients_that_take_each_others_place_are_slowed_down() {
    let gateway =
        TestGateway::start_with(|config| config.limits.takeovers_per_id = Rate { burst: 2, per_second: NEVER }).await;
    let instance = gateway.create_instance().await;
    let mut codes = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..5 {
        let (peer, code) = gateway.try_connect(instance.id, &instance.id.to_string(), &instance.password).await;
        codes.push(code);
        peers.push(peer);
    }
    assert_eq!(codes, [0, 0, 0, 0x9f, 0x9f]);
    // The one who sits there stays.
    peers[2].ping().await;
}
