//! What pages leave behind for the person: pinned and recent ones, how large a site is shown, how much it moved, and
//! logins where the person wants to keep them.
//!
//! 1. All of it names intranet addresses, so that it lies sealed in the profile's folder, under a key that is derived
//!    from the vault's. Without the open vault nobody reads it, and it goes with the vault.
//! 2. [`Drawer::open`] reads it when the vault opens. What cannot be read is begun anew: the company and its sites are
//!    there without it.
//! 3. Changes lie in memory until [`Drawer::flush`], which runs every few seconds and at each lock.

mod contents;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use latchgate_tunnel::StaticPrivateKey;
use thiserror::Error;
use time::OffsetDateTime;
use tracing::warn;
use url::Url;

pub(crate) use self::contents::Page;
use self::contents::{Contents, Month, VERSION};
use crate::catalogue::site_of;
use crate::client::{Login, ProfileName};
use crate::limits::{PAGE_ADDRESS, PAGE_TITLE, RECENT_SHOWN};
use crate::traffic::Meters;
use crate::vault::blob::{self, BlobError, VaultKey};
use crate::vault::{Protection, write_atomically};
use crate::view::{KeptView, PageLink, SiteUsage, SiteView, UsageMonth};

const FILE: &str = "kept.sealed";

/// Why what was kept could not be written.
#[derive(Debug, Error)]
pub(crate) enum DrawerError {
    /// The system gave no random bytes for the seal.
    #[error("could not seal what pages left behind")]
    Seal(#[from] BlobError),
    /// The folder cannot be written.
    #[error("could not write what pages left behind")]
    Io(#[from] io::Error),
}

/// The open drawer of one profile.
pub(crate) struct Drawer {
    key: VaultKey,
    name: String,
    path: PathBuf,
    inner: Mutex<Inner>,
    /// Counts what the sites move.
    pub(crate) meters: Meters,
}

#[derive(Default)]
struct Inner {
    contents: Contents,
    changed: bool,
    /// Written by a newer version: shown as far as it is understood, and never written over.
    foreign: bool,
}

impl Drawer {
    /// Opens the drawer of a profile.
    pub(crate) fn open(folder: &Path, profile: &ProfileName, static_key: &StaticPrivateKey) -> Self {
        let key = VaultKey::derive_for_drawer(static_key.reveal_bytes());
        let (name, path) = (format!("{}.kept", profile.as_str()), folder.join(FILE));
        let contents = read(&path, &key, &name);
        let foreign = contents.version > VERSION;
        let inner = Mutex::new(Inner { contents, changed: false, foreign });
        Self { key, name, path, inner, meters: Meters::default() }
    }

    /// Returns what the screens show, of the sites that the person may open.
    pub(crate) fn view(&self, sites: &[SiteView]) -> KeptView {
        let inner = self.inner();
        let Contents { pinned, recent, .. } = &inner.contents;
        let fresh = recent.iter().filter(|page| pinned.iter().all(|pin| pin.url != page.url));
        KeptView {
            pinned: pinned.iter().filter_map(|page| link(page, sites)).collect(),
            recent: fresh.filter_map(|page| link(page, sites)).take(RECENT_SHOWN).collect(),
        }
    }

    /// A page of the company was opened, or got its title.
    pub(crate) fn note_visit(&self, url: &str, title: &str, sites: &[SiteView]) -> bool {
        let Some(page) = page(url, title, sites) else { return false };
        self.change(|contents| contents.visit(page))
    }

    /// Keeps a page until it is unpinned.
    pub(crate) fn pin(&self, url: &str, title: &str, sites: &[SiteView]) -> bool {
        let Some(page) = page(url, title, sites) else { return false };
        self.change(|contents| contents.pin(page))
    }

    /// Forgets a pinned page.
    pub(crate) fn unpin(&self, url: &str) -> bool {
        let url = without_fragment(url);
        self.change(|contents| contents.unpin(&url))
    }

    /// Tells whether a page is pinned.
    pub(crate) fn is_pinned(&self, url: &str) -> bool {
        let url = without_fragment(url);
        self.inner().contents.pinned.iter().any(|page| page.url == url)
    }

    /// Forgets which pages were opened.
    pub(crate) fn forget_recent(&self) -> bool {
        self.change(|contents| {
            let some = !contents.recent.is_empty();
            contents.recent.clear();
            some
        })
    }

    /// Returns how large a site is shown, where the person changed that.
    pub(crate) fn size(&self, host: &str) -> Option<u16> {
        self.inner().contents.sizes.get(host).copied()
    }

    /// Shows a site in another size, or as all others.
    pub(crate) fn set_size(&self, host: &str, percent: Option<u16>) {
        self.change(|contents| contents.set_size(host, percent));
    }

    /// Returns the logins that are kept.
    pub(crate) fn logins(&self) -> Vec<Login> {
        self.inner().contents.logins.clone()
    }

    /// Keeps these logins in place of earlier ones.
    pub(crate) fn keep_logins(&self, logins: Vec<Login>) -> bool {
        self.change(|contents| contents.keep_logins(logins))
    }

    /// Returns what the sites moved, by month.
    pub(crate) fn usage(&self, sites: &[SiteView]) -> Vec<UsageMonth> {
        self.collect();
        let inner = self.inner();
        inner.contents.usage.iter().rev().map(|(month, used)| usage_month(month, used, sites)).collect()
    }

    /// Takes what the meters counted into the present month.
    fn collect(&self) {
        let moved = self.meters.take();
        if !moved.is_empty() {
            let month = present_month();
            self.change(|contents| contents.add_usage(month, moved));
        }
    }

    /// Writes what has changed, durably. Blocks for as long as the disk takes.
    pub(crate) fn flush(&self) -> Result<(), DrawerError> {
        self.collect();
        let mut inner = self.inner();
        if !inner.changed || inner.foreign {
            return Ok(());
        }
        let text = zeroize::Zeroizing::new(serde_json::to_vec(&inner.contents).map_err(io::Error::other)?);
        let sealed = blob::seal(&Protection::Vault, &self.key, &self.name, &text)?;
        write_atomically(&self.path, &sealed)?;
        inner.changed = false;
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Contents) -> bool) -> bool {
        let mut inner = self.inner();
        let changed = change(&mut inner.contents);
        inner.changed |= changed;
        changed
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes what a profile's pages left behind; what is gone already is no error.
pub(crate) fn delete(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn read(path: &Path, key: &VaultKey, name: &str) -> Contents {
    let sealed = match fs::read(path) {
        Ok(sealed) => sealed,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                warn!(%error, "what pages left behind cannot be read; it is begun anew");
            }
            return Contents::default();
        }
    };
    let opened = blob::open(&sealed, key, name).map_err(|error| error.to_string());
    let contents = opened.and_then(|text| serde_json::from_slice(&text).map_err(|_| "not what is kept".to_owned()));
    contents.unwrap_or_else(|reason| {
        warn!(reason, "what pages left behind does not open; it is begun anew");
        Contents::default()
    })
}

/// Describes a page of a site that the person may open; `None` for any other address.
fn page(url: &str, title: &str, sites: &[SiteView]) -> Option<Page> {
    let url = without_fragment(url);
    let parsed = Url::parse(&url).ok()?;
    // An object that a page made has the origin of its page, and is gone with it.
    let lasting = matches!(parsed.scheme(), "http" | "https");
    let plain = parsed.username().is_empty() && parsed.password().is_none();
    let fits = lasting && plain && url.len() <= PAGE_ADDRESS;
    site_of(&parsed, sites).filter(|_| fits)?;
    let title: String = title.chars().filter(|character| !character.is_control()).take(PAGE_TITLE).collect();
    Some(Page { url, title: title.trim().to_owned() })
}

/// Places within a page are the same page.
fn without_fragment(url: &str) -> String {
    url.split('#').next().unwrap_or_default().to_owned()
}

fn link(page: &Page, sites: &[SiteView]) -> Option<PageLink> {
    let site = site_of(&Url::parse(&page.url).ok()?, sites)?;
    let title = if page.title.is_empty() { &site.name } else { &page.title };
    Some(PageLink { url: page.url.clone(), title: title.clone(), site: site.name.clone(), icon: site.icon.clone() })
}

fn usage_month(month: &Month, used: &contents::Used, sites: &[SiteView]) -> UsageMonth {
    let named = |url: &String| {
        let parsed = Url::parse(url).ok();
        let site = parsed.as_ref().and_then(|parsed| site_of(parsed, sites)).map(|site| site.name.clone());
        site.or_else(|| parsed.and_then(|parsed| parsed.host_str().map(str::to_owned))).unwrap_or_else(|| url.clone())
    };
    let mut sites: Vec<SiteUsage> = used
        .iter()
        .map(|(url, &(sent, received))| SiteUsage { name: named(url), url: url.clone(), sent, received })
        .collect();
    sites.sort_by_key(|site| std::cmp::Reverse(site.sent.saturating_add(site.received)));
    UsageMonth { month: month.clone(), sites }
}

fn present_month() -> Month {
    let now = OffsetDateTime::now_utc();
    format!("{:04}-{:02}", now.year(), u8::from(now.month()))
}

#[cfg(test)]
mod tests;
