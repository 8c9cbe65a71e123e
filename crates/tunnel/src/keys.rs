//! The keys of a device and its connector, and what is derived from them.
//!
//! Secret keys print as `Name(..)`, are wiped when dropped and compare in constant time. Their bytes lie on the heap,
//! so that moving one leaves no copy behind on a stack that lives on.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use latchgate_protocol::DeviceId;
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

macro_rules! secret_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        pub struct $name(Box<[u8; Self::LENGTH]>);

        impl $name {
            /// The size in bytes.
            pub const LENGTH: usize = 32;

            /// Takes the bytes of a key as they are, and wipes the given copy.
            #[must_use]
            pub fn from_bytes(mut bytes: [u8; Self::LENGTH]) -> Self {
                let key = Self::copy(&bytes);
                bytes.zeroize();
                key
            }

            fn copy(bytes: &[u8; Self::LENGTH]) -> Self {
                let mut key = Self(Box::new([0; Self::LENGTH]));
                key.0.copy_from_slice(bytes);
                key
            }

            /// Returns the bytes, for sealing and for derivations.
            #[must_use]
            pub fn reveal_bytes(&self) -> &[u8; Self::LENGTH] {
                &self.0
            }

            /// Makes a new random key.
            #[must_use]
            pub fn make(rng: &mut dyn CryptoRng) -> Self {
                let mut key = Self(Box::new([0; Self::LENGTH]));
                rng.fill_bytes(&mut key.0[..]);
                key
            }
        }

        impl Clone for $name {
            fn clone(&self) -> Self {
                Self::copy(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0[..].ct_eq(&other.0[..]).into()
            }
        }

        impl Eq for $name {}
    };
}

secret_key! {
    /// Made by the connector for one pairing and carried by the pairing code alone: the psk of pairing.
    DeviceSetupSecretKey
}
secret_key! {
    /// Shared by one device and the connector, never on any wire: the psk of sessions.
    DeviceSecretKey
}
secret_key! {
    /// The private half of an X25519 static key.
    StaticPrivateKey
}
secret_key! {
    /// What one side adds to the next `device_secret_key`: 32 random bytes, sent sealed.
    KeyShare
}

impl StaticPrivateKey {
    /// Computes the public half.
    #[must_use]
    pub fn public_key(&self) -> StaticPublicKey {
        StaticPublicKey(PublicKey::from(&StaticSecret::from(*self.0)).to_bytes())
    }
}

/// The public half of an X25519 static key; its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StaticPublicKey([u8; Self::LENGTH]);

/// Why a text is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a public key of 64 lower-case hexadecimal digits, found {found} bytes of another form")]
pub struct MalformedPublicKey {
    found: usize,
}

impl StaticPublicKey {
    /// The size in bytes.
    pub const LENGTH: usize = 32;

    /// Takes the bytes of a key as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// Returns the first 8 bytes of its SHA-256 for people to compare: `4f2a 91c0 77de 0b13`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.0);
        let groups: Vec<String> = digest.chunks(2).take(4).map(hex::encode).collect();
        groups.join(" ")
    }
}

impl fmt::Display for StaticPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for StaticPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaticPublicKey({self})")
    }
}

impl FromStr for StaticPublicKey {
    type Err = MalformedPublicKey;

    fn from_str(text: &str) -> Result<Self, MalformedPublicKey> {
        let malformed = MalformedPublicKey { found: text.len() };
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(malformed);
        }
        let mut bytes = [0; Self::LENGTH];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed)?;
        Ok(Self(bytes))
    }
}

impl Serialize for StaticPublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StaticPublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Counts the `device_secret_key`s of one device, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

impl Generation {
    /// The generation that pairing makes.
    pub const FIRST: Self = Self(1);

    /// Returns the generation that follows; `None` after the last one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one `device_secret_key` without revealing it; its text form is 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; Self::LENGTH]);

impl KeyId {
    /// The size in bytes.
    pub const LENGTH: usize = 16;

