//! The gateway's origin: scheme, host and port, and nothing else.
//!
//! It arrives in a pairing code that anybody may have printed, so each way in which it could mislead has a
//! name of its own.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use url::{Host, Url};

/// Whether plain `http` is allowed, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// To loopback addresses only: a gateway on the same machine.
    ToLoopback,
    /// To any host: tests, benchmarks, a TLS terminator in front (`--allow-plain-http`).
    Allowed,
}

/// A gateway's address: `https://host[:port]`, or `http` where [`PlainHttp`] allows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GatewayOrigin(Url);

/// Why a text is not the origin of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OriginError {
    /// Not a URL at all.
    #[error("the gateway address is not a URL")]
    NotAUrl,
    /// Neither https nor an allowed http.
    #[error("the gateway address must begin with https://")]
    NotHttps,
    /// A user name or password in front of the host.
    #[error("the gateway address must not carry a user name")]
    UserInfo,
    /// A path, query or fragment.
    #[error("the gateway address must end after the host and port")]
    NotAnOrigin,
    /// No host, or port 0.
    #[error("the gateway address has no usable host or port")]
    NoHost,
    /// A name with letters of other scripts, which can look like another name.
    #[error("the gateway address must be written in ASCII letters, found {0}")]
    Homograph(String),
    /// An address literal that belongs to a private network.
    #[error("the gateway address is a private network address")]
    PrivateAddress,
}

impl GatewayOrigin {
    /// The longest text form, in bytes.
    pub const MAX_LENGTH: usize = 255;

    /// Reads an origin.
    ///
    /// # Errors
    /// [`OriginError`] names what is wrong with it.
    pub fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, OriginError> {
        if !text.is_ascii() {
            return Err(OriginError::Homograph(text.escape_unicode().take(64).collect()));
        }
        let url = Url::parse(text).map_err(|_| OriginError::NotAUrl)?;
        if text.len() > Self::MAX_LENGTH {
            return Err(OriginError::NotAnOrigin);
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(OriginError::UserInfo);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::NotAnOrigin);
        }
        if url.port() == Some(0) {
            return Err(OriginError::NoHost);
        }
        let host = url.host().ok_or(OriginError::NoHost)?;
        if let Host::Domain(name) = &host
            && name.split('.').any(|label| label.starts_with("xn--"))
        {
            return Err(OriginError::Homograph((*name).to_owned()));
        }
        let loopback = is_loopback(&host);
        match url.scheme() {
            "https" => {}
            "http" if loopback || plain_http == PlainHttp::Allowed => {}
            _ => return Err(OriginError::NotHttps),
        }
        if !loopback && plain_http == PlainHttp::ToLoopback && is_private(&host) {
            return Err(OriginError::PrivateAddress);
        }
        let origin = Self(url);
        // `https:host` and `https://1` are longer when they are written.
        if origin.to_string().len() > Self::MAX_LENGTH {
            return Err(OriginError::NotAnOrigin);
        }
        Ok(origin)
    }

    /// Returns the host as it stands in the URL.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the port, the scheme's default where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Tells whether the origin is `https`.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns the URL below the origin; `path` begins with `/`.
    #[must_use]
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn is_private(host: &Host<&str>) -> bool {
    let address: IpAddr = match host {
        Host::Domain(_) => return false,
        Host::Ipv4(address) => (*address).into(),
        Host::Ipv6(address) => address.to_canonical(),
    };
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local() || address.is_unspecified(),
    }
}

impl fmt::Display for GatewayOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Serialize for GatewayOrigin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GatewayOrigin {
    /// Reads an origin that was checked when it was stored.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text, PlainHttp::Allowed).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_without_a_slash() {
        let origin = GatewayOrigin::parse("https://gateway.example.com", PlainHttp::ToLoopback).unwrap();
        assert_eq!(origin.to_string(), "https://gateway.example.com");
        assert_eq!((origin.host(), origin.port(), origin.is_tls()), ("gateway.example.com", 443, true));
        let local = GatewayOrigin::parse("http://127.0.0.1:8443", PlainHttp::ToLoopback).unwrap();
        assert_eq!((local.port(), local.is_tls()), (8443, false));
    }

    #[test]
    fn each_misleading_origin_has_its_own_name() {
        let refuse = |text| GatewayOrigin::parse(text, PlainHttp::ToLoopback).unwrap_err();
        assert_eq!(refuse("gateway"), OriginError::NotAUrl);
        assert_eq!(refuse("http://gateway.example.com"), OriginError::NotHttps);
        assert_eq!(refuse("ftp://gateway.example.com"), OriginError::NotHttps);
        assert_eq!(refuse("https://bank@evil.example"), OriginError::UserInfo);
        assert_eq!(refuse("https://@evil.example"), OriginError::UserInfo);
        assert_eq!(refuse("https://g.example/path"), OriginError::NotAnOrigin);
        assert_eq!(refuse("https://g.example/?q"), OriginError::NotAnOrigin);
        assert_eq!(refuse("https://g.example:0"), OriginError::NoHost);
        assert_eq!(refuse("https://10.0.0.1"), OriginError::PrivateAddress);
        assert_eq!(refuse("https://[fe80::1]"), OriginError::PrivateAddress);
        assert!(matches!(refuse("https://gаteway.example"), OriginError::Homograph(_)));
        assert!(matches!(refuse("https://xn--gteway-6fg.example"), OriginError::Homograph(_)));
    }

    #[test]
    fn an_origin_is_not_longer_when_it_is_written() {
        let longest = format!("https://{}g", "g.".repeat(123));
        assert_eq!(GatewayOrigin::parse(&longest, PlainHttp::ToLoopback).unwrap().to_string(), longest);
        let growing = format!("https:{}g", "g.".repeat(124));
        assert_eq!((longest.len(), growing.len()), (255, 255));
        assert_eq!(GatewayOrigin::parse(&growing, PlainHttp::ToLoopback), Err(OriginError::NotAnOrigin));
    }

    #[test]
    fn plain_http_to_other_hosts_needs_the_flag() {
        assert!(GatewayOrigin::parse("http://10.0.0.1:80", PlainHttp::Allowed).is_ok());
    }
}
