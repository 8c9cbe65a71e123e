//! Windows that pages open.
//!
//! 1. The platform makes room for a page ([`admit`]), and its window follows ([`show`]).
//! 2. What a window was opened for may turn out to be a file. If it has shown nothing else, it closes ([`give_way`]),
//!    as in other browsers, and the page that opened it is told of the file.

use tauri::{AppHandle, Manager};

use super::{close, leave, on_main, open_window, window_failed};
use crate::platform;
use crate::shell::Shell;

/// What a window has before it goes anywhere.
const NOTHING: &str = "about:blank";

/// Makes room for a page that a page opens; `None` when there are too many.
pub(crate) fn admit(app: &AppHandle, opener: &str) -> Option<String> {
    let shell = app.state::<Shell>();
    let profile = shell.pages().open.get(opener)?.profile.clone();
    let downloads = shell.downloads().views(&profile);
    let label = shell.pages().admit(profile, downloads)?;
    if let Some(page) = shell.pages().open.get_mut(&label) {
        page.empty_from = Some(opener.to_owned());
    }
    Some(label)
}

/// Shows a page that [`platform`] made for a page, in a window of its own.
pub(crate) fn show(app: &AppHandle, label: String) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let opened = open_window(&app, &label).map_err(|error| window_failed(&error));
        let placed = on_main(&app, {
            let (app, label) = (app.clone(), label.clone());
            move || opened.and_then(|()| platform::place(&app, &label))
        })
        .await;
        if !matches!(placed, Some(Ok(()))) {
            close(&app, &label);
        }
    });
}

/// The content of this address begins to show in a page.
pub(crate) fn fill(app: &AppHandle, label: &str, address: &str) {
    if address != NOTHING
        && let Some(page) = app.state::<Shell>().pages().open.get_mut(label)
    {
        page.empty_from = None;
    }
}

/// A page brought a file: closes its window if it has shown nothing, and returns the page that is told of the file.
pub(crate) fn give_way(app: &AppHandle, label: String) -> String {
    let opener = app.state::<Shell>().pages().open.get_mut(&label).and_then(|page| page.empty_from.take());
    let Some(opener) = opener else { return label };
    let app = app.clone();
    // Not before the engine has been told what becomes of the file.
    tauri::async_runtime::spawn(async move { leave(&app, &label) });
    opener
}
