//! What lies in a drawer, as JSON under the seal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::Login;
use crate::limits::{LOGINS, PINNED, RECENT, SIZES, USAGE_MONTHS};
use crate::traffic::Amount;

/// The version that is written.
pub(super) const VERSION: u32 = 1;

/// A month, as `2026-11`: their order is that of time.
pub(super) type Month = String;

/// What each site moved: sent and received, in bytes, by its address.
pub(super) type Used = BTreeMap<String, (u64, u64)>;

/// Everything that is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) pinned: Vec<Page>,
    /// The newest first.
    #[serde(default)]
    pub(super) recent: Vec<Page>,
    /// In percent, by host.
    #[serde(default)]
    pub(super) sizes: BTreeMap<String, u16>,
    #[serde(default)]
    pub(super) usage: BTreeMap<Month, Used>,
    #[serde(default)]
    pub(super) logins: Vec<Login>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) title: String,
}

impl Default for Contents {
    fn default() -> Self {
        Self {
            version: VERSION,
            pinned: Vec::new(),
            recent: Vec::new(),
            sizes: BTreeMap::new(),
            usage: BTreeMap::new(),
            logins: Vec::new(),
        }
    }
}

impl Contents {
    /// Puts a page in front. Each of these returns whether that changed anything.
    pub(super) fn visit(&mut self, mut page: Page) -> bool {
        if self.recent.first() == Some(&page) {
            return false;
        }
        let before = self.recent.iter().position(|known| known.url == page.url);
        if let Some(before) = before.map(|index| self.recent.remove(index))
            && page.title.is_empty()
        {
            // It is being loaded again and has no title yet.
            page.title = before.title;
        }
        if let Some(pin) = self.pinned.iter_mut().find(|pin| pin.url == page.url && !page.title.is_empty()) {
            pin.title.clone_from(&page.title);
        }
        self.recent.insert(0, page);
        self.recent.truncate(RECENT);
        true
    }

    pub(super) fn pin(&mut self, page: Page) -> bool {
        if self.pinned.len() >= PINNED || self.pinned.iter().any(|pin| pin.url == page.url) {
            return false;
        }
        self.pinned.push(page);
        true
    }

    pub(super) fn unpin(&mut self, url: &str) -> bool {
        let before = self.pinned.len();
        self.pinned.retain(|pin| pin.url != url);
        self.pinned.len() != before
    }

    pub(super) fn set_size(&mut self, host: &str, percent: Option<u16>) -> bool {
        match percent {
            Some(percent) if self.sizes.len() < SIZES || self.sizes.contains_key(host) => {
                self.sizes.insert(host.to_owned(), percent) != Some(percent)
            }
            Some(_) => false,
            None => self.sizes.remove(host).is_some(),
        }
    }

    pub(super) fn keep_logins(&mut self, mut logins: Vec<Login>) -> bool {
        logins.truncate(LOGINS);
        let changed = self.logins != logins;
        self.logins = logins;
        changed
    }

    pub(super) fn add_usage(&mut self, month: Month, moved: Vec<(String, Amount)>) -> bool {
        let used = self.usage.entry(month).or_default();
        for (address, amount) in moved {
            let (sent, received) = used.entry(address).or_default();
            *sent = sent.saturating_add(amount.sent);
            *received = received.saturating_add(amount.received);
        }
        while self.usage.len() > USAGE_MONTHS {
            self.usage.pop_first();
        }
        true
    }
}
