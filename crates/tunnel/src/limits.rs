//! The numbers of the sealed protocol. Both sides must agree on all of them except [`MAX_LABEL`].

/// The longest label, in bytes of UTF-8: what fits one line of a phone.
pub(crate) const MAX_LABEL: usize = 64;

/// How many records one key seals before Noise REKEY: 2^20 records of 20 KiB are 20 GiB, far below the
/// 2^32 blocks at which AES-GCM's margin begins to shrink per key, and a stolen key tells little of the past.
pub(crate) const REKEY_INTERVAL: u64 = 1 << 20;

/// How many records one direction of a session carries; then a new session must have replaced it.
pub(crate) const RECORD_LIMIT: u64 = 1 << 32;

/// Short records are padded to a multiple of this, in bytes, so that their length tells little.
pub(crate) const PADDING_BLOCK: usize = 256;

/// Records from this length on, in bytes, are not padded: bulk data hides nothing by it.
pub(crate) const PADDING_BELOW: usize = 4096;
