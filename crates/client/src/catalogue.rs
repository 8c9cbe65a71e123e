//! The catalogue as the proxy asks it: which origin is a site, and how is it reached.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use latchgate_tunnel::catalogue::Catalogue;
use tracing::warn;
use url::{Host, Url};

use crate::limits::NOTE;
use crate::traffic::{Meters, Traffic};
use crate::view::{BrandView, SiteView};

/// How a site's pages are addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// One origin that the person may open.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) scheme: Scheme,
    /// In lower case, an IPv6 address in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `host`, with the port where it is not the scheme's own.
    pub(crate) authority: String,
    /// Bytes pass untouched.
    pub(crate) passthrough: bool,
    /// Certificates (PEM) of the company's authority, where bytes pass untouched.
    pub(crate) ca: Option<String>,
    /// How much its pages move.
    pub(crate) traffic: Arc<Traffic>,
}

/// The sites by host and port.
#[derive(Debug, Default)]
pub(crate) struct SiteIndex {
    sites: HashMap<(String, u16), Vec<Arc<Site>>>,
}

/// The present index, shared with the proxy.
pub(crate) type Sites = ArcSwap<SiteIndex>;

impl Scheme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Site {
    /// Returns its address without a path: `https://wiki.example.com`.
    fn address(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority)
    }

    /// Tells whether `authority`, as a browser wrote it, names this very origin.
    pub(crate) fn is_named(&self, authority: &str) -> bool {
        authority.eq_ignore_ascii_case(&self.authority)
            || authority.rsplit_once(':').is_some_and(|(host, port)| {
                host.eq_ignore_ascii_case(&self.host) && port.parse() == Ok(self.port) && !port.starts_with('+')
            })
    }
}

impl SiteIndex {
    /// Sorts a catalogue. Sites without a usable address, and addresses of the device itself, are left out.
    pub(crate) fn new(catalogue: &Catalogue, meters: &Meters) -> Self {
        let mut index = Self::default();
        for view in &catalogue.sites {
            match read_site(&view.url, view.passthrough) {
                Some(site) => {
                    let ca = view.ca.clone().filter(|_| view.passthrough);
                    index.add(Site { traffic: meters.of(&site.address()), ca, ..site });
                }
                None => warn!(name = view.name, "a site of the catalogue has no usable address"),
            }
        }
        index
    }

    fn add(&mut self, site: Site) {
        let sites = self.sites.entry((site.host.clone(), site.port)).or_default();
        if sites.iter().all(|known| known.scheme != site.scheme) {
            sites.push(Arc::new(site));
        }
    }

    /// Finds the site of a scheme, host and port.
    pub(crate) fn find(&self, scheme: Scheme, host: &str, port: u16) -> Option<Arc<Site>> {
        self.at(host, port).iter().find(|site| site.scheme == scheme).cloned()
    }

    /// Finds the site that a raw connection to host and port is for: the encrypted one where there are two.
    pub(crate) fn find_any(&self, host: &str, port: u16) -> Option<Arc<Site>> {
        self.find(Scheme::Https, host, port).or_else(|| self.find(Scheme::Http, host, port))
    }

