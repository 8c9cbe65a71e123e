//! The command line of WebView2's browser process. Pure.
//!
//! Naming any argument drops the ones that the library would give, so this is all of it. Every local user can read a
//! command line: it holds the proxy's port and no credentials.

use std::net::SocketAddr;

/// What a page does not get, whatever the engine's defaults become.
const OFF: &[&str] = &[
    // Reports addresses to Microsoft, shows a menu over selected words, and searches the web for them.
    "msSmartScreenProtection",
    "msWebOOUI",
    "msPdfOOUI",
    // Resolvers of the engine's own, and connections before anybody asks for them.
    "DnsOverHttps",
    "AsyncDns",
    "NoStatePrefetch",
    "Prerender2",
    // A page must not reach devices beside the tunnel, nor other apps.
    "WebBluetooth",
    "WebUSB",
    "WebHID",
    "WebTransport",
    "DirectSockets",
    // Casts to devices in the network around.
    "MediaRouter",
];

/// Returns the arguments of a browser process whose only way out is the proxy at this address.
pub(super) fn browser_arguments(proxy: SocketAddr) -> String {
    let ways = [
        format!("--proxy-server=http://{proxy}"),
        // Without it, Chromium goes to loopback addresses past the proxy.
        "--proxy-bypass-list=<-loopback>".to_owned(),
        // UDP knows no proxy.
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp".to_owned(),
        "--disable-quic".to_owned(),
        "--dns-prefetch-disable".to_owned(),
        "--no-pings".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-domain-reliability".to_owned(),
        "--disable-sync".to_owned(),
        "--no-first-run".to_owned(),
        format!("--disable-features={}", OFF.join(",")),
    ];
    ways.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> String {
        browser_arguments("127.0.0.1:49152".parse().unwrap())
    }

    #[test]
    fn the_only_way_out_is_the_proxy_for_loopback_addresses_too() {
        let arguments = arguments();
        let words: Vec<&str> = arguments.split(' ').collect();
        for word in [
            "--proxy-server=http://127.0.0.1:49152",
            "--proxy-bypass-list=<-loopback>",
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--disable-quic",
            "--dns-prefetch-disable",
        ] {
            assert!(words.contains(&word), "{word}");
        }
    }

    #[test]
    fn each_argument_is_given_once_and_none_is_split() {
        let arguments = arguments();
        let mut names: Vec<&str> =
            arguments.split(' ').map(|word| word.split_once('=').map_or(word, |(name, _)| name)).collect();
        assert!(names.iter().all(|name| name.starts_with("--")), "{arguments}");
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn an_address_of_the_sixth_version_is_written_in_brackets() {
        assert!(browser_arguments("[::1]:80".parse().unwrap()).starts_with("--proxy-server=http://[::1]:80 "));
    }
}
