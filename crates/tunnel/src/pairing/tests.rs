use proptest::prelude::*;

use super::*;
use crate::noise::hostile;
use crate::testing::{DEVICE_ID, FixedRng, points_of_small_order, points_of_small_order_elsewhere};

/// A device and a connector that share one code.
struct Pair {
    device: StaticPrivateKey,
    connector: StaticPrivateKey,
    secret: DeviceSetupSecretKey,
    device_id: DeviceId,
}

impl Pair {
    fn new() -> Self {
        Self {
            device: StaticPrivateKey::from_bytes([0xd0; 32]),
            connector: StaticPrivateKey::from_bytes([0xc0; 32]),
            secret: DeviceSetupSecretKey::from_bytes([0x5e; 32]),
            device_id: DEVICE_ID,
        }
    }

    fn start(&self) -> (Vec<u8>, PairingInitiator) {
        self.start_to(self.connector.public_key()).unwrap()
    }

    fn start_to(&self, connector_key: StaticPublicKey) -> Result<(Vec<u8>, PairingInitiator), PairingError> {
        let params = InitiatorParams {
            device_id: self.device_id,
            setup_secret: &self.secret,
            connector_key,
            static_key: &self.device,
            device_label: "Ada's phone",
        };
        PairingInitiator::start(params, &mut FixedRng::new(1))
    }

    fn answer(&self, p1: &[u8]) -> Result<PairingAnswer, PairingError> {
        let params = ResponderParams {
            device_id: self.device_id,
            setup_secret: &self.secret,
            static_key: &self.connector,
            instance_label: "Example Ltd",
        };
        answer_pairing(params, p1, &mut FixedRng::new(2))
    }

    /// Writes P1 as this device, with a payload of the test's.
    fn p1_with(&self, payload: &[u8]) -> Vec<u8> {
        let keys = HandshakeKeys {
            psk: self.secret.reveal_bytes(),
            local: &self.device,
            remote: Some(self.connector.public_key()),
        };
        let prologue = prologue(Pattern::Pairing, self.device_id, &[]);
        let rng = &mut FixedRng::new(1);
        Handshake::new(Pattern::Pairing, Role::Initiator, keys, &prologue, rng).write(payload).unwrap()
    }

    /// Answers P1 as this connector, with a payload of the test's.
    fn p2_with(&self, p1: &[u8], payload: &[u8]) -> Vec<u8> {
        let keys = HandshakeKeys { psk: self.secret.reveal_bytes(), local: &self.connector, remote: None };
        let prologue = prologue(Pattern::Pairing, self.device_id, &[]);
        let rng = &mut FixedRng::new(2);
        let mut handshake = Handshake::new(Pattern::Pairing, Role::Responder, keys, &prologue, rng);
        handshake.read(p1).unwrap();
        handshake.write(payload).unwrap()
    }
}

fn replace_ephemeral(message: &[u8], point: [u8; 32]) -> Vec<u8> {
    [&point[..], &message[32..]].concat()
}

#[test]
fn both_sides_agree_on_key_name_and_check_code() {
    let pair = Pair::new();
    let (p1, initiator) = pair.start();
    let answer = pair.answer(&p1).unwrap();
    let paired = initiator.finish(&answer.p2).unwrap();

    assert_eq!(paired.device_secret_key, answer.device_secret_key);
    assert_eq!((paired.generation, answer.generation), (Generation::FIRST, Generation::FIRST));
    assert_eq!(paired.key_id, answer.key_id);
    assert_eq!(paired.check_code, answer.check_code);
    assert_eq!(answer.device_key, pair.device.public_key());
    assert_eq!(answer.device_label, "Ada's phone");
    assert_eq!(paired.instance_label, "Example Ltd");
    assert_ne!(paired.device_secret_key.reveal_bytes(), pair.secret.reveal_bytes());
}