    fn at(&self, host: &str, port: u16) -> &[Arc<Site>] {
        self.sites.get(&(host.to_ascii_lowercase(), port)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Returns what the screens show.
pub(crate) fn views(catalogue: &Catalogue) -> Vec<SiteView> {
    let view = |site: &latchgate_tunnel::catalogue::SiteView| SiteView {
        name: site.name.clone(),
        url: site.url.clone(),
        icon: site.icon.clone().filter(|icon| is_harmless_icon(icon)),
        group: site.group.clone(),
        reachable: site.reachable,
    };
    catalogue.sites.iter().filter(|site| read_site(&site.url, false).is_some()).map(view).collect()
}

/// Finds the site of the catalogue that an address belongs to.
pub(crate) fn site_of<'a>(address: &Url, sites: &'a [SiteView]) -> Option<&'a SiteView> {
    sites.iter().find(|site| Url::parse(&site.url).is_ok_and(|site| site.origin() == address.origin()))
}

/// Returns how the company wants to look, as far as it is harmless.
pub(crate) fn brand(catalogue: &Catalogue) -> Option<BrandView> {
    let brand = catalogue.brand.clone()?;
    Some(BrandView {
        accent: brand.accent.filter(|accent| is_colour(accent)),
        logo: brand.logo.filter(|logo| is_picture(logo)),
        note: brand.note.map(|note| note.chars().filter(|c| !c.is_control()).take(NOTE).collect()),
    })
}

/// `#rrggbb`, and nothing that a style could take for more.
fn is_colour(text: &str) -> bool {
    text.len() == 7 && text.strip_prefix('#').is_some_and(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Text, or a picture that is part of the catalogue: nothing that the shell would have to load.
fn is_harmless_icon(icon: &str) -> bool {
    is_picture(icon) || (icon.chars().count() <= 16 && !icon.contains(':'))
}

/// A picture that carries its own content; as an image it runs no script.
fn is_picture(text: &str) -> bool {
    text.starts_with("data:image/png;base64,") || text.starts_with("data:image/svg+xml")
}

fn read_site(url: &str, passthrough: bool) -> Option<Site> {
    let url = Url::parse(url).ok()?;
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let host = url.host()?;
    if is_own_device(&host) || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let (host, port) = (host.to_string(), url.port_or_known_default().filter(|port| *port != 0)?);
    let authority = if port == scheme.default_port() { host.clone() } else { format!("{host}:{port}") };
    Some(Site { scheme, host, port, authority, passthrough, ca: None, traffic: Arc::default() })
}

/// Addresses that mean this device or its cable, which a catalogue must never redirect.
fn is_own_device<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            name.is_empty() || name.ends_with('.') || name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => is_own_address((*address).into()),
        Host::Ipv6(address) => is_own_address(address.to_canonical()),
    }
}

fn is_own_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast()
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use latchgate_tunnel::catalogue::{Brand, PersonView};
    use latchgate_tunnel::rules::DeviceRules;

    use super::*;

    pub(crate) fn catalogue(urls: &[&str]) -> Catalogue {
        let site = |url: &&str| latchgate_tunnel::catalogue::SiteView {
            name: (*url).to_owned(),
            url: (*url).trim_start_matches("raw+").to_owned(),
            icon: None,
            group: None,
            passthrough: url.starts_with("raw+"),
            ca: None,
            reachable: None,
        };
        let person = PersonView { name: "Ada".to_owned() };
        Catalogue {
            company: "Example Ltd".to_owned(),
            person,
            sites: urls.iter().map(site).collect(),
            brand: None,
            rules: DeviceRules::default(),
            time: None,
        }
    }

    #[test]
    fn a_site_is_found_by_its_exact_origin_only() {
        let catalogue = catalogue(&["https://wiki.example.com", "http://wiki.example.com:8080/start"]);
        let index = SiteIndex::new(&catalogue, &Meters::default());
        assert_eq!(index.find(Scheme::Https, "WIKI.example.com", 443).unwrap().authority, "wiki.example.com");
        assert_eq!(index.find_any("wiki.example.com", 8080).unwrap().authority, "wiki.example.com:8080");
        for (scheme, host, port) in [
            (Scheme::Http, "wiki.example.com", 443),
            (Scheme::Https, "wiki.example.com", 8080),
            (Scheme::Https, "wiki.example.com.", 443),
            (Scheme::Https, "example.com", 443),
            (Scheme::Https, "x.wiki.example.com", 443),
        ] {
            assert!(index.find(scheme, host, port).is_none(), "{host}:{port}");
        }
    }

