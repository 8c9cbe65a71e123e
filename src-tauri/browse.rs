//! Intranet pages, each in a window of its own.
//!
//! 1. [`open_site`] makes a window whose upper part is the app's own bar and whose rest is a plain web view
//!    ([`platform`]) that knows nothing of the app and reaches nothing but the controller's loopback proxy.
//! 2. Where a page wants to go is judged by [`rules`]; a link out of the company becomes a question in the bar.
//! 3. What the page does shows in the bar as [`PageView`] snapshots; what the person does there acts on the page.
//! 4. Locking closes every page of the company and forgets what they kept. Pages of different companies have nothing
//!    in common: another proxy, other storage.

#[cfg_attr(target_os = "android", expect(dead_code, reason = "Android gives no part in its downloads"))]
pub(crate) mod downloads;
pub(crate) mod files;
pub(crate) mod keeping;
mod leaving;
#[cfg(target_os = "linux")]
pub(crate) mod missing;
#[cfg(desktop)]
pub(crate) mod popups;
pub(crate) mod rules;
pub(crate) mod zoom;

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::collections::BTreeSet;

use latchgate_client::view::{LockCause, SiteView};
use latchgate_client::{Client, Failure, Fault, ProfileName, ProxyEndpoint};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, Url, WindowEvent};

use self::rules::Verdict;
use self::zoom::Step;
use crate::platform;
use crate::shell::{self, Shell};
use crate::view::{Appearance, DownloadView, FindStep, PageAction, PageNotice, PageView};
#[cfg(desktop)]
use crate::view::{BarPart, BarWish};

/// How many pages may be open: each is a process, and a script must not open them without end.
const MOST_PAGES: usize = 24;
/// What the labels of page windows begin with, which `capabilities/toolbar.json` names.
const LABEL_PREFIX: &str = "page-";

/// The open pages by the labels of their windows.
#[derive(Default)]
pub(crate) struct Pages {
    opened: u64,
    open: BTreeMap<String, Page>,
}

struct Page {
    /// The profile of the company that it belongs to.
    profile: ProfileName,
    view: PageView,
    outside: Option<Url>,
    bar: Option<Channel<PageView>>,
    /// The page that opened it, until it has shown something.
    #[cfg(desktop)]
    empty_from: Option<String>,
}

/// What a page needs to reach the company.
pub(crate) struct Access {
    /// The profile of the company.
    pub(crate) profile: ProfileName,
    /// The only way out.
    pub(crate) proxy: ProxyEndpoint,
    /// The hosts of the `https` sites, whose certificates the page shall trust.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other engines ask about each certificate"))]
    pub(crate) secure_hosts: Vec<String>,
    /// Whether little data shall move.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux lets films wait"))]
    pub(crate) low_data: bool,
}

impl Pages {
    /// Makes room for one more page and returns the label of its window.
    fn admit(&mut self, profile: ProfileName, downloads: Vec<DownloadView>) -> Option<String> {
        if self.open.len() >= MOST_PAGES {
            return None;
        }
        self.opened += 1;
        let label = format!("{LABEL_PREFIX}{}", self.opened);
        let view = PageView { downloads, ..PageView::default() };
        let page = Page {
            profile,
            view,
            outside: None,
            bar: None,
            #[cfg(desktop)]
            empty_from: None,
        };
        self.open.insert(label.clone(), page);
        Some(label)
    }

    /// Returns how many pages are open.
    pub(crate) fn count(&self) -> usize {
        self.open.len()
    }

    /// Sends a page's snapshots to its bar, beginning with the present one.
    pub(crate) fn watch(&mut self, label: &str, bar: Channel<PageView>) {
        if let Some(page) = self.open.get_mut(label) {
            page.bar = Some(bar);
            page.show();
        }
    }

    /// Shows the downloads of a company in the bars of its pages.
    pub(crate) fn show_downloads(&mut self, profile: &ProfileName, downloads: &[DownloadView]) {
        let labels: Vec<String> =
            self.open.iter().filter(|(_, page)| page.profile == *profile).map(|(label, _)| label.clone()).collect();
        for label in labels {
            self.update(&label, |page| page.view.downloads = downloads.to_vec());
        }
    }

    /// Changes what a page shows, and sends it if that made a difference.
    fn update(&mut self, label: &str, change: impl FnOnce(&mut Page)) {
        if let Some(page) = self.open.get_mut(label) {
            let before = page.view.clone();
            change(page);
            if page.view != before {
                page.show();
            }
        }
    }
}

