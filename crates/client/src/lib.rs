//! The device without a window: vault, pairing, the connection to the company, and the loopback proxy.
//!
//! 1. [`Client::open`] looks for a profile and publishes an [`AppView`].
//! 2. [`Client::pair`] trades a pairing code for keys, or [`Client::unlock`] opens the vault that holds them.
//! 3. A session to the company's connector is kept open, the catalogue fetched, and the loopback proxy
//!    serves the intranet to a browser until [`Client::lock`].
//!
//! Screens and command lines only show the view and call these methods; every decision is made here.

mod board;
mod catalogue;
pub mod client;
mod clocks;
mod code;
pub mod companies;
mod company;
mod connection;
mod contact;
mod controller;
mod drawer;
mod establish;
pub mod failure;
mod farewell;
mod limits;
mod network;
pub mod presence;
mod profile;
mod proxy;
pub mod report;
mod rotation;
mod traffic;
mod uplink;
pub mod vault;
pub mod view;
pub mod words;
#[cfg(test)]
mod world;

pub use client::{
    Client, ClientConfig, ClientError, EraseWebData, IdleLock, Login, ProfileName, ProxyEndpoint, ProxyOptions,
    SameSite, UnlockSecret,
};
pub use companies::{Companies, CompaniesConfig};
pub use failure::{Failure, Fault};
pub use latchgate_link::dial::TlsRoots;
pub use latchgate_protocol::origin::PlainHttp;
pub use report::{Fact, Report};
pub use vault::{FileStore, KeyStore, KeychainStore, StoreError};
pub use view::AppView;
pub use words::{FailureWords, PageWords, Words};
