//! What is kept of pages: pinned and recent ones, and the logins over a lock.

#[cfg(target_os = "linux")]
use latchgate_client::Login;
use latchgate_client::ProfileName;
#[cfg(not(target_os = "linux"))]
use latchgate_client::view::CompanyState;
use tauri::{AppHandle, Manager};

#[cfg(not(target_os = "linux"))]
use super::close_all_but;
#[cfg(target_os = "linux")]
use super::run_on_main;
use super::{notice, page_of, update};
#[cfg(target_os = "linux")]
use crate::platform;
use crate::shell::Shell;
use crate::view::PageNotice;

/// Keeps a page in the portal, or does not keep it any more.
pub(super) fn turn_pin(app: &AppHandle, label: &str) {
    let Some((client, page)) = page_of(app, label) else { return };
    if page.pinned {
        client.unpin_page(&page.address);
    } else if let Err(failure) = client.pin_page(&page.address, &page.title) {
        tracing::debug!(code = failure.code, "a page was not pinned");
        notice(app, label, PageNotice::NotPinned);
    }
    update(app, label, |_| {});
}

/// Pages were pinned or unpinned elsewhere: their bars follow.
pub(crate) fn show_pins(app: &AppHandle) {
    let labels: Vec<String> = app.state::<Shell>().pages().open.keys().cloned().collect();
    for label in labels {
        update(app, &label, |_| {});
    }
}

/// A page of a company has been shown, with its title.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "windows")),
    expect(dead_code, reason = "other engines do not say whether an answer was the site's own")
)]
pub(crate) fn visited(app: &AppHandle, label: &str) {
    if let Some((client, page)) = page_of(app, label) {
        client.note_visit(&page.address, &page.title);
    }
}

/// The logins of a company's pages changed: they are kept over the next lock, where the person wants that.
#[cfg(target_os = "linux")]
pub(crate) fn keep_logins(app: &AppHandle, profile: &ProfileName, logins: Vec<Login>) {
    if let Some(client) = app.state::<Shell>().companies().find(profile) {
        client.keep_logins(logins);
    }
}

/// The logins that were kept over the last lock.
#[cfg(target_os = "linux")]
pub(crate) fn kept_logins(app: &AppHandle, profile: &ProfileName) -> Vec<Login> {
    app.state::<Shell>().companies().find(profile).map(|client| client.logins()).unwrap_or_default()
}

/// The addresses of the sites whose logins are to be kept; none where the person does not want that.
#[cfg(target_os = "linux")]
pub(crate) fn sites_with_logins(app: &AppHandle, profile: &ProfileName) -> Vec<String> {
    let client = app.state::<Shell>().companies().find(profile);
    let view = client.map(|client| client.view()).filter(|view| view.settings.keep_logins);
    view.map(|view| view.sites.into_iter().map(|site| site.url).collect()).unwrap_or_default()
}

/// Forgets every login of a company, in its open pages, too.
#[cfg(target_os = "linux")]
pub(crate) fn forget_logins(app: &AppHandle, profile: &ProfileName) {
    let profile = profile.clone();
    run_on_main(app, move || platform::forget_logins(&profile));
}

/// Forgets every login of a company: here they end with its pages.
#[cfg(not(target_os = "linux"))]
pub(crate) fn forget_logins(app: &AppHandle, profile: &ProfileName) {
    let companies = app.state::<Shell>().companies().view().companies;
    let open = companies.into_iter().filter(|company| company.state == CompanyState::Open);
    let others: Vec<String> = open.map(|company| company.profile).filter(|name| name != profile.as_str()).collect();
    close_all_but(app, &others);
}
