//! What pages leave behind, as the person uses it: pinned and recent pages, sizes, logins, data used.

use std::sync::Arc;

use latchgate_tunnel::StaticPrivateKey;
use tokio::task::AbortHandle;
use tracing::warn;

use super::Controller;
use crate::client::Login;
use crate::drawer::{self, Drawer};
use crate::failure::{Failure, Fault};
use crate::limits::DRAWER_FLUSH;
use crate::proxy::page_for;
use crate::view::{Settings, SiteView, UsageMonth};
use crate::words::Words;

impl Controller {
    pub(super) fn open_drawer(&self, static_key: &StaticPrivateKey) -> Drawer {
        Drawer::open(self.folder.path(), &self.name, static_key)
    }

    /// Deletes what pages left behind.
    pub(super) fn delete_drawer(&self) -> Result<(), Failure> {
        drawer::delete(self.folder.path()).map_err(|error| {
            warn!(%error, "what pages left behind was not deleted");
            Fault::StorageFailed.failure()
        })
    }

    /// A page was opened, or got its title.
    pub(crate) fn note_visit(&self, url: &str, title: &str) {
        if self.board.settings().keep_recent {
            self.change_kept(|drawer, sites| drawer.note_visit(url, title, sites));
        }
    }

    pub(crate) fn pin_page(&self, url: &str, title: &str) -> Result<(), Failure> {
        let pinned = self.keep_on_purpose(|drawer, sites| drawer.pin(url, title, sites) || drawer.is_pinned(url));
        match pinned {
            Some(true) => Ok(()),
            Some(false) => Err(Fault::NotPinned.failure()),
            None => Err(Fault::Locked.failure()),
        }
    }

    pub(crate) fn unpin_page(&self, url: &str) {
        self.keep_on_purpose(|drawer, _| drawer.unpin(url));
    }

    pub(crate) fn is_pinned(&self, url: &str) -> bool {
        self.drawer().is_some_and(|drawer| drawer.is_pinned(url))
    }

    pub(crate) fn forget_recent(&self) {
        self.keep_on_purpose(|drawer, _| drawer.forget_recent());
    }

    pub(crate) fn page_size(&self, host: &str) -> u16 {
        let own = self.drawer().and_then(|drawer| drawer.size(host));
        own.unwrap_or_else(|| self.board.settings().text_size)
    }

    pub(crate) fn set_page_size(&self, host: &str, percent: Option<u16>) {
        if let Some(drawer) = self.drawer() {
            drawer.set_size(host, percent);
        }
    }

    pub(crate) fn logins(&self) -> Vec<Login> {
        self.drawer().map(|drawer| drawer.logins()).unwrap_or_default()
    }

    pub(crate) fn keep_logins(&self, logins: Vec<Login>) {
        if self.board.settings().keep_logins
            && let Some(drawer) = self.drawer()
        {
            drawer.keep_logins(logins);
        }
    }

    pub(crate) fn forget_logins(&self) {
        self.keep_on_purpose(|drawer, _| drawer.keep_logins(Vec::new()));
    }

    pub(crate) fn usage(&self) -> Result<Vec<UsageMonth>, Failure> {
        let drawer = self.drawer().ok_or_else(|| Fault::Locked.failure())?;
        Ok(drawer.usage(&self.board.sites()))
    }

    pub(crate) fn speak(&self, words: Words) {
        self.words.store(Arc::new(words));
    }

    pub(crate) fn page_for(&self, failure: &Failure) -> String {
        page_for(&self.words.load(), failure)
    }

    /// What the person does not want to be kept any more is forgotten at once.
    pub(super) fn heed_keeping(&self, settings: &Settings) {
        if !settings.keep_logins {
            self.forget_logins();
        }
        if !settings.keep_recent {
            self.forget_recent();
        }
    }

    /// Changes what is kept as the person asked for it, which is written at once.
    fn keep_on_purpose(&self, change: impl FnOnce(&Drawer, &[SiteView]) -> bool) -> Option<bool> {
        self.change_kept(|drawer, sites| {
            let changed = change(drawer, sites);
            write(drawer);
            changed
        })
    }

    /// Changes what is kept and shows it; `None` while the vault is closed.
    fn change_kept(&self, change: impl FnOnce(&Drawer, &[SiteView]) -> bool) -> Option<bool> {
        let drawer = self.drawer()?;
        let sites = self.board.sites();
        let changed = change(&drawer, &sites);
        let kept = drawer.view(&sites);
        // Locked meanwhile, nothing is shown.
        let open = self.opened();
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(&open.drawer, &drawer)) {
            self.board.set_kept(kept);
        }
        Some(changed)
    }

    fn drawer(&self) -> Option<Arc<Drawer>> {
        self.opened().as_ref().map(|open| Arc::clone(&open.drawer))
    }
}

/// Writes what has changed every few seconds, so that a crash takes little.
pub(super) fn keep_writing(drawer: &Arc<Drawer>) -> AbortHandle {
    let drawer = Arc::clone(drawer);
    let task = tokio::spawn(async move {
        loop {
            tokio::time::sleep(DRAWER_FLUSH).await;
            let drawer = Arc::clone(&drawer);
            drop(tokio::task::spawn_blocking(move || write(&drawer)).await);
        }
    });
    task.abort_handle()
}

