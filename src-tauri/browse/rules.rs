//! Where an intranet page may go. Pure functions.

use std::collections::BTreeSet;

use latchgate_client::view::SiteView;
use tauri::Url;

use super::leaving;
use crate::view::PageView;

/// What a window is called before there is anything else to call it.
pub(crate) const APP: &str = "Latchgate";

/// What is done about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It belongs to a site of the catalogue.
    Load,
    /// It leads out of the company: the person may open it elsewhere.
    Ask,
    /// No page may go there.
    Refuse,
}

/// Judges an address against the addresses of the catalogue's sites.
pub(crate) fn judge(url: &Url, sites: &[SiteView]) -> Verdict {
    match url.scheme() {
        "http" | "https" if is_listed(url, sites) => Verdict::Load,
        "https" | "http" if !url.username().is_empty() || url.password().is_some() => Verdict::Refuse,
        "https" => Verdict::Ask,
        "http" if is_elsewhere(url) => Verdict::Ask,
        "mailto" | "tel" if leaving::question(url).is_some() => Verdict::Ask,
        // A page's own empty frames and its own objects in memory.
        "about" if matches!(url.path(), "blank" | "srcdoc") => Verdict::Load,
        "blob" => match Url::parse(url.path()) {
            Ok(owner) if is_listed(&owner, sites) => Verdict::Load,
            _ => Verdict::Refuse,
        },
        _ => Verdict::Refuse,
    }
}

/// Whether an address without encryption is that of another machine, by a name: what is on this machine or beside it
/// is not for a page to lead to.
fn is_elsewhere(url: &Url) -> bool {
    let name = url.domain().unwrap_or_default().trim_end_matches('.');
    name.contains('.') && !name.ends_with(".localhost")
}

fn is_listed(url: &Url, sites: &[SiteView]) -> bool {
    let Some(host) = url.host_str() else { return false };
    addresses(sites).any(|site| site.host_str() == Some(host))
}

fn addresses(sites: &[SiteView]) -> impl Iterator<Item = Url> {
    sites.iter().filter_map(|site| Url::parse(&site.url).ok())
}

/// Reads what a person typed as an address: a whole one; what the portal calls a site; or the host of a site with or
/// without a path, of which the first label is enough, as inside the company.
pub(crate) fn read_address(typed: &str, sites: &[SiteView]) -> Option<Url> {
    let typed = typed.trim();
    if typed.contains("://") {
        return Url::parse(typed).ok();
    }
    if let Some(site) = sites.iter().find(|site| site.name.trim().to_lowercase() == typed.to_lowercase()) {
        return Url::parse(&site.url).ok();
    }
    let guess = Url::parse(&format!("https://{typed}")).ok()?;
    let host = whole_host(guess.host_str()?, sites)?;
    let listed = addresses(sites)
        .find(|site| site.host_str() == Some(&host) && (guess.port().is_none() || site.port() == guess.port()));
    match listed {
        Some(site) => site.join(typed.find('/').map_or("/", |slash| &typed[slash..])).ok(),
        // A completed host is one of the catalogue's, and has no such port there.
        None => (guess.host_str() == Some(&host)).then_some(guess),
    }
}

/// Completes a host of one label, which means nothing outside the company: `None` unless it begins one host of the
/// catalogue and no other.
fn whole_host(typed: &str, sites: &[SiteView]) -> Option<String> {
    let hosts: BTreeSet<String> = addresses(sites).filter_map(|site| site.host_str().map(str::to_owned)).collect();
    if typed.contains(['.', ':']) || hosts.contains(typed) {
        return Some(typed.to_owned());
    }
    let mut begun = hosts.into_iter().filter(|host| host.split_once('.').is_some_and(|(label, _)| label == typed));
    begun.next().filter(|_| begun.next().is_none())
}

/// Returns how the bar shows an address: host and port, and whether it is `https`.
pub(crate) fn place(address: &str) -> (String, bool) {
    let Ok(url) = Url::parse(address) else { return (String::new(), true) };
    let host = url.host_str().unwrap_or_default();
    let shown = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    (shown, url.scheme() != "http")
}

/// Returns what the window of a page is called: as the page, or where it is from.
pub(crate) fn window_title(page: &PageView) -> &str {
    [page.title.trim(), page.host.as_str()].into_iter().find(|text| !text.is_empty()).unwrap_or(APP)
}

