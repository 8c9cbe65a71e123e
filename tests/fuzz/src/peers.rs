//! Both sides of a pairing and of a session under fixed keys, and the same sides by a foreign implementation of
//! Noise, which says anything inside a genuine message.

use std::convert::Infallible;
use std::sync::LazyLock;

use clatter::bytearray::SensitiveByteArray;
use clatter::crypto::cipher::AesGcm;
use clatter::crypto::dh::X25519;
use clatter::crypto::hash::Sha256;
use clatter::handshakepattern::{HandshakePattern, noise_ik_psk1, noise_kk_psk0};
use clatter::traits::Handshaker;
use clatter::{KeyPair, NqHandshake};
use latchgate_protocol::{DeviceId, SessionId};
use latchgate_tunnel::pairing::{InitiatorParams, ResponderParams};
use latchgate_tunnel::session::SessionParams;
use latchgate_tunnel::{DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, SessionLimits, StaticPrivateKey};
use rand_core::{TryCryptoRng, TryRng};

pub(crate) const DEVICE_ID: DeviceId = DeviceId::from_bytes([0xd1; 16]);
pub(crate) const SESSION_ID: SessionId = SessionId([0xaa; 8]);
pub(crate) const KEY_ID: KeyId = KeyId([0x1d; 16]);
pub(crate) const LIMITS: SessionLimits = SessionLimits { connection_window: 1 << 20, max_streams: 128 };

const PSK: [u8; 32] = [0x5e; 32];
static DEVICE: LazyLock<StaticPrivateKey> = LazyLock::new(|| StaticPrivateKey::from_bytes([0xd0; 32]));
static CONNECTOR: LazyLock<StaticPrivateKey> = LazyLock::new(|| StaticPrivateKey::from_bytes([0xc0; 32]));
static SETUP_SECRET: LazyLock<DeviceSetupSecretKey> = LazyLock::new(|| DeviceSetupSecretKey::from_bytes(PSK));
static SECRET: LazyLock<DeviceSecretKey> = LazyLock::new(|| DeviceSecretKey::from_bytes(PSK));

pub(crate) fn pairing_device() -> InitiatorParams<'static> {
    InitiatorParams {
        device_id: DEVICE_ID,
        setup_secret: &SETUP_SECRET,
        connector_key: CONNECTOR.public_key(),
        static_key: &DEVICE,
        device_label: "Ada's phone",
    }
}

pub(crate) fn pairing_connector() -> ResponderParams<'static> {
    ResponderParams {
        device_id: DEVICE_ID,
        setup_secret: &SETUP_SECRET,
        static_key: &CONNECTOR,
        instance_label: "Example Ltd",
    }
}

pub(crate) fn session_device() -> SessionParams<'static> {
    session(&DEVICE, &CONNECTOR)
}

pub(crate) fn session_connector() -> SessionParams<'static> {
    session(&CONNECTOR, &DEVICE)
}

fn session(local: &'static StaticPrivateKey, remote: &StaticPrivateKey) -> SessionParams<'static> {
    SessionParams {
        device_id: DEVICE_ID,
        generation: Generation::FIRST,
        key_id: KEY_ID,
        device_secret_key: &SECRET,
        static_key: local,
        peer_key: remote.public_key(),
    }
}

/// Makes a genuine P1 with any payload.
pub(crate) fn foreign_p1(payload: &[u8]) -> Vec<u8> {
    let mut device = foreign(noise_ik_psk1(), &pairing_prologue(), &DEVICE, Some(&CONNECTOR), true);
    write(&mut device, payload)
}

/// Makes a genuine P2 with any payload, in answer to `p1`.
pub(crate) fn foreign_p2(p1: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut connector = foreign(noise_ik_psk1(), &pairing_prologue(), &CONNECTOR, None, false);
    read(&mut connector, p1);
    write(&mut connector, payload)
}

/// Makes a genuine S1 with any payload, where the protocol has none.
pub(crate) fn foreign_s1(payload: &[u8]) -> Vec<u8> {
    let mut device = foreign(noise_kk_psk0(), &session_prologue(), &DEVICE, Some(&CONNECTOR), true);
    [session_clear(), write(&mut device, payload)].concat()
}

/// Makes a genuine S2 with any payload, in answer to `s1`.
pub(crate) fn foreign_s2(s1: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut connector = foreign(noise_kk_psk0(), &session_prologue(), &CONNECTOR, Some(&DEVICE), false);
    read(&mut connector, &s1[session_clear().len()..]);
    write(&mut connector, payload)
}

fn pairing_prologue() -> Vec<u8> {
    [b"latchgate/e2e/1\0P", &DEVICE_ID.as_bytes()[..]].concat()
}

fn session_prologue() -> Vec<u8> {
    [b"latchgate/e2e/1\0S", &DEVICE_ID.as_bytes()[..], &session_clear()].concat()
}

fn session_clear() -> Vec<u8> {
    [&Generation::FIRST.0.to_be_bytes()[..], &KEY_ID.0].concat()
}

type Foreign = NqHandshake<X25519, AesGcm, Sha256>;

fn foreign(
    pattern: HandshakePattern,
    prologue: &[u8],
    local: &StaticPrivateKey,
    remote: Option<&StaticPrivateKey>,
    initiator: bool,
) -> Foreign {
    let ephemeral = StaticPrivateKey::from_bytes([if initiator { 0xd2 } else { 0xc2 }; 32]);
    let pair = |key: &StaticPrivateKey| KeyPair {
        public: *key.public_key().as_bytes(),
        secret: SensitiveByteArray::new(*key.reveal_bytes()),
    };
    let remote = remote.map(|key| *key.public_key().as_bytes());
    let mut handshake =
        Foreign::new(pattern, prologue, initiator, Some(pair(local)), Some(pair(&ephemeral)), remote, None)
            .expect("the pattern has all the keys that it needs");
    handshake.push_psk(&PSK);
    handshake
}

fn write(side: &mut Foreign, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![0; payload.len() + 128];
    let length = side.write_message(payload, &mut message).expect("the payload fits a message");
    message.truncate(length);
    message
}

fn read(side: &mut Foreign, message: &[u8]) {
    side.read_message(message, &mut vec![0; message.len()]).expect("the message is genuine");
}

/// Draws the same bytes each time: a fuzzer must see the same code take the same way.
pub(crate) struct FixedRng(pub(crate) u8);

impl TryRng for FixedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for FixedRng {}
