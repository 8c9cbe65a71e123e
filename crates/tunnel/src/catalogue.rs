//! What the connector answers about itself inside the tunnel, on a reserved authority.
//!
//! 1. `GET http://connector.latchgate.internal/v1/catalogue` answers a [`Catalogue`]: the sites that the
//!    paired person may open. It has an `ETag`; asked with `If-None-Match`, the connector answers 304 while nothing
//!    has changed, and says its time in [`TIME_HEADER`].
//! 2. `GET http://connector.latchgate.internal/v1/ping` answers 204: the company can be reached.
//! 3. The person's own devices are in [`devices`](crate::devices).
//!
//! The connector names its own refusals, as opposed to a site's, in the header [`ERROR_HEADER`].

use serde::{Deserialize, Serialize};

use crate::rules::DeviceRules;

/// The host name of the connector itself; it exists only inside the sealed tunnel.
pub const AUTHORITY: &str = "connector.latchgate.internal";

/// The path of the catalogue.
pub const CATALOGUE_PATH: &str = "/v1/catalogue";

/// The path of the sealed ping.
pub const PING_PATH: &str = "/v1/ping";

/// The response header by which the connector names its own refusals: one value of [`error_code`].
pub const ERROR_HEADER: &str = "latchgate-error";

/// The request header by which a device numbers the browser's connections, in decimal: logins that are bound to
/// a connection (NTLM) keep one at the connector as well. It ends at the connector.
pub const CONNECTION_HEADER: &str = "latchgate-connection";

/// The response header by which the connector says its time beside a catalogue, in Unix seconds.
pub const TIME_HEADER: &str = "latchgate-time";

/// The values of [`ERROR_HEADER`].
pub mod error_code {
    /// The person may not open this site, or not this path of it.
    pub const SITE_NOT_ALLOWED: &str = "site-not-allowed";
    /// No site is declared under this authority.
    pub const SITE_UNKNOWN: &str = "site-unknown";
    /// The person linked to the device is suspended.
    pub const PERSON_SUSPENDED: &str = "person-suspended";
    /// The connector cannot connect to the site.
    pub const UPSTREAM_UNREACHABLE: &str = "upstream-unreachable";
    /// The site's certificate is not one that the connector trusts.
    pub const UPSTREAM_CERTIFICATE: &str = "upstream-certificate";
    /// The site did not answer in time.
    pub const UPSTREAM_TIMEOUT: &str = "upstream-timeout";
    /// The request is not one that the connector forwards.
    pub const BAD_REQUEST: &str = "bad-request";
    /// The check code of this device was not confirmed yet.
    pub const DEVICE_NOT_CONFIRMED: &str = "device-not-confirmed";
    /// The person has no such device.
    pub const DEVICE_UNKNOWN: &str = "device-unknown";
    /// The check code is not the device's.
    pub const CHECK_CODE: &str = "check-code";
}

/// What one person may open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The company's name, as the connector's configuration gives it.
    pub company: String,
    /// The person whom the device is linked to.
    pub person: PersonView,
    /// The sites, in the order of the configuration.
    pub sites: Vec<SiteView>,
    /// How the company wants to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Brand>,
    /// What the company asks of its devices.
    #[serde(default)]
    pub rules: DeviceRules,
    /// The company's time, in Unix seconds: what a device's own clock is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

/// How a company wants to look on its people's screens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// Its colour, as `#rrggbb` in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// Its sign: a `data:` URL of a PNG or SVG picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// A line of the administrator above the sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The person whom a device is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    /// The name that the company calls the person by.
    pub name: String,
}

/// One site of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteView {
    /// What people call it.
    pub name: String,
    /// Its public URL: what the browser shows.
    pub url: String,
    /// An emoji, or a `data:` URL of a PNG or SVG picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// The heading that it stands under in the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether its bytes pass untouched, without an identity.
    #[serde(default)]
    pub passthrough: bool,
    /// Where its bytes pass untouched: certificates (PEM) of the company's authority that vouches for the site's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Whether the connector reached it at its last attempt; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_is_fixed() {
        let catalogue = Catalogue {
            company: "Example Ltd".to_owned(),
            person: PersonView { name: "Ada".to_owned() },
            sites: vec![SiteView {
                name: "Wiki".to_owned(),
                url: "https://wiki.example.com".to_owned(),
                icon: None,
                group: Some("Knowledge".to_owned()),
                passthrough: false,
                ca: None,
                reachable: Some(true),
            }],
            brand: Some(Brand { accent: Some("#0b6e4f".to_owned()), ..Brand::default() }),
            rules: DeviceRules { lock_after: Some(86_400), ..DeviceRules::default() },
            time: Some(7),
        };
        let golden = concat!(
            r#"{"company":"Example Ltd","person":{"name":"Ada"},"sites":[{"name":"Wiki","#,
            r#""url":"https://wiki.example.com","group":"Knowledge","passthrough":false,"reachable":true}],"#,
            r##""brand":{"accent":"#0b6e4f"},"##,
            r#""rules":{"lock_after":86400},"time":7}"#,
        );
        assert_eq!(serde_json::to_string(&catalogue).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Catalogue>(golden).unwrap(), catalogue);
    }

    #[test]
    fn a_newer_connector_may_say_more_and_an_older_one_less() {
        let json = r#"{"company":"C","person":{"name":"P","x":1},"sites":[{"name":"S","url":"u","new":[]}],"y":2}"#;
        let catalogue: Catalogue = serde_json::from_str(json).unwrap();
        assert!(!catalogue.sites[0].passthrough);
        assert_eq!((catalogue.rules, catalogue.time), (DeviceRules::default(), None));
    }
}
