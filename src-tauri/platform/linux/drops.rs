//! Files that are dropped on a page.
//!
//! The engine gives them to a form's field for files and to no script, so that a page with a place of its own for them
//! hears of a drop and gets nothing. What another program dropped is remembered: the bar says so, and the next dialog
//! for files that the page opens begins with it. The person still says yes there.
//!
//! A drag that began in a page could name any file of the person's, and the engine (2.50) would hand it to a field of
//! that page. Such a drag ends here, before the engine hears what it carries.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gtk::gdk::DragContext;
use gtk::gio::File;
use gtk::gio::prelude::FileExt as _;
use gtk::prelude::*;
use gtk::{FileChooserAction, FileChooserNative, ResponseType, Window};
use tauri::AppHandle;
use webkit2gtk::{FileChooserRequest, FileChooserRequestExt as _, WebView, WebViewExt as _};

use crate::browse;
use crate::view::PageNotice;

/// How long a page may take to ask for what was dropped on it.
const KEPT: Duration = Duration::from_secs(120);

/// The files that hover over a page, and the ones that were dropped there last.
#[derive(Default)]
struct Files {
    hovering: Option<(DragContext, Vec<PathBuf>)>,
    dropped: Option<(Instant, Vec<PathBuf>)>,
}

/// Remembers what is dropped on a page, and offers it where the page asks for files.
pub(super) fn connect(app: &AppHandle, label: &str, view: &WebView) {
    let files = Rc::<RefCell<Files>>::default();
    let seen = Rc::clone(&files);
    view.connect_drag_data_received(move |view, drag, _, _, data, _, _| {
        if is_from_outside(drag) {
            let found: Vec<PathBuf> = data.uris().iter().filter_map(|uri| File::for_uri(uri).path()).collect();
            if !found.is_empty() {
                seen.borrow_mut().hovering = Some((drag.clone(), found));
            }
        } else if names_files(&data.data()) {
            view.stop_signal_emission_by_name("drag-data-received");
        }
    });
    let (taken, app, label) = (Rc::clone(&files), app.clone(), label.to_owned());
    view.connect_drag_drop(move |_, drag, _, _, _| {
        let mut files = taken.borrow_mut();
        // What an earlier drag only carried past was not dropped.
        if let Some((_, found)) = files.hovering.take().filter(|(hovering, _)| hovering == drag) {
            files.dropped = Some((Instant::now(), found));
            browse::notice(&app, &label, PageNotice::Dropped);
        }
        // The engine still hands them to a field.
        false
    });
    view.connect_run_file_chooser(move |view, request| {
        let dropped = files.borrow_mut().dropped.take();
        match dropped.filter(|(since, _)| since.elapsed() < KEPT) {
            Some((_, files)) => {
                ask(view, request, &files);
                true
            }
            None => false,
        }
    });
}

/// Opens the system's dialog with the files that were dropped.
fn ask(view: &WebView, request: &FileChooserRequest, files: &[PathBuf]) {
    let window = view.toplevel().and_then(|top| top.downcast::<Window>().ok());
    let title = view.title().unwrap_or_default();
    let dialog = FileChooserNative::new(Some(&title), window.as_ref(), FileChooserAction::Open, None, None);
    dialog.set_select_multiple(request.selects_multiple());
    if let Some(filter) = request.mime_types_filter() {
        dialog.add_filter(filter);
    }
    for file in files {
        dialog.select_filename(file);
    }
    let request = request.clone();
    // The dialog lives as long as somebody waits for its answer, which is this closure.
    let own = RefCell::new(Some(dialog.clone()));
    dialog.connect_response(move |dialog, answer| {
        let chosen: Vec<String> =
            dialog.filenames().into_iter().filter_map(|file| file.into_os_string().into_string().ok()).collect();
        if answer == ResponseType::Accept && !chosen.is_empty() {
            request.select_files(&chosen.iter().map(String::as_str).collect::<Vec<_>>());
        } else {
            request.cancel();
        }
        own.take();
    });
    dialog.show();
}

/// Tells whether the address of a file stands in what is dragged, in whatever form.
fn names_files(data: &[u8]) -> bool {
    const SCHEME: &[u8] = b"file:";
    // Two bytes for each character leave zeros in between.
    let text: Vec<u8> = data.iter().copied().filter(|byte| *byte != 0).collect();
    text.windows(SCHEME.len()).any(|part| part.eq_ignore_ascii_case(SCHEME))
}

/// Tells whether another program is dragging.
fn is_from_outside(drag: &DragContext) -> bool {
    drag.drag_get_source_widget().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_file_is_seen_in_every_form() {
        for data in ["file:///etc/hostname\r\n", "https://a.example/\r\nFILE:/etc/hostname", "<a href='file:x'>"] {
            assert!(names_files(data.as_bytes()), "{data}");
            let wide: Vec<u8> = data.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(names_files(&wide), "{data}");
        }
        assert!(!names_files(b"https://a.example/files/7"));
    }
}