/// Returns the hosts of the `https` sites, each once.
pub(crate) fn secure_hosts(sites: &[SiteView]) -> Vec<String> {
    let mut hosts: Vec<String> = addresses(sites)
        .filter(|site| site.scheme() == "https")
        .filter_map(|site| site.host_str().map(str::to_owned))
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites<const N: usize>(urls: [&str; N]) -> [SiteView; N] {
        urls.map(|url| SiteView { name: String::new(), url: url.to_owned(), icon: None, group: None, reachable: None })
    }

    fn catalogue() -> [SiteView; 3] {
        sites(["https://wiki.example.com", "http://canteen.example.com:8080/menu", "https://ci.example.com:8443"])
    }

    fn judged(address: &str) -> Verdict {
        judge(&Url::parse(address).unwrap(), &catalogue())
    }

    #[test]
    fn a_window_always_has_a_title() {
        let mut page = PageView::default();
        assert_eq!(window_title(&page), APP);
        page.host = "wiki.example.com".to_owned();
        page.title = " ".to_owned();
        assert_eq!(window_title(&page), "wiki.example.com");
        page.title = "Handbook".to_owned();
        assert_eq!(window_title(&page), "Handbook");
    }

    #[test]
    fn sites_of_the_catalogue_load() {
        for address in [
            "https://wiki.example.com/a?b#c",
            "http://wiki.example.com/",
            "http://canteen.example.com:8080/",
            "https://WIKI.example.com",
        ] {
            assert_eq!(judged(address), Verdict::Load, "{address}");
        }
    }

    #[test]
    fn addresses_outside_letters_and_calls_are_asked_about() {
        for address in [
            "https://example.org/",
            "https://wiki.example.com.evil.example/",
            "https://evil.example/wiki.example.com",
            "http://example.org/",
            "mailto:maria@example.org",
            "tel:+45-12-34",
        ] {
            assert_eq!(judged(address), Verdict::Ask, "{address}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let refused = [
            "http://printer/",
            "http://ipc.localhost/",
            "http://localhost./",
            "http://192.168.1.1/",
            "http://user:secret@example.org/",
            "mailto:",
            "tel:*%2306%23",
            "sms:+4512345678",
            "file:///etc/passwd",
            "data:text/html,hello",
            "javascript:alert(1)",
            "tauri://localhost/",
            "ipc://localhost/view",
            "ftp://wiki.example.com/",
            "about:config",
            "https://user:secret@example.org/",
            "blob:https://evil.example/1",
            "blob:null/1",
            "view-source:https://wiki.example.com/",
            "ws://wiki.example.com/",
            "http://127.0.0.1/",
            "http://localhost/",
            "http://169.254.169.254/",
            "intent://scan",
            "latchgate://pair",
        ];
        for address in refused {
            assert_eq!(judged(address), Verdict::Refuse, "{address}");
        }
    }

    #[test]
    fn a_page_may_use_its_own_empty_frames_and_objects() {
        for address in ["about:blank", "about:srcdoc", "blob:https://wiki.example.com/1b2c"] {
            assert_eq!(judged(address), Verdict::Load, "{address}");
        }
    }

    #[test]
    fn a_typed_host_becomes_the_address_of_its_site() {
        let read = |typed| read_address(typed, &catalogue()).map(String::from);
        assert_eq!(read(" wiki.example.com "), Some("https://wiki.example.com/".to_owned()));
        assert_eq!(read("wiki.example.com/a?b=c"), Some("https://wiki.example.com/a?b=c".to_owned()));
        assert_eq!(read("canteen.example.com"), Some("http://canteen.example.com:8080/".to_owned()));
        assert_eq!(read("ci.example.com:8443/x"), Some("https://ci.example.com:8443/x".to_owned()));
        assert_eq!(read("example.org"), Some("https://example.org/".to_owned()));
        assert_eq!(read("not an address"), None);
    }

    #[test]
    fn a_site_is_typed_by_the_first_label_of_its_host_or_by_its_name() {
        let mut sites = sites([
            "https://wiki.example.com",
            "http://wiki.example.com",
            "https://ci.example.com:8443",
            "https://time.example.com",
            "https://time.partner.example",
            "http://printer",
        ]);
        sites[3].name = "Time sheet".to_owned();
        let read = |typed| read_address(typed, &sites).map(String::from);
        assert_eq!(read("wiki"), Some("https://wiki.example.com/".to_owned()));
        assert_eq!(read("Wiki/a?b=c"), Some("https://wiki.example.com/a?b=c".to_owned()));
        assert_eq!(read("ci"), Some("https://ci.example.com:8443/".to_owned()));
        assert_eq!(read("printer/status"), Some("http://printer/status".to_owned()));
        assert_eq!(read("time sheet"), Some("https://time.example.com/".to_owned()));
        for nowhere in ["time", "nothing", "localhost", "example", "wiki:9999"] {
            assert_eq!(read(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn the_bar_shows_host_and_port() {
        assert_eq!(place("https://wiki.example.com/a"), ("wiki.example.com".to_owned(), true));
        assert_eq!(place("http://canteen.example.com:8080/"), ("canteen.example.com:8080".to_owned(), false));
        assert_eq!(place(""), (String::new(), true));
    }

    #[test]
    fn each_secure_host_is_named_once() {
        let sites = sites([
            "https://b.example/x",
            "https://b.example/y",
            "http://c.example",
            "https://a.example:8443",
            "nonsense",
        ]);
        assert_eq!(secure_hosts(&sites), ["a.example", "b.example"]);
    }
}
