//! Downloads of `WebView2`: its engine receives and writes them, [`downloads`] decides.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use latchgate_client::ProfileName;
use tauri::{AppHandle, Url};
use webview2_com::Microsoft::Web::WebView2::Win32::{
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON, COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_ACCESS_DENIED,
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_FAILED, COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_NAME_TOO_LONG,
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_NO_SPACE, COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_TOO_LARGE,
    COREWEBVIEW2_DOWNLOAD_STATE, COREWEBVIEW2_DOWNLOAD_STATE_COMPLETED, COREWEBVIEW2_DOWNLOAD_STATE_IN_PROGRESS,
    ICoreWebView2Deferral, ICoreWebView2DownloadOperation, ICoreWebView2DownloadStartingEventArgs,
};
use webview2_com::{BytesReceivedChangedEventHandler, ExecuteScriptCompletedHandler, StateChangedEventHandler};
use windows::core::{HSTRING, Result};
use wry::WebViewExtWindows as _;

use super::events::{Handle, text};
use super::{VIEWS, profile_of, report};
use crate::browse::downloads::{self, Answer, Loss, Offer};
use crate::platform::refetch;

/// Why a file was not written.
const DISK: [COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON; 5] = [
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_FAILED,
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_ACCESS_DENIED,
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_NO_SPACE,
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_NAME_TOO_LONG,
    COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON_FILE_TOO_LARGE,
];

thread_local! {
    /// By their numbers in the list.
    static WAITING: RefCell<HashMap<u32, Waiting>> = RefCell::default();
    static UNDER_WAY: RefCell<HashMap<u32, ICoreWebView2DownloadOperation>> = RefCell::default();
}

/// A download that waits for the person's word.
struct Waiting {
    app: AppHandle,
    start: ICoreWebView2DownloadStartingEventArgs,
    deferral: ICoreWebView2Deferral,
}

/// Takes a file that a page gives: offers it to the list, and does what it says.
pub(super) fn take(page: &Handle, start: &ICoreWebView2DownloadStartingEventArgs) -> Result<()> {
    // SAFETY: the start is a live COM object of this thread.
    unsafe {
        // The engine's own list of downloads knows nothing of companies.
        start.SetHandled(true)?;
        let operation = start.DownloadOperation()?;
        let profile = profile_of(&page.label).and_then(|profile| ProfileName::parse(&profile).ok());
        let answer = match (profile, folder()) {
            (Some(profile), Some(folder)) => {
                downloads::offer(&page.app, &profile, describe(page, start, &operation, folder))
            }
            _ => Answer::Refuse,
        };
        match answer {
            Answer::Save(id, path) => write(&page.app, id, start, &path),
            Answer::Wait(id) => {
                let deferral = start.GetDeferral()?;
                let waiting = Waiting { app: page.app.clone(), start: start.clone(), deferral };
                WAITING.with_borrow_mut(|list| list.insert(id, waiting));
                Ok(())
            }
            Answer::Refuse => start.SetCancel(true),
        }
    }
}

