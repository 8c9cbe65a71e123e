//! The vault.

/// Where the sealed blob of a profile lies.
pub trait KeyStore: Send + Sync + 'static {}
