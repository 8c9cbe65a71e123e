//! One way to reach the gateway, for both sides.
//!
//! 1. [`dial`] opens a TCP connection, through a company proxy where one is set, and TLS on top.
//! 2. [`rest`] makes the few REST calls over such a connection.
//! 3. [`device`] and [`connector`] hold one MQTT connection over WebSocket each, exchange the handshake
//!    messages of `latchgate-tunnel`, and hand out a [`SealedStream`]: an ordered byte stream between a device
//!    and its connector that the gateway cannot read. HTTP/2 runs on it.
//! 4. [`backoff`] says how long to wait before the next attempt.

pub mod backoff;
pub mod connector;
pub mod control;
pub mod device;
pub mod dial;
mod error;
pub mod limits;
mod mqtt;
pub mod pace;
pub mod rest;
mod routes;
mod socket;
mod stream;

pub use error::{LinkError, Refusal};
pub use stream::SealedStream;
