//! Secrets that the gateway issues or verifies.
//!
//! Each is a newtype over its bytes, on the heap so that a move leaves no copy on a stack that lives on. It prints
//! as `Name(..)`, is wiped when dropped, compares in constant time and is never serialised by accident: REST bodies
//! name the module [`text`] for each field that carries one. The text form is Base64url without padding (RFC 4648,
//! section 5).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Why a text is not a secret of the wanted kind. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a {kind} of {expected} characters of base64url, found {found} bytes of another form")]
pub struct MalformedSecret {
    kind: &'static str,
    expected: usize,
    found: usize,
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        pub struct $name(Box<[u8; Self::LENGTH]>);

        impl $name {
            /// The size in bytes.
            pub const LENGTH: usize = $bytes;
            const TEXT_LENGTH: usize = (Self::LENGTH * 4).div_ceil(3);

            /// Takes the bytes of a secret as they are, and wipes the given copy.
            #[must_use]
            pub fn from_bytes(mut bytes: [u8; Self::LENGTH]) -> Self {
                let secret = Self::copy(&bytes);
                bytes.zeroize();
                secret
            }

            fn copy(bytes: &[u8; Self::LENGTH]) -> Self {
                let mut secret = Self::empty();
                secret.0.copy_from_slice(bytes);
                secret
            }

            fn empty() -> Self {
                Self(Box::new([0; Self::LENGTH]))
            }

            /// Returns the bytes, for hashing and for sealing.
            #[must_use]
            pub fn reveal_bytes(&self) -> &[u8; Self::LENGTH] {
                &self.0
            }

            /// Makes a new random secret.
            #[must_use]
            pub fn make(rng: &mut dyn CryptoRng) -> Self {
                let mut secret = Self::empty();
                rng.fill_bytes(&mut secret.0[..]);
                secret
            }

            /// Returns the text form, for a header or a request body.
            #[must_use]
            pub fn reveal(&self) -> Zeroizing<String> {
                Zeroizing::new(URL_SAFE_NO_PAD.encode(&self.0[..]))
            }

            /// Reads the text form.
            ///
            /// # Errors
            /// [`MalformedSecret`] when the text has another length or alphabet.
            pub fn from_text(text: &str) -> Result<Self, MalformedSecret> {
                let malformed = MalformedSecret { kind: $kind, expected: Self::TEXT_LENGTH, found: text.len() };
                if text.len() != Self::TEXT_LENGTH {
                    return Err(malformed);
                }
                let mut secret = Self::empty();
                let length = URL_SAFE_NO_PAD.decode_slice(text, &mut secret.0[..]).map_err(|_| malformed)?;
                if length == Self::LENGTH { Ok(secret) } else { Err(malformed) }
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

        impl text::SecretText for $name {
            fn reveal(&self) -> Zeroizing<String> {
                Self::reveal(self)
            }

            fn from_text(text: &str) -> Result<Self, MalformedSecret> {
                Self::from_text(text)
            }
        }
    };
}

secret! {
    /// Proves to the gateway that a connector is the owner of its instance.
    InstancePassword, 16, "instance_password"
}
secret! {
    /// Proves to the gateway that a device is the one that claimed its `device_id`.
    DevicePassword, 16, "device_password"
}
secret! {
    /// Travels in the pairing code and is traded once for `device_id` and `device_password`.
    DeviceSetupKey, 16, "device_setup_key"
}
secret! {
    /// Made by the device before it claims, so that a repeated claim is told from a second claimant.
    ClaimId, 32, "claim_id"
}
secret! {
    /// Stands in for a password at the next CONNECT and costs the gateway one look-up (24 hours).
    ResumeTicket, 32, "resume ticket"
}

/// Serde adapter for the fields of REST bodies that carry a secret: `#[serde(with = "secret::text")]`.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    use super::MalformedSecret;

    /// A secret that has a text form.
    pub trait SecretText: Sized {
        /// Returns the text form.
        fn reveal(&self) -> Zeroizing<String>;
        /// Reads the text form.
        ///
        /// # Errors
        /// [`MalformedSecret`] when the text has another length or alphabet.
        fn from_text(text: &str) -> Result<Self, MalformedSecret>;
    }

    /// Writes the text form.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: SecretText, S: Serializer>(secret: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret.reveal())
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// Those of the deserializer, and [`MalformedSecret`].
    pub fn deserialize<'de, T: SecretText, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        T::from_text(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_byte_of_a_secret() {
        let secret = DevicePassword::from_bytes([0x5a; 16]);
        assert_eq!(format!("{secret:?}"), "DevicePassword(..)");
    }

    #[test]
    fn the_text_form_round_trips_and_refuses_others() {
        let secret = ClaimId::from_bytes([7; 32]);
        assert_eq!(ClaimId::from_text(&secret.reveal()).unwrap(), secret);
        for wrong in ["", "AAAA", &"A".repeat(44), &"+".repeat(43), &"é".repeat(21)] {
            assert!(ClaimId::from_text(wrong).is_err());
        }
    }

    #[test]
    fn a_refused_text_is_not_repeated_in_the_error() {
        let error = DevicePassword::from_text("canary-canary").unwrap_err();
        assert!(!error.to_string().contains("canary"));
    }
}