    /// Derives the name of `key`: `HKDF-SHA256(salt = "LG1 kid", ikm = key, info = device_id | generation)`.
    #[must_use]
    pub fn derive(key: &DeviceSecretKey, device_id: DeviceId, generation: Generation) -> Self {
        let mut id = [0; Self::LENGTH];
        derive(b"LG1 kid", key.reveal_bytes(), &[device_id.as_bytes(), &generation.0.to_be_bytes()], &mut id);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Six digits that two screens show after pairing, for people to compare: `123 456`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CheckCode(u32);

impl CheckCode {
    /// Derives the code: `HKDF-SHA256(salt = handshake hash, ikm = key, info = "LG1 sas")` mod 10^6, over
    /// 8 bytes so that no code is likelier than another.
    #[must_use]
    pub fn derive(key: &DeviceSecretKey, handshake_hash: &[u8; 32]) -> Self {
        let mut bytes = [0; 8];
        derive(handshake_hash, key.reveal_bytes(), &[b"LG1 sas"], &mut bytes);
        let code = u64::from_be_bytes(bytes) % 1_000_000;
        Self(u32::try_from(code).expect("a number below a million fits 32 bits"))
    }

    /// Returns the six digits without a space.
    #[must_use]
    pub fn as_digits(&self) -> String {
        format!("{:06}", self.0)
    }
}

impl fmt::Display for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl fmt::Debug for CheckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckCode(..)")
    }
}

/// Derives `generation` of a device's key: `HKDF-SHA256(salt = handshake hash, ikm = r_d | r_c | previous,
/// info = "LG1 dsk" | device_id | generation)`.
pub(crate) fn derive_device_secret_key(
    handshake_hash: &[u8; 32],
    shares: [&KeyShare; 2],
    previous: &[u8; 32],
    device_id: DeviceId,
    generation: Generation,
) -> DeviceSecretKey {
    let [device_share, connector_share] = shares;
    let mut material = Zeroizing::new([0; 96]);
    material[..32].copy_from_slice(device_share.reveal_bytes());
    material[32..64].copy_from_slice(connector_share.reveal_bytes());
    material[64..].copy_from_slice(previous);
    let mut key = DeviceSecretKey(Box::new([0; 32]));
    let info: [&[u8]; 3] = [b"LG1 dsk", device_id.as_bytes(), &generation.0.to_be_bytes()];
    derive(handshake_hash, &material[..], &info, &mut key.0[..]);
    key
}

pub(crate) fn derive(salt: &[u8], material: &[u8], info: &[&[u8]], out: &mut [u8]) {
    Hkdf::<Sha256>::new(Some(salt), material)
        .expand_multi_info(info, out)
        .expect("the output is shorter than 255 hashes");
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DEVICE_ID, FixedRng};

    #[test]
    fn a_public_key_is_computed_as_in_rfc_7748() {
        // Section 6.1, Alice.
        let private = hex::decode("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a").unwrap();
        let key = StaticPrivateKey::from_bytes(private.try_into().unwrap());
        let public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
        assert_eq!(key.public_key().to_string(), public);
    }

    #[test]
    fn a_public_key_has_one_spelling() {
        let key = StaticPrivateKey::make(&mut FixedRng::new(1)).public_key();
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<StaticPublicKey>(&format!("\"{text}\"")).unwrap(), key);
        for wrong in ["", "00", &text.to_uppercase(), &text[1..], &format!("{text}0"), &format!(" {}", &text[1..])] {
            assert!(wrong.parse::<StaticPublicKey>().is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn a_fingerprint_is_the_beginning_of_the_hash() {
        // printf '\x33%.0s' {1..32} | sha256sum
        assert_eq!(StaticPublicKey::from_bytes([0x33; 32]).fingerprint(), "deb0 e38c ed1e 41de");
    }

    #[test]
    fn derivations_are_fixed() {
        let shares = [&KeyShare::from_bytes([1; 32]), &KeyShare::from_bytes([2; 32])];
        let key = derive_device_secret_key(&[4; 32], shares, &[3; 32], DEVICE_ID, Generation(7));
        assert_eq!(hex::encode(key.reveal_bytes()), "e9e60bca2e48a3f7fe281afffb3fa7fd1a11486e1d9d6115d2c5a0c668984e5e");
        assert_eq!(KeyId::derive(&key, DEVICE_ID, Generation(7)).to_string(), "2cf29c24a80ac5178fabb4760e5e31b1");
        assert_eq!(CheckCode::derive(&key, &[4; 32]).as_digits(), "344355");
    }

    #[test]
    fn a_check_code_shows_its_leading_zeros() {
        assert_eq!(CheckCode(1234).to_string(), "001 234");
        assert_eq!(CheckCode(1234).as_digits(), "001234");
    }

    #[test]
    fn debug_shows_no_byte_of_a_secret() {
        let shown = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            DeviceSetupSecretKey::from_bytes([0x5a; 32]),
            DeviceSecretKey::from_bytes([0x5a; 32]),
            StaticPrivateKey::from_bytes([0x5a; 32]),
            KeyShare::from_bytes([0x5a; 32]),
            CheckCode(123_456),
        );
        let expected = "DeviceSetupSecretKey(..) DeviceSecretKey(..) StaticPrivateKey(..) KeyShare(..) CheckCode(..)";
        assert_eq!(shown, expected);
    }

    #[test]
    fn generations_end() {
        assert_eq!(Generation::FIRST.next(), Some(Generation(2)));
        assert_eq!(Generation(u32::MAX).next(), None);
    }
}