    #[test]
    fn ab_75_addresses_of_the_device_itself_are_never_sites() {
        let urls = [
            "http://127.0.0.1",
            "http://127.1:8080",
            "http://2130706433",
            "http://0x7f.1",
            "http://[::1]",
            "http://[::ffff:127.0.0.1]",
            "http://0.0.0.0",
            "http://localhost",
            "http://LOCALHOST.",
            "http://a.localhost",
            "http://169.254.169.254",
            "http://[fe80::1]",
            "http://wiki.example.com.",
            "http://user@wiki.example.com",
            "ftp://wiki.example.com",
            "nonsense",
        ];
        assert!(SiteIndex::new(&catalogue(&urls), &Meters::default()).sites.is_empty());
        assert!(views(&catalogue(&urls)).is_empty());
    }

    #[test]
    fn an_authority_names_its_own_site_only() {
        let site = read_site("https://wiki.example.com", false).unwrap();
        for named in ["wiki.example.com", "WIKI.example.com", "wiki.example.com:443"] {
            assert!(site.is_named(named), "{named}");
        }
        for other in
            ["wiki.example.com:80", "wiki.example.com.", "a@wiki.example.com", "evil.com", "", "wiki.example.com:+443"]
        {
            assert!(!site.is_named(other), "{other}");
        }
        let ported = read_site("http://[fd00::1]:8080", false).unwrap();
        assert!(ported.is_named("[fd00::1]:8080") && !ported.is_named("[fd00::1]"));
    }

    #[test]
    fn what_the_company_does_not_reach_is_said() {
        let mut catalogue = catalogue(&["https://wiki.example.com", "https://build.example.com"]);
        catalogue.sites[1].reachable = Some(false);
        let said: Vec<_> = views(&catalogue).iter().map(|site| site.reachable).collect();
        assert_eq!(said, [None, Some(false)]);
    }

    #[test]
    fn a_brand_is_a_colour_a_picture_and_a_line_and_nothing_else() {
        let mut catalogue = catalogue(&[]);
        assert_eq!(brand(&catalogue), None);
        let branded = |accent: &str, logo: &str, note: &str| {
            let some = |text: &str| Some(text.to_owned());
            Some(Brand { accent: some(accent), logo: some(logo), note: some(note) })
        };
        catalogue.brand = branded("#0b6e4f", "data:image/png;base64,AAAA", "Help desk: 200");
        let whole = brand(&catalogue).unwrap();
        assert_eq!((whole.accent.as_deref(), whole.note.as_deref()), (Some("#0b6e4f"), Some("Help desk: 200")));
        assert!(whole.logo.is_some());
        catalogue.brand = branded("#0b6e4f;x", "https://tracker.example/l.png", "two\nlines");
        let rest = BrandView { accent: None, logo: None, note: Some("twolines".to_owned()) };
        assert_eq!(brand(&catalogue), Some(rest));
        catalogue.brand = branded("#éé11", "data:text/html,x", "");
        assert_eq!(brand(&catalogue).unwrap().accent, None);
    }

    #[test]
    fn a_page_belongs_to_the_site_of_its_origin() {
        let sites = views(&catalogue(&["https://wiki.example.com/start", "http://wiki.example.com:8080"]));
        let name = |address: &str| site_of(&Url::parse(address).unwrap(), &sites).map(|site| site.name.as_str());
        assert_eq!(name("https://wiki.example.com/a?b#c"), Some("https://wiki.example.com/start"));
        assert_eq!(name("http://wiki.example.com:8080/x"), Some("http://wiki.example.com:8080"));
        assert_eq!(name("http://wiki.example.com/x"), None);
    }

    #[test]
    fn icons_are_text_or_pictures_inside_the_catalogue() {
        for harmless in ["📚", "W", "data:image/png;base64,AAAA"] {
            assert!(is_harmless_icon(harmless));
        }
        for other in ["https://tracker.example/i.png", "javascript:x", "data:text/html,x"] {
            assert!(!is_harmless_icon(other));
        }
    }
}
