//! What a Mac adds: the page below its bar, keys, dialogs, print.

use std::cell::Cell;
use std::path::PathBuf;
use std::ptr::NonNull;

use block2::RcBlock;
use latchgate_client::{Failure, Fault};
use objc2::rc::Retained;
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_app_kit::{
    NSAlert, NSAlertFirstButtonReturn, NSAutoresizingMaskOptions, NSEvent, NSEventMask, NSEventModifierFlags,
    NSModalResponse, NSModalResponseOK, NSOpenPanel, NSPrintInfo, NSTextField,
};
use objc2_core_foundation::{CGPoint, CGRect, CGSize};
use objc2_foundation::{NSArray, NSString, NSURL};
use objc2_web_kit::{WKOpenPanelParameters, WKWebViewConfiguration};
use tauri::{AppHandle, Manager, Url};

use super::classes::{SystemView, WebView};
use super::{Page, make, page, with_bar};
use crate::browse;
use crate::platform::keys::{self, Held, Key};
use crate::platform::layout;
use crate::platform::reply::Reply;

/// What is said where the proxy cannot be set.
pub(super) const TOO_OLD: &str = "Your company's sites need macOS 14 or newer.";

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

struct Facts {
    app: AppHandle,
    label: String,
}

define_class!(
    /// A web view that knows the app's keys.
    #[unsafe(super(WebView))]
    #[thread_kind = MainThreadOnly]
    #[name = "LatchgatePageView"]
    #[ivars = Facts]
    struct KeyView;

    impl KeyView {
        #[unsafe(method(performKeyEquivalent:))]
        fn press(&self, event: &NSEvent) -> bool {
            let Facts { app, label } = self.ivars();
            match meaning(event) {
                Some(meaning) => {
                    keys::press(app, label, meaning, || focus_bar(app, label));
                    true
                }
                // SAFETY: the view above has the method.
                None => unsafe { msg_send![super(self), performKeyEquivalent: event] },
            }
        }
    }
);

fn meaning(event: &NSEvent) -> Option<keys::Shortcut> {
    let flags = event.modifierFlags();
    if flags.intersects(NSEventModifierFlags::Option | NSEventModifierFlags::Control) {
        return None;
    }
    let held = Held {
        command: flags.contains(NSEventModifierFlags::Command),
        alt: false,
        shift: flags.contains(NSEventModifierFlags::Shift),
    };
    let typed = event.charactersIgnoringModifiers()?.to_string().to_lowercase();
    keys::shortcut(Key::Types(typed.chars().next()?), held)
}

/// Makes an empty view.
pub(super) fn make_view(
    app: &AppHandle,
    label: &str,
    frame: CGRect,
    configuration: &WKWebViewConfiguration,
    thread: MainThreadMarker,
) -> Retained<WebView> {
    watch(app);
    let view = KeyView::alloc(thread).set_ivars(Facts { app: app.clone(), label: label.to_owned() });
    // SAFETY: this is how a web view begins.
    let view: Retained<KeyView> = unsafe { msg_send![super(view), initWithFrame: frame, configuration: configuration] };
    view.into_super()
}

/// Tells when somebody uses the app, so that the device does not lock under their hands.
fn watch(app: &AppHandle) {
    if WATCHED.replace(true) {
        return;
    }
    let app = app.clone();
    let touched = RcBlock::new(move |event: NonNull<NSEvent>| {
        browse::touch(&app);
        event.as_ptr()
    });
    let mask =
        NSEventMask::KeyDown | NSEventMask::LeftMouseDown | NSEventMask::RightMouseDown | NSEventMask::ScrollWheel;
    // SAFETY: the block returns the event that it was given.
    let monitor = unsafe { NSEvent::addLocalMonitorForEventsMatchingMask_handler(mask, &touched) };
    // It watches until the app ends.
    std::mem::forget(monitor);
}

/// Puts a page that a page opened into its window, below the bar.
pub(crate) fn place(app: &AppHandle, label: &str) -> Result<(), Failure> {
    let page = page(label).ok_or(Fault::Internal)?;
    put(app, label, &page)
}

/// Puts a page into its window, below the bar, and keeps it out of pictures of the screen.
pub(super) fn put(app: &AppHandle, label: &str, _: &Page) -> Result<(), Failure> {
    let window = app.get_webview_window(label).ok_or(Fault::Internal)?;
    if let Err(error) = window.set_content_protected(true) {
        tracing::warn!(error = &error as &dyn std::error::Error, "a page can be seen in pictures of the screen");
    }
    with_bar(app, label, |bar, page| {
        if let Some(parent) = parent(bar) {
            parent.addSubview(&page.view);
            set_frame(&parent, page);
            page.view.setAutoresizingMask(
                NSAutoresizingMaskOptions::ViewWidthSizable | NSAutoresizingMaskOptions::ViewHeightSizable,
            );
            focus_page(&page.view);
        }
    })
}

/// Gives a page the keyboard.
pub(super) fn focus_page(page: &WebView) {
    if let Some(window) = page.window() {
        window.makeFirstResponder(Some(page));
    }
}

