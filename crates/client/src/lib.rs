//! The device without a window: vault, pairing, the connection to the company, and the loopback proxy.
//!
//! 1. [`Client::open`] looks for a profile and publishes an [`AppView`].
//! 2. [`Client::pair`] trades a pairing code for keys, or [`Client::unlock`] opens the vault that holds them.
//! 3. A session to the company's connector is kept open, the catalogue fetched, and the loopback proxy
//!    serves the intranet to a browser until [`Client::lock`].
//!
//! Screens and command lines only show the view and call these methods; every decision is made here.

pub mod client;
pub mod failure;
pub mod view;

pub use client::{Client, ClientConfig, ClientError, ProfileName, ProxyEndpoint, TlsRoots, UnlockSecret};
pub use failure::{Failure, Fault};
pub use latchgate_protocol::origin::PlainHttp;
pub use vault::KeyStore;
pub use view::AppView;

pub mod vault;
