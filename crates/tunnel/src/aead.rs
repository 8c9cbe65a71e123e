//! AES-256-GCM under a counter, as Noise uses it (revision 34, section 12.3), by `ring`.
//!
//! The nonce is four zero bytes and the big-endian counter. The caller never uses a counter twice.

use std::hint;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

/// The size of a tag, in bytes.
pub(crate) const TAG_LENGTH: usize = 16;

/// The bytes do not open under this key, counter and associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

/// One AES-256-GCM key. The expanded key is overwritten when it is replaced or dropped.
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256");
        Self(LessSafeKey::new(key))
    }

    /// Seals in place and returns the tag.
    pub(crate) fn seal(&self, counter: u64, associated: &[u8], in_out: &mut [u8]) -> [u8; TAG_LENGTH] {
        self.seal_with(nonce(counter), associated, in_out)
    }

    fn seal_with(&self, nonce: [u8; NONCE_LENGTH], associated: &[u8], in_out: &mut [u8]) -> [u8; TAG_LENGTH] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(associated), in_out)
            .expect("a record is far shorter than 64 GiB");
        let mut bytes = [0; TAG_LENGTH];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Opens in place. What is left in `in_out` after a failure is no plaintext.
    pub(crate) fn open(
        &self,
        counter: u64,
        associated: &[u8],
        in_out: &mut [u8],
        tag: [u8; TAG_LENGTH],
    ) -> Result<(), NotAuthentic> {
        self.open_with(nonce(counter), associated, in_out, tag)
    }

    fn open_with(
        &self,
        nonce: [u8; NONCE_LENGTH],
        associated: &[u8],
        in_out: &mut [u8],
        tag: [u8; TAG_LENGTH],
    ) -> Result<(), NotAuthentic> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(associated), Tag::from(tag), in_out, 0..)
            .map(|_| ())
            .map_err(|_| NotAuthentic)
    }

    /// Replaces the key by Noise REKEY: the first 32 bytes of 32 zeros sealed under the last counter.
    pub(crate) fn rekey(&mut self) {
        let mut key = Zeroizing::new([0; 32]);
        self.seal(u64::MAX, &[], &mut key[..]);
        *self = Self::new(&key);
    }

    /// Overwrites the expanded key; what is sealed afterwards opens nowhere.
    pub(crate) fn wipe(&mut self) {
        let blank = UnboundKey::new(&AES_256_GCM, &[0; 32]).expect("32 bytes are a key of AES-256");
        self.0 = LessSafeKey::new(blank);
        hint::black_box(&mut self.0);
    }
}

impl Drop for AeadKey {
    fn drop(&mut self) {
        self.wipe();
    }
}

fn nonce(counter: u64) -> [u8; NONCE_LENGTH] {
    let mut nonce = [0; NONCE_LENGTH];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    nonce
}

const NONCE_LENGTH: usize = 12;

#[cfg(test)]
mod vectors;
