//! One checked site.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use http::HeaderName;
use rustls::pki_types::ServerName;
use url::{Host, Url};

use super::ConfigError;
use super::raw::{RawIdentity, RawSite};
use crate::headers::is_reserved_for_identity;
use crate::limits::{ICON_LENGTH, NAME_LENGTH};
use crate::origin::{Origin, Scheme};
use crate::text::is_misleading;

/// What people call a site; unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SiteName(String);

/// Which groups may open a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Allow {
    Everyone,
    Groups(BTreeSet<String>),
}

/// How a site is told who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    None,
    Header(HeaderName),
    Jwt,
}

/// Prefixes that a normalised path is matched against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PathRules {
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
}

/// One checked site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SiteConfig {
    pub(crate) name: SiteName,
    pub(crate) origin: Origin,
    pub(crate) upstream: Origin,
    pub(crate) allow: Allow,
    pub(crate) identity: Identity,
    pub(crate) passthrough: bool,
    pub(crate) websocket: bool,
    pub(crate) paths: PathRules,
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) tls_name: ServerName<'static>,
    pub(crate) icon: Option<String>,
    pub(crate) group: Option<String>,
}

impl SiteName {
    /// Returns a name that was checked before; `None` where it never can have been.
    pub(crate) fn known(name: &str) -> Option<Self> {
        check_name(name).ok()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Allow {
    /// Tells whether a member of the given groups is meant.
    pub(crate) fn admits<'a>(&self, groups: impl IntoIterator<Item = &'a String>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Groups(allowed) => groups.into_iter().any(|group| allowed.contains(group)),
        }
    }
}

impl SiteConfig {
    /// Checks what was written.
    pub(super) fn check(raw: RawSite, folder: &Path) -> Result<Self, ConfigError> {
        let site = raw.name.clone();
        let refused = |problem: String| ConfigError::Site { site: site.clone(), problem };
        let name = check_name(&raw.name).map_err(refused)?;
        let origin = check_origin("url", &raw.url).map_err(refused)?;
        let upstream = match &raw.upstream {
            Some(upstream) => check_origin("upstream", upstream).map_err(refused)?,
            None => origin.clone(),
        };
        if upstream.is_never_permitted() {
            return Err(refused("upstream is a link-local or metadata address".to_owned()));
        }
        let identity = check_identity(raw.identity).map_err(refused)?;
        let paths = PathRules {
            allow: check_prefixes("paths", raw.paths).map_err(refused)?,
            deny: check_prefixes("deny_paths", raw.deny_paths).map_err(refused)?,
        };
        let ca = match raw.ca {
            None => None,
            Some(ca) => {
                let path = folder.join(ca);
                Some(std::fs::read(&path).map_err(|source| ConfigError::Io { path, source })?)
            }
        };
        let tls_name = check_tls_name(raw.tls_name.as_deref(), &upstream).map_err(refused)?;
        let icon = raw.icon.map(check_icon).transpose().map_err(refused)?;
        let checked = Self {
            name,
            origin,
            upstream,
            allow: check_allow(raw.allow),
            identity,
            passthrough: raw.passthrough,
            websocket: raw.websocket,
            paths,
            ca,
            tls_name,
            icon,
            group: raw.group,
        };
        checked.check_passthrough().map_err(refused)?;
        Ok(checked)
    }

    fn check_passthrough(&self) -> Result<(), String> {
        if !self.passthrough {
            return Ok(());
        }
        if self.origin.scheme != Scheme::Https {
            return Err("passthrough is for an https url".to_owned());
        }
        if self.identity != Identity::None {
            return Err("passthrough and identity exclude each other: raw bytes carry no identity".to_owned());
        }
        if self.paths != PathRules::default() {
            return Err("passthrough and path rules exclude each other: raw bytes show no path".to_owned());
        }
        Ok(())
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(&self.allow, Allow::Groups(groups) if groups.is_empty()) {
            warnings.push(format!("site `{}`: `allow` names no group: nobody may open it", self.name));
        }
        if self.identity != Identity::None && self.upstream.scheme == Scheme::Http && !self.upstream.is_loopback() {
            warnings.push(format!(
                "site `{}`: the identity travels over plain http; the upstream must not be reachable by others",
                self.name
            ));
        }
        warnings
    }
}

