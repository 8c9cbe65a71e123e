//! The files that pages give to the person: one list for all companies, of which each company's screens show their own.
//!
//! 1. The platform offers a file ([`offer`]). A document is saved at once; a program waits for the person's word.
//! 2. It arrives under a name of its own, and gets its real name when it is whole ([`finish`]).
//! 3. What the person does in the list comes back as a [`DownloadAction`]. Pausing holds the answer in the loopback
//!    proxy, which asks the site for the rest later; so does a connection that broke.
//! 4. A lock ends what is under way, and hides the list until the company is open again.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use latchgate_client::view::{CompanyState, CompanyView};
use latchgate_client::{Client, ProfileName};
use tauri::{AppHandle, Emitter, EventTarget, Manager};

use super::files::{self, Kind};
use crate::platform;
use crate::shell::{MAIN, Shell};
use crate::view::{DownloadAction, DownloadState, DownloadView, PageNotice};

/// How many may be under way for one company, questions included: a page must not fill the disk or the screen.
const MOST_UNDER_WAY: usize = 12;
/// How many are remembered.
const MOST_KEPT: usize = 100;
/// How often progress is shown.
const SHOW_EVERY: Duration = Duration::from_millis(200);

/// Every download since the start.
#[derive(Default)]
pub(crate) struct Downloads {
    begun: u32,
    list: Vec<Entry>,
}

struct Entry {
    profile: ProfileName,
    /// The page that it came from, empty when it was begun again.
    label: String,
    /// Where it can be fetched again; empty for what a page made itself.
    address: String,
    kind: Kind,
    folder: PathBuf,
    /// Where it is while it arrives, once that is decided.
    part: Option<PathBuf>,
    /// Where it is since it is whole.
    kept: Option<PathBuf>,
    shown: Instant,
    view: DownloadView,
}

/// A file that a page, or the company, offers.
pub(crate) struct Offer {
    /// The page that it came from.
    pub(crate) label: String,
    /// What the engine calls it.
    pub(crate) suggested: String,
    /// What the site calls its type.
    pub(crate) media_type: String,
    /// Its address, where it can be asked for again.
    pub(crate) address: Option<String>,
    /// Its size in bytes, where the site says it.
    pub(crate) total: Option<u64>,
    /// Where the person's downloads go.
    pub(crate) folder: PathBuf,
}

/// What the platform does with an offer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Write it there.
    Save(u32, PathBuf),
    /// Wait for [`platform::save_download`] or [`platform::cancel_download`].
    Wait(u32),
    /// Too many are under way.
    Refuse,
}

/// Why a download ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The way to the site broke.
    Network,
    /// The folder cannot be written, or is full.
    Disk,
}

impl Downloads {
    fn offer(&mut self, profile: ProfileName, offer: Offer) -> Answer {
        let under_way = self.list.iter().filter(|entry| entry.profile == profile && entry.is_under_way()).count();
        if under_way >= MOST_UNDER_WAY {
            return Answer::Refuse;
        }
        self.begun += 1;
        let Offer { label, suggested, media_type, address, total, folder } = offer;
        let name = files::harmless_name(&suggested);
        let kind = files::kind(&name, &media_type);
        let part = (kind == Kind::Document).then(|| files::part_path(&folder, &name));
        let state = if part.is_some() { DownloadState::Running } else { DownloadState::Asking };
        let view = DownloadView {
            id: self.begun,
            name,
            received: 0,
            total,
            state,
            can_pause: false,
            can_open: false,
            can_retry: false,
        };
        let address = address.unwrap_or_default();
        let shown = Instant::now();
        self.list
            .insert(0, Entry { profile, label, address, kind, folder, part: part.clone(), kept: None, shown, view });
        self.trim();
        part.map_or(Answer::Wait(self.begun), |part| Answer::Save(self.begun, part))
    }

    /// Forgets the oldest of what has ended.
    fn trim(&mut self) {
        while self.list.len() > MOST_KEPT
            && let Some(oldest) = self.list.iter().rposition(|entry| !entry.is_under_way())
        {
            self.list.remove(oldest);
        }
    }

    fn find(&mut self, id: u32) -> Option<&mut Entry> {
        self.list.iter_mut().find(|entry| entry.view.id == id)
    }

    fn remove(&mut self, id: u32) -> Option<Entry> {
        let index = self.list.iter().position(|entry| entry.view.id == id)?;
        Some(self.list.remove(index))
    }

