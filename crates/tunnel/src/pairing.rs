//! Pairing: one scan of a code becomes a `device_secret_key` that no photograph and no recording reveals.
//!
//! 1. The device sends P1 under the code's secret: its static key (sealed by the pattern), a random share, its
//!    features and label.
//! 2. The connector answers P2: its own share, the generation, its features and the company's label.
//! 3. Both derive generation 1 of the `device_secret_key` from the handshake hash, both shares and the code's
//!    secret, its `key_id`, and the check code that people may compare.
//!
//! ```text
//! P1 payload = r_d[32] | features u32 | label              label = length u8 | UTF-8, at most 64 bytes
//! P2 payload = r_c[32] | generation u32 | features u32 | label
//! ```
//!
//! Numbers are big-endian. What follows the label is ignored, so that a later version can say more.

use std::fmt;

use latchgate_protocol::DeviceId;
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::{
    CheckCode, DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, KeyShare, StaticPrivateKey, StaticPublicKey,
    derive_device_secret_key,
};
use crate::label::{decode_label, encode_label};
use crate::noise::{Handshake, HandshakeError, HandshakeKeys, Pattern, Role, prologue};

/// Why a pairing message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PairingError {
    /// The message or its payload is not of the right form.
    #[error("the pairing message is malformed")]
    Malformed,
    /// The message does not open: another code, connector or device, or somebody changed it.
    #[error("the pairing message does not open under this code")]
    Forged,
    /// A public key of the message or of the code is a point of small order.
    #[error("the pairing uses a public key that protects nothing")]
    DegenerateKey,
    /// The connector made a generation other than the first.
    #[error("expected generation 1, found {0}")]
    Misbehaved(Generation),
}

/// What the device knows before P1.
#[derive(Debug, Clone, Copy)]
pub struct InitiatorParams<'a> {
    /// The id that the claim returned.
    pub device_id: DeviceId,
    /// From the pairing code.
    pub setup_secret: &'a DeviceSetupSecretKey,
    /// From the pairing code.
    pub connector_key: StaticPublicKey,
    /// The device's own key.
    pub static_key: &'a StaticPrivateKey,
    /// What the connector shows for the device; cut to 64 bytes.
    pub device_label: &'a str,
}

/// What the connector knows before P2.
#[derive(Debug, Clone, Copy)]
pub struct ResponderParams<'a> {
    /// The device whose topic the message came on.
    pub device_id: DeviceId,
    /// The secret of the code that was made for the device.
    pub setup_secret: &'a DeviceSetupSecretKey,
    /// The connector's own key.
    pub static_key: &'a StaticPrivateKey,
    /// What the device shows for the company; cut to 64 bytes.
    pub instance_label: &'a str,
}

/// What the device has after P2.
#[derive(Debug, Clone)]
pub struct Paired {
    /// The key that both sides derived.
    pub device_secret_key: DeviceSecretKey,
    /// Its generation.
    pub generation: Generation,
    /// Its name.
    pub key_id: KeyId,
    /// What both screens show.
    pub check_code: CheckCode,
    /// The company's name, stripped of misleading characters.
    pub instance_label: String,
}

/// What the connector has after P1.
#[derive(Debug, Clone)]
pub struct PairingAnswer {
    /// The body of P2, without the frame header.
    pub p2: Vec<u8>,
    /// The device's static key.
    pub device_key: StaticPublicKey,
    /// The device's name, stripped of misleading characters.
    pub device_label: String,
    /// The key that both sides derived.
    pub device_secret_key: DeviceSecretKey,
    /// Its generation.
    pub generation: Generation,
    /// Its name.
    pub key_id: KeyId,
    /// What both screens show.
    pub check_code: CheckCode,
}

/// The device between P1 and P2.
pub struct PairingInitiator {
    handshake: Handshake,
    device_id: DeviceId,
    setup_secret: DeviceSetupSecretKey,
    share: KeyShare,
}

impl PairingInitiator {
    /// Makes the body of P1, without the frame header.
    ///
    /// # Errors
    /// [`PairingError::DegenerateKey`] when the code's connector key is a point of small order.
    pub fn start(params: InitiatorParams<'_>, rng: &mut dyn CryptoRng) -> Result<(Vec<u8>, Self), PairingError> {
        let keys = HandshakeKeys {
            psk: params.setup_secret.reveal_bytes(),
            local: params.static_key,
            remote: Some(params.connector_key),
        };
        let prologue = prologue(Pattern::Pairing, params.device_id, &[]);
        let mut handshake = Handshake::new(Pattern::Pairing, Role::Initiator, keys, &prologue, rng);
        let share = KeyShare::make(rng);
        let p1 = handshake.write(&encode_offer(&share, params.device_label))?;
        let setup_secret = params.setup_secret.clone();
        Ok((p1, Self { handshake, device_id: params.device_id, setup_secret, share }))
    }

