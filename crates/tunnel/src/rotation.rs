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
