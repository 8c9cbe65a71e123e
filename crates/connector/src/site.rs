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
            reachable: self.upstream.reachable(),
        }
    }
}
