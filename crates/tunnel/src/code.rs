//! The pairing code: stub.

use latchgate_protocol::origin::{OriginError, PlainHttp};
use latchgate_protocol::{DeviceSetupKey, GatewayOrigin};
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
    /// Writes the text form.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        unimplemented!()
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`PairingCodeError`] names what is wrong with it.
    pub fn decode(_text: &str, _plain_http: PlainHttp) -> Result<Self, PairingCodeError> {
        unimplemented!()
    }

    /// Tells whether the code had ended at `now`, in Unix seconds. A hint: the gateway's clock decides.
    #[must_use]
    pub fn is_expired_at(&self, now: u32) -> bool {
        now >= self.expires
    }
}
