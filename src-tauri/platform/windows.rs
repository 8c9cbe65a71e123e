//! Intranet pages on Windows: `WebView2` views without any Tauri surface. Type-checked, not run.
//!
//! 1. All pages of one unlock of one company share one browser process with a folder of its own, in private mode: a
//!    login holds in every page, and nothing is written that outlives the lock. The folder goes when the process has
//!    ended, and what a crash left goes before the first page ([`context`]).
//! 2. The process' command line names the controller's proxy as the only way out, for loopback addresses, too. The
//!    proxy's question for credentials is answered here, and a certificate is trusted where it is the one that the
//!    proxy shows for its host ([`events`]). An engine that cannot ask about either opens no page.
//! 3. The page lies over the app's own bar view in the same window and leaves its upper part free (`layout`).
//! 4. No script, message handler or URI scheme is added. `WebView2` itself shows pages an object `chrome.webview`;
//!    messages through it are turned off, and nobody would hear them.
//! 5. A window that a page opens waits for its own window here, so that the two know each other as in any browser.

#![expect(unsafe_code, reason = "WebView2 is reached through COM")]

mod context;
mod downloads;
mod events;
mod find;
mod person;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use latchgate_client::{Failure, Fault};
use tauri::{AppHandle, Manager, Url, WebviewWindow, WindowEvent};
use webview2_com::Microsoft::Web::WebView2::Win32::{
    COREWEBVIEW2_PRINT_DIALOG_KIND_SYSTEM, ICoreWebView2, ICoreWebView2_16, ICoreWebView2Deferral,
    ICoreWebView2NewWindowRequestedEventArgs,
};
use windows::core::{HSTRING, Interface as _};
use wry::dpi::{LogicalPosition, LogicalSize};
use wry::{WebView, WebViewBuilder, WebViewBuilderExtWindows as _, WebViewExtWindows as _};

use self::context::Context;
pub(crate) use self::downloads::{cancel_download, save_download, start_download};
pub(crate) use self::find::find;
use super::layout;
use crate::browse::Access;
use crate::view::PageAction;

thread_local! {
    /// Web views belong to the main thread, and so does this. Nothing that pumps messages runs while it is borrowed.
    static VIEWS: RefCell<Views> = RefCell::default();
}

#[derive(Default)]
struct Views {
    /// By the profile.
    contexts: HashMap<String, Context>,
    pages: HashMap<String, Page>,
    /// Windows that pages opened and that are not there yet.
    popups: HashMap<String, Popup>,
}

struct Page {
    profile: String,
    view: Rc<WebView>,
    /// The height of the bar above it; 0 while a film has the whole window.
    bar: f64,
}

/// A window that a page opened. Dropping it tells the page that there will be none.
struct Popup {
    profile: String,
    request: ICoreWebView2NewWindowRequestedEventArgs,
    deferral: ICoreWebView2Deferral,
}

impl Drop for Popup {
    fn drop(&mut self) {
        // SAFETY: the deferral is a live COM object of this thread; completing it twice is an error that is returned.
        let _ = unsafe { self.deferral.Complete() };
    }
}

/// Opens a page below the bar of its window.
pub(crate) fn open(app: &AppHandle, label: &str, url: &Url, access: &Access) -> Result<(), Failure> {
    let profile = access.profile.as_str();
    context::enter(app, access);
    let view = make(app, label, profile)?;
    navigate(&view.webview(), url);
    Ok(())
}

/// Puts a page that a page opened into its window, below the bar.
pub(crate) fn place(app: &AppHandle, label: &str) -> Result<(), Failure> {
    let popup = VIEWS.with_borrow_mut(|views| views.popups.remove(label)).ok_or(Fault::Internal)?;
    let view = make(app, label, &popup.profile)?;
    // SAFETY: both are live COM objects of this thread, and the view has not navigated yet.
    let given = unsafe { popup.request.SetNewWindow(&view.webview()) };
    given.map_err(|error| failed(&error))
}

/// Makes an empty view in its window.
fn make(app: &AppHandle, label: &str, profile: &str) -> Result<Rc<WebView>, Failure> {
    let window = app.get_webview_window(label).ok_or(Fault::Internal)?;
    let settings = context::settings(profile).ok_or(Fault::Locked)?;
    let mut web = wry::WebContext::new(Some(settings.folder.clone()));
    let mut builder = WebViewBuilder::new_with_web_context(&mut web)
        .with_incognito(true)
        .with_devtools(false)
        .with_general_autofill_enabled(false)
        .with_hotkeys_zoom(false)
        .with_back_forward_navigation_gestures(true)
        .with_bounds(bounds(&window, layout::BAR_HEIGHT))
        .with_additional_browser_args(settings.arguments.as_str())
        .with_browser_accelerator_keys(false);
    if let Some(environment) = settings.environment.clone() {
        builder = builder.with_environment(environment);
    }
    let view = Rc::new(builder.build_as_child(&window).map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "a web view cannot be made");
        engine_missing()
    })?);
    events::connect(app, label, &view, &settings.proxy).map_err(|error| failed(&error))?;
    context::keep(profile, view.environment());
    let page = Page { profile: profile.to_owned(), view: Rc::clone(&view), bar: layout::BAR_HEIGHT };
    VIEWS.with_borrow_mut(|views| views.pages.insert(label.to_owned(), page));
    follow_window(app, label, &window);
    person::watch(app);
    Ok(view)
}

