//! MQTT 5 reason codes (section 2.4), those that the gateway says.

use latchgate_protocol::publish::PublishError;

/// Why a CONNECT, a subscription or a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    Malformed = 0x81,
    ProtocolError = 0x82,
    UnsupportedVersion = 0x84,
    ClientIdInvalid = 0x85,
    BadCredentials = 0x86,
    NotAuthorized = 0x87,
    Unavailable = 0x88,
    Busy = 0x89,
    ShuttingDown = 0x8b,
    KeepAliveTimeout = 0x8d,
    TakenOver = 0x8e,
    FilterInvalid = 0x8f,
    TopicInvalid = 0x90,
    AliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    RateTooHigh = 0x96,
    QuotaExceeded = 0x97,
    Administrative = 0x98,
    RetainNotSupported = 0x9a,
    QosNotSupported = 0x9b,
    ServerMoved = 0x9d,
    SharedNotSupported = 0x9e,
    ConnectionRate = 0x9f,
    SubscriptionIdsNotSupported = 0xa1,
}

impl Reason {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// Reads what [`code`](Self::code) wrote, for the reasons that one connection gives another.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => None,
            0x8b => Some(Self::ShuttingDown),
            0x8e => Some(Self::TakenOver),
            0x97 => Some(Self::QuotaExceeded),
            0x9d => Some(Self::ServerMoved),
            _ => Some(Self::Administrative),
        }
    }

    /// Tells whether the peer is to blame.
    pub(crate) const fn is_misbehaviour(self) -> bool {
        match self {
            Self::Malformed
            | Self::ProtocolError
            | Self::NotAuthorized
            | Self::TopicInvalid
            | Self::AliasInvalid
            | Self::PacketTooLarge
            | Self::RateTooHigh
            | Self::RetainNotSupported
            | Self::QosNotSupported
            | Self::SubscriptionIdsNotSupported => true,
            Self::UnsupportedVersion
            | Self::ClientIdInvalid
            | Self::BadCredentials
            | Self::Unavailable
            | Self::Busy
            | Self::ShuttingDown
            | Self::KeepAliveTimeout
            | Self::TakenOver
            | Self::FilterInvalid
            | Self::QuotaExceeded
            | Self::Administrative
            | Self::ServerMoved
            | Self::SharedNotSupported
            | Self::ConnectionRate => false,
        }
    }
}

impl From<PublishError> for Reason {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Malformed => Self::Malformed,
            PublishError::QosNotSupported => Self::QosNotSupported,
            PublishError::RetainNotSupported => Self::RetainNotSupported,
            PublishError::TopicAliasInvalid => Self::AliasInvalid,
        }
    }
}
