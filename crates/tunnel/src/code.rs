//! The pairing code: what a device learns from one scan.
//!
//! ```text
//! code   = "LG1:" Base45(binary)                                       Base45: RFC 9285
//! binary = version 1 | flags | device_setup_key[16] | device_setup_secret_key[32] | connector key[32]
//!        | expiry u32 | length u8 | gateway origin | checksum[4]
//! ```
//!
//! Numbers are big-endian; the checksum is the beginning of the SHA-256 of all before it. It protects nothing:
//! it tells a code that was damaged by hand from one of another version. The code is not a URL, so that a
//! camera does not hand it to a browser. No code ends in a space, though Base45 has one, so white space
//! around a pasted code is dropped, and line breaks within it.

use latchgate_protocol::origin::{OriginError, PlainHttp};
use latchgate_protocol::{DeviceSetupKey, GatewayOrigin};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::{DeviceSetupSecretKey, StaticPublicKey};

/// What one scan gives to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingCode {
    /// How the code was made.
    pub flags: CodeFlags,
    /// Traded at the gateway for the device's credentials.
    pub device_setup_key: DeviceSetupKey,
    /// The psk of pairing; the gateway never sees it.
    pub device_setup_secret_key: DeviceSetupSecretKey,
    /// The connector that the device pairs with.
    pub connector_key: StaticPublicKey,
    /// When the code ends, in Unix seconds.
    pub expires: u32,
    /// Where the connector can be reached.
    pub gateway: GatewayOrigin,
}

/// How a code was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CodeFlags {
    /// The code was printed, so the check code must be confirmed (bit 0).
    pub printed: bool,
}

/// Why a text is not a pairing code that this version can use. Each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PairingCodeError {
    /// Nothing but white space.
    #[error("nothing was entered; scan or paste the pairing code")]
    Empty,
    /// Does not begin with `LG1:`.
    #[error("this is not a Latchgate pairing code; scan the code that your company shows for pairing")]
    NotACode,
    /// Made by another version.
    #[error("this code is of version {0}, which this app does not know; update the app")]
    ForeignVersion(u8),
    /// The end is missing.
    #[error("the code is cut off after {found} of {expected} bytes; copy the whole code")]
    Truncated {
        /// The bytes of a whole code, as far as they can be told.
        expected: usize,
        /// The bytes that are there.
        found: usize,
    },
    /// A character was changed or lost.
    #[error("the code is damaged; scan it again or ask for a new one")]
    Damaged,
    /// Longer than any code.
    #[error("the text is longer than any pairing code; copy the code alone")]
    TooLong,
    /// Something follows the code.
    #[error("something follows the code; copy the code alone")]
    TrailingBytes,
    /// The gateway's address is not one to connect to.
    #[error("the code names a gateway that cannot be used; ask your company for a new code")]
    Origin(#[source] OriginError),
    /// Made with a feature that this version does not know.
    #[error("the code asks for something that this app does not know; update the app")]
    UnknownFlags,
}

impl PairingCode {
    /// Writes the text form, which fits a QR code in alphanumeric mode.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        let origin = self.gateway.to_string();
        let origin_length = u8::try_from(origin.len()).expect("an origin has at most 255 bytes");
        let mut binary = Zeroizing::new(Vec::with_capacity(MAX_BINARY));
        binary.extend_from_slice(&[VERSION, self.flags.encode()]);
        binary.extend_from_slice(self.device_setup_key.reveal_bytes());
        binary.extend_from_slice(self.device_setup_secret_key.reveal_bytes());
        binary.extend_from_slice(self.connector_key.as_bytes());
        binary.extend_from_slice(&self.expires.to_be_bytes());
        binary.push(origin_length);
        binary.extend_from_slice(origin.as_bytes());
        let checksum = checksum(&binary);
        binary.extend_from_slice(&checksum);
        let encoded = Zeroizing::new(base45::encode(&binary[..]));
        Zeroizing::new([PREFIX, &encoded].concat())
    }

    /// Reads the text form, in either case and with white space around it. An ended code is read: the
    /// gateway's clock decides.
    ///
    /// # Errors
    /// [`PairingCodeError`] names what is wrong with it.
    pub fn decode(text: &str, plain_http: PlainHttp) -> Result<Self, PairingCodeError> {
        let encoded = strip_prefix(text)?;
        let (binary, cut_off) = decode_base45(&encoded)?;
        check(&binary, cut_off)?;
        parse(&binary, plain_http)
    }

    /// Tells whether the code had ended at `now`, in Unix seconds. A hint: the gateway's clock decides.
    #[must_use]
    pub fn is_expired_at(&self, now: u32) -> bool {
        now >= self.expires
    }
}

/// Returns the upper-case Base45 part.
fn strip_prefix(text: &str) -> Result<Zeroizing<String>, PairingCodeError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PairingCodeError::Empty);
    }
    let (prefix, rest) = text.split_once(':').ok_or(PairingCodeError::NotACode)?;
    let version = prefix.get(..2).filter(|letters| letters.eq_ignore_ascii_case("LG"));
    let digits = version.and_then(|_| prefix.get(2..)).ok_or(PairingCodeError::NotACode)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PairingCodeError::NotACode);
    }
    let version: u8 = digits.parse().map_err(|_| PairingCodeError::NotACode)?;
    if version != VERSION {
        return Err(PairingCodeError::ForeignVersion(version));
    }
    if rest.len() > 2 * MAX_ENCODED {
        return Err(PairingCodeError::TooLong);
    }
    let mut encoded = Zeroizing::new(String::with_capacity(rest.len()));
    encoded.extend(rest.chars().filter(|c| !matches!(c, '\r' | '\n' | '\t')).map(|c| c.to_ascii_uppercase()));
    if encoded.len() > MAX_ENCODED { Err(PairingCodeError::TooLong) } else { Ok(encoded) }
}

