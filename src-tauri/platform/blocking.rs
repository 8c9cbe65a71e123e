//! The list of what a WebKit view may load, in the words of its content blocker. Pure.
//!
//! WebKit goes to loopback addresses and to the device's own past any proxy, and looks names up early. A view that
//! loads nothing but the catalogue does not get there.

use std::net::IpAddr;

use latchgate_client::view::SiteView;
use serde_json::{Value, json};
use tauri::Url;

/// Returns the rules, as JSON, under which a view loads these hosts and what pages make themselves.
pub(super) fn rules(hosts: &[String]) -> String {
    let mut rules = vec![rule(".*", "block")];
    // What a page holds itself: no network has it.
    for scheme in ["about", "blob", "data"] {
        rules.push(rule(&format!("^{scheme}:"), "ignore-previous-rules"));
    }
    for host in hosts.iter().filter(|host| !is_this_device(host)) {
        let host = escape(host);
        // The blocker's expressions know no alternatives.
        rules.push(rule(&format!("^https?://{host}[:/]"), "ignore-previous-rules"));
        rules.push(rule(&format!("^wss?://{host}[:/]"), "ignore-previous-rules"));
    }
    Value::Array(rules).to_string()
}

/// Returns the hosts of a catalogue, each once.
pub(super) fn hosts(sites: &[SiteView]) -> Vec<String> {
    let addresses = sites.iter().filter_map(|site| Url::parse(&site.url).ok());
    let mut hosts: Vec<String> = addresses.filter_map(|address| address.host_str().map(str::to_owned)).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn rule(filter: &str, action: &str) -> Value {
    json!({ "trigger": { "url-filter": filter }, "action": { "type": action } })
}

/// Takes their meaning from characters that mean something in an expression.
fn escape(host: &str) -> String {
    let mut escaped = String::with_capacity(host.len() * 2);
    for character in host.chars() {
        if !character.is_ascii_alphanumeric() && character != '-' {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Hosts that no proxy is asked about.
fn is_this_device(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    match name.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_unspecified() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(hosts: &[&str]) -> Vec<(String, String)> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let rules: Vec<Value> = serde_json::from_str(&rules(&hosts)).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rules.iter().map(|rule| (text(&rule["trigger"]["url-filter"]), text(&rule["action"]["type"]))).collect()
    }

    #[test]
    fn the_hosts_of_a_catalogue_are_named_once() {
        let site =
            |url: &str| SiteView { name: String::new(), url: url.to_owned(), icon: None, group: None, reachable: None };
        let sites = [site("https://b.example/x"), site("http://a.example:8080"), site("https://b.example"), site("no")];
        assert_eq!(hosts(&sites), ["a.example", "b.example"]);
    }

    #[test]
    fn everything_is_blocked_first() {
        let filters = filters(&[]);
        assert_eq!(filters[0], (".*".to_owned(), "block".to_owned()));
        assert_eq!(filters.len(), 4, "and then nothing but what pages make themselves is let through: {filters:?}");
    }

    #[test]
    fn a_host_of_the_catalogue_loads_by_http_and_by_websocket() {
        let filters = filters(&["wiki.example.com"]);
        let passed: Vec<&str> = filters[4..].iter().map(|(filter, _)| filter.as_str()).collect();
        assert_eq!(passed, [r"^https?://wiki\.example\.com[:/]", r"^wss?://wiki\.example\.com[:/]"]);
        assert!(filters[1..].iter().all(|(_, action)| action == "ignore-previous-rules"));
    }

    #[test]
    fn the_device_itself_is_never_let_through() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "169.254.169.254",
            "[::1]",
            "[fe80::1]",
        ] {
            assert_eq!(filters(&[host]).len(), 4, "{host}");
        }
        assert_eq!(filters(&["10.0.0.5", "localhost.example.com"]).len(), 8);
    }

    #[test]
    fn no_host_can_say_more_than_its_name() {
        assert_eq!(filters(&["a.*|^b"])[4].0, r"^https?://a\.\*\|\^b[:/]");
        assert_eq!(filters(&["[2001:db8::1]"])[4].0, r"^https?://\[2001\:db8\:\:1\][:/]");
    }
}
