//! The numbers that both ends of the relay must agree on.

use std::time::Duration;

/// The largest MQTT packet, in bytes, that either side may send: one record and its envelope.
pub const MAX_PACKET: usize = 20 * 1024;

/// The largest frame (header and sealed part), in bytes, that fits a packet whose topic is spelled out:
/// the topic takes 73 bytes, the fixed header, properties and lengths under 64.
pub const MAX_FRAME: usize = MAX_PACKET - 256;

/// What the gateway queues for one device, in bytes, before it closes that device: the HTTP/2 connection
/// window of 1 MiB and a quarter for headers, padding and control records. An honest pair stays below.
pub const DEVICE_QUEUE: usize = 1280 * 1024;

/// How long a fresh connection may take to its CONNECT.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The MQTT keep-alive that clients ask for; the gateway closes after one and a half of it.
pub const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How many topic aliases the gateway accepts from a connector: one for each device that is talking.
pub const CONNECTOR_TOPIC_ALIASES: u16 = 1024;

/// How many topic aliases a device and the gateway use between them: `u`, `d` and `c`.
pub const DEVICE_TOPIC_ALIASES: u16 = 4;

/// How many lanes (parallel connections) one connector may open.
pub const CONNECTOR_LANES: usize = 4;

/// How long a screen code lives.
pub const SCREEN_CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The longest life of a pairing code, printed ones included.
pub const MAX_CODE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The least work of PBKDF2-HMAC-SHA256, in iterations, that the gateway writes or accepts when reading.
pub const PBKDF2_FLOOR: u32 = 100_000;

/// How long a resume ticket stands in for a password.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
