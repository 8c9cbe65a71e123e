//! `connector.toml`: how to reach the gateway, and which sites there are.
//!
//! 1. [`Config::load`] reads the text; an unknown field is refused with its line and the nearest known name.
//! 2. Every site is checked as a whole: what cannot work is refused before the connector connects.
//! 3. [`Config::warnings`] names what works and is probably not meant, such as a site that nobody may open.
//!
//! People and devices are not here: they live in the store and are managed by the command line.

mod brand;
mod devices;
mod raw;
mod site;
mod template;

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use latchgate_link::dial::{DialConfig, TlsRoots};
use latchgate_protocol::GatewayOrigin;
use latchgate_protocol::origin::{OriginError, PlainHttp};
use latchgate_tunnel::catalogue::Brand;
use latchgate_tunnel::rules::DeviceRules;
use thiserror::Error;
use url::Url;

pub(crate) use site::{Allow, Identity, SiteConfig, SiteName};
pub(crate) use template::{Template, render_template};

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("could not read {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is not TOML, or has a field of another name or type.
    #[error("line {line}: {message}")]
    Malformed {
        /// Where.
        line: usize,
        /// What was found, and the nearest known name.
        message: String,
    },
    /// The gateway's address is not one.
    #[error("[gateway] url")]
    Gateway(#[from] OriginError),
    /// A value has the right type and makes no sense.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A site makes no sense.
    #[error("site `{site}`: {problem}")]
    Site {
        /// Its name.
        site: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Who confirms the check code before a device's first request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Nobody, unless the code was printed.
    #[default]
    Never,
    /// The person to whom the device belongs.
    Person,
    /// An administrator.
    Administrator,
}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) data: PathBuf,
    pub(crate) company: String,
    pub(crate) confirm: Confirm,
    pub(crate) device_rules: DeviceRules,
    pub(crate) brand: Option<Brand>,
    threads: Option<NonZeroUsize>,
    pub(crate) gateway: GatewayOrigin,
    pub(crate) plain_http: PlainHttp,
    pub(crate) roots: TlsRoots,
    pub(crate) proxy: Option<Url>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) sites: Vec<SiteConfig>,
    source: Option<PathBuf>,
    written: Option<Written>,
}

/// When a file was written, and how long it is: the clock of a file system is not fine enough to tell any two writes
/// apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    at: SystemTime,
    length: u64,
}

impl Written {
    /// Looks at a file; `None` where there is none to look at.
    pub(crate) fn look(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { at: metadata.modified().ok()?, length: metadata.len() })
    }
}

impl Config {
    /// Reads and checks a file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// [`ConfigError`] names the first thing that is wrong.
    pub fn load(path: &Path, plain_http: PlainHttp) -> Result<Self, ConfigError> {
        // Looked at first: a write that comes while the file is read counts as a change.
        let written = Written::look(path);
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut config = Self::parse(&text, folder, plain_http)?;
        config.source = Some(path.to_owned());
        config.written = written;
        Ok(config)
    }

    /// Checks a configuration text; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// [`ConfigError`] names the first thing that is wrong.
    pub fn parse(text: &str, folder: &Path, plain_http: PlainHttp) -> Result<Self, ConfigError> {
        let raw = raw::read(text)?;
        let plain_http = if raw.gateway.allow_plain_http { PlainHttp::Allowed } else { plain_http };
        let gateway = GatewayOrigin::parse(&raw.gateway.url, plain_http)?;
        let sites = raw.site.into_iter().map(|site| SiteConfig::check(site, folder)).collect::<Result<Vec<_>, _>>()?;
        refuse_duplicates(&sites)?;
        Ok(Self {
            data: folder.join(raw.data),
            company: raw.name.unwrap_or_else(|| "Your company".to_owned()),
            confirm: raw.confirm,
            device_rules: devices::check(&raw.devices)?,
            brand: brand::check(raw.brand, folder)?,
            threads: raw.threads,
            gateway,
            plain_http,
            roots: read_roots(raw.gateway.ca.as_deref(), folder)?,
            proxy: raw.gateway.proxy.as_deref().map(check_proxy).transpose()?,
            local: raw.local.map(|local| check_local(local.listen)).transpose()?,
            sites,
            source: None,
            written: None,
        })
    }

    /// Reads only where the data lies, for `init` beside a configuration that is not finished.
    pub(crate) fn data_folder(text: &str, folder: &Path) -> Result<PathBuf, ConfigError> {
        raw::read(text).map(|raw| folder.join(raw.data))
    }

    /// Returns how many threads serve requests: two on two processors spend more on waking each other than they
    /// gain.
    #[must_use]
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2));
        self.threads.map_or_else(half, NonZeroUsize::get)
    }

    /// Returns the folder that holds the store and the key file.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Returns the gateway's origin.
    #[must_use]
    pub fn gateway(&self) -> &GatewayOrigin {
        &self.gateway
    }

    /// Returns the file that the configuration was read from, if it was.
    pub(crate) fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// Returns how that file was written when it was read.
    pub(crate) fn written(&self) -> Option<Written> {
        self.written
    }

    /// Returns how to dial the gateway.
    #[must_use]
    pub fn dial(&self) -> DialConfig {
        DialConfig { gateway: self.gateway.clone(), roots: self.roots.clone(), proxy: self.proxy.clone() }
    }

    /// Names what works and is probably not meant, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.sites.is_empty() {
            warnings.push("no [[site]] is declared: every request is refused".to_owned());
        }
        warnings.extend(self.sites.iter().flat_map(SiteConfig::warnings));
        warnings
    }
}

fn refuse_duplicates(sites: &[SiteConfig]) -> Result<(), ConfigError> {
    let mut names = HashSet::new();
    let mut origins = HashSet::new();
    for site in sites {
        let problem = if !names.insert(site.name.as_str().to_lowercase()) {
            "another site has the same name"
        } else if !origins.insert(&site.origin) {
            "another site has the same url"
        } else {
            continue;
        };
        return Err(ConfigError::Site { site: site.name.to_string(), problem: problem.to_owned() });
    }
    Ok(())
}

fn read_roots(ca: Option<&Path>, folder: &Path) -> Result<TlsRoots, ConfigError> {
    let Some(ca) = ca else { return Ok(TlsRoots::Platform) };
    let path = folder.join(ca);
    match std::fs::read(&path) {
        Ok(pem) => Ok(TlsRoots::Pem(pem)),
        Err(source) => Err(ConfigError::Io { path, source }),
    }
}

fn check_proxy(text: &str) -> Result<Url, ConfigError> {
    let invalid = |problem: &str| ConfigError::Invalid { field: "[gateway] proxy", problem: problem.to_owned() };
    let url = Url::parse(text).map_err(|_| invalid("not a URL"))?;
    if url.scheme() != "http" || url.host_str().is_none() {
        return Err(invalid("expected http://[user:password@]host:port"));
    }
    Ok(url)
}

fn check_local(address: SocketAddr) -> Result<SocketAddr, ConfigError> {
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(ConfigError::Invalid { field: "[local] listen", problem: "expected a loopback address".to_owned() })
}

#[cfg(test)]
mod tests;