#[test]
fn the_messages_and_the_key_are_fixed() {
    let pair = Pair::new();
    let (p1, initiator) = pair.start();
    let answer = pair.answer(&p1).unwrap();
    let paired = initiator.finish(&answer.p2).unwrap();
    assert_eq!(hex::encode(&p1[..32]), GOLDEN_P1[0]); // ephemeral key
    assert_eq!(hex::encode(&p1[32..80]), GOLDEN_P1[1]); // static key, sealed
    assert_eq!(hex::encode(&p1[80..]), GOLDEN_P1[2]); // payload, sealed
    assert_eq!(hex::encode(&answer.p2[..32]), GOLDEN_P2[0]); // ephemeral key
    assert_eq!(hex::encode(&answer.p2[32..]), GOLDEN_P2[1]); // payload, sealed
    assert_eq!(hex::encode(paired.device_secret_key.reveal_bytes()), GOLDEN_KEY);
    assert_eq!(paired.key_id.to_string(), GOLDEN_KEY_ID);
    assert_eq!(paired.check_code.to_string(), GOLDEN_CHECK_CODE);
}

#[test]
fn two_pairings_under_one_code_give_two_keys() {
    let pair = Pair::new();
    let (p1, _) = pair.start();
    let first = pair.answer(&p1).unwrap();
    let params = ResponderParams {
        device_id: DEVICE_ID,
        setup_secret: &pair.secret,
        static_key: &pair.connector,
        instance_label: "",
    };
    let second = answer_pairing(params, &p1, &mut FixedRng::new(3)).unwrap();
    assert_ne!(first.device_secret_key, second.device_secret_key);
}

#[test]
fn another_code_is_refused() {
    let (p1, _) = Pair::new().start();
    let other = Pair { secret: DeviceSetupSecretKey::from_bytes([1; 32]), ..Pair::new() };
    assert_eq!(other.answer(&p1).unwrap_err(), PairingError::Forged);
}

#[test]
fn another_connector_is_refused() {
    let (p1, _) = Pair::new().start();
    let other = Pair { connector: StaticPrivateKey::from_bytes([1; 32]), ..Pair::new() };
    assert_eq!(other.answer(&p1).unwrap_err(), PairingError::Forged);
}

#[test]
fn ab_38_another_device_id_is_refused() {
    let (p1, _) = Pair::new().start();
    let other = Pair { device_id: DeviceId::from_bytes([1; 16]), ..Pair::new() };
    assert_eq!(other.answer(&p1).unwrap_err(), PairingError::Forged);
}

#[test]
fn ab_54_an_answer_without_the_connectors_private_key_is_refused() {
    let pair = Pair::new();
    let (_, initiator) = pair.start();
    // Knows the code's secret, as someone who photographed it does, and answers with an own static key.
    let impostor = Pair { connector: StaticPrivateKey::from_bytes([1; 32]), ..Pair::new() };
    let (to_impostor, _) = impostor.start();
    let answer = impostor.answer(&to_impostor).unwrap();
    assert_eq!(initiator.finish(&answer.p2).unwrap_err(), PairingError::Forged);
}

#[test]
fn an_answer_to_another_p1_is_refused() {
    let pair = Pair::new();
    let (_, initiator) = pair.start();
    let other = Pair { device: StaticPrivateKey::from_bytes([1; 32]), ..Pair::new() };
    let (p1, _) = other.start();
    let answer = pair.answer(&p1).unwrap();
    assert_eq!(initiator.finish(&answer.p2).unwrap_err(), PairingError::Forged);
}

#[test]
fn ab_49_p1_echoed_back_is_refused() {
    let (p1, initiator) = Pair::new().start();
    assert_eq!(initiator.finish(&p1).unwrap_err(), PairingError::Forged);
}

#[test]
fn p2_in_the_place_of_p1_is_refused() {
    let pair = Pair::new();
    let (p1, _) = pair.start();
    let answer = pair.answer(&p1).unwrap();
    assert_eq!(pair.answer(&answer.p2).unwrap_err(), PairingError::Forged);
}

