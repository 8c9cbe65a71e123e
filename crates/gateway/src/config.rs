//! The configuration: one file, every field with its default beside it, unknown names refused.

mod remote;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use latchgate_protocol::limits::{CONNECT_TIMEOUT, DEVICE_QUEUE, KEEP_ALIVE, MAX_PACKET, PBKDF2_FLOOR};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

pub use remote::{BusConfig, Remote, StoreConfig};

use crate::clock::Clock;

/// What a gateway is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where clients connect. Default: `127.0.0.1:8443`.
    pub listen: SocketAddr,
    /// The folder of the database. Default: `latchgate-gateway` in the working folder.
    pub data: PathBuf,
    /// The certificate and key. Without them the gateway speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Allows plain HTTP on addresses other than loopback: a TLS terminator stands in front. Default: no.
    pub allow_plain_http: bool,
    /// Where health and metrics are served; loopback only. Default: nowhere.
    pub ops_listen: Option<SocketAddr>,
    /// A file with the token that registering an instance takes. Default: anybody may register.
    pub registration_token_file: Option<PathBuf>,
    /// The proxies whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<Prefix>,
    /// The work of PBKDF2-HMAC-SHA256 for new passwords; at least 100,000, which is the default.
    pub pbkdf2_iterations: u32,
    /// Threads that serve connections. Default: half of the processors, and at least one: two threads on two
    /// processors spend more on waking each other than they gain.
    pub threads: Option<NonZeroUsize>,
    /// Where the gateway remembers. Default: SQLite in `data`.
    pub store: StoreConfig,
    /// How several nodes hear of each other. Default: this is the only one.
    pub bus: BusConfig,
    /// Rates and sizes.
    pub limits: Limits,
    /// What time it is.
    #[serde(skip)]
    pub clock: Clock,
}

/// Where the certificate chain and the private key are, both PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The chain, the gateway's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Rates and sizes that depend on the machine and on who connects.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Devices of one instance, revoked ones included for the time that they are listed. Default: 10,000.
    pub devices_per_instance: u64,
    /// Connections at once. Default: 20,000.
    pub connections: usize,
    /// Connections of one address that have not logged in. Default: 256.
    pub half_open_per_address: usize,
    /// Passwords that one address may try. Default: 200 at once, 20 per second.
    pub logins_per_address: Rate,
    /// Passwords that may be tried for one id. Default: 60 at once, 2 per second.
    pub logins_per_id: Rate,
    /// Resume tickets that one address may try. Default: 2,000 at once, 200 per second.
    pub tickets_per_address: Rate,
    /// Codes that one address may claim. Default: 60 at once, 1 per second.
    pub claims_per_address: Rate,
    /// Instances that one address may register. Default: 20 at once, 1 per minute.
    pub registrations_per_address: Rate,
    /// Instances that may be registered altogether. Default: 200 at once, 1 per second.
    pub registrations: Rate,
    /// How often one login may take the place of another for one id. Default: 6 at once, 6 per minute.
    pub takeovers_per_id: Rate,
    /// How long a fresh connection may take to its CONNECT, in milliseconds. Default: 5,000.
    pub connect_timeout_ms: u64,
    /// How long a request head may take to arrive, in milliseconds. Default: 10,000.
    pub head_timeout_ms: u64,
    /// The MQTT keep-alive, in seconds. Default: 30.
    pub keep_alive_s: u16,
    /// What one device may send in the long run, in bytes per second; it is read no faster. Default: 0, which
    /// is no limit.
    pub device_bytes_per_second: u64,
    /// What is queued for one device, in bytes. Default: 1,310,720.
    pub device_queue: usize,
    /// What is queued for all devices together, and for all connectors together, in bytes. Default: 1 GiB.
    pub queued_total: usize,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How many per second in the long run.
    pub per_second: f64,
}

/// An address or a network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the configuration {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A value of the wrong form, or an unknown name.
    #[error("the configuration {path} is malformed: {message}{hint}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        message: String,
        /// The nearest known name, if an unknown one was found.
        hint: String,
    },
    /// A server is configured without the file that says how to reach it.
    #[error("no url_file is configured, and {variable} is not set")]
    NoUrl {
        /// The environment variable.
        variable: &'static str,
    },
    /// A value that would weaken the gateway.
    #[error("{0}")]
    Refused(&'static str),
}