    /// Reads the body of P2.
    ///
    /// # Errors
    /// [`PairingError`] when it is refused; the pairing begins anew with another P1.
    pub fn finish(mut self, p2: &[u8]) -> Result<Paired, PairingError> {
        let payload = self.handshake.read(p2)?;
        let (connector_share, generation, instance_label) = decode_answer(&payload).ok_or(PairingError::Malformed)?;
        if generation != Generation::FIRST {
            return Err(PairingError::Misbehaved(generation));
        }
        let shares = [&self.share, &connector_share];
        let agreed = Agreed::derive(&self.handshake, shares, &self.setup_secret, self.device_id);
        let Agreed { device_secret_key, generation, key_id, check_code } = agreed;
        Ok(Paired { device_secret_key, generation, key_id, check_code, instance_label })
    }
}

impl fmt::Debug for PairingInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairingInitiator").field("device_id", &self.device_id).finish_non_exhaustive()
    }
}

/// Reads P1 and makes P2.
///
/// # Errors
/// [`PairingError`] when P1 is refused.
pub fn answer_pairing(
    params: ResponderParams<'_>,
    p1: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<PairingAnswer, PairingError> {
    let keys = HandshakeKeys { psk: params.setup_secret.reveal_bytes(), local: params.static_key, remote: None };
    let prologue = prologue(Pattern::Pairing, params.device_id, &[]);
    let mut handshake = Handshake::new(Pattern::Pairing, Role::Responder, keys, &prologue, rng);
    let payload = handshake.read(p1)?;
    let (device_share, device_label) = decode_offer(&payload).ok_or(PairingError::Malformed)?;
    let device_key = handshake.remote_static().ok_or(PairingError::Malformed)?;
    let share = KeyShare::make(rng);
    let p2 = handshake.write(&encode_answer(&share, params.instance_label))?;
    let agreed = Agreed::derive(&handshake, [&device_share, &share], params.setup_secret, params.device_id);
    let Agreed { device_secret_key, generation, key_id, check_code } = agreed;
    Ok(PairingAnswer { p2, device_key, device_label, device_secret_key, generation, key_id, check_code })
}

/// What both sides derive alike.
struct Agreed {
    device_secret_key: DeviceSecretKey,
    generation: Generation,
    key_id: KeyId,
    check_code: CheckCode,
}

impl Agreed {
    fn derive(
        handshake: &Handshake,
        shares: [&KeyShare; 2],
        setup_secret: &DeviceSetupSecretKey,
        device_id: DeviceId,
    ) -> Self {
        let hash = handshake.hash();
        let generation = Generation::FIRST;
        let device_secret_key =
            derive_device_secret_key(&hash, shares, setup_secret.reveal_bytes(), device_id, generation);
        let key_id = KeyId::derive(&device_secret_key, device_id, generation);
        let check_code = CheckCode::derive(&device_secret_key, &hash);
        Self { device_secret_key, generation, key_id, check_code }
    }
}

/// The optional features of this version, one bit each; unknown bits of the other side are ignored.
const FEATURES: u32 = 0;

fn encode_offer(share: &KeyShare, label: &str) -> Zeroizing<Vec<u8>> {
    let mut payload = Zeroizing::new(Vec::with_capacity(128));
    payload.extend_from_slice(share.reveal_bytes());
    payload.extend_from_slice(&FEATURES.to_be_bytes());
    encode_label(label, &mut payload);
    payload
}

fn decode_offer(payload: &[u8]) -> Option<(KeyShare, String)> {
    let (share, rest) = payload.split_first_chunk()?;
    let (_features, rest) = rest.split_first_chunk::<4>()?;
    let (label, _later_versions) = decode_label(rest)?;
    Some((KeyShare::from_bytes(*share), label))
}

fn encode_answer(share: &KeyShare, label: &str) -> Zeroizing<Vec<u8>> {
    let mut payload = Zeroizing::new(Vec::with_capacity(128));
    payload.extend_from_slice(share.reveal_bytes());
    payload.extend_from_slice(&Generation::FIRST.0.to_be_bytes());
    payload.extend_from_slice(&FEATURES.to_be_bytes());
    encode_label(label, &mut payload);
    payload
}

fn decode_answer(payload: &[u8]) -> Option<(KeyShare, Generation, String)> {
    let (share, rest) = payload.split_first_chunk()?;
    let (generation, rest) = rest.split_first_chunk()?;
    let (_features, rest) = rest.split_first_chunk::<4>()?;
    let (label, _later_versions) = decode_label(rest)?;
    Some((KeyShare::from_bytes(*share), Generation(u32::from_be_bytes(*generation)), label))
}

impl From<HandshakeError> for PairingError {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::Malformed => Self::Malformed,
            HandshakeError::Forged => Self::Forged,
            HandshakeError::DegenerateKey => Self::DegenerateKey,
        }
    }
}

#[cfg(test)]
mod tests;