impl Page {
    fn show(&self) {
        if let Some(bar) = &self.bar
            && let Err(error) = bar.send(self.view.clone())
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "the bar of a page is gone");
        }
    }
}

/// Opens a site of the catalogue in a window of its own.
///
/// # Errors
/// `site-not-allowed`, `locked`, or that this system cannot show an isolated page.
pub(crate) async fn open_site(app: &AppHandle, address: &str) -> Result<(), Failure> {
    let url: Url = address.parse().map_err(|_| Fault::SiteNotAllowed)?;
    let shell = app.state::<Shell>();
    let (client, profile) = (shell.client(), shell.companies().shown_name());
    if rules::judge(&url, &client.view().sites) != Verdict::Load {
        return Err(Fault::SiteNotAllowed.into());
    }
    let access = access(&client, profile.clone())?;
    let downloads = shell.downloads().views(&profile);
    let label = shell.pages().admit(profile, downloads).ok_or_else(too_many_pages)?;
    let window = open_window(app, &label).map_err(|error| window_failed(&error));
    let shown = match window {
        Ok(()) => on_main(app, {
            let (app, label) = (app.clone(), label.clone());
            move || platform::open(&app, &label, &url, &access)
        })
        .await
        .unwrap_or_else(|| Err(Fault::Internal.into())),
        Err(failure) => Err(failure),
    };
    if shown.is_err() {
        close(app, &label);
    }
    shown
}

/// Tells where a page may go: to the sites of its own company.
pub(crate) fn judge(app: &AppHandle, label: &str, url: &Url) -> Verdict {
    rules::judge(url, &sites_of(app, label))
}

/// The sites of the company that a page belongs to; none once its vault is closed.
fn sites_of(app: &AppHandle, label: &str) -> Vec<SiteView> {
    client_of(app, label).map(|client| client.view().sites).unwrap_or_default()
}

/// Returns the profile of a page's company, and the authority (PEM) by which it vouches for a site of its own.
#[cfg(target_os = "linux")]
pub(crate) fn site_ca(app: &AppHandle, label: &str, host: &str, port: u16) -> Option<(ProfileName, String)> {
    let profile = app.state::<Shell>().pages().open.get(label)?.profile.clone();
    Some((profile, client_of(app, label)?.proxy()?.site_ca(host, port)?))
}

/// Somebody uses a page.
pub(crate) fn touch(app: &AppHandle) {
    app.state::<Shell>().companies().touch();
}

/// Shows the state of a page in its bar and in the title of its window.
pub(crate) fn update(app: &AppHandle, label: &str, change: impl FnOnce(&mut PageView)) {
    let mut title = None;
    let client = client_of(app, label);
    app.state::<Shell>().pages().update(label, |page| {
        let before = rules::window_title(&page.view).to_owned();
        change(&mut page.view);
        (page.view.host, page.view.encrypted) = rules::place(&page.view.address);
        page.view.pinned = client.is_some_and(|client| client.is_pinned(&page.view.address));
        let now = rules::window_title(&page.view);
        title = (now != before).then(|| now.to_owned());
    });
    if let (Some(title), Some(window)) = (title, app.get_webview_window(label))
        && let Err(error) = window.set_title(&title)
    {
        tracing::debug!(error = &error as &dyn std::error::Error, "the window of a page is gone");
    }
    show_zoom(app, label);
}

/// Asks in the bar whether a link out of the company may open in another program.
pub(crate) fn ask(app: &AppHandle, label: &str, outside: Url) {
    app.state::<Shell>().pages().update(label, |page| {
        page.view.question = leaving::question(&outside);
        page.outside = Some(leaving::harmless(outside));
    });
}

/// Says in the bar what has just happened.
pub(crate) fn notice(app: &AppHandle, label: &str, notice: PageNotice) {
    app.state::<Shell>().pages().update(label, |page| page.view.notice = Some(notice));
}

/// Does what the person chose in the bar.
pub(crate) fn act(app: &AppHandle, label: &str, action: PageAction) {
    match action {
        PageAction::Home => go_home(app, label),
        PageAction::Lock => app.state::<Shell>().companies().lock(LockCause::Person),
        PageAction::ZoomIn | PageAction::ZoomOut | PageAction::ZoomReset => zoom(app, label, action),
        PageAction::FullScreen => turn_full_screen(app, label),
        PageAction::Pin => keeping::turn_pin(app, label),
        PageAction::Close => leave(app, label),
        PageAction::Noted => update(app, label, |page| page.notice = None),
        PageAction::Back | PageAction::Forward | PageAction::Reload | PageAction::Stop | PageAction::Print => {
            let label = label.to_owned();
            run_on_main(app, move || platform::act(&label, action));
        }
    }
}

