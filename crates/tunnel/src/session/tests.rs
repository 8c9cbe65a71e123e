use bytes::BytesMut;
use latchgate_protocol::FrameHeader;
use proptest::prelude::*;

use super::*;
use crate::pairing::{ResponderParams, answer_pairing};
use crate::sealing::{Opened, RecordKind};
use crate::testing::{
    DEVICE_ID, FixedRng, LIMITS, PairedKeys, SESSION_ID, open_session, points_of_small_order,
    points_of_small_order_elsewhere,
};

fn start(params: SessionParams<'_>) -> (Vec<u8>, SessionInitiator) {
    SessionInitiator::start(params, SESSION_ID, &mut FixedRng::new(1)).unwrap()
}

fn answer(params: SessionParams<'_>, s1: &[u8]) -> Result<(Vec<u8>, Session), SessionError> {
    answer_session(params, SESSION_ID, s1, &LIMITS, &mut FixedRng::new(2))
}

fn deliver(from: &mut Sealer, to: &mut Opener, kind: RecordKind, body: &[u8]) {
    let mut frame = BytesMut::new();
    from.seal(kind, body, &mut frame).unwrap();
    let (header, _) = FrameHeader::decode(&frame).unwrap();
    let opened = to.open(header, &mut frame[FrameHeader::LENGTH..]).unwrap();
    assert_eq!(opened, Opened::Record { kind, body });
}

#[test]
fn both_sides_speak_under_the_same_keys() {
    let (device, connector) = open_session();
    assert_eq!((device.id(), connector.id()), (SESSION_ID, SESSION_ID));
    assert_eq!(device.handshake_hash(), connector.handshake_hash());
    let (mut device_sealer, mut device_opener) = device.split();
    let (mut connector_sealer, mut connector_opener) = connector.split();
    deliver(&mut device_sealer, &mut connector_opener, RecordKind::Fin, b"");
    deliver(&mut connector_sealer, &mut device_opener, RecordKind::Stream, b"answer");
    deliver(&mut device_sealer, &mut connector_opener, RecordKind::Stream, b"question");
}

#[test]
fn s2_carries_the_limits() {
    let keys = PairedKeys::new();
    let (s1, initiator) = start(keys.device_params());
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    let (_, limits) = initiator.finish(&s2).unwrap();
    assert_eq!(limits, LIMITS);
    assert_eq!(hex::encode(LIMITS.encode()), concat!("00100000", "00000080")); // window, streams
}

#[test]
fn the_messages_are_fixed() {
    let keys = PairedKeys::new();
    let (s1, initiator) = start(keys.device_params());
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    let (session, _) = initiator.finish(&s2).unwrap();
    assert_eq!(hex::encode(&s1[..4]), "00000001"); // generation
    assert_eq!(hex::encode(&s1[4..20]), GOLDEN_S1[0]); // key_id
    assert_eq!(hex::encode(&s1[20..52]), GOLDEN_S1[1]); // ephemeral key
    assert_eq!(hex::encode(&s1[52..]), GOLDEN_S1[2]); // tag of the empty payload
    assert_eq!(hex::encode(&s2[..32]), GOLDEN_S2[0]); // ephemeral key
    assert_eq!(hex::encode(&s2[32..]), GOLDEN_S2[1]); // limits, sealed
    assert_eq!(hex::encode(session.handshake_hash()), GOLDEN_HASH);
}

#[test]
fn the_clear_part_names_the_key() {
    let keys = PairedKeys::new();
    let params = keys.device_params();
    let (s1, _) = start(params);
    let (generation, key_id, noise) = read_s1_clear(&s1).unwrap();
    assert_eq!((generation, key_id, noise.len()), (Generation::FIRST, params.key_id, 48));
    for length in 0..CLEAR_LENGTH {
        assert_eq!(read_s1_clear(&s1[..length]).unwrap_err(), SessionError::Malformed);
    }
}

#[test]
fn a_wrong_psk_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    let other = DeviceSecretKey::from_bytes([1; 32]);
    let params = SessionParams { device_secret_key: &other, ..keys.connector_params() };
    assert_eq!(answer(params, &s1).unwrap_err(), SessionError::Forged);
}

#[test]
fn ab_38_another_device_id_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    let params = SessionParams { device_id: DeviceId::from_bytes([1; 16]), ..keys.connector_params() };
    assert_eq!(answer(params, &s1).unwrap_err(), SessionError::Forged);
}

