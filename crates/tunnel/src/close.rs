//! Why a session ends, as the body of its last record ([`RecordKind::Close`](crate::RecordKind::Close)).
//!
//! The record is sealed: only the peer can have said it. A device that hears [`CloseReason::Revoked`] knows that
//! its company ended the pairing, which no refusal of a gateway can tell it.

/// Why the sender ends the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// It is done with the session; another one may follow.
    Done,
    /// The company ended the pairing of the device.
    Revoked,
    /// The company ended the pairing and wants to hear that the device erased itself
    /// ([`WipeKey::confirmation`](crate::wipe::WipeKey::confirmation)).
    Wipe,
}

impl CloseReason {
    /// Returns the body of the record.
    #[must_use]
    pub const fn encode(self) -> &'static [u8] {
        match self {
            Self::Done => &[],
            Self::Revoked => &[1],
            Self::Wipe => &[2],
        }
    }

    /// Reads the body of the record. A reason of a later version ends the session and says nothing more.
    #[must_use]
    pub fn decode(body: &[u8]) -> Self {
        match body.first() {
            Some(1) => Self::Revoked,
            Some(2) => Self::Wipe,
            Some(_) | None => Self::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_round_trips_and_an_unknown_one_ends_the_session() {
        for reason in [CloseReason::Done, CloseReason::Revoked, CloseReason::Wipe] {
            assert_eq!(CloseReason::decode(reason.encode()), reason);
        }
        assert_eq!(CloseReason::decode(&[3, 1]), CloseReason::Done);
    }
}
