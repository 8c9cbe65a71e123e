//! Small sealed messages that a gateway keeps for one side until the other one fetches them.
//!
//! The text form is Base64url without padding (RFC 4648, section 5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that mean nothing to whoever keeps them; from 1 to [`SealedBlob::MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBlob(Vec<u8>);

impl SealedBlob {
    /// The largest blob, in bytes: ten times what an order takes, so that a later version can say more.
    pub const MAX: usize = 512;

    /// Takes bytes; `None` when there are none, or too many.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=Self::MAX).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for SealedBlob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SealedBlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(Self::new);
        bytes.ok_or_else(|| serde::de::Error::custom("expected 1 to 512 bytes in Base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_round_trips_within_its_bounds() {
        let blob = SealedBlob::new(vec![0xfb, 0xff]).unwrap();
        assert_eq!(serde_json::to_string(&blob).unwrap(), r#""-_8""#);
        assert_eq!(serde_json::from_str::<SealedBlob>(r#""-_8""#).unwrap(), blob);
        assert!(SealedBlob::new(Vec::new()).is_none());
        assert!(SealedBlob::new(vec![0; SealedBlob::MAX]).is_some());
        assert!(SealedBlob::new(vec![0; SealedBlob::MAX + 1]).is_none());
        for wrong in [r#""""#, r#""+/8""#, r#""-_8=""#, "1"] {
            assert!(serde_json::from_str::<SealedBlob>(wrong).is_err(), "{wrong}");
        }
    }
}
