//! The two Noise handshakes (revision 34), by `snow` over the resolver of this crate.
//!
//! | | pattern | psk |
//! |---|---|---|
//! | pairing | `Noise_IKpsk1_25519_AESGCM_SHA256` | `device_setup_secret_key` |
//! | session | `Noise_KKpsk0_25519_AESGCM_SHA256` | `device_secret_key` |
//!
//! 1. The initiator writes the first message, the responder reads it.
//! 2. The responder writes the second message, the initiator reads it.
//! 3. Both hold the same hash, and two keys, one for each direction.
//!
//! `snow` wipes nothing, and moves the whole state about while it makes it. So the stack is overwritten after each
//! step, on the thread that took it: the next one may run on another, and a finished [`Handshake`] is overwritten
//! with a blank one. What callers' frames hold is not reached.

use std::hint;

use latchgate_protocol::DeviceId;
use rand_core::CryptoRng;
use snow::resolvers::CryptoResolver;
use snow::{Builder, HandshakeState};
use zeroize::Zeroizing;

use crate::aead::TAG_LENGTH;
use crate::keys::{StaticPrivateKey, StaticPublicKey};
use crate::scrub::scrub_stack;

use resolver::Resolver;

mod resolver;

/// Which handshake it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    Pairing,
    Session,
}

/// Which side writes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

/// What a side brings to a handshake.
#[derive(Clone, Copy)]
pub(crate) struct HandshakeKeys<'a> {
    pub(crate) psk: &'a [u8; 32],
    pub(crate) local: &'a StaticPrivateKey,
    /// Unknown to the responder of a pairing alone.
    pub(crate) remote: Option<StaticPublicKey>,
}

/// Why a handshake message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    Malformed,
    Forged,
    DegenerateKey,
}

/// One side of a handshake under way.
pub(crate) struct Handshake(Box<HandshakeState>);

impl Handshake {
    /// Starts a side. Takes 32 bytes of `rng`: the ephemeral private key.
    pub(crate) fn new(
        pattern: Pattern,
        role: Role,
        keys: HandshakeKeys<'_>,
        prologue: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Self {
        Self::with_resolver(pattern, role, keys, prologue, Box::new(Resolver::new(rng)))
    }

    fn with_resolver(
        pattern: Pattern,
        role: Role,
        keys: HandshakeKeys<'_>,
        prologue: &[u8],
        resolver: Box<dyn CryptoResolver + Send>,
    ) -> Self {
        let built = build(pattern, role, keys, prologue, resolver);
        scrub_stack();
        built.expect("the pattern has all the keys that it needs")
    }

    /// Makes this side's message.
    pub(crate) fn write(&mut self, payload: &[u8]) -> Result<Vec<u8>, HandshakeError> {
        let mut message = vec![0; payload.len() + MESSAGE_OVERHEAD];
        let length = write_message(&mut self.0, payload, &mut message);
        scrub_stack();
        message.truncate(length?);
        Ok(message)
    }

    /// Reads the other side's message and returns its payload.
    pub(crate) fn read(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, HandshakeError> {
        let mut payload = Zeroizing::new(vec![0; message.len()]);
        let length = read_message(&mut self.0, message, &mut payload);
        scrub_stack();
        payload.truncate(length?);
        Ok(payload)
    }

    /// Returns the hash of all that was said so far.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.get_handshake_hash());
        hash
    }

    /// Returns the other side's static key, once it is known.
    pub(crate) fn remote_static(&self) -> Option<StaticPublicKey> {
        self.0.get_remote_static()?.try_into().ok().map(StaticPublicKey::from_bytes)
    }

    /// Returns the keys from initiator to responder and back.
    pub(crate) fn into_split(mut self) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
        assert!(self.0.is_handshake_finished(), "keys exist after the last message");
        let (to_responder, to_initiator) = self.0.dangerously_get_raw_split();
        (Zeroizing::new(to_responder), Zeroizing::new(to_initiator))
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        scrub_stack();
        if let Ok(blank) = blank() {
            *self.0 = blank;
            hint::black_box(&mut self.0);
        }
    }
}

impl From<snow::Error> for HandshakeError {
    fn from(error: snow::Error) -> Self {
        if error == snow::Error::Dh {
            Self::DegenerateKey
        } else if error == snow::Error::Decrypt {
            Self::Forged
        } else {
            Self::Malformed
        }
    }
}

/// Returns `"latchgate/e2e/1" 00 | mode | device_id | rest`: what both sides must agree on beforehand.
pub(crate) fn prologue(pattern: Pattern, device_id: DeviceId, rest: &[u8]) -> Vec<u8> {
    let mode = match pattern {
        Pattern::Pairing => b'P',
        Pattern::Session => b'S',
    };
    [b"latchgate/e2e/1\0", &[mode][..], device_id.as_bytes(), rest].concat()
}

/// The most that a message is longer than its payload, in bytes: an ephemeral key, a sealed static key and
/// the tag of the payload.
const MESSAGE_OVERHEAD: usize = 2 * StaticPublicKey::LENGTH + 2 * TAG_LENGTH;

// Each of these three has a frame of its own, so that it lies in what is overwritten after it.

#[inline(never)]
fn write_message(state: &mut HandshakeState, payload: &[u8], message: &mut [u8]) -> Result<usize, snow::Error> {
    state.write_message(payload, message)
}

#[inline(never)]
fn read_message(state: &mut HandshakeState, message: &[u8], payload: &mut [u8]) -> Result<usize, snow::Error> {
    state.read_message(message, payload)
}

#[inline(never)]
fn build(
    pattern: Pattern,
    role: Role,
    keys: HandshakeKeys<'_>,
    prologue: &[u8],
    resolver: Box<dyn CryptoResolver + Send>,
) -> Result<Handshake, snow::Error> {
    let (name, psk_position) = match pattern {
        Pattern::Pairing => ("Noise_IKpsk1_25519_AESGCM_SHA256", 1),
        Pattern::Session => ("Noise_KKpsk0_25519_AESGCM_SHA256", 0),
    };
    let mut builder = Builder::with_resolver(name.parse()?, resolver)
        .psk(psk_position, keys.psk)?
        .local_private_key(keys.local.reveal_bytes())?
        .prologue(prologue)?;
    if let Some(remote) = &keys.remote {
        builder = builder.remote_public_key(remote.as_bytes())?;
    }
    let state = match role {
        Role::Initiator => builder.build_initiator(),
        Role::Responder => builder.build_responder(),
    }?;
    Ok(Handshake(Box::new(state)))
}

fn blank() -> Result<HandshakeState, snow::Error> {
    Builder::with_resolver("Noise_NN_25519_AESGCM_SHA256".parse()?, Box::new(Resolver::blank())).build_initiator()
}

#[cfg(test)]
pub(crate) mod hostile;
#[cfg(test)]
mod second;
#[cfg(test)]
mod vectors;