/// Shows all sites: beside the page, or, on a phone, in its place.
fn go_home(app: &AppHandle, label: &str) {
    #[cfg(desktop)]
    {
        let _ = label;
        shell::show_main(app);
    }
    #[cfg(mobile)]
    leave(app, label);
}

/// Shows a site larger or smaller, in all pages of its company.
fn zoom(app: &AppHandle, label: &str, action: PageAction) {
    let Some((client, page)) = page_of(app, label) else { return };
    match zoom::step(client.page_size(&page.host), action) {
        Step::To(percent) => client.set_page_size(&page.host, Some(percent)),
        Step::Reset => client.set_page_size(&page.host, None),
        Step::Stay => {}
    }
    show_sizes(app);
}

/// Shows every page as large as its site was shown last.
fn show_sizes(app: &AppHandle) {
    let labels: Vec<String> = app.state::<Shell>().pages().open.keys().cloned().collect();
    for label in labels {
        show_zoom(app, &label);
    }
}

/// Shows a page as large as its site was shown last.
fn show_zoom(app: &AppHandle, label: &str) {
    let Some(client) = client_of(app, label) else { return };
    let mut wanted = None;
    app.state::<Shell>().pages().update(label, |page| {
        let size = client.page_size(&page.view.host);
        wanted = (page.view.zoom != size).then_some(size);
        page.view.zoom = size;
    });
    let Some(wanted) = wanted else { return };
    let label = label.to_owned();
    run_on_main(app, move || platform::set_zoom(&label, wanted));
}

/// Returns the company that a page belongs to.
fn client_of(app: &AppHandle, label: &str) -> Option<Client> {
    let shell = app.state::<Shell>();
    let profile = shell.pages().open.get(label)?.profile.clone();
    shell.companies().find(&profile)
}

/// Returns the company that a page belongs to, and what the page shows.
fn page_of(app: &AppHandle, label: &str) -> Option<(Client, PageView)> {
    let client = client_of(app, label)?;
    let view = app.state::<Shell>().pages().open.get(label)?.view.clone();
    Some((client, view))
}

/// The person chose other settings: open pages follow.
pub(crate) fn heed_settings(app: &AppHandle) {
    show_sizes(app);
    #[cfg(target_os = "linux")]
    {
        let (own, profile) = (app.clone(), app.state::<Shell>().companies().shown_name());
        run_on_main(app, move || platform::read_logins(&own, &profile));
    }
}

/// The company may share other sites now: pages that are open trust the certificates of the new ones, too.
#[cfg(target_os = "linux")]
pub(crate) fn heed_sites(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let profiles: BTreeSet<ProfileName> = shell.pages().open.values().map(|page| page.profile.clone()).collect();
    let clients = profiles.into_iter().filter_map(|profile| Some((shell.companies().find(&profile)?, profile)));
    for access in clients.filter_map(|(client, profile)| access(&client, profile).ok()) {
        run_on_main(app, move || platform::trust(&access));
    }
}

/// Shows pages light or dark; other engines follow the system.
pub(crate) fn set_appearance(app: &AppHandle, appearance: Appearance) {
    #[cfg(target_os = "linux")]
    run_on_main(app, move || platform::set_appearance(appearance));
    #[cfg(not(target_os = "linux"))]
    let _ = (app, appearance);
}

/// Gives a page the whole screen, or takes it back.
fn turn_full_screen(app: &AppHandle, label: &str) {
    #[cfg(desktop)]
    if let Some(window) = app.get_webview_window(label) {
        let full = !window.is_fullscreen().unwrap_or(false);
        if let Err(error) = window.set_fullscreen(full) {
            tracing::warn!(error = &error as &dyn std::error::Error, "a window does not change its size");
        }
        update(app, label, |page| page.full_screen = Some(full));
    }
    #[cfg(mobile)]
    let _ = (app, label);
}

/// The person pressed the keys for something in the bar while the page had the keyboard.
#[cfg(desktop)]
pub(crate) fn wish(app: &AppHandle, label: &str, part: BarPart) {
    update(app, label, |page| {
        let number = page.wish.as_ref().map_or(0, |wish| wish.number) + 1;
        page.wish = Some(BarWish { part, number });
    });
}

/// Searches for words in a page.
pub(crate) fn find(app: &AppHandle, label: &str, words: String, step: FindStep) {
    if words.is_empty() || step == FindStep::End {
        update(app, label, |page| page.found = None);
    }
    let label = label.to_owned();
    run_on_main(app, move || platform::find(&label, &words, step));
}