    /// Returns what the screens of a company show, the newest first.
    pub(crate) fn views(&self, profile: &ProfileName) -> Vec<DownloadView> {
        self.list.iter().filter(|entry| entry.profile == *profile).map(|entry| entry.view.clone()).collect()
    }

    /// The person said yes to a program: returns where it goes.
    fn accept(&mut self, id: u32) -> Option<PathBuf> {
        let entry = self.find(id).filter(|entry| entry.view.state == DownloadState::Asking)?;
        let part = files::part_path(&entry.folder, &entry.view.name);
        entry.part = Some(part.clone());
        entry.view.state = DownloadState::Running;
        Some(part)
    }

    /// Ends what is under way in companies that are closed, and returns it; forgets companies that are gone.
    fn settle(&mut self, companies: &[CompanyView]) -> Vec<u32> {
        let state = |profile: &ProfileName| {
            let company = companies.iter().find(|company| company.profile == profile.as_str());
            company.map_or(CompanyState::New, |company| company.state)
        };
        let mut ended = Vec::new();
        for entry in &mut self.list {
            if entry.is_under_way() && state(&entry.profile) != CompanyState::Open {
                ended.push(entry.view.id);
                entry.end(DownloadState::Locked);
            }
        }
        self.list.retain(|entry| matches!(state(&entry.profile), CompanyState::Open | CompanyState::Locked));
        ended
    }
}

impl Entry {
    const fn is_under_way(&self) -> bool {
        matches!(self.view.state, DownloadState::Asking | DownloadState::Running | DownloadState::Paused)
    }

    fn end(&mut self, state: DownloadState) {
        self.view.state = state;
        self.view.can_pause = false;
        self.view.can_open = state == DownloadState::Done && self.kind == Kind::Document;
        self.view.can_retry = state != DownloadState::Done && !self.address.is_empty();
        if state != DownloadState::Done
            && let Some(part) = self.part.take()
        {
            // The engine removes it as well; one of both comes first.
            let _ = fs::remove_file(part);
        }
    }
}

/// Takes a file that a page offers.
pub(crate) fn offer(app: &AppHandle, profile: &ProfileName, offer: Offer) -> Answer {
    let answer = app.state::<Shell>().downloads().offer(profile.clone(), offer);
    // On Windows a view may take its downloads along when it goes.
    #[cfg(all(desktop, not(target_os = "windows")))]
    if let Answer::Save(id, _) | Answer::Wait(id) = answer
        && let Some(entry) = app.state::<Shell>().downloads().find(id)
    {
        entry.label = super::popups::give_way(app, std::mem::take(&mut entry.label));
    }
    publish(app, profile);
    answer
}

/// So much of it is there.
pub(crate) fn progress(app: &AppHandle, id: u32, received: u64) {
    let shell = app.state::<Shell>();
    let due = {
        let mut downloads = shell.downloads();
        let Some(entry) = downloads.find(id) else { return };
        entry.view.received = received;
        let due = entry.shown.elapsed() >= SHOW_EVERY;
        due.then(|| (entry.profile.clone(), entry.address.clone()))
    };
    let Some((profile, address)) = due else { return };
    let can_pause = client(app, &profile).is_some_and(|client| client.can_hold_transfer(&address));
    if let Some(entry) = shell.downloads().find(id) {
        entry.view.can_pause = can_pause;
        entry.shown = Instant::now();
    }
    publish(app, &profile);
}

/// All of it is there.
pub(crate) fn finish(app: &AppHandle, id: u32) {
    change(app, id, |entry| {
        if !matches!(entry.view.state, DownloadState::Running | DownloadState::Paused) {
            return;
        }
        let kept = entry.part.take().map(|part| (files::keep(&part, &entry.folder, &entry.view.name), part));
        match kept {
            Some((Ok(path), _)) => {
                entry.view.name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                entry.kept = Some(path);
                entry.end(DownloadState::Done);
            }
            Some((Err(error), part)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a finished download cannot be kept");
                entry.part = Some(part);
                entry.end(DownloadState::NotWritten);
            }
            None => entry.end(DownloadState::NotWritten),
        }
    });
}

/// It ended early.
pub(crate) fn lose(app: &AppHandle, id: u32, loss: Loss) {
    change(app, id, |entry| {
        if entry.is_under_way() {
            entry.end(match loss {
                Loss::Network => DownloadState::Broken,
                Loss::Disk => DownloadState::NotWritten,
            });
        }
    });
}

