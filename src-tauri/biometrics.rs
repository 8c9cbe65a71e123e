//! Unlocking by a finger or a face, where the system can bind a key to it.
//!
//! 1. [`make_key`] makes a random key for a new vault and hands it to the system, which guards it.
//! 2. [`release_key`] gets it back after the system has recognised its owner.
//!
//! Linux and Windows have a passphrase only.

#[cfg(any(target_os = "android", target_os = "ios", target_os = "macos"))]
mod bound;
#[cfg(any(target_os = "android", target_os = "ios", target_os = "macos"))]
pub(crate) use bound::{forget_key, kind, make_key, release_key};

#[cfg(any(target_os = "linux", target_os = "windows"))]
mod absent;
#[cfg(any(target_os = "linux", target_os = "windows"))]
pub(crate) use absent::{forget_key, kind, make_key, release_key};