/// Returns the bytes, and whether a character is missing to the last of them.
fn decode_base45(encoded: &str) -> Result<(Zeroizing<Vec<u8>>, bool), PairingCodeError> {
    let cut_off = encoded.len() % 3 == 1;
    let whole = encoded.get(..encoded.len() - usize::from(cut_off)).ok_or(PairingCodeError::Damaged)?;
    let binary = Zeroizing::new(base45::decode(whole).map_err(|_| PairingCodeError::Damaged)?);
    let again = Zeroizing::new(base45::encode(&binary[..]));
    if *again == *whole { Ok((binary, cut_off)) } else { Err(PairingCodeError::Damaged) }
}

/// Finds out whether the bytes are one whole code of this version.
fn check(binary: &[u8], cut_off: bool) -> Result<(), PairingCodeError> {
    let intact = !cut_off && has_checksum(binary);
    match binary.first() {
        Some(&VERSION) => {}
        Some(&version) if intact => return Err(PairingCodeError::ForeignVersion(version)),
        Some(_) => return Err(PairingCodeError::Damaged),
        None => return Err(PairingCodeError::Truncated { expected: MIN_BINARY, found: 0 }),
    }
    let origin_length = binary.get(FIXED_LENGTH - 1).copied().unwrap_or_default();
    let expected = MIN_BINARY + usize::from(origin_length);
    let found = binary.len();
    if found < expected {
        return Err(PairingCodeError::Truncated { expected, found });
    }
    let beginning = binary.get(..expected).unwrap_or_default();
    if (found > expected || cut_off) && (intact || has_checksum(beginning)) {
        return Err(PairingCodeError::TrailingBytes);
    }
    if intact { Ok(()) } else { Err(PairingCodeError::Damaged) }
}

/// Reads the fields of a code that [`check`] found whole.
fn parse(binary: &[u8], plain_http: PlainHttp) -> Result<PairingCode, PairingCodeError> {
    let damaged = PairingCodeError::Damaged;
    let (&[_version, flags], rest) = binary.split_first_chunk().ok_or(damaged.clone())?;
    let (setup_key, rest) = rest.split_first_chunk().ok_or(damaged.clone())?;
    let (setup_secret_key, rest) = rest.split_first_chunk().ok_or(damaged.clone())?;
    let (connector_key, rest) = rest.split_first_chunk().ok_or(damaged.clone())?;
    let (expires, rest) = rest.split_first_chunk().ok_or(damaged.clone())?;
    let (_origin_length, rest) = rest.split_first().ok_or(damaged.clone())?;
    let (origin, _checksum) = rest.split_last_chunk::<CHECKSUM_LENGTH>().ok_or(damaged)?;
    let flags = CodeFlags::decode(flags).ok_or(PairingCodeError::UnknownFlags)?;
    let origin = std::str::from_utf8(origin).map_err(|_| PairingCodeError::Origin(OriginError::NotAUrl))?;
    Ok(PairingCode {
        flags,
        device_setup_key: DeviceSetupKey::from_bytes(*setup_key),
        device_setup_secret_key: DeviceSetupSecretKey::from_bytes(*setup_secret_key),
        connector_key: StaticPublicKey::from_bytes(*connector_key),
        expires: u32::from_be_bytes(*expires),
        gateway: GatewayOrigin::parse(origin, plain_http).map_err(PairingCodeError::Origin)?,
    })
}

impl CodeFlags {
    const PRINTED: u8 = 1;

    fn encode(self) -> u8 {
        if self.printed { Self::PRINTED } else { 0 }
    }

    fn decode(byte: u8) -> Option<Self> {
        (byte & !Self::PRINTED == 0).then_some(Self { printed: byte & Self::PRINTED != 0 })
    }
}

const VERSION: u8 = 1;
const PREFIX: &str = "LG1:";
const CHECKSUM_LENGTH: usize = 4;

/// Everything up to and including the origin's length, in bytes.
const FIXED_LENGTH: usize = 2 + DeviceSetupKey::LENGTH + DeviceSetupSecretKey::LENGTH + StaticPublicKey::LENGTH + 4 + 1;
const MIN_BINARY: usize = FIXED_LENGTH + CHECKSUM_LENGTH;
const MAX_BINARY: usize = MIN_BINARY + GatewayOrigin::MAX_LENGTH;

/// Three characters for each two bytes.
const MAX_ENCODED: usize = MAX_BINARY.div_ceil(2) * 3;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let digest = Sha256::digest(bytes);
    let mut checksum = [0; CHECKSUM_LENGTH];
    checksum.copy_from_slice(&digest[..CHECKSUM_LENGTH]);
    checksum
}

fn has_checksum(binary: &[u8]) -> bool {
    binary.split_last_chunk().is_some_and(|(before, found)| checksum(before) == *found)
}

#[cfg(test)]
mod tests;
