//! Pairing: stub.

use latchgate_protocol::DeviceId;
use rand_core::CryptoRng;
use thiserror::Error;

use crate::keys::{
    CheckCode, DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey,
};

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
#[derive(Debug)]
pub struct PairingInitiator(());

impl PairingInitiator {
    /// Makes the body of P1.
    ///
    /// # Errors
    /// [`PairingError::DegenerateKey`] when the code's connector key is a point of small order.
    pub fn start(_params: InitiatorParams<'_>, _rng: &mut dyn CryptoRng) -> Result<(Vec<u8>, Self), PairingError> {
        unimplemented!()
    }

    /// Reads the body of P2.
    ///
    /// # Errors
    /// [`PairingError`] when it is refused.
    pub fn finish(self, _p2: &[u8]) -> Result<Paired, PairingError> {
        unimplemented!()
    }
}

/// Reads P1 and makes P2.
///
/// # Errors
/// [`PairingError`] when P1 is refused.
pub fn answer_pairing(
    _params: ResponderParams<'_>,
    _p1: &[u8],
    _rng: &mut dyn CryptoRng,
) -> Result<PairingAnswer, PairingError> {
    unimplemented!()
}
