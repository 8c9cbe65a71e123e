//! Identifiers made by the gateway: 128 random bits, written as 32 lower-case hexadecimal digits.
//!
//! The text form has one spelling only, so that an id is safe in a path, an MQTT topic, a NATS subject
//! and a log line, and two texts are equal exactly when the ids are.

use std::fmt;
use std::str::FromStr;

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected an identifier of {expected} lower-case hexadecimal digits, found {found} bytes of another form")]
pub struct MalformedId {
    expected: usize,
    found: usize,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; Self::LENGTH]);

        impl $name {
            /// The size in bytes.
            pub const LENGTH: usize = 16;

            /// Takes the 16 bytes of an identifier as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
                Self(bytes)
            }

            /// Returns the 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
                &self.0
            }

            /// Makes a new random identifier.
            #[must_use]
            pub fn make(rng: &mut dyn CryptoRng) -> Self {
                let mut bytes = [0; Self::LENGTH];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                let malformed = MalformedId { expected: 2 * Self::LENGTH, found: text.len() };
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(malformed);
                }
                let mut bytes = [0; Self::LENGTH];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

identifier! {
    /// Names one connector and everything that belongs to it.
    InstanceId
}

identifier! {
    /// Names one paired device of an instance.
    DeviceId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "000102030405060708090a0b0c0d0e0f";
        let id: DeviceId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        for wrong in [
            "",
            "00",
            &text.to_uppercase(),
            &format!("{text}0"),
            &format!(" {text}"),
            "../../../../etc/passwd/etc/passw",
        ] {
            assert!(wrong.parse::<DeviceId>().is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn json_carries_the_text_form() {
        let id = InstanceId::from_bytes([0xab; 16]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<InstanceId>(&json).unwrap(), id);
    }
}