/// Does what the person chose in the list.
pub(crate) fn act(app: &AppHandle, id: u32, action: DownloadAction) {
    match action {
        DownloadAction::Keep => accept(app, id),
        DownloadAction::Cancel => cancel(app, id),
        DownloadAction::Pause => hold(app, id, true),
        DownloadAction::Resume => hold(app, id, false),
        DownloadAction::Open | DownloadAction::Reveal => show(app, id, action),
        DownloadAction::Retry => retry(app, id),
        DownloadAction::Clear => clear(app, id),
    }
}

fn accept(app: &AppHandle, id: u32) {
    let Some(part) = app.state::<Shell>().downloads().accept(id) else { return };
    super::run_on_main(app, move || platform::save_download(id, &part));
    change(app, id, |_| {});
}

fn cancel(app: &AppHandle, id: u32) {
    let Some(mut entry) = app.state::<Shell>().downloads().remove(id) else { return };
    super::run_on_main(app, move || platform::cancel_download(id));
    entry.end(DownloadState::Broken);
    publish(app, &entry.profile);
}

fn hold(app: &AppHandle, id: u32, held: bool) {
    let found = app.state::<Shell>().downloads().find(id).map(|entry| (entry.profile.clone(), entry.address.clone()));
    let Some((profile, address)) = found else { return };
    let changed = client(app, &profile).is_some_and(|client| client.hold_transfer(&address, held));
    change(app, id, |entry| {
        if changed && entry.is_under_way() {
            entry.view.state = if held { DownloadState::Paused } else { DownloadState::Running };
        }
    });
}

fn show(app: &AppHandle, id: u32, action: DownloadAction) {
    let path = {
        let shell = app.state::<Shell>();
        let mut downloads = shell.downloads();
        let Some(entry) = downloads.find(id) else { return };
        let may = entry.view.can_open || action == DownloadAction::Reveal;
        entry.kept.clone().filter(|_| may)
    };
    let Some(path) = path else { return };
    // The system's programs may take their time to start.
    drop(tauri::async_runtime::spawn_blocking(move || {
        let shown = if action == DownloadAction::Open {
            tauri_plugin_opener::open_path(&path, None::<&str>)
        } else {
            tauri_plugin_opener::reveal_item_in_dir(&path)
        };
        if let Err(error) = shown {
            tracing::warn!(error = &error as &dyn std::error::Error, "the system does not show a file");
        }
    }));
}

fn retry(app: &AppHandle, id: u32) {
    let Some(entry) = app.state::<Shell>().downloads().remove(id) else { return };
    let (profile, address) = (entry.profile.clone(), entry.address);
    super::run_on_main(app, move || platform::start_download(&profile, &address));
    publish(app, &entry.profile);
}

/// Forgets what has ended, in the list that this one is in. The files stay.
fn clear(app: &AppHandle, id: u32) {
    let shell = app.state::<Shell>();
    let profile = {
        let mut downloads = shell.downloads();
        let Some(profile) = downloads.find(id).map(|entry| entry.profile.clone()) else { return };
        downloads.list.retain(|entry| entry.profile != profile || entry.is_under_way());
        profile
    };
    publish(app, &profile);
}

/// Follows what the companies are doing: what is under way ends with a lock.
pub(crate) fn settle(app: &AppHandle, companies: &[CompanyView]) {
    let ended = app.state::<Shell>().downloads().settle(companies);
    for id in ended {
        super::run_on_main(app, move || platform::cancel_download(id));
    }
    if let Some(shown) = companies.iter().find(|company| company.shown)
        && let Ok(profile) = ProfileName::parse(&shown.profile)
    {
        publish(app, &profile);
    }
}

/// Changes one download, shows it, and says in the bar of its page how it ended.
fn change(app: &AppHandle, id: u32, change: impl FnOnce(&mut Entry)) {
    let (profile, label, notice) = {
        let shell = app.state::<Shell>();
        let mut downloads = shell.downloads();
        let Some(entry) = downloads.find(id) else { return };
        let was_under_way = entry.is_under_way();
        change(entry);
        let name = entry.view.name.clone();
        let notice = match entry.view.state {
            DownloadState::Done => Some(PageNotice::Saved { name }),
            DownloadState::Broken | DownloadState::NotWritten => Some(PageNotice::NotSaved { name }),
            DownloadState::Asking | DownloadState::Running | DownloadState::Paused | DownloadState::Locked => None,
        };
        (entry.profile.clone(), entry.label.clone(), notice.filter(|_| was_under_way && !entry.is_under_way()))
    };
    publish(app, &profile);
    if let Some(notice) = notice {
        #[cfg(target_os = "windows")]
        let label = super::popups::give_way(app, label);
        super::notice(app, &label, notice);
    }
}