/// Gives the bar the height that it needs.
pub(crate) fn fit(app: &AppHandle, label: &str, height: u32) {
    let (own, label) = (app.clone(), label.to_owned());
    run_on_main(app, move || platform::fit(&own, &label, height));
}

/// Goes to an address that the person typed.
pub(crate) fn navigate(app: &AppHandle, label: &str, typed: &str) {
    let sites = sites_of(app, label);
    match rules::read_address(typed, &sites) {
        Some(url) => match rules::judge(&url, &sites) {
            Verdict::Load => {
                let label = label.to_owned();
                run_on_main(app, move || platform::load(&label, &url));
            }
            Verdict::Ask => ask(app, label, url),
            Verdict::Refuse => notice(app, label, PageNotice::Blocked),
        },
        None => notice(app, label, PageNotice::Blocked),
    }
}

/// Takes the person's answer to the question in the bar.
pub(crate) fn answer(app: &AppHandle, label: &str, open: bool) {
    let mut outside = None;
    app.state::<Shell>().pages().update(label, |page| {
        page.view.question = None;
        outside = page.outside.take();
    });
    if let Some(url) = outside
        && open
        && let Err(error) = tauri_plugin_opener::open_url(url.as_str(), None::<&str>)
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "no program of the system opens an address");
    }
}

/// Closes a page that the person has done with.
pub(crate) fn leave(app: &AppHandle, label: &str) {
    let (own, label) = (app.clone(), label.to_owned());
    // Its window must not go away under the key that closes it.
    run_on_main(app, move || close(&own, &label));
}

/// Closes every page of a company that is not open, and forgets what its pages kept.
pub(crate) fn close_all_but(app: &AppHandle, open: &[String]) {
    let closed: Vec<String> = {
        let shell = app.state::<Shell>();
        let pages = shell.pages();
        let closed = pages.open.iter().filter(|(_, page)| !open.iter().any(|name| name == page.profile.as_str()));
        closed.map(|(label, _)| label.clone()).collect()
    };
    for label in closed {
        close(app, &label);
    }
    let open = open.to_vec();
    run_on_main(app, move || platform::forget_all_but(&open));
}

fn close(app: &AppHandle, label: &str) {
    app.state::<Shell>().pages().open.remove(label);
    if let Some(window) = app.get_webview_window(label)
        && let Err(error) = window.destroy()
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "the window of a page does not close");
    }
    let label = label.to_owned();
    run_on_main(app, move || platform::close(&label));
}

fn access(client: &Client, profile: ProfileName) -> Result<Access, Failure> {
    let proxy = client.proxy().ok_or(Fault::Locked)?;
    let view = client.view();
    let secure_hosts = rules::secure_hosts(&view.sites);
    Ok(Access { profile, proxy, secure_hosts, low_data: view.settings.low_data })
}

/// Makes the window of a page with the app's bar in it.
fn open_window(app: &AppHandle, label: &str) -> tauri::Result<()> {
    let builder = shell::own_window(app, label, "toolbar.html");
    #[cfg(desktop)]
    let builder = builder.title(rules::APP).inner_size(1180.0, 840.0).min_inner_size(380.0, 420.0);
    #[cfg(target_os = "android")]
    let builder = builder.activity_name(platform::ACTIVITY);
    let window = builder.build()?;
    let (app, label) = (app.clone(), label.to_owned());
    window.on_window_event(move |event| {
        if let WindowEvent::Destroyed = event {
            app.state::<Shell>().pages().open.remove(&label);
            platform::close(&label);
        }
    });
    Ok(())
}

fn run_on_main(app: &AppHandle, job: impl FnOnce() + Send + 'static) {
    if let Err(error) = app.run_on_main_thread(job) {
        tracing::warn!(error = &error as &dyn std::error::Error, "the main thread takes no more work");
    }
}

/// Runs a job where web views live, and returns what it returned.
pub(crate) async fn on_main<T: Send + 'static>(app: &AppHandle, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = tokio::sync::oneshot::channel();
    run_on_main(app, move || drop(send.send(job())));
    receive.await.ok()
}

fn window_failed(error: &tauri::Error) -> Failure {
    tracing::warn!(error = error as &dyn std::error::Error, "the window of a page cannot be made");
    Fault::Internal.failure()
}

fn too_many_pages() -> Failure {
    Failure {
        code: "too-many-pages".to_owned(),
        message: format!("There are already {MOST_PAGES} pages open."),
        advice: "Close some of them first.".to_owned(),
    }
}
