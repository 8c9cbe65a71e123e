//! What the pages of the app are told: whole snapshots, never changes.
//!
//! 1. The main window receives each [`Snapshot`] as the event `view`.
//! 2. The bar above an intranet page receives each [`PageView`] of its own page through a channel that it opened.
//! 3. The downloads of the company that is shown are the event `downloads`.
//! 4. A link from another program that waits for an answer is the event `link`.
//!
//! The types below are declared to TypeScript in `ui/src/bindings-shell.ts`, which a test compares.

#[cfg(test)]
use latchgate_client::FailureWords;
use latchgate_client::PageWords;
use latchgate_client::view::{CompanyState, Snapshot};
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Emitter, EventTarget, Manager};
use ts_rs::TS;

use crate::browse;
use crate::shell::{MAIN, Shell};

/// Which biometrics can unlock this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(any(target_os = "linux", target_os = "windows"), expect(dead_code, reason = "these have a passphrase only"))]
pub(crate) enum Biometrics {
    /// None that can guard a key.
    Absent,
    /// A face.
    Face,
    /// A finger.
    Finger,
}

/// What the camera is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(mobile, expect(dead_code, reason = "a phone's scanner shows the picture itself"))]
pub(crate) enum CameraState {
    /// It is being opened.
    Starting,
    /// It delivers pictures.
    Running,
}

/// What kind of device this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceInfo {
    /// A phone or a tablet.
    pub(crate) mobile: bool,
    /// What it can recognise its owner by.
    pub(crate) biometrics: Biometrics,
    /// Whether logins of pages can be kept over a lock.
    pub(crate) keeps_logins: bool,
}

/// What a person does in the bar above a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PageAction {
    /// One page back.
    Back,
    /// One page forward.
    Forward,
    /// Load the page again.
    Reload,
    /// Stop loading.
    Stop,
    /// Show all sites.
    Home,
    /// Lock the device.
    Lock,
    /// Larger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
    /// As the site wants it.
    ZoomReset,
    /// Over the whole screen, or back.
    FullScreen,
    /// On paper, or into a file.
    Print,
    /// Keep the page in the portal, or not any more.
    Pin,
    /// Close the page.
    Close,
    /// What has just happened was read.
    Noted,
}

/// How a search in a page goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FindStep {
    /// Other words.
    Begin,
    /// The next place.
    Next,
    /// The one before.
    Previous,
    /// No more.
    End,
}

/// What a person asked for by keyboard while the page had it; the bar does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(mobile, expect(dead_code, reason = "a phone has no keys for them"))]
pub(crate) enum BarPart {
    /// The address.
    Address,
    /// The search in the page.
    Find,
    /// The downloads.
    Downloads,
}

/// Such a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BarWish {
    /// What is wished for.
    pub(crate) part: BarPart,
    /// Tells one wish from the next.
    pub(crate) number: u32,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DownloadState {
    /// It could take the device over when it is opened: the person is asked.
    Asking,
    /// It arrives.
    Running,
    /// It is held.
    Paused,
    /// It is there.
    Done,
    /// The way to the site broke.
    Broken,
    /// It could not be written.
    NotWritten,
    /// It ended with a lock.
    Locked,
}

/// A file that a page gives to the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadView {
    /// Names it to `download_act`.
    pub(crate) id: u32,
    /// What it is called in the person's downloads.
    pub(crate) name: String,
    /// How much is there, in bytes.
    #[ts(type = "number")]
    pub(crate) received: u64,
    /// How much there is, in bytes, where the site says it.
    #[ts(type = "number | null")]
    pub(crate) total: Option<u64>,
    /// How far it is.
    pub(crate) state: DownloadState,
    /// Whether it can be held and go on later.
    pub(crate) can_pause: bool,
    /// Whether it may be opened from here.
    pub(crate) can_open: bool,
    /// Whether it can be fetched once more.
    pub(crate) can_retry: bool,
}

/// What a person does with a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DownloadAction {
    /// Save what was asked about.
    Keep,
    /// Give it up, and forget it.
    Cancel,
    /// Hold it.
    Pause,
    /// Go on.
    Resume,
    /// Open it with the system's program for it.
    Open,
    /// Show it in its folder.
    Reveal,
    /// Fetch it once more.
    Retry,
    /// Forget everything in the list that has ended. The files stay.
    Clear,
}

