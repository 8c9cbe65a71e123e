//! The commented configuration that `init` writes.

use std::path::Path;

use latchgate_protocol::GatewayOrigin;
use latchgate_protocol::origin::PlainHttp;

/// What `init` knows.
pub(crate) struct Template<'a> {
    pub(crate) data: &'a Path,
    pub(crate) company: Option<&'a str>,
    pub(crate) gateway: &'a GatewayOrigin,
    pub(crate) plain_http: PlainHttp,
    pub(crate) ca: Option<&'a Path>,
}

/// Returns the text of a new `connector.toml`.
pub(crate) fn render_template(template: &Template<'_>) -> String {
    let name = match template.company {
        Some(company) => format!("name = {}", quoted(company)),
        None => "# name = \"Example Ltd\"".to_owned(),
    };
    let plain_http = match template.plain_http {
        PlainHttp::Allowed => "allow_plain_http = true                  # http:// to the gateway: tests only",
        PlainHttp::ToLoopback => "# proxy = \"http://proxy.example.com:3128\" # the way out, where there is one",
    };
    let ca = match template.ca {
        Some(ca) => format!("ca = {}", quoted(&ca.display().to_string())),
        None => "# ca = \"company-ca.pem\"                # the only authorities that count; default: the system's"
            .to_owned(),
    };
    format!(
        r##"# Latchgate connector. `latchgate-connector serve` reads this file again when it changes.

# Holds the store (connector.db), its key (connector.key, keep it secret and back it up) and the audit log.
data = {data}

# What devices call the company.
{name}

# Who compares the check code before a new device's first request: "never", "person" or "administrator".
# The device of a printed code is always confirmed first (`device approve`).
confirm = "never"

[gateway]
url = {gateway}
{plain_http}
{ca}

# Serves the public key of signed identities at http://127.0.0.1:9180/jwks.json
# [local]
# listen = "127.0.0.1:9180"

# What every device is asked to do; without a line it is not asked.
# [devices]
# lock_after = "14d"                          # locks after this time without contact with the company
# erase_after = "90d"                         # erases itself after this time without contact
# auto_lock = "10m"                           # locks when nobody used it for this long, or earlier
# erase_after_tries = 10                      # erases itself after so many wrong passphrases in a row

# How the company looks on its people's screens; without a line it looks like the app itself.
# [brand]
# accent = "#0b6e4f"                          # the colour of what can be pressed
# logo = "logo.svg"                           # a PNG or SVG file of at most 64 KiB
# note = "Help desk: extension 200"           # a line above the sites

# One block for each web application. Nothing is reachable that is not declared here.
#
# [[site]]
# name = "Wiki"
# url = "https://wiki.example.com"            # what the browser shows
# upstream = "http://10.0.0.5:8090"           # where the connector goes; default: url
# allow = ["staff"]                           # groups; ["*"] = everyone paired; [] = nobody
# identity = {{ header = "X-Remote-User" }}     # or {{ jwt = true }}; default: none
# icon = "📚"                                 # an emoji or a data: URL
# group = "Knowledge"                         # the heading in the portal
# paths = ["/"]                               # the only path prefixes that may be opened
# deny_paths = ["/admin"]                     # prefixes that may not
# ca = "company-ca.pem"                       # authorities for this upstream beside the system's; with
#                                             # passthrough the app trusts them for this site
# websocket = true                            # false refuses WebSocket connections
# passthrough = false                         # true: raw TLS to the site, without an identity
"##,
        data = quoted(&template.data.display().to_string()),
        gateway = quoted(template.gateway.to_string().trim_end_matches('/')),
    )
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