/// Keeps the page in its place, and its content out of pictures of the screen.
fn follow_window(app: &AppHandle, label: &str, window: &WebviewWindow) {
    if let Err(error) = window.set_content_protected(true) {
        tracing::warn!(error = &error as &dyn std::error::Error, "a page can be seen in pictures of the screen");
    }
    let (app, label) = (app.clone(), label.to_owned());
    window.on_window_event(move |event| {
        if matches!(event, WindowEvent::Resized(_) | WindowEvent::ScaleFactorChanged { .. }) {
            arrange(&app, &label);
        }
    });
}

/// Does what the person chose in the bar.
pub(crate) fn act(label: &str, action: PageAction) {
    let Some(core) = core(label) else { return };
    // SAFETY: the view is a live COM object of this thread.
    let done = unsafe {
        match action {
            PageAction::Back => core.GoBack(),
            PageAction::Forward => core.GoForward(),
            PageAction::Reload => core.Reload(),
            PageAction::Stop => core.Stop(),
            PageAction::Print => {
                core.cast::<ICoreWebView2_16>().and_then(|core| core.ShowPrintUI(COREWEBVIEW2_PRINT_DIALOG_KIND_SYSTEM))
            }
            PageAction::Home
            | PageAction::Lock
            | PageAction::ZoomIn
            | PageAction::ZoomOut
            | PageAction::ZoomReset
            | PageAction::FullScreen
            | PageAction::Pin
            | PageAction::Close
            | PageAction::Noted => Ok(()),
        }
    };
    report(done);
}

/// Loads an address that was judged.
pub(crate) fn load(label: &str, url: &Url) {
    if let Some(core) = core(label) {
        navigate(&core, url);
        focus_page(label);
    }
}

/// Ends a page.
pub(crate) fn close(label: &str) {
    let (page, popup) = VIEWS.with_borrow_mut(|views| (views.pages.remove(label), views.popups.remove(label)));
    // Outside of the borrow: dropping a view closes it, and that sends messages.
    drop((page, popup));
}

/// Ends the browser processes of all companies but these; their folders go with them.
pub(crate) fn forget_all_but(open: &[String]) {
    let left: Vec<_> =
        VIEWS.with_borrow_mut(|views| views.contexts.extract_if(|profile, _| !open.contains(profile)).collect());
    for (_, context) in left {
        context.leave();
    }
}

/// Gives the bar the height that it asks for.
pub(crate) fn fit(app: &AppHandle, label: &str, height: u32) {
    let height = layout::bar_height(height);
    if set_bar(app, label, height).is_some_and(|before| layout::folds(before, height)) {
        focus_page(label);
    }
}

fn focus_page(label: &str) {
    if let Some(view) = page(label)
        && let Err(error) = view.focus()
    {
        tracing::debug!(error = &error as &dyn std::error::Error, "a page does not get the keyboard");
    }
}

/// Shows a page larger or smaller.
pub(crate) fn set_zoom(label: &str, percent: u16) {
    if let Some(view) = page(label) {
        let controller = view.controller();
        // SAFETY: the controller is a live COM object of this thread.
        report(unsafe { controller.SetZoomFactor(f64::from(percent) / 100.0) });
    }
}

/// Sets the height of a bar, and returns the one before.
fn set_bar(app: &AppHandle, label: &str, height: f64) -> Option<f64> {
    let before =
        VIEWS.with_borrow_mut(|views| views.pages.get_mut(label).map(|page| std::mem::replace(&mut page.bar, height)));
    arrange(app, label);
    before
}

/// Gives a page what its bar leaves of their window.
fn arrange(app: &AppHandle, label: &str) {
    let found = VIEWS.with_borrow(|views| views.pages.get(label).map(|page| (Rc::clone(&page.view), page.bar)));
    let (Some((view, bar)), Some(window)) = (found, app.get_webview_window(label)) else { return };
    if let Err(error) = view.set_bounds(bounds(&window, bar)) {
        tracing::warn!(error = &error as &dyn std::error::Error, "a page does not find its place");
    }
}

fn bounds(window: &WebviewWindow, bar: f64) -> wry::Rect {
    let scale = window.scale_factor().unwrap_or(1.0);
    let size = window.inner_size().unwrap_or_default().to_logical::<f64>(scale);
    let frame = layout::place(size.width, size.height, layout::Insets::default(), bar).page;
    wry::Rect {
        position: LogicalPosition::new(frame.x, frame.y).into(),
        size: LogicalSize::new(frame.width, frame.height).into(),
    }
}

fn page(label: &str) -> Option<Rc<WebView>> {
    VIEWS.with_borrow(|views| views.pages.get(label).map(|page| Rc::clone(&page.view)))
}

fn core(label: &str) -> Option<ICoreWebView2> {
    page(label).map(|view| view.webview())
}

fn profile_of(label: &str) -> Option<String> {
    VIEWS.with_borrow(|views| views.pages.get(label).map(|page| page.profile.clone()))
}

fn navigate(core: &ICoreWebView2, url: &Url) {
    // SAFETY: the view is a live COM object of this thread, and the text outlives the call.
    report(unsafe { core.Navigate(&HSTRING::from(url.as_str())) });
}

/// What the engine does not do is no reason to stop.
fn report(done: windows::core::Result<()>) {
    if let Err(error) = done {
        tracing::debug!(code = error.code().0, "the web view does not do what was asked");
    }
}

fn failed(error: &windows::core::Error) -> Failure {
    // The texts of the system may name what was loaded.
    tracing::warn!(code = error.code().0, "a web view cannot be set up");
    engine_missing()
}

fn engine_missing() -> Failure {
    Fault::Unavailable.with_message("Windows' WebView2 is missing or too old to show your company's sites.")
}
