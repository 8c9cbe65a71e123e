//! One declared site with its way to the upstream.

use std::sync::Arc;

use http::HeaderValue;
use latchgate_tunnel::catalogue::SiteView;

use crate::config::SiteConfig;
use crate::path::NormalPath;
use crate::refusal::Refusal;
use crate::upstream::{Resolve, SystemResolver, Upstream, UpstreamError};

/// A site that requests are forwarded to.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) config: SiteConfig,
    /// The public `host[:port]`, which the upstream sees as `Host`.
    pub(crate) host: HeaderValue,
    pub(crate) upstream: Upstream,
}

impl Site {
    pub(crate) fn new(config: SiteConfig) -> Result<Self, UpstreamError> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    pub(crate) fn with_resolver(config: SiteConfig, resolver: Arc<dyn Resolve>) -> Result<Self, UpstreamError> {
        let host = HeaderValue::from_str(&config.origin.authority()).map_err(|_| UpstreamError::Unusable)?;
        let upstream = Upstream::new(&config, resolver)?;
        Ok(Self { config, host, upstream })
    }

    /// Checks a path against the site's rules and returns its normal form.
    pub(crate) fn admit_path(&self, path: &str) -> Result<NormalPath, Refusal> {
        let refused = |_| {
            let detail = "the path has a form that different servers read differently";
            Refusal::bad_request(latchgate_tunnel::catalogue::error_code::BAD_REQUEST, detail)
        };
        let path = NormalPath::parse(path).map_err(refused)?;
        let rules = &self.config.paths;
        let allowed = rules.allow.is_empty() || rules.allow.iter().any(|prefix| path.is_exactly_below(prefix));
        let denied = rules.deny.iter().any(|prefix| path.is_below(prefix));
        if allowed && !denied { Ok(path) } else { Err(Refusal::SITE_NOT_ALLOWED) }
    }

    pub(crate) fn view(&self) -> SiteView {
        SiteView {
            name: self.config.name.to_string(),
            url: self.config.origin.to_string(),
            icon: self.config.icon.clone(),
            group: self.config.group.clone(),
            passthrough: self.config.passthrough,
            ca: self.config.ca.as_deref().filter(|_| self.config.passthrough).map(certificates),
            reachable: self.upstream.reachable(),
        }
    }
}

/// Takes the certificates out of a file, and nothing else: an administrator may keep a key beside them.
fn certificates(pem: &[u8]) -> String {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let bodies = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    bodies.map(|(body, _)| format!("{BEGIN}{body}{END}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_leave_a_file() {
        let one = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let two = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n";
        assert_eq!(certificates(format!("# ours\n{one}{key}{two}").as_bytes()), format!("{one}{two}"));
        assert_eq!(certificates(key.as_bytes()), "");
        assert_eq!(certificates(b"-----BEGIN CERTIFICATE-----\nAAAA"), "");
    }
}
