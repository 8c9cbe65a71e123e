//! The same handshakes by a second implementation of Noise (`clatter`): equal bytes, and each understands the
//! other.

use clatter::bytearray::{ByteArray, SensitiveByteArray};
use clatter::crypto::cipher::AesGcm;
use clatter::crypto::dh::X25519;
use clatter::crypto::hash::Sha256;
use clatter::handshakepattern::{noise_ik_psk1, noise_kk_psk0};
use clatter::traits::Handshaker;
use clatter::{KeyPair, NqHandshake};
use latchgate_protocol::SessionId;

use super::*;
use crate::keys::{DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId};
use crate::pairing::{InitiatorParams, PairingInitiator, ResponderParams, answer_pairing};
use crate::session::{SessionInitiator, SessionLimits, SessionParams, answer_session};
use crate::testing::{DEVICE_ID, Drawn};

type Foreign = NqHandshake<X25519, AesGcm, Sha256>;

const PSK: [u8; 32] = [0x77; 32];
const DEVICE_EPHEMERAL: [u8; 32] = [0xd2; 32];
const CONNECTOR_EPHEMERAL: [u8; 32] = [0xc2; 32];
const LIMITS: SessionLimits = SessionLimits { connection_window: 0x0010_0000, max_streams: 128 };
const KEY_ID: KeyId = KeyId([0x1d; 16]);
const SESSION: SessionId = SessionId([0x51; 8]);

type Implementation = fn(Pattern, Role) -> Box<dyn Side>;

#[test]
fn both_implementations_say_the_same_and_understand_each_other() {
    for pattern in [Pattern::Pairing, Pattern::Session] {
        let sides: [Implementation; 2] = [own, foreign];
        let [[first, second], rest] = sides.map(|device| {
            sides.map(|connector| converse(device(pattern, Role::Initiator), connector(pattern, Role::Responder)))
        });
        assert_eq!(first, second, "{pattern:?} differs");
        assert_eq!(rest, [first.clone(), first], "{pattern:?} differs");
    }
}

#[test]
fn a_foreign_connector_pairs_with_a_device() {
    let mut connector =
        foreign_handshake(Pattern::Pairing, Role::Responder, &prologue(Pattern::Pairing, DEVICE_ID, &[]));
    let mut rng = Drawn::new([DEVICE_EPHEMERAL, [0x5d; 32]]);
    let (p1, device) = PairingInitiator::start(
        InitiatorParams {
            device_id: DEVICE_ID,
            setup_secret: &DeviceSetupSecretKey::from_bytes(PSK),
            connector_key: connector_key().public_key(),
            static_key: &device_key(),
            device_label: "phone",
        },
        &mut rng,
    )
    .unwrap();
    assert_eq!(read(&mut connector, &p1), [&[0x5d; 32][..], &[0, 0, 0, 0], b"\x05phone"].concat());
    assert_eq!(connector.get_remote_static(), Some(*device_key().public_key().as_bytes()));

    let p2 = write(&mut connector, &[&[0x5c; 32][..], &[0, 0, 0, 1], &[0, 0, 0, 0], b"\x07Example"].concat());
    let paired = device.finish(&p2).unwrap();
    assert_eq!(paired.instance_label, "Example");

    let mut rng = Drawn::new([CONNECTOR_EPHEMERAL, [0x5c; 32]]);
    let params = ResponderParams {
        device_id: DEVICE_ID,
        setup_secret: &DeviceSetupSecretKey::from_bytes(PSK),
        static_key: &connector_key(),
        instance_label: "Example",
    };
    let answer = answer_pairing(params, &p1, &mut rng).unwrap();
    assert_eq!(answer.p2, p2);
    assert_eq!(answer.device_secret_key, paired.device_secret_key);
}

#[test]
fn a_foreign_device_opens_a_session_with_a_connector() {
    let clear = [&[0, 0, 0, 1][..], &KEY_ID.0].concat();
    let said = prologue(Pattern::Session, DEVICE_ID, &clear);
    let mut device = foreign_handshake(Pattern::Session, Role::Initiator, &said);
    let s1 = [clear, write(&mut device, &[])].concat();
    let secret = DeviceSecretKey::from_bytes(PSK);
    let params = |local, remote: &StaticPrivateKey| SessionParams {
        device_id: DEVICE_ID,
        generation: Generation::FIRST,
        key_id: KEY_ID,
        device_secret_key: &secret,
        static_key: local,
        peer_key: remote.public_key(),
    };
    let [device_key, connector_key] = [device_key(), connector_key()];
    let at_connector = params(&connector_key, &device_key);
    let (s2, session) =
        answer_session(at_connector, SESSION, &s1, &LIMITS, &mut Drawn::new([CONNECTOR_EPHEMERAL])).unwrap();
    assert_eq!(read(&mut device, &s2), [0, 0x10, 0, 0, 0, 0, 0, 128]);
    assert_eq!(*device.finalize().unwrap().get_handshake_hash(), *session.handshake_hash());

    let at_device = params(&device_key, &connector_key);
    let (own_s1, initiator) = SessionInitiator::start(at_device, SESSION, &mut Drawn::new([DEVICE_EPHEMERAL])).unwrap();
    assert_eq!(own_s1, s1);
    assert_eq!(initiator.finish(&s2).unwrap().1, LIMITS);
}

