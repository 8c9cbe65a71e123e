//! What can go wrong between this side and the gateway or the peer behind it.

use latchgate_tunnel::pairing::PairingError;
use latchgate_tunnel::session::SessionError;
use thiserror::Error;

use crate::dial::DialError;

/// Why a connection, a handshake or a sealed stream failed.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The gateway was not reached.
    #[error("could not reach the gateway")]
    Dial(#[from] DialError),
    /// The gateway was reached and refused this side.
    #[error("the gateway refused the connection: {0}")]
    Refused(Refusal),
    /// The connection ended.
    #[error("the connection to the gateway was lost: {0}")]
    Lost(Refusal),
    /// What arrived is not the protocol.
    #[error("the gateway misbehaved: {0}")]
    Misbehaved(&'static str),
    /// The connector left, or does not know the session any more.
    #[error("the connector is not connected")]
    ConnectorAbsent,
    /// An unauthenticated hint: the connector does not know the key. A reason to try again, never to erase.
    #[error("the connector does not know this device's key")]
    KeyUnknown,
    /// An unauthenticated hint: the connector does not take the pairing code any more.
    #[error("the connector does not take the pairing code any more")]
    CodeUnknown,
    /// No answer in time.
    #[error("no answer in time while {0}")]
    Timeout(&'static str),
    /// The pairing handshake failed.
    #[error("the pairing handshake failed")]
    Pairing(#[from] PairingError),
    /// The session handshake failed.
    #[error("the session handshake failed")]
    Session(#[from] SessionError),
}

impl LinkError {
    pub(crate) const fn is_reset_hint(&self) -> bool {
        matches!(self, Self::KeyUnknown)
    }
}

/// Why the gateway says no, from the MQTT reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// 0x86: the id or the password is unknown.
    #[error("the credentials are not accepted")]
    BadCredentials,
    /// 0x87 or 0x98: revoked, or not allowed to do this.
    #[error("not authorised, or revoked")]
    NotAuthorized,
    /// 0x8E: the same credentials connected from elsewhere.
    #[error("the same credentials connected from elsewhere")]
    TakenOver,
    /// 0x8B or 0x9D: the gateway is stopping.
    #[error("the gateway is stopping")]
    Stopping,
    /// 0x89, 0x97 or 0x9F: too much at once.
    #[error("the gateway is busy")]
    Busy,
    /// The transport closed without a word.
    #[error("the transport closed")]
    Closed,
    /// Nothing was heard for one and a half keep-alives.
    #[error("nothing was heard for too long")]
    Silent,
    /// Another reason code.
    #[error("reason code {0:#04x}")]
    Other(u8),
}

impl Refusal {
    /// Reads an MQTT 5 reason code (section 2.4).
    #[must_use]
    pub const fn from_reason_code(code: u8) -> Self {
        match code {
            0x86 => Self::BadCredentials,
            0x87 | 0x98 => Self::NotAuthorized,
            0x8e => Self::TakenOver,
            0x8b | 0x9d => Self::Stopping,
            0x89 | 0x97 | 0x9f => Self::Busy,
            0x00 => Self::Closed,
            other => Self::Other(other),
        }
    }
}
