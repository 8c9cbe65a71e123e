//! The limits of a device, each with its reason.

use std::time::Duration;

/// Argon2id memory in KiB: three times the floor, and still quick on a phone.
pub(crate) const ARGON2_MEMORY: u32 = 64 * 1024;
/// Argon2id passes.
pub(crate) const ARGON2_PASSES: u32 = 2;
/// Argon2id lanes.
pub(crate) const ARGON2_LANES: u32 = 1;
/// Argon2id memory in KiB for a backup: it is opened once in years, and whoever has the file may guess for ever.
pub(crate) const BACKUP_MEMORY: u32 = 256 * 1024;
/// Argon2id passes for a backup.
pub(crate) const BACKUP_PASSES: u32 = 3;
/// The least Argon2id memory, in KiB, that is accepted when reading (OWASP's minimum).
pub(crate) const ARGON2_MEMORY_FLOOR: u32 = 19 * 1024;
/// The least passes that are accepted when reading.
pub(crate) const ARGON2_PASSES_FLOOR: u32 = 2;
/// The most Argon2id memory, in KiB, that is accepted when reading: a damaged header must not exhaust memory.
pub(crate) const ARGON2_MEMORY_CEILING: u32 = 1024 * 1024;
/// The most passes and lanes that are accepted when reading.
pub(crate) const ARGON2_WORK_CEILING: u32 = 64;

/// The shortest passphrase, in characters.
pub(crate) const PASSPHRASE_LENGTH: usize = 8;
/// The shortest key that a system may bind to a finger or a face, in bytes.
pub(crate) const BOUND_KEY_LENGTH: usize = 16;
/// The length of a key in a file, in bytes: nobody tries all of them, so that it needs no stretching.
pub(crate) const FILE_KEY_LENGTH: usize = 32;
/// Wrong tries before the first wait.
pub(crate) const FREE_TRIES: u32 = 5;
/// The first wait; it doubles with each further wrong try.
pub(crate) const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The fewest wrong tries after which keys may be erased: fewer would erase them by mistake.
pub(crate) const ERASE_TRIES_FLOOR: u32 = FREE_TRIES + 5;
/// Minutes without use before a vault closes, unless the person chooses otherwise.
pub(crate) const IDLE_MINUTES: u32 = 15;
/// The longest time without use that can be chosen, in minutes: a working day.
pub(crate) const IDLE_MINUTES_CEILING: u32 = 8 * 60;
/// How often the clocks are looked at while a vault is open: the most by which a lock may be late after the
/// machine slept.
pub(crate) const IDLE_LOOK: Duration = Duration::from_secs(5);

/// How often the clocks are looked at for the time without contact, which is counted in days.
pub(crate) const CONTACT_LOOK: Duration = Duration::from_secs(60);
/// By how much a later answer of the company must be later before it is written into the vault: a keychain is not
/// written to each minute.
pub(crate) const CONTACT_NOTED: Duration = Duration::from_secs(60 * 60);
/// By how much the time without contact grows before it is written down: what a restart can take back.
pub(crate) const CONTACT_KEPT: Duration = Duration::from_secs(10 * 60);
/// How long before it erases itself a device says so.
pub(crate) const ERASE_WARNING: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a message bus that is not there is left alone.
#[cfg(target_os = "linux")]
pub(crate) const BUS_RETRY: Duration = Duration::from_secs(30);
/// How long logind may take to answer.
#[cfg(target_os = "linux")]
pub(crate) const BUS_ANSWER: Duration = Duration::from_secs(5);
/// Signals of a bus that may wait: they are rare, and each is handled at once.
#[cfg(target_os = "linux")]
pub(crate) const BUS_QUEUE: usize = 16;

/// Companies in one app: each keeps a connection and a listener.
pub(crate) const COMPANIES: usize = 12;

/// How long a keychain may take: it may ask the person for a password of its own.
pub(crate) const KEYCHAIN_TIMEOUT: Duration = Duration::from_secs(120);
/// The largest blob that is read from a file store.
pub(crate) const BLOB: u64 = 64 * 1024;

/// How long the company's connector is waited for before the screen says that it is missing.
pub(crate) const PRESENCE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a pairing tries again by itself before it stops and waits for the person, who looks at it.
pub(crate) const PAIRING_PATIENCE: Duration = Duration::from_secs(20);

