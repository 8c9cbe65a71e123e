//! The limits of a connection to the gateway.

use std::time::Duration;

/// How long TCP, the proxy, TLS and the WebSocket upgrade may take together: a phone on a poor network.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the peer may take to answer a handshake message.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a REST call may take: the gateway hashes a password in it.
pub const REST_TIMEOUT: Duration = Duration::from_secs(20);

/// The largest REST answer, in bytes.
pub const REST_BODY: usize = 1024 * 1024;

/// What is read from the gateway at once, in bytes: some records.
pub const READ_BUFFER: usize = 64 * 1024;

/// Shorter frames are copied out of the buffer that they arrived in, so that a few bytes do not keep all of it.
pub const SMALL_RECORD: usize = 2 * 1024;

/// Packets waiting for the socket: 64 records of 16 KiB are one connection window.
pub const SEND_QUEUE: usize = 64;

/// Bytes received for one session and not yet read. An honest peer is held to 1 MiB by the HTTP/2 connection
/// window in each direction; headers, padding and control records come on top. Beyond this the session ends.
pub const RECEIVE_QUEUE: usize = 4 * 1024 * 1024;

/// Handshakes of one device that a connector answers at the same time.
pub const HALF_OPEN_PER_DEVICE: usize = 4;

/// Handshakes that a connector answers at the same time.
pub const HALF_OPEN: usize = 256;

/// The most that is under way inside a sealed stream, in bytes: what the gateway is ready to queue for a device, less
/// a quarter. [`Paced`](crate::pace::Paced) keeps to it.
pub const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// The HTTP/2 window of one stream, in bytes. Equal to what may be under way: one download alone may use it all.
pub const STREAM_WINDOW: u32 = 1024 * 1024;

/// The HTTP/2 connection window of a device, in bytes: what may lie unread on it when browsers stop reading, 32 films
/// that are paused.
pub const DEVICE_WINDOW: u32 = 32 * STREAM_WINDOW;

/// The HTTP/2 connection window of a connector, in bytes: what may lie unread for each device when sites stop reading
/// uploads. Smaller, because a connector has many devices.
pub const CONNECTOR_WINDOW: u32 = 8 * STREAM_WINDOW;

/// Streams that may be open at once inside a sealed stream.
pub const MAX_STREAMS: u32 = 1024;

/// Control records of one session that wait to be read: each is answered before the next one is of use.
pub const CONTROLS_WAITING: usize = 4;
