//! What the tests of several modules share.

use std::convert::Infallible;

use latchgate_protocol::{DeviceId, SessionId};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};

use crate::keys::{DeviceSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey};
use crate::session::{Session, SessionInitiator, SessionLimits, SessionParams, answer_session};

/// Gives the same bytes for the same seed: SHA-256 of `seed | counter`.
pub(crate) struct FixedRng {
    seed: u64,
    counter: u64,
}

impl FixedRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }
}

impl TryRng for FixedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let digest = Sha256::digest([self.seed.to_be_bytes(), self.counter.to_be_bytes()].concat());
            chunk.copy_from_slice(&digest[..chunk.len()]);
            self.counter += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for FixedRng {}

/// Draws the given keys, one after the other, and no more.
pub(crate) struct Drawn(std::vec::IntoIter<[u8; 32]>);

impl Drawn {
    pub(crate) fn new<const N: usize>(keys: [[u8; 32]; N]) -> Self {
        Self(Vec::from(keys).into_iter())
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("a key is drawn as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("a key is drawn as bytes")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0.next().expect("no more keys are drawn than expected"));
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

pub(crate) const DEVICE_ID: DeviceId = DeviceId::from_bytes([0xd1; 16]);
pub(crate) const SESSION_ID: SessionId = SessionId([0xaa; 8]);
pub(crate) const LIMITS: SessionLimits = SessionLimits { connection_window: 1 << 20, max_streams: 128 };

/// The keys of a paired device and connector.
pub(crate) struct PairedKeys {
    pub(crate) device: StaticPrivateKey,
    pub(crate) connector: StaticPrivateKey,
    pub(crate) shared: DeviceSecretKey,
}

impl PairedKeys {
    pub(crate) fn new() -> Self {
        Self {
            device: StaticPrivateKey::from_bytes([0xd0; 32]),
            connector: StaticPrivateKey::from_bytes([0xc0; 32]),
            shared: DeviceSecretKey::from_bytes([0x5e; 32]),
        }
    }

    pub(crate) fn device_params(&self) -> SessionParams<'_> {
        self.params(&self.device, self.connector.public_key())
    }

    pub(crate) fn connector_params(&self) -> SessionParams<'_> {
        self.params(&self.connector, self.device.public_key())
    }

    fn params<'a>(&'a self, static_key: &'a StaticPrivateKey, peer_key: StaticPublicKey) -> SessionParams<'a> {
        SessionParams {
            device_id: DEVICE_ID,
            generation: Generation::FIRST,
            key_id: KeyId::derive(&self.shared, DEVICE_ID, Generation::FIRST),
            device_secret_key: &self.shared,
            static_key,
            peer_key,
        }
    }
}

/// Returns the device's and the connector's end of an open session.
pub(crate) fn open_session() -> (Session, Session) {
    let keys = PairedKeys::new();
    let (s1, initiator) = SessionInitiator::start(keys.device_params(), SESSION_ID, &mut FixedRng::new(1)).unwrap();
    let (s2, connector) =
        answer_session(keys.connector_params(), SESSION_ID, &s1, &LIMITS, &mut FixedRng::new(2)).unwrap();
    let (device, _) = initiator.finish(&s2).unwrap();
    (device, connector)
}

/// The points of small order (<https://cr.yp.to/ecdh.html#validate>), and the same with the bit set that
/// X25519 ignores (RFC 7748, section 5).
pub(crate) fn points_of_small_order() -> Vec<[u8; 32]> {
    let mut points = Vec::new();
    for text in [
        "0000000000000000000000000000000000000000000000000000000000000000", // 0
        "0100000000000000000000000000000000000000000000000000000000000000", // 1
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", // order 8
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157", // order 8
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p - 1
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p + 1
    ] {
        let point: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
        let mut with_ignored_bit = point;
        with_ignored_bit[31] |= 0x80;
        points.extend([point, with_ignored_bit]);
    }
    points
}

/// The same list's points that are of small order only where the ignored bit counts: ordinary ones here.
pub(crate) fn points_of_small_order_elsewhere() -> Vec<[u8; 32]> {
    [
        "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
        "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
        "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // 2p - 1
        "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // 2p
        "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // 2p + 1
    ]
    .map(|text| hex::decode(text).unwrap().try_into().unwrap())
    .to_vec()
}