#[test]
fn ab_54_neither_side_can_be_played_with_the_psk_alone() {
    let keys = PairedKeys::new();
    let thief = StaticPrivateKey::from_bytes([1; 32]);
    let (s1, _) = start(SessionParams { static_key: &thief, ..keys.device_params() });
    assert_eq!(answer(keys.connector_params(), &s1).unwrap_err(), SessionError::Forged);

    // The thief cannot even read S1, and what it makes without having read it does not open.
    let (s1, initiator) = start(keys.device_params());
    let played = SessionParams { static_key: &thief, ..keys.connector_params() };
    assert_eq!(answer(played, &s1).unwrap_err(), SessionError::Forged);
    let (own_s1, _) = start(SessionParams { peer_key: thief.public_key(), ..keys.device_params() });
    let (s2, _) = answer(played, &own_s1).unwrap();
    assert_eq!(initiator.finish(&s2).unwrap_err(), SessionError::Forged);
}

#[test]
fn ab_51_another_generation_or_key_id_is_named() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    let later = SessionParams { generation: Generation(2), ..keys.connector_params() };
    assert_eq!(answer(later, &s1).unwrap_err(), SessionError::OtherKey);
    let renamed = SessionParams { key_id: KeyId([1; 16]), ..keys.connector_params() };
    assert_eq!(answer(renamed, &s1).unwrap_err(), SessionError::OtherKey);
}

#[test]
fn ab_55_the_clear_part_is_bound_by_the_handshake() {
    let keys = PairedKeys::new();
    let (mut s1, _) = start(keys.device_params());
    s1[3] = 2;
    let later = SessionParams { generation: Generation(2), ..keys.connector_params() };
    assert_eq!(answer(later, &s1).unwrap_err(), SessionError::Forged);
}

#[test]
fn ab_49_s1_echoed_back_is_refused() {
    let keys = PairedKeys::new();
    let (s1, initiator) = start(keys.device_params());
    assert_eq!(initiator.finish(&s1).unwrap_err(), SessionError::Forged);
    let (s1, initiator) = start(keys.device_params());
    assert_eq!(initiator.finish(&s1[CLEAR_LENGTH..]).unwrap_err(), SessionError::Forged);
}

#[test]
fn ab_49_s2_of_another_session_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = SessionInitiator::start(keys.device_params(), SESSION_ID, &mut FixedRng::new(9)).unwrap();
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    let (_, initiator) = start(keys.device_params());
    assert_eq!(initiator.finish(&s2).unwrap_err(), SessionError::Forged);
}

#[test]
fn s2_in_the_place_of_s1_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    assert_eq!(answer(keys.connector_params(), &s2).unwrap_err(), SessionError::OtherKey);
    let named = [&s1[..CLEAR_LENGTH], &s2].concat();
    assert_eq!(answer(keys.connector_params(), &named).unwrap_err(), SessionError::Forged);
}

#[test]
fn a_pairing_message_is_no_session_message() {
    let keys = PairedKeys::new();
    let setup_secret = &crate::DeviceSetupSecretKey::from_bytes(*keys.shared.reveal_bytes());
    let (s1, _) = start(keys.device_params());
    let params =
        ResponderParams { device_id: DEVICE_ID, setup_secret, static_key: &keys.connector, instance_label: "" };
    assert!(answer_pairing(params, &s1[CLEAR_LENGTH..], &mut FixedRng::new(2)).is_err());
}

#[test]
fn a_replayed_s1_gives_keys_that_only_the_device_has() {
    let keys = PairedKeys::new();
    let (s1, initiator) = start(keys.device_params());
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    let (device, _) = initiator.finish(&s2).unwrap();
    let replayed = answer_session(keys.connector_params(), SESSION_ID, &s1, &LIMITS, &mut FixedRng::new(3));
    let (_, replay) = replayed.unwrap();
    let (mut sealer, _) = device.split();
    let mut fin = BytesMut::new();
    sealer.seal(RecordKind::Fin, b"", &mut fin).unwrap();
    let (header, _) = FrameHeader::decode(&fin).unwrap();
    let (_, mut opener) = replay.split();
    assert!(opener.open(header, &mut fin[FrameHeader::LENGTH..]).is_err(), "an old FIN confirms no new session");
}