fn describe(
    page: &Handle,
    start: &ICoreWebView2DownloadStartingEventArgs,
    operation: &ICoreWebView2DownloadOperation,
    folder: PathBuf,
) -> Offer {
    let mut total = -1;
    // SAFETY: both are live COM objects of this thread, and the place outlives the call.
    let (path, address, media_type) = unsafe {
        report(operation.TotalBytesToReceive(&mut total));
        (
            text(|path| start.ResultFilePath(path)),
            text(|uri| operation.Uri(uri)),
            text(|media_type| operation.MimeType(media_type)),
        )
    };
    let suggested = Path::new(&path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Offer {
        label: page.label.clone(),
        suggested,
        media_type,
        address: Some(address).filter(|address| address.starts_with("http")),
        total: u64::try_from(total).ok().filter(|total| *total > 0),
        folder,
    }
}

fn write(app: &AppHandle, id: u32, start: &ICoreWebView2DownloadStartingEventArgs, path: &Path) -> Result<()> {
    // SAFETY: the start is a live COM object of this thread, and the text outlives the call.
    let operation = unsafe {
        start.SetResultFilePath(&HSTRING::from(path))?;
        start.DownloadOperation()?
    };
    follow(app, id, &operation)
}

fn follow(app: &AppHandle, id: u32, operation: &ICoreWebView2DownloadOperation) -> Result<()> {
    let own = app.clone();
    let received = BytesReceivedChangedEventHandler::create(Box::new(move |operation, _| {
        let mut bytes = 0;
        if let Some(operation) = operation {
            // SAFETY: the download is a live COM object of this thread, and the place outlives the call.
            unsafe { operation.BytesReceived(&mut bytes)? };
        }
        downloads::progress(&own, id, u64::try_from(bytes).unwrap_or_default());
        Ok(())
    }));
    let own = app.clone();
    let changed = StateChangedEventHandler::create(Box::new(move |operation, _| {
        operation.map_or(Ok(()), |operation| settle(&own, id, &operation))
    }));
    UNDER_WAY.with_borrow_mut(|list| list.insert(id, operation.clone()));
    let mut token = 0;
    // SAFETY: the download is a live COM object of this thread, and the handlers are counted.
    unsafe {
        operation.add_BytesReceivedChanged(&received, &mut token)?;
        operation.add_StateChanged(&changed, &mut token)
    }
}

fn settle(app: &AppHandle, id: u32, operation: &ICoreWebView2DownloadOperation) -> Result<()> {
    let mut state = COREWEBVIEW2_DOWNLOAD_STATE::default();
    let mut reason = COREWEBVIEW2_DOWNLOAD_INTERRUPT_REASON::default();
    // SAFETY: the download is a live COM object of this thread, and the places outlive the calls.
    unsafe {
        operation.State(&mut state)?;
        operation.InterruptReason(&mut reason)?;
    }
    if state == COREWEBVIEW2_DOWNLOAD_STATE_IN_PROGRESS {
        return Ok(());
    }
    UNDER_WAY.with_borrow_mut(|list| list.remove(&id));
    if state == COREWEBVIEW2_DOWNLOAD_STATE_COMPLETED {
        downloads::finish(app, id);
    } else {
        downloads::lose(app, id, if DISK.contains(&reason) { Loss::Disk } else { Loss::Network });
    }
    Ok(())
}

/// Writes a download that waited for the person's word.
pub(crate) fn save_download(id: u32, path: &Path) {
    let Some(waiting) = WAITING.with_borrow_mut(|list| list.remove(&id)) else { return };
    report(write(&waiting.app, id, &waiting.start, path));
    // SAFETY: the deferral is a live COM object of this thread.
    report(unsafe { waiting.deferral.Complete() });
}

/// Gives a download up.
pub(crate) fn cancel_download(id: u32) {
    if let Some(waiting) = WAITING.with_borrow_mut(|list| list.remove(&id)) {
        // SAFETY: both are live COM objects of this thread.
        unsafe {
            report(waiting.start.SetCancel(true));
            report(waiting.deferral.Complete());
        }
    }
    if let Some(operation) = UNDER_WAY.with_borrow_mut(|list| list.remove(&id)) {
        // SAFETY: the download is a live COM object of this thread.
        report(unsafe { operation.Cancel() });
    }
}

/// Fetches an address once more, through a page of the company where one is open.
pub(crate) fn start_download(profile: &ProfileName, address: &str) {
    let Ok(address) = Url::parse(address) else { return };
    let view = VIEWS.with_borrow(|views| {
        views.pages.values().find(|page| page.profile == profile.as_str()).map(|page| page.view.webview())
    });
    if let Some(view) = view {
        let done = ExecuteScriptCompletedHandler::create(Box::new(|_, _| Ok(())));
        // SAFETY: the view is a live COM object of this thread, and the text outlives the call.
        report(unsafe { view.ExecuteScript(&HSTRING::from(refetch::script(&address)), &done) });
    }
}

/// Returns the person's own folder for downloads.
fn folder() -> Option<PathBuf> {
    let folder = dirs::download_dir()?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}
