//! What the screens show of pages: those that are kept, what they moved, and how their company looks.

use serde::Serialize;
use ts_rs::TS;

/// How a company wants to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BrandView {
    /// Its colour, as `#rrggbb`.
    pub accent: Option<String>,
    /// Its sign, as a `data:` URL of a picture.
    pub logo: Option<String>,
    /// A line of the administrator.
    pub note: Option<String>,
}

/// Pages of the company's sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeptView {
    /// Those that the person pinned, in the order of pinning.
    pub pinned: Vec<PageLink>,
    /// Those that were opened last and are not pinned, the newest first.
    pub recent: Vec<PageLink>,
}

/// One page of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PageLink {
    /// Its whole address.
    pub url: String,
    /// What it calls itself.
    pub title: String,
    /// The name of its site.
    pub site: String,
    /// The icon of its site.
    pub icon: Option<String>,
}

/// What the pages of a company moved in one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageMonth {
    /// Year and month (UTC), as `2026-11`.
    pub month: String,
    /// Its sites, the one that moved most first.
    pub sites: Vec<SiteUsage>,
}

/// What the pages of one site moved in a month: contents, without what carries them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SiteUsage {
    /// What people call the site; its host where it is not in the catalogue any more.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Bytes from this device.
    #[ts(type = "number")]
    pub sent: u64,
    /// Bytes to this device.
    #[ts(type = "number")]
    pub received: u64,
}
