//! Sessions: a device and its connector prove their keys to each other and agree on fresh ones.
//!
//! 1. The device sends S1: which key it means, in the clear, and the first Noise message without a payload.
//! 2. The connector looks the keys up by [`read_s1_clear`] and answers S2 with its [`SessionLimits`].
//! 3. The device stores what it must and seals [`RecordKind::Fin`](crate::RecordKind::Fin) first. Until that
//!    record opens, S1 may be a replay: the connector sends nothing and commits nothing.
//!
//! ```text
//! S1         = generation u32 | key_id[16] | noise (empty payload)
//! S2         = noise (payload)
//! S2 payload = connection window u32 | streams u32
//! ```
//!
//! Numbers are big-endian. What follows a known payload is ignored, so that a later version can say more.
//! Forward secrecy holds when every long-term key leaks later: both directions are keyed by ephemeral keys too.

use std::fmt;

use latchgate_protocol::{DeviceId, SessionId};
use rand_core::CryptoRng;
use thiserror::Error;

use crate::keys::{DeviceSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey};
use crate::noise::{Handshake, HandshakeError, HandshakeKeys, Pattern, Role, prologue};
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
pub struct SessionInitiator {
    handshake: Handshake,
    session_id: SessionId,
}

impl SessionInitiator {
    /// Makes the body of S1, without the frame header.
    ///
    /// # Errors
    /// [`SessionError::DegenerateKey`] when the connector's key is a point of small order.
    pub fn start(
        params: SessionParams<'_>,
        session_id: SessionId,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<u8>, Self), SessionError> {
        let mut handshake = params.handshake(Role::Initiator, rng);
        let mut s1 = params.clear().to_vec();
        s1.extend_from_slice(&handshake.write(&[])?);
        Ok((s1, Self { handshake, session_id }))
    }

    /// Reads the body of S2.
    ///
    /// # Errors
    /// [`SessionError`] when it is refused; the session begins anew with another S1.
    pub fn finish(mut self, s2: &[u8]) -> Result<(Session, SessionLimits), SessionError> {
        let payload = self.handshake.read(s2)?;
        let limits = SessionLimits::decode(&payload).ok_or(SessionError::Malformed)?;
        Ok((Session::new(Role::Initiator, self.session_id, self.handshake), limits))
    }
}

impl fmt::Debug for SessionInitiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInitiator").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// Splits S1 into the clear part, by which the connector looks its keys up, and the Noise message.
///
/// # Errors
/// [`SessionError::Malformed`] when S1 is too short.
pub fn read_s1_clear(s1: &[u8]) -> Result<(Generation, KeyId, &[u8]), SessionError> {
    let (generation, rest) = s1.split_first_chunk().ok_or(SessionError::Malformed)?;
    let (key_id, noise) = rest.split_first_chunk().ok_or(SessionError::Malformed)?;
    Ok((Generation(u32::from_be_bytes(*generation)), KeyId(*key_id), noise))
}

/// Reads S1 and makes S2. The session is the device's only once its first record opens.
///
/// # Errors
/// [`SessionError`] when S1 is refused.
pub fn answer_session(
    params: SessionParams<'_>,
    session_id: SessionId,
    s1: &[u8],
    limits: &SessionLimits,
    rng: &mut dyn CryptoRng,
) -> Result<(Vec<u8>, Session), SessionError> {
    let (generation, key_id, noise) = read_s1_clear(s1)?;
    if (generation, key_id) != (params.generation, params.key_id) {
        return Err(SessionError::OtherKey);
    }
    let mut handshake = params.handshake(Role::Responder, rng);
    handshake.read(noise)?;
    let s2 = handshake.write(&limits.encode())?;
    Ok((s2, Session::new(Role::Responder, session_id, handshake)))
}

impl SessionParams<'_> {
    fn handshake(&self, role: Role, rng: &mut dyn CryptoRng) -> Handshake {
        let keys = HandshakeKeys {
            psk: self.device_secret_key.reveal_bytes(),
            local: self.static_key,
            remote: Some(self.peer_key),
        };
        let prologue = prologue(Pattern::Session, self.device_id, &self.clear());
        Handshake::new(Pattern::Session, role, keys, &prologue, rng)
    }

    fn clear(&self) -> [u8; CLEAR_LENGTH] {
        let mut clear = [0; CLEAR_LENGTH];
        clear[..4].copy_from_slice(&self.generation.0.to_be_bytes());
        clear[4..].copy_from_slice(&self.key_id.0);
        clear
    }
}

/// The size of the clear part of S1, in bytes.
const CLEAR_LENGTH: usize = 4 + KeyId::LENGTH;

impl SessionLimits {
    fn encode(self) -> [u8; 8] {
        let mut payload = [0; 8];
        payload[..4].copy_from_slice(&self.connection_window.to_be_bytes());
        payload[4..].copy_from_slice(&self.max_streams.to_be_bytes());
        payload
    }

    fn decode(payload: &[u8]) -> Option<Self> {
        let (window, rest) = payload.split_first_chunk()?;
        let (streams, _later_versions) = rest.split_first_chunk()?;
        Some(Self { connection_window: u32::from_be_bytes(*window), max_streams: u32::from_be_bytes(*streams) })
    }
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
    fn new(role: Role, id: SessionId, handshake: Handshake) -> Self {
        let handshake_hash = handshake.hash();
        let (to_connector, to_device) = handshake.into_split();
        let (sending, receiving) = match role {
            Role::Initiator => (to_connector, to_device),
            Role::Responder => (to_device, to_connector),
        };
        Self { id, handshake_hash, sealer: Sealer::new(id, &sending), opener: Opener::new(id, &receiving) }
    }

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

impl From<HandshakeError> for SessionError {
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
