//! Scheme, host and port of a site or of a request, in one spelling; and the addresses that are never
//! connected to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::Authority;

/// `http` or `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// An origin in the sense of RFC 6454: the host is lower case, the port always there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    /// As in a URL: an IPv6 address stands in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Scheme {
    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Origin {
    /// Reads the origin of a request target that carries scheme and authority. `None` when a part is missing
    /// or has a form that no site can have.
    pub(crate) fn of_request(uri: &Uri) -> Option<Self> {
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        Self::of_authority(scheme, uri.authority()?)
    }

    /// Reads an authority, as in the target of a CONNECT.
    pub(crate) fn of_authority(scheme: Scheme, authority: &Authority) -> Option<Self> {
        let text = authority.as_str();
        if text.contains('@') {
            return None;
        }
        let host = authority.host().to_ascii_lowercase();
        let port = match text.get(authority.host().len()..)? {
            "" => scheme.default_port(),
            rest => rest.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
        };
        (!host.is_empty() && !host.ends_with('.')).then_some(Self { scheme, host, port })
    }

    /// Returns `host[:port]` as browsers write it in `Host`.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Returns the host without the brackets of an IPv6 address.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the address, if the host is written as one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.bare_host().parse().ok()
    }

    /// Tells whether the host is declared as this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.address().is_some_and(|address| canonical(address).is_loopback())
    }

    /// Tells whether the host is written as an address that is refused whatever the configuration says.
    pub(crate) fn is_never_permitted(&self) -> bool {
        self.address().is_some_and(|address| !is_permitted(address, true))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// Tells whether the connector may connect to an address. Loopback counts only for an upstream that is
/// declared as loopback; link-local (which holds the metadata services of clouds), unspecified, multicast and
/// broadcast addresses never do, in whatever form of IPv6 they are wrapped.
pub(crate) fn is_permitted(address: IpAddr, loopback_declared: bool) -> bool {
    /// The metadata service of AWS over IPv6.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
    /// The metadata service of Alibaba Cloud, in shared address space.
    const SHARED_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

    let address = canonical(address);
    if address.is_unspecified() || address.is_multicast() {
        return false;
    }
    if address.is_loopback() {
        return loopback_declared;
    }
    match address {
        IpAddr::V4(address) => {
            !address.is_link_local()
                && !address.is_broadcast()
                && address.octets()[0] != 0
                && address != SHARED_METADATA
        }
        IpAddr::V6(address) => !address.is_unicast_link_local() && address != METADATA,
    }
}

/// Unwraps IPv4 addresses inside IPv6: mapped, compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_one_origin() {
        for (uri, expected) in [
            ("https://Wiki.Example.com/a", "https://wiki.example.com"),
            ("https://wiki.example.com:443/", "https://wiki.example.com"),
            ("http://wiki.example.com:8080/", "http://wiki.example.com:8080"),
            ("http://[fd12::5]:80/", "http://[fd12::5]"),
        ] {
            let origin = Origin::of_request(&uri.parse().unwrap()).unwrap();
            assert_eq!(origin.to_string(), expected);
        }
    }

    #[test]
    fn origins_that_no_site_can_have_are_refused() {
        for uri in [
            "/path",
            "https://user@wiki.example.com/",
            "https://wiki.example.com./",
            "https://wiki.example.com:0/",
            "https://wiki.example.com:99999/",
            "ftp://wiki.example.com/",
        ] {
            let Ok(uri) = uri.parse() else { continue };
            assert_eq!(Origin::of_request(&uri), None, "{uri} was taken");
        }
    }

    #[test]
    fn ab_58_addresses_of_metadata_services_and_this_machine_are_refused_in_every_form() {
        for never in [
            "169.254.169.254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::169.254.169.254",
            "fd00:ec2::254",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
            "100.100.100.200",
        ] {
            assert!(!is_permitted(never.parse().unwrap(), true), "{never} was permitted");
        }
        for loopback in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            assert!(!is_permitted(loopback.parse().unwrap(), false), "{loopback} was permitted");
            assert!(is_permitted(loopback.parse().unwrap(), true));
        }
        for company in ["10.0.0.5", "192.168.1.1", "172.16.0.1", "fd12::5", "93.184.216.34", "100.64.0.1"] {
            assert!(is_permitted(company.parse().unwrap(), false), "{company} was refused");
        }
    }
}
