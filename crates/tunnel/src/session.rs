//! Sessions: stub.

use latchgate_protocol::{DeviceId, SessionId};
use rand_core::CryptoRng;
use thiserror::Error;

use crate::keys::{DeviceSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey};
use crate::sealing::{Opener, Sealer};

/// Why a session message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The message or its payload is not of the right form.
    #[error("the session message is malformed")]
    Malformed,
    /// The message does not open: other keys, or somebody changed it.
    #[error("the session message does not open under the keys of this device")]
    Forged,
    /// A public key of the message or of the peer is a point of small order.
    #[error("the session uses a public key that protects nothing")]
    DegenerateKey,
    /// S1 asks for another key than the given one.
    #[error("the session message names another key")]
    OtherKey,
}

/// What a side knows before a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionParams<'a> {
    /// The device of the session.
    pub device_id: DeviceId,
    /// Which `device_secret_key` it is.
    pub generation: Generation,
    /// The name of the `device_secret_key`.
    pub key_id: KeyId,
    /// The psk.
    pub device_secret_key: &'a DeviceSecretKey,
    /// The own static key.
    pub static_key: &'a StaticPrivateKey,
    /// The other side's static key.
    pub peer_key: StaticPublicKey,
}

/// What the connector allows a device, sent in S2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// The HTTP/2 connection window, in bytes.
    pub connection_window: u32,
    /// The streams that may be open at once.
    pub max_streams: u32,
}

/// The device between S1 and S2.
#[derive(Debug)]
pub struct SessionInitiator(());

impl SessionInitiator {
    /// Makes the body of S1: `generation u32 | key_id[16] | noise`.
    ///
    /// # Errors
    /// [`SessionError::DegenerateKey`] when the peer's key is a point of small order.
    pub fn start(
        _params: SessionParams<'_>,
        _session_id: SessionId,
        _rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<u8>, Self), SessionError> {
        unimplemented!()
    }

    /// Reads the body of S2.
    ///
    /// # Errors
    /// [`SessionError`] when it is refused.
    pub fn finish(self, _s2: &[u8]) -> Result<(Session, SessionLimits), SessionError> {
        unimplemented!()
    }
}

/// Splits S1 into the clear part, by which the connector looks its keys up, and the sealed one.
///
/// # Errors
/// [`SessionError::Malformed`] when S1 is too short.
pub fn read_s1_clear(_s1: &[u8]) -> Result<(Generation, KeyId, &[u8]), SessionError> {
    unimplemented!()
}

/// Reads S1 and makes S2.
///
/// # Errors
/// [`SessionError`] when S1 is refused.
pub fn answer_session(
    _params: SessionParams<'_>,
    _session_id: SessionId,
    _s1: &[u8],
    _limits: &SessionLimits,
    _rng: &mut dyn CryptoRng,
) -> Result<(Vec<u8>, Session), SessionError> {
    unimplemented!()
}

/// Keys that both sides agreed on.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    handshake_hash: [u8; 32],
    sealer: Sealer,
    opener: Opener,
}

impl Session {
    /// Returns the session's name.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Returns the hash of all that was said in the handshake: the same on both sides.
    #[must_use]
    pub fn handshake_hash(&self) -> &[u8; 32] {
        &self.handshake_hash
    }

    /// Splits the session for a writer and a reader, which share nothing.
    #[must_use]
    pub fn split(self) -> (Sealer, Opener) {
        (self.sealer, self.opener)
    }
}
