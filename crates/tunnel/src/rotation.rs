//! The next `device_secret_key` of a device, derived inside an open session.
//!
//! 1. The connector may ask for it: a rotate record without a body.
//! 2. The device sends its share in a rotate record, the connector its own in a rotate-ack record
//!    ([`RotationInitiator::start`], [`answer_rotation`], [`RotationInitiator::finish`]).
//! 3. Both derive generation n+1 from the session's handshake hash, both shares and generation n, so that
//!    neither a stolen old key nor a recording alone gives the new one.
//! 4. The device proves the new key by a session under it, and only then does either side erase the old one.
//!
//! ```text
//! rotate, connector → device       nothing
//! rotate, device → connector       r_d[32]
//! rotate-ack, connector → device   r_c[32] | generation u32
//! ```
//!
//! Numbers are big-endian. What follows a known body is ignored, so that a later version can say more.

use std::fmt;

use latchgate_protocol::DeviceId;
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::{DeviceSecretKey, Generation, KeyId, KeyShare, derive_device_secret_key};

/// A `device_secret_key` and which one it is.
#[derive(Debug, Clone)]
pub struct KeyInUse {
    /// The key.
    pub device_secret_key: DeviceSecretKey,
    /// Its generation.
    pub generation: Generation,
}

/// What the next key is derived from.
#[derive(Debug, Clone, Copy)]
pub struct RotationParams<'a> {
    /// Whose key it is.
    pub device_id: DeviceId,
    /// The handshake hash of the session that carried the shares.
    pub handshake_hash: &'a [u8; 32],
    /// The device's share, `r_d`.
    pub device_share: &'a KeyShare,
    /// The connector's share, `r_c`.
    pub connector_share: &'a KeyShare,
    /// The generation in use.
    pub generation: Generation,
    /// The key in use.
    pub device_secret_key: &'a DeviceSecretKey,
}

/// The next key and its names.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The key that follows.
    pub device_secret_key: DeviceSecretKey,
    /// Its generation.
    pub generation: Generation,
    /// Its name.
    pub key_id: KeyId,
}

/// The device has used its last generation and must be paired again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no generation follows the last one")]
pub struct GenerationsExhausted;

/// Why a rotation ends without a key. The session and the key in use stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RotationError {
    /// A body is not of the right form.
    #[error("the rotation record is malformed")]
    Malformed,
    /// The connector made another generation than the one that follows.
    #[error("expected generation {expected}, found {found}")]
    Misbehaved {
        /// The generation that follows.
        expected: Generation,
        /// The one in the answer.
        found: Generation,
    },
    /// There is no next generation.
    #[error(transparent)]
    Exhausted(#[from] GenerationsExhausted),
}

/// The device between the two records.
pub struct RotationInitiator {
    device_id: DeviceId,
    handshake_hash: [u8; 32],
    key: DeviceSecretKey,
    generation: Generation,
    share: KeyShare,
}

/// What the connector has after the device's share.
#[derive(Debug, Clone)]
pub struct RotationAnswer {
    /// The body of the rotate-ack record.
    pub ack: Zeroizing<Vec<u8>>,
    /// The key that follows.
    pub rotated: Rotated,
}

impl RotationInitiator {
    /// Makes the body of the device's rotate record. `handshake_hash` is that of the session that carries it.
    ///
    /// # Errors
    /// [`GenerationsExhausted`] when the key in use is the last one.
    pub fn start(
        device_id: DeviceId,
        in_use: &KeyInUse,
        handshake_hash: &[u8; 32],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Zeroizing<Vec<u8>>, Self), GenerationsExhausted> {
        in_use.generation.next().ok_or(GenerationsExhausted)?;
        let share = KeyShare::make(rng);
        let offer = Zeroizing::new(share.reveal_bytes().to_vec());
        let KeyInUse { device_secret_key, generation } = in_use.clone();
        Ok((offer, Self { device_id, handshake_hash: *handshake_hash, key: device_secret_key, generation, share }))
    }