#[test]
fn any_changed_or_missing_byte_is_refused() {
    let pair = Pair::new();
    let (p1, _) = pair.start();
    let p2 = pair.answer(&p1).unwrap().p2;
    for position in 0..p1.len() {
        let mut changed = p1.clone();
        changed[position] ^= 1;
        pair.answer(&changed).expect_err("a changed P1 was taken");
        pair.answer(&p1[..position]).expect_err("a cut P1 was taken");
    }
    for position in 0..p2.len() {
        let mut changed = p2.clone();
        changed[position] ^= 1;
        pair.start().1.finish(&changed).expect_err("a changed P2 was taken");
        pair.start().1.finish(&p2[..position]).expect_err("a cut P2 was taken");
    }
    assert_eq!(pair.answer(&[p1, vec![0]].concat()).unwrap_err(), PairingError::Forged);
    assert_eq!(pair.start().1.finish(&[p2, vec![0]].concat()).unwrap_err(), PairingError::Forged);
}

#[test]
fn short_and_endless_messages_are_malformed() {
    let pair = Pair::new();
    for wrong in [vec![], vec![1; 31], vec![1; 65_536]] {
        assert_eq!(pair.answer(&wrong).unwrap_err(), PairingError::Malformed);
        assert_eq!(pair.start().1.finish(&wrong).unwrap_err(), PairingError::Malformed);
    }
}

#[test]
fn ab_48_an_ephemeral_key_of_small_order_is_refused() {
    let pair = Pair::new();
    let (p1, _) = pair.start();
    let p2 = pair.answer(&p1).unwrap().p2;
    for point in points_of_small_order() {
        assert_eq!(pair.answer(&replace_ephemeral(&p1, point)).unwrap_err(), PairingError::DegenerateKey);
        let finished = pair.start().1.finish(&replace_ephemeral(&p2, point));
        assert_eq!(finished.unwrap_err(), PairingError::DegenerateKey);
    }
    for point in points_of_small_order_elsewhere() {
        assert_eq!(pair.answer(&replace_ephemeral(&p1, point)).unwrap_err(), PairingError::Forged);
        assert_eq!(pair.start().1.finish(&replace_ephemeral(&p2, point)).unwrap_err(), PairingError::Forged);
    }
}

#[test]
fn ab_48_a_static_key_of_small_order_is_refused() {
    let pair = Pair::new();
    let prologue = prologue(Pattern::Pairing, DEVICE_ID, &[]);
    for point in points_of_small_order() {
        let connector_key = StaticPublicKey::from_bytes(point);
        assert_eq!(pair.start_to(connector_key).unwrap_err(), PairingError::DegenerateKey);

        let keys = HandshakeKeys {
            psk: pair.secret.reveal_bytes(),
            local: &pair.device,
            remote: Some(pair.connector.public_key()),
        };
        let offer = encode_offer(&KeyShare::from_bytes([1; 32]), "phone");
        let p1 = hostile::initiator_with_static_key(keys, &prologue, point).write(&offer).unwrap();
        assert_eq!(pair.answer(&p1).unwrap_err(), PairingError::DegenerateKey);
    }
}

#[test]
fn a_malformed_payload_is_refused_and_a_longer_one_is_read() {
    let pair = Pair::new();
    let offer = encode_offer(&KeyShare::from_bytes([1; 32]), "phone");
    for length in 0..offer.len() {
        let p1 = pair.p1_with(&offer[..length]);
        assert_eq!(pair.answer(&p1).unwrap_err(), PairingError::Malformed);
    }
    let longer = [&offer[..], b"said by a later version"].concat();
    assert_eq!(pair.answer(&pair.p1_with(&longer)).unwrap().device_label, "phone");

    let answer = encode_answer(&KeyShare::from_bytes([2; 32]), "company");
    let finish = |payload: &[u8]| {
        let (p1, initiator) = pair.start();
        initiator.finish(&pair.p2_with(&p1, payload))
    };
    for length in 0..answer.len() {
        assert_eq!(finish(&answer[..length]).unwrap_err(), PairingError::Malformed);
    }
    let longer = [&answer[..], b"said by a later version"].concat();
    assert_eq!(finish(&longer).unwrap().instance_label, "company");
}

