//! The public, blind relay between devices and their connectors.
//!
//! 1. A connector registers an instance and creates devices over REST; a device claims its credentials.
//! 2. Both connect by MQTT 5 over WebSocket and prove who they are with a password or a resume ticket.
//! 3. The relay hands payloads from one side to the other. They are sealed end to end, and nothing in this
//!    crate, nor in what it depends on, could open them.
//!
//! The store holds identifiers and hashes only: a copy of it lets nobody in and tells nobody what was said.

mod api;
mod auth;
mod bus;
mod clock;
mod config;
mod gateway;
mod hash;
mod limits;
mod metrics;
mod ops;
mod relay;
mod server;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;
mod tls;

pub use bus::BusError;
pub use clock::Clock;
pub use config::{BusConfig, Config, ConfigError, Limits, Prefix, Rate, Remote, StoreConfig, TlsFiles};
pub use gateway::{Gateway, Running, StartError, Stop};
pub use store::{CheckReport, Store, StoreError};