    /// Reads the body of the connector's rotate-ack record.
    ///
    /// # Errors
    /// [`RotationError`] when it is refused; the rotation begins anew with another share.
    pub fn finish(self, ack: &[u8]) -> Result<Rotated, RotationError> {
        let (share, rest) = ack.split_first_chunk().ok_or(RotationError::Malformed)?;
        let (generation, _later_versions) = rest.split_first_chunk().ok_or(RotationError::Malformed)?;
        let rotated = derive_next_device_secret_key(RotationParams {
            device_id: self.device_id,
            handshake_hash: &self.handshake_hash,
            device_share: &self.share,
            connector_share: &KeyShare::from_bytes(*share),
            generation: self.generation,
            device_secret_key: &self.key,
        })?;
        let found = Generation(u32::from_be_bytes(*generation));
        if found != rotated.generation {
            return Err(RotationError::Misbehaved { expected: rotated.generation, found });
        }
        Ok(rotated)
    }
}

impl fmt::Debug for RotationInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotationInitiator").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Reads the body of the device's rotate record and makes the answer to it.
///
/// # Errors
/// [`RotationError`] when it is refused.
pub fn answer_rotation(
    device_id: DeviceId,
    in_use: &KeyInUse,
    handshake_hash: &[u8; 32],
    offer: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<RotationAnswer, RotationError> {
    let (device_share, _later_versions) = offer.split_first_chunk().ok_or(RotationError::Malformed)?;
    let connector_share = KeyShare::make(rng);
    let rotated = derive_next_device_secret_key(RotationParams {
        device_id,
        handshake_hash,
        device_share: &KeyShare::from_bytes(*device_share),
        connector_share: &connector_share,
        generation: in_use.generation,
        device_secret_key: &in_use.device_secret_key,
    })?;
    let mut ack = Zeroizing::new(Vec::with_capacity(KeyShare::LENGTH + size_of::<u32>()));
    ack.extend_from_slice(connector_share.reveal_bytes());
    ack.extend_from_slice(&rotated.generation.0.to_be_bytes());
    Ok(RotationAnswer { ack, rotated })
}

/// Derives `device_secret_key(n+1)`; both sides get the same one.
///
/// # Errors
/// [`GenerationsExhausted`] after generation 2^32 - 1.
pub fn derive_next_device_secret_key(params: RotationParams<'_>) -> Result<Rotated, GenerationsExhausted> {
    let generation = params.generation.next().ok_or(GenerationsExhausted)?;
    let device_secret_key = derive_device_secret_key(
        params.handshake_hash,
        [params.device_share, params.connector_share],
        params.device_secret_key.reveal_bytes(),
        params.device_id,
        generation,
    );
    let key_id = KeyId::derive(&device_secret_key, params.device_id, generation);
    Ok(Rotated { device_secret_key, generation, key_id })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::testing::{DEVICE_ID, FixedRng};

    static OTHER_SHARE: LazyLock<KeyShare> = LazyLock::new(|| KeyShare::from_bytes([9; 32]));
    static OTHER_KEY: LazyLock<DeviceSecretKey> = LazyLock::new(|| DeviceSecretKey::from_bytes([9; 32]));

    fn rotate(change: impl FnOnce(&mut RotationParams<'_>)) -> Result<Rotated, GenerationsExhausted> {
        let rng = &mut FixedRng::new(1);
        let (device_share, connector_share) = (KeyShare::make(rng), KeyShare::make(rng));
        let device_secret_key = DeviceSecretKey::make(rng);
        let mut params = RotationParams {
            device_id: DEVICE_ID,
            handshake_hash: &[4; 32],
            device_share: &device_share,
            connector_share: &connector_share,
            generation: Generation::FIRST,
            device_secret_key: &device_secret_key,
        };
        change(&mut params);
        derive_next_device_secret_key(params)
    }

    #[test]
    fn both_sides_derive_the_same_next_key() {
        let (device, connector) = (rotate(|_| {}).unwrap(), rotate(|_| {}).unwrap());
        assert_eq!(device.device_secret_key, connector.device_secret_key);
        assert_eq!((device.generation, device.key_id), (Generation(2), connector.key_id));
    }

    #[test]
    fn each_ingredient_changes_the_next_key() {
        let keys = [
            rotate(|_| {}),
            rotate(|params| params.device_id = DeviceId::from_bytes([9; 16])),
            rotate(|params| params.handshake_hash = &[9; 32]),
            rotate(|params| params.generation = Generation(9)),
            rotate(|params| params.device_share = &OTHER_SHARE),
            rotate(|params| params.connector_share = &OTHER_SHARE),
            rotate(|params| params.device_secret_key = &OTHER_KEY),
            rotate(|params| std::mem::swap(&mut params.device_share, &mut params.connector_share)),
        ]
        .map(|rotated| rotated.unwrap().device_secret_key);
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "ingredient {index} changes nothing");
        }
    }

    #[test]
    fn the_last_generation_has_no_next() {
        assert_eq!(rotate(|params| params.generation = Generation(u32::MAX)).unwrap_err(), GenerationsExhausted);
    }

    fn in_use(generation: u32) -> KeyInUse {
        KeyInUse { device_secret_key: DeviceSecretKey::from_bytes([7; 32]), generation: Generation(generation) }
    }

    fn start(hash: &[u8; 32]) -> (Zeroizing<Vec<u8>>, RotationInitiator) {
        RotationInitiator::start(DEVICE_ID, &in_use(1), hash, &mut FixedRng::new(1)).unwrap()
    }

    fn answer(offer: &[u8]) -> Result<RotationAnswer, RotationError> {
        answer_rotation(DEVICE_ID, &in_use(1), &[4; 32], offer, &mut FixedRng::new(2))
    }

    #[test]
    fn two_records_give_both_sides_the_next_key() {
        let (offer, device) = start(&[4; 32]);
        let answer = answer(&offer).unwrap();
        let rotated = device.finish(&answer.ack).unwrap();
        assert_eq!(rotated.device_secret_key, answer.rotated.device_secret_key);
        assert_eq!((rotated.generation, rotated.key_id), (Generation(2), answer.rotated.key_id));
        assert_eq!((offer.len(), answer.ack.len()), (32, 36));
    }

    #[test]
    fn another_session_gives_another_key() {
        let (offer, device) = start(&[5; 32]);
        let answer = answer(&offer).unwrap();
        assert_ne!(device.finish(&answer.ack).unwrap().device_secret_key, answer.rotated.device_secret_key);
    }

    #[test]
    fn short_bodies_and_other_generations_are_refused() {
        let (offer, _) = start(&[4; 32]);
        assert_eq!(answer(&offer[..31]).unwrap_err(), RotationError::Malformed);
        let good = answer(&offer).unwrap().ack;
        assert_eq!(start(&[4; 32]).1.finish(&good[..35]).unwrap_err(), RotationError::Malformed);
        let mut other = good.clone();
        other[35] = 3;
        let expected = RotationError::Misbehaved { expected: Generation(2), found: Generation(3) };
        assert_eq!(start(&[4; 32]).1.finish(&other).unwrap_err(), expected);
    }

    #[test]
    fn a_longer_body_of_a_later_version_is_read() {
        let (offer, device) = start(&[4; 32]);
        let answer = answer(&[&offer[..], b"more"].concat()).unwrap();
        let rotated = device.finish(&[&answer.ack[..], b"more"].concat()).unwrap();
        assert_eq!(rotated.device_secret_key, answer.rotated.device_secret_key);
    }

    #[test]
    fn the_last_generation_offers_no_share() {
        let last = in_use(u32::MAX);
        let error = RotationInitiator::start(DEVICE_ID, &last, &[4; 32], &mut FixedRng::new(1)).unwrap_err();
        assert_eq!(error, GenerationsExhausted);
    }
}
