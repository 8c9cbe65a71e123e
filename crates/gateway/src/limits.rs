//! The limits of the gateway that are no matter of configuration, each with its reason.

use std::time::Duration;

/// The largest request body, in bytes: the longest documented one has under 200.
pub(crate) const REQUEST_BODY: usize = 64 * 1024;

/// The largest request head, in bytes: credentials and a WebSocket upgrade need under 1 KiB.
pub(crate) const REQUEST_HEAD: usize = 16 * 1024;

/// The most header fields of a request.
pub(crate) const REQUEST_HEADERS: usize = 64;

/// How long a whole request may take to arrive and be answered: hashing may have to wait for its turn.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a login may take once CONNECT has arrived: hashing may have to wait for its turn.
pub(crate) const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a peer may take to read the reason of its disconnection.
pub(crate) const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a stop waits for the connections to end: the farewell, and a little.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_millis(1500);

/// Passwords that may wait for a hashing thread, for each such thread: 64 of 25 ms are under 2 seconds.
pub(crate) const HASHES_WAITING: usize = 64;

/// Addresses and identifiers that a throttle remembers, each in about 50 bytes.
pub(crate) const THROTTLE_ENTRIES: usize = 100_000;

/// What a connection reads from its socket at once, in bytes: some records. One buffer for each thread.
pub(crate) const READ_BUFFER: usize = 64 * 1024;

/// What a connection gathers before it writes, in bytes: four records for one system call.
pub(crate) const WRITE_BATCH: usize = 64 * 1024;

/// What the kernel holds unsent for one connection, in bytes, so that the queues here decide who is next.
pub(crate) const UNSENT: u32 = 128 * 1024;

/// Messages that one connection handles before it lets the others have the thread.
pub(crate) const READ_TURN: usize = 64;

/// Answers to a peer's own requests that wait for its socket. A peer that does not read them is not read.
pub(crate) const ANSWERS_WAITING: usize = 16;

/// What a device adds to the connector's connection in one round, in bytes: at least one packet.
pub(crate) const ROUND: usize = 32 * 1024;

/// What one device may have waiting for its connector, in bytes, while the whole gateway is short of memory.
pub(crate) const SHARE_UNDER_PRESSURE: usize = 32 * 1024;

/// Control messages that wait for a connector; one that reads none of them is closed.
pub(crate) const CONTROL_WAITING: usize = 4096;

/// The most subscriptions of one packet: a connector needs three.
pub(crate) const FILTERS: usize = 8;

/// How long an instance that never connected is kept, in seconds.
pub(crate) const UNUSED_INSTANCE: u64 = 60 * 60;

/// How long a device that was never claimed is listed after its setup key expired, in seconds.
pub(crate) const UNCLAIMED_DEVICE: u64 = 24 * 60 * 60;

/// How long a revoked device is listed, in seconds: longer than a backup is likely to be old.
pub(crate) const REVOKED_DEVICE: u64 = 90 * 24 * 60 * 60;

/// How long an idempotency key is remembered, in seconds.
pub(crate) const IDEMPOTENCY: u64 = 24 * 60 * 60;

/// How often expired rows are removed.
pub(crate) const SWEEP: Duration = Duration::from_secs(60);

/// How long a statement waits for another process that holds the database.
pub(crate) const DATABASE_BUSY: Duration = Duration::from_secs(1);

/// Jobs that wait for the database; more are refused as unavailable.
pub(crate) const JOBS_WAITING: usize = 4096;

/// Jobs that share one transaction, and so one wait for the disk.
pub(crate) const JOBS_PER_TRANSACTION: usize = 64;

/// How often the files of the certificate and key are looked at.
pub(crate) const CERTIFICATE_LOOK: Duration = Duration::from_secs(5);

/// How long a caller waits for a PostgreSQL server before it says that the store is unavailable.
pub(crate) const STORE_TIMEOUT: Duration = Duration::from_secs(6);

/// How long a PostgreSQL server may take to accept a connection.
pub(crate) const DATABASE_CONNECT: Duration = Duration::from_secs(2);

/// How often work is done anew when PostgreSQL finds that another transaction came between: a crowd on one
/// row thins out by one with each round.
pub(crate) const DATABASE_RETRIES: u32 = 50;

/// Connections of one node to a PostgreSQL server: a transaction takes a few milliseconds.
pub(crate) const DATABASE_CONNECTIONS: usize = 8;

/// How often a node says to the others that it is there.
pub(crate) const NODE_SAYS: Duration = Duration::from_secs(1);

/// How long a node may be silent before what it told is forgotten: some lost messages, and no more.
pub(crate) const NODE_SILENT: Duration = Duration::from_secs(4);

/// How long the bus may take to accept a connection.
pub(crate) const BUS_CONNECT: Duration = Duration::from_secs(2);

/// How long a stopping node takes to hand its last messages to the bus.
pub(crate) const BUS_FAREWELL: Duration = Duration::from_millis(500);

/// Messages of one subscription that wait for their task, which never waits itself.
pub(crate) const BUS_MESSAGES: usize = 16 * 1024;

/// How long a device waits to hear whether its connector is at another node, before it is told that it is not.
pub(crate) const CONNECTOR_ANSWERS: Duration = Duration::from_millis(500);

/// How often the log of revocations is read, where other nodes may write it.
pub(crate) const REVOCATIONS: Duration = Duration::from_secs(1);