#[test]
fn unknown_features_are_ignored_and_another_generation_is_refused() {
    let pair = Pair::new();
    let mut answer = encode_answer(&KeyShare::from_bytes([2; 32]), "company").to_vec();
    answer[36..40].fill(0xff);
    let (p1, initiator) = pair.start();
    assert!(initiator.finish(&pair.p2_with(&p1, &answer)).is_ok());
    answer[35] = 2;
    let (p1, initiator) = pair.start();
    let refused = initiator.finish(&pair.p2_with(&p1, &answer)).unwrap_err();
    assert_eq!(refused, PairingError::Misbehaved(Generation(2)));
}

#[test]
fn labels_are_stripped_of_misleading_characters() {
    let pair = Pair::new();
    let offer = encode_offer(&KeyShare::from_bytes([1; 32]), "Ada\u{202e}\n's \u{1b}phone");
    assert_eq!(pair.answer(&pair.p1_with(&offer)).unwrap().device_label, "Ada's phone");
}

#[test]
fn debug_shows_no_key() {
    let pair = Pair::new();
    let (p1, initiator) = pair.start();
    let answer = pair.answer(&p1).unwrap();
    let text = format!("{initiator:?} {answer:?}");
    assert!(text.contains("DeviceSecretKey(..)") && text.contains("CheckCode(..)"), "{text}");
    assert!(!text.contains(&answer.check_code.as_digits()), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_keys_and_labels_pair(
        device in any::<[u8; 32]>(), connector in any::<[u8; 32]>(), secret in any::<[u8; 32]>(), seed in any::<u64>(),
        label in "[a-zA-Z0-9 äöü'-]{0,24}",
    ) {
        let device = StaticPrivateKey::from_bytes(device);
        let connector = StaticPrivateKey::from_bytes(connector);
        let setup_secret = &DeviceSetupSecretKey::from_bytes(secret);
        let rng = &mut FixedRng::new(seed);
        let connector_key = connector.public_key();
        let (p1, initiator) = PairingInitiator::start(
            InitiatorParams { device_id: DEVICE_ID, setup_secret, connector_key, static_key: &device, device_label: &label },
            rng,
        ).unwrap();
        let answer = answer_pairing(
            ResponderParams { device_id: DEVICE_ID, setup_secret, static_key: &connector, instance_label: &label },
            &p1,
            rng,
        ).unwrap();
        let paired = initiator.finish(&answer.p2).unwrap();
        prop_assert_eq!(&paired.device_secret_key, &answer.device_secret_key);
        prop_assert_eq!(answer.device_key, device.public_key());
        prop_assert_eq!((answer.device_label, paired.instance_label), (label.clone(), label));
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let pair = Pair::new();
        prop_assert!(pair.answer(&bytes).is_err());
        prop_assert!(pair.start().1.finish(&bytes).is_err());
    }

    #[test]
    fn any_sealed_payload_is_read_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let pair = Pair::new();
        let _ = pair.answer(&pair.p1_with(&payload));
        let (p1, initiator) = pair.start();
        let _ = initiator.finish(&pair.p2_with(&p1, &payload));
    }
}

const GOLDEN_P1: [&str; 3] = [
    "bcdf98e54ba4803343a45cfc3049459dfdc804035a344460f48f23ca1d029840",
    "22365734ec475c4c603a9c70765928107cbae942faa25d9c90c73ae79403fd11a9f86793c4d3438b3be9d005f3dcf434",
    "b1f242bd75b5f62f422eb65d7c0a6edd16ffca5e235e045e044526e4c00a0716b7fd4efd32866cd4142c7bfb78a73e7a145a323a020f7524765362c5dcf175ac",
];
const GOLDEN_P2: [&str; 2] = [
    "f703c94f277480921b3aa93442ae316decb31a75ee39907ce2218e8e56531121",
    "12d5273304c8169f269810bad59a30d7536370bd189b2fd18926e4472e2b8ce92404a1eea05b209415a6b58d30b6a74cff0e22cab086dcdb5536f212ed06d41d52f496ab",
];
const GOLDEN_KEY: &str = "acfa0e7179dec6ba41fbce6ca3fcb3ec9970fbcef383acd400bd3290da2a11c5";
const GOLDEN_KEY_ID: &str = "2a95266918529dd48e417bc9b6880ce1";
const GOLDEN_CHECK_CODE: &str = "679 459";
