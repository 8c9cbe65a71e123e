//! What the app that shows pages tells the client about them, and what is kept for it.

use serde::{Deserialize, Serialize};

use super::Client;
use crate::failure::Failure;
use crate::report::Report;
use crate::view::UsageMonth;
use crate::words::Words;

/// A cookie that is kept over a lock, for the engine that shows pages: the controller does not look into it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The host that it is for; with a dot in front those below it, too.
    pub domain: String,
    /// The path that it is for.
    pub path: String,
    /// When it ends, in Unix seconds; absent for as long as the browser is open.
    pub expires: Option<i64>,
    /// Whether it is sent to `https` only.
    pub secure: bool,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Whether other sites send it: `none`, `lax` or `strict`, as the engine said.
    pub same_site: SameSite,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)")
    }
}

/// Whether requests from other sites carry a cookie (RFC 6265bis, section 4.1.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SameSite {
    /// They do.
    None,
    /// Only where somebody follows a link.
    Lax,
    /// They do not.
    Strict,
}

impl Client {
    /// A page of the company was opened, or got its title; with an empty title the earlier one stays.
    pub fn note_visit(&self, url: &str, title: &str) {
        self.controller.note_visit(url, title);
    }

    /// Keeps a page in the portal until it is unpinned.
    ///
    /// # Errors
    /// `not-pinned` where it is no page of the company's sites or there are too many; `locked`.
    pub fn pin_page(&self, url: &str, title: &str) -> Result<(), Failure> {
        self.controller.pin_page(url, title)
    }

    /// Takes a page out of the portal.
    pub fn unpin_page(&self, url: &str) {
        self.controller.unpin_page(url);
    }

    /// Tells whether a page is pinned.
    #[must_use]
    pub fn is_pinned(&self, url: &str) -> bool {
        self.controller.is_pinned(url)
    }

    /// Forgets which pages were opened.
    pub fn forget_recent(&self) {
        self.controller.forget_recent();
    }

    /// Returns how large a site is shown, in percent.
    #[must_use]
    pub fn page_size(&self, host: &str) -> u16 {
        self.controller.page_size(host)
    }

    /// Shows a site in another size from now on; `None` as the person chose for all.
    pub fn set_page_size(&self, host: &str, percent: Option<u16>) {
        self.controller.set_page_size(host, percent);
    }

    /// Returns the logins that were kept over the last lock.
    #[must_use]
    pub fn logins(&self) -> Vec<Login> {
        self.controller.logins()
    }

    /// Keeps these logins over the next lock in place of earlier ones, where the person wants that.
    pub fn keep_logins(&self, logins: Vec<Login>) {
        self.controller.keep_logins(logins);
    }

    /// Forgets all logins that are kept.
    pub fn forget_logins(&self) {
        self.controller.forget_logins();
    }

    /// Returns what the sites moved, the newest month first.
    ///
    /// # Errors
    /// `locked`.
    pub fn usage(&self) -> Result<Vec<UsageMonth>, Failure> {
        self.controller.usage()
    }

    /// Describes this profile for the help desk, without anything that could be anybody's.
    #[must_use]
    pub fn report(&self) -> Report {
        self.controller.board().report()
    }

    /// Speaks another language on the proxy's own pages.
    pub fn speak(&self, words: Words) {
        self.controller.speak(words);
    }

    /// Returns a page that says in the person's language why another one did not load, for where the proxy cannot say it:
    /// inside of raw TLS, and where a site broke off.
    #[must_use]
    pub fn page_for(&self, failure: &Failure) -> String {
        self.controller.page_for(failure)
    }
}
