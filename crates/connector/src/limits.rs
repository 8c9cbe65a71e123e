//! The numbers that bound the connector, each with its reason.

use std::time::Duration;

/// How many pairing answers are kept for one device: a device that restarts between P1 and S1 makes a new P1
/// each time, and nobody else can make one.
pub(crate) const CANDIDATES: u32 = 4;

/// How long a code lives unless the administrator says otherwise.
pub(crate) const DEFAULT_CODE_LIFETIME: Duration = latchgate_protocol::limits::SCREEN_CODE_LIFETIME;

/// How long an expired offer that was answered keeps its answers, so that a device that crashed in the middle
/// of pairing can finish.
pub(crate) const ANSWERED_OFFER_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the row of a revoked device is kept: until every backup of the gateway that still knows the
/// device is too old to be restored.
pub(crate) const REVOKED_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often the store and the configuration are asked whether they changed. A revocation by the command
/// line takes effect within two of these.
pub(crate) const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// How long a revoked device may take to leave by itself before the gateway is told, which closes its connection: what
/// lies before the word that it is revoked is at most a window of 1 MiB, on the line of a phone.
pub(crate) const PARTING: Duration = Duration::from_secs(5);

/// How long a command waits for a running `serve` to tell the gateway of a revocation before it does so itself: longer
/// than devices may take to leave.
pub(crate) const SERVE_TELLS_WITHIN: Duration = Duration::from_secs(7);

/// How long a command waits for that before it says so.
pub(crate) const SERVE_WAITED_FOR_IN_SILENCE: Duration = Duration::from_secs(1);

/// How often a command looks whether `serve` did.
pub(crate) const SERVE_LOOKED_AT_EVERY: Duration = Duration::from_millis(20);

/// How old a device's key becomes before it is replaced: a stolen copy of a vault or of the connector's store
/// is of no use any longer than this.
pub(crate) const ROTATE_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often a session is asked whether its key has become old, and a device that did not answer is asked again.
pub(crate) const ROTATION_LOOK: Duration = Duration::from_secs(60 * 60);

/// How often expired offers and old rows are swept.
pub(crate) const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// How often usage counters are written.
pub(crate) const USAGE_INTERVAL: Duration = Duration::from_secs(30);

/// How long SQLite waits for another process's transaction.
pub(crate) const STORE_BUSY: Duration = Duration::from_secs(10);

/// The largest request header block, in bytes of names and values: Kerberos tickets and large cookies fit.
pub(crate) const HEADER_BYTES: usize = 32 * 1024;

/// The most request header fields, cookies counted once.
pub(crate) const HEADER_COUNT: usize = 128;

/// What HTTP/2 decodes before it refuses by itself; above [`HEADER_BYTES`] so that our refusal has a body.
pub(crate) const HEADER_LIST: u32 = 96 * 1024;

/// The longest request path and query, in bytes.
pub(crate) const PATH_BYTES: usize = 16 * 1024;

/// The most response header fields that a site may send.
pub(crate) const UPSTREAM_HEADER_COUNT: usize = 256;

/// The largest response head, in bytes, that a site may send.
pub(crate) const UPSTREAM_HEAD: usize = 128 * 1024;

/// How long name resolution, TCP and TLS towards a site may take together.
pub(crate) const UPSTREAM_CONNECT: Duration = Duration::from_secs(10);

/// How long a site may take from the last byte of the request to the head of its response: long polls.
pub(crate) const UPSTREAM_HEAD_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long a request body may stall while the site waits for it: one and a half keep-alives of the link, so
/// that a stall this long would have ended the connection to the gateway as well.
pub(crate) const REQUEST_BODY_IDLE: Duration = Duration::from_secs(45);

/// How long an idle connection to a site is kept: less than the 60 seconds of common servers.
pub(crate) const UPSTREAM_IDLE: Duration = Duration::from_secs(50);

/// How many idle connections to one site are kept: as many requests as a busy company sends at once. Fewer means
/// that each request above it pays for a connection of its own.
pub(crate) const UPSTREAM_IDLE_CONNECTIONS: usize = 256;

/// How many connections that a login is bound to are kept for one device: six to a host, as a browser opens, for
/// some ten sites.
pub(crate) const BOUND_CONNECTIONS: usize = 64;

/// What HTTP/2 buffers for one stream towards a device, in bytes, before it stops reading from the site.
pub(crate) const STREAM_SEND_BUFFER: usize = 256 * 1024;

/// The HTTP/2 window of one answer of a site that speaks it, in bytes.
pub(crate) const UPSTREAM_WINDOW: u32 = 1024 * 1024;

/// The HTTP/2 connection window towards such a site, in bytes. All devices share the connection: one that stops reading
/// must not hold up the others.
pub(crate) const UPSTREAM_CONNECTION_WINDOW: u32 = 64 * UPSTREAM_WINDOW;

/// The buffer of each direction of a raw connection or WebSocket, in bytes: one record.
pub(crate) const COPY_BUFFER: usize = 16 * 1024;

/// How long an assertion is valid.
pub(crate) const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);

/// How far clocks may differ between the connector and a site.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(5);

/// The longest text of foreign origin that reaches a log line, in characters.
pub(crate) const LOGGED_TEXT: usize = 128;

/// How long before its end the code on a pairing page is renewed: nobody scans what lapses while it is claimed.
pub(crate) const CODE_RENEWED_BEFORE: Duration = Duration::from_secs(20);

/// How long a pairing page lives on when nobody looks at it: a laptop that sleeps through a break.
pub(crate) const PAGE_IDLE: Duration = Duration::from_secs(15 * 60);

/// How many pairing pages may be open at once.
pub(crate) const PAGES: usize = 64;

/// How often `device invite --wait` looks how far the device is.
pub(crate) const STATE_LOOKED_AT_EVERY: Duration = Duration::from_millis(200);

/// The largest body of a request to the connector itself, in bytes.
pub(crate) const OWN_BODY: usize = 4 * 1024;

/// The longest login, group or display name, in characters.
pub(crate) const NAME_LENGTH: usize = 64;

/// The largest icon, in bytes of its configuration text: the catalogue carries all of them.
pub(crate) const ICON_LENGTH: usize = 16 * 1024;

/// The largest logo, in bytes: every device fetches it with its list of sites, each minute.
pub(crate) const LOGO_LENGTH: usize = 64 * 1024;

/// The longest line of the administrator above the sites, in characters: two lines on a phone.
pub(crate) const NOTE_LENGTH: usize = 160;

/// The longest line of the audit log, in bytes; reading the last one looks no further back.
pub(crate) const AUDIT_LINE: usize = 16 * 1024;

/// The shortest time without contact after which devices may be asked to lock: a long meeting below ground.
pub(crate) const LOCK_AFTER_FLOOR: Duration = Duration::from_secs(60 * 60);

/// The shortest time without contact after which devices may be asked to erase themselves: less than a weekend
/// would erase them by mistake.
pub(crate) const ERASE_AFTER_FLOOR: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The longest time that can be asked for: ten years.
pub(crate) const RULE_CEILING: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// The longest time without use that can be asked for: what a device lets its person choose.
pub(crate) const AUTO_LOCK_CEILING: Duration = Duration::from_secs(8 * 60 * 60);

/// The fewest wrong passphrases after which devices may be asked to erase themselves: fewer would erase them by
/// mistake.
pub(crate) const ERASE_TRIES_FLOOR: u32 = 10;

/// How long the session that carried the exchange of a key may finish what it has under way: a minute more than a
/// device takes.
pub(crate) const SUPERSEDED_DRAIN: Duration = Duration::from_secs(6 * 60);
