//! The next `device_secret_key` of a device, derived inside an open session.
//!
//! 1. Each side sends a [`KeyShare`] as a sealed rotate record.
//! 2. Both derive generation n+1 from the session's handshake hash, both shares and generation n, so that
//!    neither a stolen old key nor a recording alone gives the new one.

use latchgate_protocol::DeviceId;
use thiserror::Error;

use crate::keys::{DeviceSecretKey, Generation, KeyId, KeyShare, derive_device_secret_key};

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
    use super::*;
    use crate::testing::{DEVICE_ID, FixedRng};

    static OTHER_SHARE: KeyShare = KeyShare::from_bytes([9; 32]);
    static OTHER_KEY: DeviceSecretKey = DeviceSecretKey::from_bytes([9; 32]);

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
}