/// Writes what has changed; where that fails the drawer is as it was written last.
pub(super) fn write(drawer: &Drawer) {
    if let Err(error) = drawer.flush() {
        warn!(error = &error as &dyn std::error::Error, "what pages left behind was not kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::SameSite;
    use crate::controller::tests::{Device, until};
    use crate::view::{KeptView, LockCause};

    const PAGE: &str = "http://wiki.example.com/travel";

    fn login(name: &str) -> Login {
        let text = |text: &str| text.to_owned();
        Login {
            name: text(name),
            value: text("canary"),
            domain: text("wiki.example.com"),
            path: text("/"),
            expires: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }

    async fn listed(device: &Device) -> Arc<Controller> {
        let controller = device.paired().await;
        until(&controller, |view| !view.sites.is_empty()).await;
        controller
    }

    #[tokio::test]
    async fn pages_are_shown_while_the_vault_is_open_and_again_after_a_start() {
        let device = Device::new();
        let controller = listed(&device).await;
        controller.note_visit(PAGE, "Travel");
        controller.pin_page("http://wiki.example.com/start", "Start").unwrap();
        controller.pin_page("http://wiki.example.com/start", "Start").unwrap();
        let kept = controller.board().view().kept;
        assert_eq!((kept.pinned.len(), kept.recent.len()), (1, 1));
        assert_eq!(controller.pin_page("https://example.org/", "x").unwrap_err().code, "not-pinned");

        controller.lock(LockCause::Person);
        assert_eq!(controller.board().view().kept, KeptView::default());
        controller.note_visit(PAGE, "Travel");
        assert_eq!(controller.pin_page(PAGE, "x").unwrap_err().code, "locked");
        drop(controller);

        let controller = device.start().await;
        controller.unlock(crate::client::UnlockSecret::None).await.unwrap();
        let view = until(&controller, |view| !view.kept.pinned.is_empty()).await;
        assert_eq!(view.kept, kept);
        controller.unpin_page("http://wiki.example.com/start");
        controller.forget_recent();
        assert_eq!(controller.board().view().kept, KeptView::default());
    }

    #[tokio::test]
    async fn what_shall_not_be_kept_is_forgotten_at_once() {
        let device = Device::new();
        let controller = listed(&device).await;
        controller.note_visit(PAGE, "Travel");
        controller.keep_logins(vec![login("a")]);
        assert_eq!(controller.logins(), [], "keeping logins was not chosen");
        let keeping = Settings { keep_logins: true, ..controller.board().view().settings };
        controller.set_settings(keeping.clone()).await.unwrap();
        controller.keep_logins(vec![login("a")]);
        assert_eq!(controller.logins(), [login("a")]);
        controller.lock(LockCause::Person);
        controller.unlock(crate::client::UnlockSecret::None).await.unwrap();
        until(&controller, |view| !view.kept.recent.is_empty()).await;

        let written = device.drawer();
        let neither = Settings { keep_logins: false, keep_recent: false, ..keeping };
        controller.set_settings(neither).await.unwrap();
        assert_eq!(controller.logins(), []);
        assert!(device.drawer().len() < written.len(), "on the disk, too");
        controller.note_visit(PAGE, "Travel");
        assert_eq!(controller.board().view().kept, KeptView::default());
    }

    #[tokio::test]
    async fn each_site_has_the_size_that_it_was_given_and_others_the_one_for_all() {
        let device = Device::new();
        let controller = listed(&device).await;
        let larger = Settings { text_size: 125, ..controller.board().view().settings };
        controller.set_settings(larger.clone()).await.unwrap();
        controller.set_page_size("wiki.example.com", Some(80));
        assert_eq!((controller.page_size("wiki.example.com"), controller.page_size("other.example.com")), (80, 125));
        controller.set_page_size("wiki.example.com", None);
        assert_eq!(controller.page_size("wiki.example.com"), 125);
        let wrong = Settings { text_size: 5, ..larger };
        assert_eq!(controller.set_settings(wrong).await.unwrap_err().code, "bad-setting");
    }

    #[tokio::test]
    async fn what_the_sites_moved_is_added_up_and_goes_with_the_pairing() {
        let device = Device::new();
        let controller = listed(&device).await;
        let page = device.get(&controller, PAGE).await;
        let body = page.split("\r\n\r\n").nth(1).unwrap().len() as u64;
        let months = controller.usage().unwrap();
        assert_eq!((months[0].sites[0].url.as_str(), months[0].sites[0].received), ("http://wiki.example.com", body));

        controller.lock(LockCause::Person);
        assert_eq!(controller.usage().unwrap_err().code, "locked");
        controller.unlock(crate::client::UnlockSecret::None).await.unwrap();
        assert_eq!(controller.usage().unwrap()[0].sites[0].received, body);
        assert!(device.has_drawer());
        controller.forget().await.unwrap();
        assert!(!device.has_drawer());
    }
}