/// An intranet page as its bar shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageView {
    /// The whole address.
    pub(crate) address: String,
    /// Host and port of the address.
    pub(crate) host: String,
    /// The page's own title.
    pub(crate) title: String,
    /// Whether the site is `https`; plain `http` is sealed up to the company only.
    pub(crate) encrypted: bool,
    /// Whether it is loading.
    pub(crate) loading: bool,
    /// Whether there is a page to go back to.
    pub(crate) can_go_back: bool,
    /// Whether there is a page to go forward to.
    pub(crate) can_go_forward: bool,
    /// How large it is shown, in percent.
    pub(crate) zoom: u16,
    /// Whether it has the whole screen; absent where a page always has it.
    pub(crate) full_screen: Option<bool>,
    /// Whether it is kept in the portal.
    pub(crate) pinned: bool,
    /// How many places were found; absent while nothing is searched for.
    pub(crate) found: Option<u32>,
    /// What the person wants of the bar.
    pub(crate) wish: Option<BarWish>,
    /// The company's downloads, the newest first.
    pub(crate) downloads: Vec<DownloadView>,
    /// What the person is asked.
    pub(crate) question: Option<PageQuestion>,
    /// What has just happened.
    pub(crate) notice: Option<PageNotice>,
}

impl Default for PageView {
    fn default() -> Self {
        Self {
            address: String::new(),
            host: String::new(),
            title: String::new(),
            encrypted: true,
            loading: false,
            can_go_back: false,
            can_go_forward: false,
            zoom: 100,
            full_screen: cfg!(desktop).then_some(false),
            pinned: false,
            found: None,
            wish: None,
            downloads: Vec::new(),
            question: None,
            notice: None,
        }
    }
}

/// A link leads out of the company: open it in another program?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageQuestion {
    /// What opens it.
    pub(crate) kind: Leaving,
    /// Where it leads to: a host, the readers of a letter, or a number.
    pub(crate) to: String,
}

/// How a link leaves the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Leaving {
    /// To a page, in the system's browser.
    Site,
    /// As a letter, in the person's mail program.
    Mail,
    /// As a call.
    Phone,
}

/// A link from another program, which waits for the person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum LinkView {
    /// To a page of a company.
    Page {
        /// The whole address.
        address: String,
        /// Its host.
        host: String,
    },
    /// To the scanner. It never brings a code along.
    Scan,
}

/// How the person wants the app to speak and to look.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Look {
    /// The tag of the language in use, such as `de`.
    pub(crate) language: String,
    /// Light or dark.
    pub(crate) appearance: Appearance,
    /// What the proxy's own pages say.
    pub(crate) words: PageWords,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Appearance {
    /// As everything else on this device.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What has just happened on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum PageNotice {
    /// A file was saved to the downloads.
    Saved {
        /// Its name.
        name: String,
    },
    /// A file was not saved.
    NotSaved {
        /// Its name.
        name: String,
    },
    /// The page wanted to go where no page may go.
    Blocked,
    /// The page did not load.
    NotLoaded,
    /// The page cannot be kept in the portal.
    NotPinned,
    /// Files were dropped, which the page may have taken or not.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other engines give pages what is dropped"))]
    Dropped,
}

/// Sends every snapshot of the companies to the main window, and closes the pages of a company whose vault closes.
pub(crate) async fn publish(app: AppHandle) {
    let mut changes = app.state::<Shell>().companies().watch();
    loop {
        changes.mark_unchanged();
        let snapshot = app.state::<Shell>().companies().view();
        send(&app, snapshot);
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn send(app: &AppHandle, snapshot: Snapshot) {
    let open = snapshot.companies.iter().filter(|company| company.state == CompanyState::Open);
    browse::downloads::settle(app, &snapshot.companies);
    browse::close_all_but(app, &open.map(|company| company.profile.clone()).collect::<Vec<_>>());
    #[cfg(target_os = "linux")]
    browse::heed_sites(app);
    if let Err(error) = app.emit_to(EventTarget::webview_window(MAIN), "view", snapshot) {
        tracing::warn!(error = &error as &dyn std::error::Error, "the main window does not take the view");
    }
}

/// Returns the TypeScript declarations of the types above, as one file.
#[cfg(test)]
fn bindings() -> String {
    let config = ts_rs::Config::new();
    let mut text = String::from("// Generated from src-tauri/view.rs by `cargo test -p latchgate`. Do not edit.\n");
    macro_rules! declare_each {
        ($($name:ident),* $(,)?) => { $(
            text.push('\n');
            text.push_str(&$name::docs().unwrap_or_default());
            text.push_str("export ");
            text.push_str(&$name::decl(&config));
            text.push('\n');
        )* };
    }
    declare_each!(
        Biometrics,
        CameraState,
        DeviceInfo,
        PageAction,
        FindStep,
        BarPart,
        BarWish,
        DownloadState,
        DownloadView,
        DownloadAction,
        PageView,
        PageQuestion,
        Leaving,
        PageNotice,
        LinkView,
        Look,
        PageWords,
        FailureWords,
        Appearance,
    );
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Set `UPDATE_BINDINGS=1` to write the file.
    #[test]
    fn the_bindings_of_the_ui_are_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/bindings-shell.ts");
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, bindings()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, bindings(), "run UPDATE_BINDINGS=1 cargo test -p latchgate bindings");
    }
}