#[test]
fn any_changed_or_missing_byte_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    for position in 0..s1.len() {
        let mut changed = s1.clone();
        changed[position] ^= 1;
        answer(keys.connector_params(), &changed).expect_err("a changed S1 was taken");
        answer(keys.connector_params(), &s1[..position]).expect_err("a cut S1 was taken");
    }
    for position in 0..s2.len() {
        let mut changed = s2.clone();
        changed[position] ^= 1;
        start(keys.device_params()).1.finish(&changed).expect_err("a changed S2 was taken");
        start(keys.device_params()).1.finish(&s2[..position]).expect_err("a cut S2 was taken");
    }
}

#[test]
fn ab_48_an_ephemeral_key_of_small_order_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    let (s2, _) = answer(keys.connector_params(), &s1).unwrap();
    let outcomes = |point: [u8; 32]| {
        let changed_s1 = [&s1[..CLEAR_LENGTH], &point, &s1[CLEAR_LENGTH + 32..]].concat();
        let changed_s2 = [&point[..], &s2[32..]].concat();
        let answered = answer(keys.connector_params(), &changed_s1).unwrap_err();
        (answered, start(keys.device_params()).1.finish(&changed_s2).unwrap_err())
    };
    for point in points_of_small_order() {
        assert_eq!(outcomes(point), (SessionError::DegenerateKey, SessionError::DegenerateKey));
    }
    for point in points_of_small_order_elsewhere() {
        assert_eq!(outcomes(point), (SessionError::Forged, SessionError::Forged));
    }
}

#[test]
fn ab_48_a_static_key_of_small_order_is_refused() {
    let keys = PairedKeys::new();
    let (s1, _) = start(keys.device_params());
    for point in points_of_small_order() {
        let peer_key = StaticPublicKey::from_bytes(point);
        let params = SessionParams { peer_key, ..keys.device_params() };
        let refused = SessionInitiator::start(params, SESSION_ID, &mut FixedRng::new(1)).unwrap_err();
        assert_eq!(refused, SessionError::DegenerateKey);
        let params = SessionParams { peer_key, ..keys.connector_params() };
        assert_eq!(answer(params, &s1).unwrap_err(), SessionError::DegenerateKey);
    }
}

#[test]
fn malformed_limits_are_refused_and_longer_ones_are_read() {
    let finish = |payload: &[u8]| {
        let keys = PairedKeys::new();
        let (s1, initiator) = start(keys.device_params());
        let mut responder = keys.connector_params().handshake(Role::Responder, &mut FixedRng::new(2));
        responder.read(&s1[CLEAR_LENGTH..]).unwrap();
        initiator.finish(&responder.write(payload).unwrap()).map(|(_, limits)| limits)
    };
    let payload = LIMITS.encode();
    for length in 0..payload.len() {
        assert_eq!(finish(&payload[..length]).unwrap_err(), SessionError::Malformed);
    }
    assert_eq!(finish(&[&payload[..], b"said by a later version"].concat()), Ok(LIMITS));
}

#[test]
fn debug_shows_no_key() {
    let keys = PairedKeys::new();
    let (_, initiator) = start(keys.device_params());
    let (session, _) = open_session();
    let text = format!("{initiator:?} {session:?} {:?}", keys.device_params());
    assert!(text.contains("DeviceSecretKey(..)") && text.contains("StaticPrivateKey(..)"), "{text}");
    assert!(!text.contains("94, 94") && !text.contains("208, 208"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let keys = PairedKeys::new();
        let params = keys.connector_params();
        prop_assert!(answer(params, &bytes).is_err());
        prop_assert!(answer(params, &[&params.clear()[..], &bytes].concat()).is_err());
        prop_assert!(start(keys.device_params()).1.finish(&bytes).is_err());
    }
}

const GOLDEN_S1: [&str; 3] = [
    "5578bd0e0b5f2d5bbc353bc45b7216b2",
    "bcdf98e54ba4803343a45cfc3049459dfdc804035a344460f48f23ca1d029840",
    "6aebcfb32afff7a5e40ad3b8e288594a",
];
const GOLDEN_S2: [&str; 2] = [
    "f703c94f277480921b3aa93442ae316decb31a75ee39907ce2218e8e56531121",
    "38dcd8e7c0c628bd3684c6221581ed6173e7ee8be25133bb",
];
const GOLDEN_HASH: &str = "65545c7af6cc5f539e7ed71c3f18cf39808741c3f6aa1871650b8ffc544e7442";
