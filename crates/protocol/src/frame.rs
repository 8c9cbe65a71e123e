//! The clear header of every MQTT payload: `type u8 | session_id[8] | seq u64` (big-endian), 17 bytes.
//!
//! The header is all that the gateway can read of a payload, and the associated data of the sealed part,
//! so that a changed header is a failed open.

use std::fmt;

use thiserror::Error;

/// What a payload carries after its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameType {
    /// Pairing, device to connector.
    P1 = 1,
    /// Pairing, connector to device.
    P2 = 2,
    /// Session start, device to connector.
    S1 = 3,
    /// Session start, connector to device.
    S2 = 4,
    /// A sealed record.
    Data = 5,
    /// An unauthenticated hint that the peer does not know the key or the session. It may cause a retry
    /// and never an erasure.
    Reset = 6,
}

/// Names one session of a device: eight random bytes, chosen by the device for each handshake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub [u8; 8]);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", hex::encode(self.0))
    }
}

/// The 17 clear bytes in front of every payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What follows.
    pub frame_type: FrameType,
    /// Which session it belongs to.
    pub session_id: SessionId,
    /// The sequence number within the session and direction; 0 for handshake messages.
    pub seq: u64,
}

/// Why a payload has no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MalformedFrame {
    /// Fewer than [`FrameHeader::LENGTH`] bytes.
    #[error("expected a frame of at least 17 bytes, found {0}")]
    Short(usize),
    /// A type that this version does not know.
    #[error("expected a frame type from 1 to 6, found {0}")]
    UnknownType(u8),
}

impl FrameHeader {
    /// The size in bytes.
    pub const LENGTH: usize = 17;

    /// Returns the wire form.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = self.frame_type as u8;
        bytes[1..9].copy_from_slice(&self.session_id.0);
        bytes[9..].copy_from_slice(&self.seq.to_be_bytes());
        bytes
    }

    /// Splits a payload into its header and what follows.
    ///
    /// # Errors
    /// [`MalformedFrame`] when the payload is too short or of an unknown type.
    pub fn decode(payload: &[u8]) -> Result<(Self, &[u8]), MalformedFrame> {
        let Some((head, body)) = payload.split_first_chunk::<{ Self::LENGTH }>() else {
            return Err(MalformedFrame::Short(payload.len()));
        };
        let [kind, session @ .., s0, s1, s2, s3, s4, s5, s6, s7] = *head;
        let frame_type = FrameType::decode(kind)?;
        let seq = u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
        Ok((Self { frame_type, session_id: SessionId(session), seq }, body))
    }
}

impl FrameType {
    fn decode(byte: u8) -> Result<Self, MalformedFrame> {
        match byte {
            1 => Ok(Self::P1),
            2 => Ok(Self::P2),
            3 => Ok(Self::S1),
            4 => Ok(Self::S2),
            5 => Ok(Self::Data),
            6 => Ok(Self::Reset),
            other => Err(MalformedFrame::UnknownType(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_wire_form_is_fixed() {
        let header = FrameHeader { frame_type: FrameType::Data, session_id: SessionId([0xaa; 8]), seq: 0x0102 };
        let golden = concat!(
            "05",               // type: data
            "aaaaaaaaaaaaaaaa", // session_id
            "0000000000000102", // seq, big-endian
        );
        assert_eq!(hex::encode(header.encode()), golden);
    }

    #[test]
    fn short_and_unknown_frames_are_named() {
        assert_eq!(FrameHeader::decode(&[5; 16]), Err(MalformedFrame::Short(16)));
        assert_eq!(FrameHeader::decode(&[0; 17]), Err(MalformedFrame::UnknownType(0)));
    }

    proptest! {
        #[test]
        fn any_bytes_decode_without_panic_and_round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((header, body)) = FrameHeader::decode(&bytes) {
                prop_assert_eq!(&[&header.encode()[..], body].concat(), &bytes);
            }
        }
    }
}
