//! The primitives under `snow`: X25519 by `x25519-dalek`, which refuses a shared secret of zeros, AES-256-GCM
//! by `ring`, SHA-256 by `sha2`, and the one random draw that a handshake needs.

use std::cell::Cell;

use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::aead::{AeadKey, TAG_LENGTH};
use crate::scrub::scrub_stack;

/// Hands the primitives to one handshake.
pub(crate) struct Resolver {
    ephemeral: Cell<Option<Zeroizing<[u8; 32]>>>,
}

impl Resolver {
    /// Draws the ephemeral private key beforehand, since `snow` cannot borrow a generator.
    pub(crate) fn new(rng: &mut dyn CryptoRng) -> Self {
        let mut ephemeral = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut ephemeral[..]);
        Self { ephemeral: Cell::new(Some(ephemeral)) }
    }

    /// Has no randomness: for a state that says nothing.
    pub(crate) fn blank() -> Self {
        Self { ephemeral: Cell::new(None) }
    }
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(SingleDraw(self.ephemeral.take())))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        (*choice == DHChoice::Curve25519).then(|| Box::new(X25519::new()) as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        (*choice == HashChoice::SHA256).then(|| Box::new(Sha256Hash(Sha256::new())) as Box<dyn Hash>)
    }

    /// The cipher has no key yet: the bytes kept for it are whatever the stack held.
    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        scrub_stack();
        (*choice == CipherChoice::AESGCM).then(|| Box::new(AesGcm(None)) as Box<dyn Cipher>)
    }
}

/// Gives its 32 bytes once: a side of these patterns makes exactly one ephemeral key.
struct SingleDraw(Option<Zeroizing<[u8; 32]>>);

impl Random for SingleDraw {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        match self.0.take() {
            Some(bytes) if dest.len() == bytes.len() => {
                dest.copy_from_slice(&bytes[..]);
                Ok(())
            }
            _ => Err(Error::Rng),
        }
    }
}

struct X25519 {
    private: StaticSecret,
    public: [u8; 32],
}

impl X25519 {
    fn new() -> Self {
        Self { private: StaticSecret::from([0; 32]), public: [0; 32] }
    }
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, privkey: &[u8]) {
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(privkey);
        self.private = StaticSecret::from(*bytes);
        self.public = PublicKey::from(&self.private).to_bytes();
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(&mut bytes[..])?;
        self.set(&bytes[..]);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        self.private.as_bytes()
    }

    /// Refuses the shared secret of zeros that every point of small order gives (RFC 7748, section 6.1).
    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public: [u8; 32] = *pubkey.first_chunk().ok_or(Error::Dh)?;
        let shared = self.private.diffie_hellman(&PublicKey::from(public));
        if !shared.was_contributory() {
            return Err(Error::Dh);
        }
        out.first_chunk_mut().ok_or(Error::Dh).map(|out: &mut [u8; 32]| *out = *shared.as_bytes())
    }
}

struct Sha256Hash(Sha256);

impl Hash for Sha256Hash {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        out[..32].copy_from_slice(&self.0.finalize_reset());
    }

    /// Noise's HKDF is RFC 5869 with an empty info; unlike the default, this leaves no buffer unwiped.
    fn hkdf(
        &mut self,
        chaining_key: &[u8],
        input_key_material: &[u8],
        outputs: usize,
        out1: &mut [u8],
        out2: &mut [u8],
        out3: &mut [u8],
    ) {
        let mut expanded = Zeroizing::new([0; 96]);
        Hkdf::<Sha256>::new(Some(chaining_key), input_key_material)
            .expand(&[], &mut expanded[..])
            .expect("the output is shorter than 255 hashes");
        for (from, to) in expanded.chunks(32).zip([out1, out2, out3]).take(outputs) {
            to[..32].copy_from_slice(from);
        }
    }
}

struct AesGcm(Option<AeadKey>);

impl AesGcm {
    fn key(&self) -> &AeadKey {
        self.0.as_ref().expect("snow sets a key before it seals or opens")
    }
}

impl Cipher for AesGcm {
    fn name(&self) -> &'static str {
        "AESGCM"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = Some(AeadKey::new(key));
    }

    fn encrypt(&self, nonce: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let (body, rest) = out.split_at_mut(plaintext.len());
        body.copy_from_slice(plaintext);
        let tag = self.key().seal(nonce, authtext, body);
        rest[..TAG_LENGTH].copy_from_slice(&tag);
        plaintext.len() + TAG_LENGTH
    }

    fn decrypt(&self, nonce: u64, authtext: &[u8], ciphertext: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (body, tag) = ciphertext.split_last_chunk().ok_or(Error::Decrypt)?;
        let out = out.get_mut(..body.len()).ok_or(Error::Decrypt)?;
        out.copy_from_slice(body);
        self.key().open(nonce, authtext, out, *tag).map_err(|_| Error::Decrypt)?;
        Ok(body.len())
    }
}

#[cfg(test)]
mod vectors;
