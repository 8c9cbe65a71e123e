//! What the gateway may not see: keys, the pairing code, pairing, sealed sessions.
//!
//! 1. The connector makes a [`code::PairingCode`]; the device reads it from the screen.
//! 2. [`pairing`] trades the code's secret for a `device_secret_key` that no recording reveals (`IKpsk1`).
//! 3. [`session`] proves that key and the static keys to each other and agrees on fresh ones (`KKpsk0`).
//! 4. [`sealing`] seals the session's records, one sequence number after the other.
//! 5. [`rotation`] derives the next `device_secret_key` inside a session.
//!
//! Everything here is pure: no socket, file, clock or global random source. The gateway does not link this
//! crate.

pub mod catalogue;
pub mod close;
pub mod code;
pub mod devices;
pub mod keys;
pub mod pairing;
pub mod rotation;
pub mod rules;
pub mod sealing;
pub mod session;
pub mod wipe;

mod aead;
mod label;
mod limits;
#[cfg(all(test, target_os = "linux"))]
mod memory;
mod noise;
mod scrub;
#[cfg(test)]
mod testing;

pub use close::CloseReason;
pub use code::{CodeFlags, PairingCode, PairingCodeError};
pub use keys::{
    CheckCode, DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey,
};
pub use sealing::{OpenError, Opened, Opener, RecordKind, SealError, Sealer};
pub use session::{Session, SessionLimits};
