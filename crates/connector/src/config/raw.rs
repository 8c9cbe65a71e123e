//! The configuration as it is written, before anything is checked; and errors that name line and nearest name.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, Confirm};
use crate::text::hint;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    /// Where the store and the key file lie.
    pub(super) data: PathBuf,
    /// What devices call the company.
    pub(super) name: Option<String>,
    /// Who confirms the check code.
    #[serde(default)]
    pub(super) confirm: Confirm,
    /// Threads that serve requests; default: half of the processors, and at least one.
    pub(super) threads: Option<NonZeroUsize>,
    pub(super) gateway: RawGateway,
    pub(super) local: Option<RawLocal>,
    #[serde(default)]
    pub(super) devices: RawDevices,
    #[serde(default)]
    pub(super) brand: RawBrand,
    #[serde(default)]
    pub(super) site: Vec<RawSite>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGateway {
    pub(super) url: String,
    /// A PEM file with the only authorities that count; default: those of the operating system.
    pub(super) ca: Option<PathBuf>,
    /// `http://[user:password@]host:port`
    pub(super) proxy: Option<String>,
    /// Allows `http://` to any host: tests, or a TLS terminator in front.
    #[serde(default)]
    pub(super) allow_plain_http: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLocal {
    /// A loopback address that serves `/jwks.json`.
    pub(super) listen: SocketAddr,
}

/// What is asked of every device; what is absent is not asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDevices {
    /// Locks a device after this time without contact: `"14d"`, `"36h"`.
    pub(super) lock_after: Option<String>,
    /// Erases a device after this time without contact.
    pub(super) erase_after: Option<String>,
    /// The longest time without use before a device locks: `"10m"`.
    pub(super) auto_lock: Option<String>,
    /// Erases a device after this many wrong passphrases in a row.
    pub(super) erase_after_tries: Option<u32>,
}

/// How the company looks on its people's screens; what is absent looks like the app itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBrand {
    /// `#rrggbb`.
    pub(super) accent: Option<String>,
    /// A PNG or SVG file.
    pub(super) logo: Option<PathBuf>,
    /// A line above the sites.
    pub(super) note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSite {
    pub(super) name: String,
    /// What the browser shows.
    pub(super) url: String,
    /// Where the connector goes; default: `url`.
    pub(super) upstream: Option<String>,
    /// Groups; `["*"]` is everyone paired, `[]` (the default) nobody.
    #[serde(default)]
    pub(super) allow: Vec<String>,
    pub(super) identity: Option<RawIdentity>,
    /// Raw bytes to an `https` site, without an identity.
    #[serde(default)]
    pub(super) passthrough: bool,
    /// Whether WebSocket connections are allowed.
    #[serde(default = "yes")]
    pub(super) websocket: bool,
    /// The only path prefixes that may be opened; default: all.
    #[serde(default)]
    pub(super) paths: Vec<String>,
    /// Path prefixes that may not be opened, whatever `paths` says.
    #[serde(default)]
    pub(super) deny_paths: Vec<String>,
    /// A PEM file with authorities that count for this upstream, beside those of the operating system.
    pub(super) ca: Option<PathBuf>,
    /// The name on the upstream's certificate, where it is not the upstream's host.
    pub(super) tls_name: Option<String>,
    /// An emoji, or a `data:` URL of a picture.
    pub(super) icon: Option<String>,
    /// The heading in the portal.
    pub(super) group: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    /// The header that carries the person's login.
    pub(super) header: Option<String>,
    /// Sends `Latchgate-Assertion`, a signed JWT.
    #[serde(default)]
    pub(super) jwt: bool,
}

const fn yes() -> bool {
    true
}

/// Reads the text.
pub(super) fn read(text: &str) -> Result<RawConfig, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        ConfigError::Malformed { line, message: with_hint(error.message()) }
    })
}

/// Adds the nearest known name to serde's "unknown field `a`, expected one of `b`, `c`".
fn with_hint(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown "), quoted.next()) {
        (true, Some(found)) => format!("{message}{}", hint(found, quoted)),
        (true, None) | (false, _) => message.to_owned(),
    }
}