/// All that a handshake leaves: both messages, both payloads as read, and hash and keys of either side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transcript {
    messages: [Vec<u8>; 2],
    payloads: [Vec<u8>; 2],
    ends: [End; 2],
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    hash: [u8; 32],
    keys: [[u8; 32]; 2],
}

trait Side {
    fn write(&mut self, payload: &[u8]) -> Vec<u8>;
    fn read(&mut self, message: &[u8]) -> Vec<u8>;
    fn end(self: Box<Self>) -> End;
}

fn converse(mut device: Box<dyn Side>, mut connector: Box<dyn Side>) -> Transcript {
    let first = device.write(b"what the device says");
    let heard = connector.read(&first);
    let second = connector.write(b"what the connector answers");
    let answered = device.read(&second);
    assert_eq!((&heard[..], &answered[..]), (&b"what the device says"[..], &b"what the connector answers"[..]));
    let ends = [device.end(), connector.end()];
    assert_eq!(ends[0], ends[1]);
    Transcript { messages: [first, second], payloads: [heard, answered], ends }
}

impl Side for Handshake {
    fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        Self::write(self, payload).unwrap()
    }

    fn read(&mut self, message: &[u8]) -> Vec<u8> {
        Self::read(self, message).unwrap().to_vec()
    }

    fn end(self: Box<Self>) -> End {
        let hash = self.hash();
        let (to_responder, to_initiator) = self.into_split();
        End { hash, keys: [*to_responder, *to_initiator] }
    }
}

impl Side for Foreign {
    fn write(&mut self, payload: &[u8]) -> Vec<u8> {
        write(self, payload)
    }

    fn read(&mut self, message: &[u8]) -> Vec<u8> {
        read(self, message)
    }

    fn end(self: Box<Self>) -> End {
        let transport = self.finalize().unwrap();
        let hash = *transport.get_handshake_hash();
        let states = transport.take();
        let keys = [states.initiator_to_responder, states.responder_to_initiator].map(|state| {
            let (key, counter) = state.take();
            assert_eq!(counter, 0);
            key.as_slice().try_into().unwrap()
        });
        End { hash, keys }
    }
}

fn own(pattern: Pattern, role: Role) -> Box<dyn Side> {
    let ([local, remote], ephemeral) = keys_of(role);
    let known = (pattern, role) != (Pattern::Pairing, Role::Responder);
    let keys = HandshakeKeys { psk: &PSK, local: &local, remote: known.then(|| remote.public_key()) };
    Box::new(Handshake::new(pattern, role, keys, b"said before", &mut Drawn::new([ephemeral])))
}

fn foreign(pattern: Pattern, role: Role) -> Box<dyn Side> {
    Box::new(foreign_handshake(pattern, role, b"said before"))
}

fn foreign_handshake(pattern: Pattern, role: Role, prologue: &[u8]) -> Foreign {
    let ([local, remote], ephemeral) = keys_of(role);
    let known = (pattern, role) != (Pattern::Pairing, Role::Responder);
    let shape = match pattern {
        Pattern::Pairing => noise_ik_psk1(),
        Pattern::Session => noise_kk_psk0(),
    };
    let ephemeral = StaticPrivateKey::from_bytes(ephemeral);
    let remote = known.then(|| *remote.public_key().as_bytes());
    let pairs = [&local, &ephemeral].map(|key| KeyPair {
        public: *key.public_key().as_bytes(),
        secret: SensitiveByteArray::new(*key.reveal_bytes()),
    });
    let [local, ephemeral] = pairs.map(Some);
    let initiator = role == Role::Initiator;
    let mut handshake = Foreign::new(shape, prologue, initiator, local, ephemeral, remote, None).unwrap();
    handshake.push_psk(&PSK);
    handshake
}

/// Returns the own static key, the other side's, and the own ephemeral key.
fn keys_of(role: Role) -> ([StaticPrivateKey; 2], [u8; 32]) {
    match role {
        Role::Initiator => ([device_key(), connector_key()], DEVICE_EPHEMERAL),
        Role::Responder => ([connector_key(), device_key()], CONNECTOR_EPHEMERAL),
    }
}

fn device_key() -> StaticPrivateKey {
    StaticPrivateKey::from_bytes([0xd1; 32])
}

fn connector_key() -> StaticPrivateKey {
    StaticPrivateKey::from_bytes([0xc1; 32])
}

fn write(side: &mut Foreign, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; payload.len() + MESSAGE_OVERHEAD];
    let length = side.write_message(payload, &mut out).unwrap();
    out.truncate(length);
    out
}

fn read(side: &mut Foreign, message: &[u8]) -> Vec<u8> {
    let mut out = vec![0; message.len()];
    let length = side.read_message(message, &mut out).unwrap();
    out.truncate(length);
    out
}