fn check_name(name: &str) -> Result<SiteName, String> {
    let trimmed = name.trim();
    if trimmed.is_empty() || trimmed.chars().count() > NAME_LENGTH || trimmed.chars().any(is_misleading) {
        return Err(format!("expected a name of 1 to {NAME_LENGTH} visible characters"));
    }
    Ok(SiteName(trimmed.to_owned()))
}

fn check_origin(field: &str, text: &str) -> Result<Origin, String> {
    let url = Url::parse(text).map_err(|_| format!("{field} is not a URL"))?;
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => return Err(format!("{field}: expected http:// or https://, found {other}:")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{field} must not carry a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{field} must end after the host and port"));
    }
    let host = match url.host() {
        Some(Host::Domain(name)) if name.ends_with('.') => return Err(format!("{field}: the host ends with a dot")),
        Some(host) => host.to_string(),
        None => return Err(format!("{field} has no host")),
    };
    if host == latchgate_tunnel::catalogue::AUTHORITY {
        return Err(format!("{field}: {host} is the connector's own name inside the tunnel"));
    }
    let port = url.port().unwrap_or(scheme.default_port());
    if port == 0 { Err(format!("{field}: port 0 cannot be connected to")) } else { Ok(Origin { scheme, host, port }) }
}

fn check_allow(groups: Vec<String>) -> Allow {
    let groups: BTreeSet<_> =
        groups.iter().map(|group| group.trim()).filter(|group| !group.is_empty()).map(str::to_owned).collect();
    if groups.contains("*") { Allow::Everyone } else { Allow::Groups(groups) }
}

fn check_identity(raw: Option<RawIdentity>) -> Result<Identity, String> {
    let Some(raw) = raw else { return Ok(Identity::None) };
    match (raw.header, raw.jwt) {
        (None, true) => Ok(Identity::Jwt),
        (Some(header), false) => {
            let name: HeaderName =
                header.parse().map_err(|_| "identity.header is not the name of a header".to_owned())?;
            if is_reserved_for_identity(&name) {
                Ok(Identity::Header(name))
            } else {
                Err(format!("identity.header: `{name}` has a meaning of its own and cannot carry an identity"))
            }
        }
        (None, false) | (Some(_), true) => {
            Err("identity: expected either { header = \"…\" } or { jwt = true }".to_owned())
        }
    }
}

fn check_prefixes(field: &str, prefixes: Vec<String>) -> Result<Vec<String>, String> {
    for prefix in &prefixes {
        if crate::path::NormalPath::parse(prefix).ok().is_none_or(|path| path.matched() != prefix) {
            return Err(format!("{field}: `{prefix}` is not a plain path that begins with /"));
        }
    }
    Ok(prefixes)
}

fn check_tls_name(name: Option<&str>, upstream: &Origin) -> Result<ServerName<'static>, String> {
    let name = name.unwrap_or(upstream.bare_host());
    ServerName::try_from(name.to_owned()).map_err(|_| format!("tls_name: `{name}` cannot stand on a certificate"))
}

fn check_icon(icon: String) -> Result<String, String> {
    let picture = ["data:image/png;base64,", "data:image/svg+xml;base64,", "data:image/svg+xml,"]
        .iter()
        .any(|prefix| icon.starts_with(prefix));
    if icon.len() > ICON_LENGTH || (!picture && icon.chars().count() > 8) {
        return Err("icon: expected an emoji or a data: URL of a PNG or SVG of at most 16 KiB".to_owned());
    }
    Ok(icon)
}
