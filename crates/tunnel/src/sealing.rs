//! Sealed records, the only thing that passes the gateway once a session is open.
//!
//! A frame is `header[17] | ciphertext | tag[16]`. The plaintext is `kind u8 | body length u16 | body | zeros`,
//! padded to a multiple of 256 bytes below 4 KiB. The associated data is the header, the nonce is its
//! sequence number.
//!
//! 1. The [`Sealer`] counts from 0 and seals in place, in the buffer that is sent.
//! 2. The [`Opener`] opens exactly the next number, in place. A lower one is dropped and counted, a higher one
//!    or a failed open ends the session for good.
//! 3. After each 2^20 records both replace the key by Noise REKEY; after 2^32 the session ends.

use std::fmt;
use std::io::IoSlice;

use bytes::{BufMut as _, BytesMut};
use latchgate_protocol::limits::MAX_FRAME;
use latchgate_protocol::{FrameHeader, FrameType, SessionId};
use thiserror::Error;

use crate::aead::{AeadKey, TAG_LENGTH};
use crate::limits::{PADDING_BELOW, PADDING_BLOCK, RECORD_LIMIT, REKEY_INTERVAL};

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
pub struct Sealer {
    direction: Direction,
}

impl Sealer {
    /// The longest body of a record, in bytes: what fits a frame of [`MAX_FRAME`].
    pub const MAX_BODY: usize = MAX_FRAME - FrameHeader::LENGTH - PREFIX_LENGTH - TAG_LENGTH;

    pub(crate) fn new(session_id: SessionId, key: &[u8; 32]) -> Self {
        Self { direction: Direction::new(session_id, key) }
    }

    /// Returns the session that the records belong to.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.direction.session_id
    }

    /// Appends a whole frame to `out`: the header (17 bytes) and the sealed record.
    ///
    /// # Errors
    /// [`SealError`]; `out` is unchanged.
    pub fn seal(&mut self, kind: RecordKind, body: &[u8], out: &mut BytesMut) -> Result<(), SealError> {
        if body.len() > Self::MAX_BODY {
            return Err(SealError::TooLong(body.len()));
        }
        self.seal_gathered(kind, &[IoSlice::new(body)], out).map(|_all| ())
    }

    /// Appends a whole frame to `out` as [`Sealer::seal`] does. Its body is the beginning of `parts`, one after
    /// the other, up to [`Sealer::MAX_BODY`] bytes; returns how many bytes that is.
    ///
    /// # Errors
    /// [`SealError::Exhausted`]; `out` is unchanged.
    pub fn seal_gathered(
        &mut self,
        kind: RecordKind,
        parts: &[IoSlice<'_>],
        out: &mut BytesMut,
    ) -> Result<usize, SealError> {
        if self.direction.next >= RECORD_LIMIT {
            return Err(SealError::Exhausted);
        }
        let offered = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let body_length = offered.min(Self::MAX_BODY);
        let header = self.direction.header();
        let padded = padded_length(PREFIX_LENGTH + body_length);
        let start = out.len() + FrameHeader::LENGTH;
        out.reserve(FrameHeader::LENGTH + padded + TAG_LENGTH);
        out.put_slice(&header);
        out.put_u8(kind as u8);
        out.put_u16(u16::try_from(body_length).expect("a body fits a frame of less than 64 KiB"));
        let mut missing = body_length;
        for part in parts {
            let taken = part.len().min(missing);
            out.put_slice(&part[..taken]);
            missing -= taken;
        }
        out.put_bytes(0, padded - PREFIX_LENGTH - body_length);
        let tag = self.direction.key.seal(self.direction.next, &header, &mut out[start..]);
        out.put_slice(&tag);
        self.direction.advance();
        Ok(body_length)
    }
}

/// Opens one direction of a session.
pub struct Opener {
    direction: Direction,
    duplicates: u64,
    failed: Option<OpenError>,
}

impl Opener {
    pub(crate) fn new(session_id: SessionId, key: &[u8; 32]) -> Self {
        Self { direction: Direction::new(session_id, key), duplicates: 0, failed: None }
    }

    /// Returns the session that the records belong to.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.direction.session_id
    }

    /// Returns how many frames were dropped as [`Opened::Duplicate`].
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Opens in place what follows `header` in a frame.
    ///
    /// # Errors
    /// [`OpenError`] when the session is over; every later call returns the same error.
    pub fn open<'a>(&mut self, header: FrameHeader, sealed: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if header.seq < self.direction.next {
            self.duplicates += 1;
            return Ok(Opened::Duplicate);
        }
        self.open_next(header, sealed).inspect_err(|error| {
            self.failed = Some(*error);
            self.direction.key.wipe();
        })
    }

    fn open_next<'a>(&mut self, header: FrameHeader, sealed: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        let expected = self.direction.next;
        if expected >= RECORD_LIMIT {
            return Err(OpenError::Exhausted);
        }
        if header.seq != expected {
            return Err(OpenError::Gap { expected, found: header.seq });
        }
        if header.session_id != self.direction.session_id {
            return Err(OpenError::Forged);
        }
        let (record, tag) = sealed.split_last_chunk_mut().ok_or(OpenError::Forged)?;
        self.direction.key.open(expected, &header.encode(), record, *tag).map_err(|_| OpenError::Forged)?;
        self.direction.advance();
        read_record(record).ok_or(OpenError::Malformed)
    }
}

/// What the two ends of one direction count alike.
struct Direction {
    session_id: SessionId,
    key: AeadKey,
    next: u64,
    rekey_interval: u64,
}

impl Direction {
    fn new(session_id: SessionId, key: &[u8; 32]) -> Self {
        Self { session_id, key: AeadKey::new(key), next: 0, rekey_interval: REKEY_INTERVAL }
    }

    fn header(&self) -> [u8; FrameHeader::LENGTH] {
        FrameHeader { frame_type: FrameType::Data, session_id: self.session_id, seq: self.next }.encode()
    }

    fn advance(&mut self) {
        self.next += 1;
        if self.next.is_multiple_of(self.rekey_interval) {
            self.key.rekey();
        }
    }
}

fn read_record(record: &[u8]) -> Option<Opened<'_>> {
    let (&[kind, high, low], rest) = record.split_first_chunk()?;
    let body = rest.get(..usize::from(u16::from_be_bytes([high, low])))?;
    Some(Opened::Record { kind: RecordKind::decode(kind)?, body })
}

impl RecordKind {
    fn decode(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Pad),
            1 => Some(Self::Fin),
            2 => Some(Self::Stream),
            3 => Some(Self::Rotate),
            4 => Some(Self::RotateAck),
            5 => Some(Self::Close),
            6 => Some(Self::KeepAlive),
            _ => None,
        }
    }
}

/// The kind and the body's length, in bytes.
const PREFIX_LENGTH: usize = 3;

fn padded_length(length: usize) -> usize {
    if length < PADDING_BELOW { length.next_multiple_of(PADDING_BLOCK) } else { length }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("session_id", &self.direction.session_id)
            .field("next", &self.direction.next)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("session_id", &self.direction.session_id)
            .field("next", &self.direction.next)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
