//! Sealed records: stub.

use bytes::BytesMut;
use latchgate_protocol::{FrameHeader, SessionId};
use thiserror::Error;

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// Nothing: hides whether there is traffic.
    Pad = 0,
    /// The first record of the device: it has stored the key.
    Fin = 1,
    /// Bytes of the stream.
    Stream = 2,
    /// A share of the next `device_secret_key`.
    Rotate = 3,
    /// The answer to [`RecordKind::Rotate`].
    RotateAck = 4,
    /// The session ends; the body says why.
    Close = 5,
    /// The sender is alive.
    KeepAlive = 6,
}

/// Why a record was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The body is longer than [`Sealer::MAX_BODY`]; nothing was sealed and the session goes on.
    #[error("expected a record of at most {max} bytes, found {0}", max = Sealer::MAX_BODY)]
    TooLong(usize),
    /// The session has sealed its last record.
    #[error("the session has sealed as many records as it may")]
    Exhausted,
}

/// Why a record was not opened. Each ends the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// A record is missing.
    #[error("expected record {expected}, found {found}")]
    Gap {
        /// The number that was due.
        expected: u64,
        /// The number that arrived.
        found: u64,
    },
    /// The record does not open under the session's key.
    #[error("the record does not open under the key of the session")]
    Forged,
    /// The record opens, but not to `kind | length | body | padding`.
    #[error("the record is sealed by the peer but malformed")]
    Malformed,
    /// The session has opened its last record.
    #[error("the session has opened as many records as it may")]
    Exhausted,
}

/// What a frame turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened<'a> {
    /// The next record.
    Record {
        /// What it is for.
        kind: RecordKind,
        /// What it carries.
        body: &'a [u8],
    },
    /// A number that was opened before: dropped and counted.
    Duplicate,
}

/// Seals one direction of a session.
pub struct Sealer(SessionId);

/// Opens one direction of a session.
pub struct Opener(SessionId);

impl Sealer {
    /// The longest body of a record, in bytes.
    pub const MAX_BODY: usize = 20_188;

    /// Returns the session that the records belong to.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.0
    }

    /// Appends a whole frame to `out`: the header (17 bytes) and the sealed record.
    ///
    /// # Errors
    /// [`SealError`]; `out` is unchanged.
    pub fn seal(&mut self, _kind: RecordKind, _body: &[u8], _out: &mut BytesMut) -> Result<(), SealError> {
        unimplemented!()
    }
}

impl Opener {
    /// Returns the session that the records belong to.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.0
    }

    /// Returns how many frames were dropped as [`Opened::Duplicate`].
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        0
    }

    /// Opens in place what follows `header` in a frame.
    ///
    /// # Errors
    /// [`OpenError`] when the session is over.
    pub fn open<'a>(&mut self, _header: FrameHeader, _sealed: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        unimplemented!()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").finish_non_exhaustive()
    }
}