impl Config {
    /// A gateway on a free loopback port, with its database in `data`.
    #[must_use]
    pub fn loopback(data: impl Into<PathBuf>) -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), data: data.into(), ..Self::default() }
    }

    /// Reads a configuration file. Relative paths in it count from its folder.
    ///
    /// # Errors
    /// [`ConfigError`] names the line and the nearest known name.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.into(), source })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.into(),
            message: error.to_string().trim_end().to_owned(),
            hint: nearest_name(error.message()).map(|name| format!("\ndid you mean `{name}`?")).unwrap_or_default(),
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.data = folder.join(&config.data);
        if let Some(tls) = &mut config.tls {
            tls.certificate = folder.join(&tls.certificate);
            tls.key = folder.join(&tls.key);
        }
        for remote in [&mut config.store.postgres, &mut config.bus.nats].into_iter().flatten() {
            remote.resolve(folder);
        }
        config.registration_token_file = config.registration_token_file.map(|file| folder.join(file));
        Ok(config)
    }

    /// Returns how many threads serve connections.
    #[must_use]
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2));
        self.threads.map_or_else(half, NonZeroUsize::get)
    }

    /// Refuses what would weaken the gateway.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.tls.is_none() && !self.allow_plain_http && !self.listen.ip().is_loopback() {
            return Err(ConfigError::Refused(
                "plain HTTP is for loopback addresses only: configure [tls], or pass --allow-plain-http behind a TLS terminator",
            ));
        }
        if self.ops_listen.is_some_and(|address| !address.ip().is_loopback()) {
            return Err(ConfigError::Refused("ops_listen must be a loopback address"));
        }
        if self.pbkdf2_iterations < PBKDF2_FLOOR {
            return Err(ConfigError::Refused("pbkdf2_iterations must be at least 100000"));
        }
        if self.bus.nats.is_some() && self.store.postgres.is_none() {
            return Err(ConfigError::Refused(
                "several nodes need one truth: configure [store] postgres beside [bus] nats",
            ));
        }
        if self.limits.keep_alive_s == 0 {
            return Err(ConfigError::Refused("limits.keep_alive_s must be at least 1"));
        }
        if self.limits.device_queue < MAX_PACKET {
            return Err(ConfigError::Refused("limits.device_queue must hold at least one packet of 20480 bytes"));
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            data: "latchgate-gateway".into(),
            tls: None,
            allow_plain_http: false,
            ops_listen: None,
            registration_token_file: None,
            trusted_proxies: Vec::new(),
            pbkdf2_iterations: PBKDF2_FLOOR,
            threads: None,
            store: StoreConfig::default(),
            bus: BusConfig::default(),
            limits: Limits::default(),
            clock: Clock::system(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let rate = |burst, per_second| Rate { burst, per_second };
        Self {
            devices_per_instance: 10_000,
            connections: 20_000,
            half_open_per_address: 256,
            logins_per_address: rate(200, 20.0),
            logins_per_id: rate(60, 2.0),
            tickets_per_address: rate(2_000, 200.0),
            claims_per_address: rate(60, 1.0),
            registrations_per_address: rate(20, 1.0 / 60.0),
            registrations: rate(200, 1.0),
            takeovers_per_id: rate(6, 0.1),
            connect_timeout_ms: CONNECT_TIMEOUT.as_millis() as u64,
            head_timeout_ms: 10_000,
            keep_alive_s: KEEP_ALIVE.as_secs() as u16,
            device_bytes_per_second: 0,
            device_queue: DEVICE_QUEUE,
            queued_total: 1 << 30,
        }
    }
}

impl Limits {
    pub(crate) const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) const fn head_timeout(&self) -> Duration {
        Duration::from_millis(self.head_timeout_ms)
    }
}

impl Prefix {
    /// Tells whether the network holds an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
        self.address.is_ipv4() == address.is_ipv4() && bits(self.address) & mask == bits(address) & mask
    }
}

impl FromStr for Prefix {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        const MALFORMED: ConfigError = ConfigError::Refused("expected an address such as 10.0.0.1 or 10.0.0.0/8");
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| MALFORMED)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(longest), str::parse).map_err(|_| MALFORMED)?;
        if length > longest { Err(MALFORMED) } else { Ok(Self { address, length }) }
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Finds the nearest known name in serde's "unknown field `x`, expected one of `a`, `b`".
fn nearest_name(message: &str) -> Option<String> {
    let mut names = message.strip_prefix("unknown field `")?.split('`').step_by(2);
    let unknown = names.next()?;
    names
        .filter(|name| !name.is_empty())
        .max_by(|a, b| strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b)))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        std::fs::write(&file, text).unwrap();
        Config::read(&file)
    }

    #[test]
    fn an_unknown_name_is_refused_with_its_line_and_the_nearest_name() {
        let error = read("listen = \"127.0.0.1:1\"\nops_lissten = \"127.0.0.1:2\"\n").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(error.contains("did you mean `ops_listen`?"), "{error}");
    }

    #[test]
    fn an_example_is_read() {
        let config = read(
            "listen = \"0.0.0.0:443\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n[limits]\nlogins_per_id = { burst = 3, per_second = 0.5 }\n",
        )
        .unwrap();
        assert_eq!(config.limits.logins_per_id, Rate { burst: 3, per_second: 0.5 });
        assert!(config.tls.unwrap().key.is_absolute());
    }

    #[test]
    fn a_weakening_value_is_refused() {
        let data = "x";
        let public = Config { listen: "0.0.0.0:1".parse().unwrap(), ..Config::loopback(data) };
        let ops = Config { ops_listen: Some("0.0.0.0:1".parse().unwrap()), ..Config::loopback(data) };
        let weak = Config { pbkdf2_iterations: 99_999, ..Config::loopback(data) };
        let mut deaf = Config::loopback(data);
        deaf.limits.keep_alive_s = 0;
        let mut narrow = Config::loopback(data);
        narrow.limits.device_queue = 20_000;
        for config in [public, ops, weak, deaf, narrow] {
            assert!(matches!(config.validate(), Err(ConfigError::Refused(_))), "{config:?}");
        }
        assert!(Config::loopback(data).validate().is_ok());
    }

    #[test]
    fn a_network_holds_its_addresses() {
        let network: Prefix = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.1".parse().unwrap()));
        assert!(!network.contains("10.2.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        let everything: Prefix = "::/0".parse().unwrap();
        assert!(everything.contains("2001:db8::1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "x/8", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong} was taken");
        }
    }
}