/// How long the next key may take when somebody asks for it: a connection, and a handshake over it.
pub(crate) const ROTATION_PATIENCE: Duration = Duration::from_secs(30);

/// How often the company is pinged inside the tunnel.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);
/// How long an answer to a ping, or the catalogue, may take: a whole window may be queued before it on a slow
/// line.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it may take when the app comes back and nothing is queued.
pub(crate) const WAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many pings in a row may stay unanswered before the session counts as dead. A line that is cut is
/// noticed by the link, long before.
pub(crate) const PINGS_LOST: u32 = 3;
/// How often the catalogue is fetched again.
pub(crate) const CATALOGUE_EVERY: Duration = Duration::from_secs(60);
/// The largest catalogue, in bytes: a few hundred sites with pictures.
pub(crate) const CATALOGUE_BODY: usize = 8 * 1024 * 1024;
/// How long a session lives before the next one replaces it.
pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the replaced session may finish what it carries.
pub(crate) const SESSION_DRAIN: Duration = Duration::from_secs(5 * 60);
/// The pause after a refusal that the person or the company must resolve.
pub(crate) const REFUSED_PAUSE: Duration = Duration::from_secs(30);

/// How often a device that erased itself tries to tell the company, at each start: the company may order it a moment
/// after the device heard of it.
pub(crate) const ANSWER_ATTEMPTS: u32 = 100;
/// The longest pause between two of these attempts.
pub(crate) const ANSWER_PAUSE: Duration = Duration::from_secs(60);

/// How long a request waits for a session that is being opened.
pub(crate) const WAIT_FOR_SESSION: Duration = Duration::from_secs(10);
/// How long a browser may take to say what it wants: the proxy greeting, the request head, TLS.
pub(crate) const GREETING_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest head of a request or answer, in bytes: sites with many cookies.
pub(crate) const HEAD: u32 = 64 * 1024;
/// Connections that the proxy serves at the same time: six tabs with a hundred streams each, and more.
pub(crate) const PROXY_CONNECTIONS: usize = 1024;
/// The buffer of a copied tunnel, per direction: one sealed record.
pub(crate) const COPY_BUFFER: usize = 16 * 1024;
/// Certificates that are kept for sites.
pub(crate) const LEAVES: usize = 4096;

/// The smallest answer that outlives its session, in bytes: smaller ones are there before a session could end.
pub(crate) const RESUME_FROM: u64 = 256 * 1024;
/// How long a broken answer waits for a session on which its rest can be asked for.
pub(crate) const RESUME_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The longest line of an administrator that is shown, in characters.
pub(crate) const NOTE: usize = 200;
/// The longest address of a page that is kept, in bytes: longer ones carry state, and are no places to go back to.
pub(crate) const PAGE_ADDRESS: usize = 2048;
/// The longest title of a page that is kept, in characters.
pub(crate) const PAGE_TITLE: usize = 160;
/// Recent pages that are kept: enough that those of sites which are gone for a day leave some to show.
pub(crate) const RECENT: usize = 32;
/// Recent pages that are shown: two rows on a desktop.
pub(crate) const RECENT_SHOWN: usize = 12;
/// Pages that can be pinned: more are not found again at a glance.
pub(crate) const PINNED: usize = 48;
/// Sites whose size is kept.
pub(crate) const SIZES: usize = 500;
/// Months for which what sites moved is kept.
pub(crate) const USAGE_MONTHS: usize = 12;
/// Cookies that are kept over a lock: what browsers keep for some twenty sites.
pub(crate) const LOGINS: usize = 1000;
/// How often what pages left behind is written, where it changed: what a crash can take.
pub(crate) const DRAWER_FLUSH: Duration = Duration::from_secs(10);

/// The sizes in which pages can be shown by default, in percent.
pub(crate) const TEXT_SIZES: std::ops::RangeInclusive<u16> = 50..=300;
/// By how much rarer the company is asked for something where little data shall move.
pub(crate) const LOW_DATA_FACTOR: u32 = 4;
/// The window of the connection where little data shall move, in bytes: less lies on its way that nobody wants any
/// more.
pub(crate) const LOW_DATA_WINDOW: u32 = 256 * 1024;
/// Events that a report for the help desk looks back on.
pub(crate) const JOURNAL: usize = 60;
