//! Downloads of WebKitGTK: its engine receives and writes them, [`downloads`] decides.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use latchgate_client::ProfileName;
use tauri::AppHandle;
use webkit2gtk::{Download, DownloadError, DownloadExt, URIRequestExt, URIResponseExt, WebContext, WebContextExt};

use super::{contexts, label_of};
use crate::browse;
use crate::browse::downloads::{self, Answer, Loss, Offer};
use crate::view::PageNotice;

thread_local! {
    /// What is under way, by its number in the list.
    static UNDER_WAY: RefCell<HashMap<u32, Download>> = RefCell::default();
}

/// Follows every download of a company.
pub(super) fn connect(app: &AppHandle, profile: &ProfileName, context: &WebContext) {
    let (app, profile) = (app.clone(), profile.clone());
    context.connect_download_started(move |_, download| follow(&app, &profile, download));
}

/// Writes a download that waited for the person's word.
pub(crate) fn save_download(id: u32, path: &Path) {
    if let Some(download) = UNDER_WAY.with_borrow(|under_way| under_way.get(&id).cloned()) {
        download.set_destination(&path.to_string_lossy());
    }
}

/// Gives a download up.
pub(crate) fn cancel_download(id: u32) {
    if let Some(download) = UNDER_WAY.with_borrow_mut(|under_way| under_way.remove(&id)) {
        download.cancel();
    }
}

/// Fetches an address once more, as the pages of the company would.
pub(crate) fn start_download(profile: &ProfileName, address: &str) {
    let context = contexts::find(profile);
    if let Some(context) = context {
        drop(context.download_uri(address));
    }
}

fn follow(app: &AppHandle, profile: &ProfileName, download: &Download) {
    // Known once the site has answered and the list has taken it.
    let id = Rc::new(RefCell::new(None::<u32>));
    let label = download.web_view().and_then(|view| label_of(&view)).unwrap_or_default();

    let (listed, page, owner) = (Rc::clone(&id), app.clone(), profile.clone());
    let from = label.clone();
    download.connect_decide_destination(move |download, suggested| {
        *listed.borrow_mut() = decide(&page, &owner, &from, download, suggested);
        true
    });
    let (listed, page) = (Rc::clone(&id), app.clone());
    download.connect_received_data(move |download, _| {
        if let Some(id) = *listed.borrow() {
            downloads::progress(&page, id, download.received_data_length());
        }
    });
    let (listed, page) = (Rc::clone(&id), app.clone());
    download.connect_failed(move |_, error| match *listed.borrow() {
        Some(id) if error.matches(DownloadError::Destination) => downloads::lose(&page, id, Loss::Disk),
        Some(id) => downloads::lose(&page, id, Loss::Network),
        None => browse::notice(&page, &label, PageNotice::NotSaved { name: String::new() }),
    });
    let page = app.clone();
    download.connect_finished(move |_| {
        if let Some(id) = *id.borrow() {
            UNDER_WAY.with_borrow_mut(|under_way| under_way.remove(&id));
            downloads::finish(&page, id);
        }
    });
}

/// Offers a download to the list, and does what it says.
fn decide(app: &AppHandle, profile: &ProfileName, label: &str, download: &Download, suggested: &str) -> Option<u32> {
    let response = download.response();
    let request = download.request();
    let address = response.as_ref().and_then(|response| response.uri());
    let is_get = request.as_ref().and_then(|request| request.http_method()).is_none_or(|method| method == "GET");
    let offer = Offer {
        label: label.to_owned(),
        suggested: suggested.to_owned(),
        media_type: response.as_ref().and_then(|response| response.mime_type()).map(String::from).unwrap_or_default(),
        address: address.map(String::from).filter(|address| is_get && address.starts_with("http")),
        total: response.map(|response| response.content_length()).filter(|length| *length > 0),
        folder: match folder() {
            Some(folder) => folder,
            None => {
                download.cancel();
                return None;
            }
        },
    };
    match downloads::offer(app, profile, offer) {
        Answer::Save(id, path) => {
            UNDER_WAY.with_borrow_mut(|under_way| under_way.insert(id, download.clone()));
            download.set_destination(&path.to_string_lossy());
            Some(id)
        }
        Answer::Wait(id) => {
            UNDER_WAY.with_borrow_mut(|under_way| under_way.insert(id, download.clone()));
            Some(id)
        }
        Answer::Refuse => {
            download.cancel();
            None
        }
    }
}

/// Returns the person's own folder for downloads.
fn folder() -> Option<PathBuf> {
    let folder = dirs::download_dir().or_else(|| Some(dirs::home_dir()?.join("Downloads")))?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}