/// Gives a page what its bar leaves of their window.
pub(super) fn arrange(app: &AppHandle, label: &str, _: &Page) {
    let arranged = with_bar(app, label, |_, page| {
        let Some(parent) = parent(&page.view) else { return };
        set_frame(&parent, page);
    });
    if arranged.is_err() {
        tracing::debug!("the window of a page is gone");
    }
}

fn parent(view: &SystemView) -> Option<Retained<SystemView>> {
    // SAFETY: the view is a live object of the main thread, and the one above it is kept.
    unsafe { view.superview() }
}

fn set_frame(parent: &SystemView, page: &Page) {
    let size = parent.bounds().size;
    let frame = layout::place(size.width, size.height, layout::Insets::default(), page.bar).page;
    let y = if parent.isFlipped() { frame.y } else { size.height - frame.y - frame.height };
    page.view.setFrame(CGRect::new(CGPoint::new(frame.x, y), CGSize::new(frame.width, frame.height)));
}

fn focus_bar(app: &AppHandle, label: &str) {
    let focused = with_bar(app, label, |bar, _| {
        if let Some(window) = bar.window() {
            window.makeFirstResponder(Some(bar));
        }
    });
    if focused.is_err() {
        tracing::debug!("the window of a page is gone");
    }
}

/// Takes a page out of its window.
pub(super) fn remove(view: &WebView) {
    view.removeFromSuperview();
}

/// Nothing waits for the end of a load.
pub(super) fn finish(_: &WebView) {}

/// Makes the view of a page that a page opens, in the same store and under the same list.
pub(super) fn open_popup(
    app: &AppHandle,
    label: &str,
    _opener: &WebView,
    configuration: &WKWebViewConfiguration,
    _url: &Url,
) -> Option<Retained<WebView>> {
    let opener = page(label)?;
    let proxy = super::VIEWS.with_borrow(|views| Some(views.contexts.get(&opener.profile)?.proxy.clone()))?;
    let label = browse::popups::admit(app, label)?;
    let page = make(app, &label, &opener.profile, &proxy, configuration, MainThreadMarker::new()?);
    browse::popups::show(app, label);
    Some(page.view)
}

/// Asks what a page wants to know, above the page alone: a question must not hold the app up.
pub(super) fn ask(view: &WebView, message: &NSString, text: Option<String>, may_refuse: bool, reply: Reply<String>) {
    let Some(window) = view.window() else { return };
    let thread = view.mtm();
    let alert = NSAlert::new(thread);
    alert.setMessageText(message);
    alert.addButtonWithTitle(&NSString::from_str("OK"));
    if may_refuse {
        alert.addButtonWithTitle(&NSString::from_str("Cancel"));
    }
    let field = text.map(|text| {
        let field = NSTextField::textFieldWithString(&NSString::from_str(&text), thread);
        field.setFrame(CGRect::new(CGPoint::new(0.0, 0.0), CGSize::new(280.0, 24.0)));
        alert.setAccessoryView(Some(&field));
        field
    });
    let done = RcBlock::new(move |button: NSModalResponse| {
        let said = field.as_ref().map_or_else(String::new, |field| field.stringValue().to_string());
        reply.say((button == NSAlertFirstButtonReturn).then_some(said));
    });
    alert.beginSheetModalForWindow_completionHandler(&window, Some(&done));
}

/// Lets the person choose files that a page may read.
pub(super) fn choose_files(view: &WebView, wishes: &WKOpenPanelParameters, reply: Reply<Retained<NSArray<NSURL>>>) {
    let Some(window) = view.window() else { return };
    let panel = NSOpenPanel::openPanel(view.mtm());
    // SAFETY: the wishes are a live object of the main thread.
    let (several, folders) = unsafe { (wishes.allowsMultipleSelection(), wishes.allowsDirectories()) };
    panel.setCanChooseFiles(true);
    panel.setAllowsMultipleSelection(several);
    panel.setCanChooseDirectories(folders);
    let shown = panel.clone();
    let done = RcBlock::new(move |button: NSModalResponse| {
        reply.say((button == NSModalResponseOK).then(|| shown.URLs()));
    });
    panel.beginSheetModalForWindow_completionHandler(&window, &done);
}

/// Opens the system's dialog for printing.
pub(super) fn print(view: &WebView) {
    let Some(window) = view.window() else { return };
    let operation = view.printOperation(&NSPrintInfo::sharedPrintInfo());
    // WebKit draws its pages for print only where the view has a size.
    if let Some(paper) = operation.view() {
        paper.setFrame(view.frame());
    }
    // SAFETY: nobody is called when the dialog closes.
    unsafe {
        operation.runOperationModalForWindow_delegate_didRunSelector_contextInfo(
            &window,
            None,
            None,
            std::ptr::null_mut(),
        );
    }
}

/// Returns the person's own folder for downloads.
pub(super) fn downloads_folder(_: &AppHandle) -> Option<PathBuf> {
    let folder = dirs::download_dir()?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}