/// Returns what the main window shows: the list of the company that is open in it.
pub(crate) fn shown(app: &AppHandle) -> Vec<DownloadView> {
    let shell = app.state::<Shell>();
    let snapshot = shell.companies().view();
    let open = snapshot.companies.iter().find(|company| company.shown && company.state == CompanyState::Open);
    let profile = open.and_then(|company| ProfileName::parse(&company.profile).ok());
    profile.map(|profile| shell.downloads().views(&profile)).unwrap_or_default()
}

fn publish(app: &AppHandle, profile: &ProfileName) {
    let shell = app.state::<Shell>();
    let views = shell.downloads().views(profile);
    shell.pages().show_downloads(profile, &views);
    if let Err(error) = app.emit_to(EventTarget::webview_window(MAIN), "downloads", shown(app)) {
        tracing::warn!(error = &error as &dyn std::error::Error, "the main window does not take the downloads");
    }
}

fn client(app: &AppHandle, profile: &ProfileName) -> Option<Client> {
    app.state::<Shell>().companies().find(profile)
}

#[cfg(test)]
mod tests {
    use latchgate_client::view::Light;

    use super::*;

    fn profile(name: &str) -> ProfileName {
        ProfileName::parse(name).unwrap()
    }

    fn offered(downloads: &mut Downloads, folder: &tempfile::TempDir, name: &str) -> Answer {
        let offer = Offer {
            label: "page-1".to_owned(),
            suggested: name.to_owned(),
            media_type: "application/octet-stream".to_owned(),
            address: Some("https://wiki.example.com/file".to_owned()),
            total: Some(7),
            folder: folder.path().to_owned(),
        };
        downloads.offer(profile("work"), offer)
    }

    fn company(state: CompanyState) -> CompanyView {
        CompanyView {
            profile: "work".to_owned(),
            company: String::new(),
            gateway_host: String::new(),
            state,
            light: Light::Good,
            shown: true,
        }
    }

    #[test]
    fn a_document_is_saved_at_once_under_another_name_first() {
        let (mut downloads, folder) = (Downloads::default(), tempfile::tempdir().unwrap());
        let answer = offered(&mut downloads, &folder, "../report.pdf");
        assert_eq!(answer, Answer::Save(1, folder.path().join("report.pdf.part")));
        let view = &downloads.views(&profile("work"))[0];
        assert_eq!((view.name.as_str(), view.state), ("report.pdf", DownloadState::Running));
        assert!(downloads.views(&profile("other")).is_empty(), "another company sees nothing of it");
    }

    #[test]
    fn ab_78_a_program_waits_for_the_persons_word_and_is_never_opened() {
        let (mut downloads, folder) = (Downloads::default(), tempfile::tempdir().unwrap());
        assert_eq!(offered(&mut downloads, &folder, "update.apk"), Answer::Wait(1));
        assert_eq!(downloads.accept(1), Some(folder.path().join("update.apk.part")));
        assert_eq!(downloads.accept(1), None, "one word is enough");
        let entry = downloads.find(1).unwrap();
        entry.end(DownloadState::Done);
        assert!(!entry.view.can_open);
    }

    #[test]
    fn a_page_cannot_begin_downloads_without_end() {
        let (mut downloads, folder) = (Downloads::default(), tempfile::tempdir().unwrap());
        for _ in 0..MOST_UNDER_WAY {
            assert_ne!(offered(&mut downloads, &folder, "a.exe"), Answer::Refuse);
        }
        assert_eq!(offered(&mut downloads, &folder, "a.exe"), Answer::Refuse);
    }

    #[test]
    fn a_lock_ends_what_is_under_way_and_forgetting_forgets_the_list() {
        let (mut downloads, folder) = (Downloads::default(), tempfile::tempdir().unwrap());
        let Answer::Save(id, part) = offered(&mut downloads, &folder, "a.pdf") else { panic!("a document") };
        std::fs::write(&part, "half of it").unwrap();
        assert!(downloads.settle(&[company(CompanyState::Open)]).is_empty());
        assert_eq!(downloads.settle(&[company(CompanyState::Locked)]), [id]);
        assert!(!part.exists());
        let view = downloads.views(&profile("work")).remove(0);
        assert_eq!((view.state, view.can_retry), (DownloadState::Locked, true));
        downloads.settle(&[company(CompanyState::New)]);
        assert!(downloads.views(&profile("work")).is_empty());
    }
}
