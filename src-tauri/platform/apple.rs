//! Intranet pages on macOS and iOS: plain `WKWebView`s without any Tauri or wry surface. Type-checked, not run.
//!
//! 1. All pages of one unlock of one company share one data store that lives in memory only, so that a login holds in
//!    every page and nothing is left afterwards. The next unlock, and another company, have stores of their own.
//! 2. The store's only way out is HTTP CONNECT to the controller's proxy with the credentials of this unlock
//!    ([`way`]). Systems before macOS 14 and iOS 17 cannot set it, and open no page.
//! 3. WebKit goes to loopback addresses past any proxy: before the first load, the page gets a list that blocks all but
//!    the catalogue. What else leaves by other ways is turned off. A page without its list does not load.
//! 4. The page's own [`delegate`] judges where it goes, trusts exactly the certificates that the proxy shows, and
//!    denies what pages may ask for.
//! 5. No script, message handler or URI scheme is added: to a page, the app does not exist.
//!
//! On a Mac the page lies below the bar in a window of its own. A phone shows one window at a time: a page's window
//! covers the main one, and leaving the page uncovers it. A window that a page opens is on a Mac a window with a bar;
//! on a phone the page itself goes there.

#![expect(unsafe_code, reason = "WebKit is reached through Objective-C")]

mod classes;
mod delegate;
mod downloads;
#[cfg(target_os = "ios")]
mod ios;
#[cfg(target_os = "macos")]
mod macos;
mod trust;
mod way;

use std::cell::RefCell;
use std::collections::HashMap;

use block2::RcBlock;
use latchgate_client::{Failure, Fault, ProxyEndpoint};
use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_core_foundation::{CGPoint, CGRect, CGSize};
use objc2_foundation::{NSString, NSURL, NSURLRequest};
use objc2_web_kit::{WKFindConfiguration, WKFindResult, WKWebViewConfiguration, WKWebsiteDataStore};
use tauri::{AppHandle, Manager, Url};

use self::classes::{SystemView, WebView};
use self::delegate::Delegate;
pub(crate) use self::downloads::{cancel_download, save_download, start_download};
#[cfg(target_os = "ios")]
use self::ios as system;
#[cfg(target_os = "macos")]
use self::macos as system;
#[cfg(target_os = "macos")]
pub(crate) use self::macos::place;
use super::{blocking, layout};
use crate::browse::{self, Access};
use crate::shell::Shell;
use crate::view::{FindStep, PageAction, PageNotice};

thread_local! {
    /// Web views belong to the main thread, and so does this.
    static VIEWS: RefCell<Views> = RefCell::default();
}

#[derive(Default)]
struct Views {
    /// By the profile.
    contexts: HashMap<String, Context>,
    pages: HashMap<String, Page>,
}

/// What the pages of one unlock share.
#[derive(Clone)]
struct Context {
    proxy: ProxyEndpoint,
    store: Retained<WKWebsiteDataStore>,
}

#[derive(Clone)]
struct Page {
    app: AppHandle,
    profile: String,
    view: Retained<WebView>,
    /// The view does not keep it alive.
    delegate: Retained<Delegate>,
    /// The height of the bar above it.
    bar: f64,
}

/// Opens a page below the bar of its window.
pub(crate) fn open(app: &AppHandle, label: &str, url: &Url, access: &Access) -> Result<(), Failure> {
    let thread = MainThreadMarker::new().ok_or(Fault::Internal)?;
    let context = context(access, thread)?;
    // SAFETY: the configuration is made and filled on the main thread.
    let configuration = unsafe {
        let configuration = WKWebViewConfiguration::new(thread);
        configuration.setWebsiteDataStore(&context.store);
        configuration
    };
    way::restrict(&configuration);
    let page = make(app, label, access.profile.as_str(), &context.proxy, &configuration, thread);
    system::put(app, label, &page)?;
    let sites = app.state::<Shell>().companies().find(&access.profile).map(|client| client.view().sites);
    let hosts = blocking::hosts(&sites.unwrap_or_default());
    let (app, label, url) = (app.clone(), label.to_owned(), url.clone());
    way::block_all_but(&hosts, &configuration, thread, move |blocked| {
        // The page may have been closed in the meantime.
        if blocked {
            load(&label, &url);
        } else {
            browse::notice(&app, &label, PageNotice::NotLoaded);
        }
    });
    Ok(())
}

/// Makes an empty view with its delegate.
fn make(
    app: &AppHandle,
    label: &str,
    profile: &str,
    proxy: &ProxyEndpoint,
    configuration: &WKWebViewConfiguration,
    thread: MainThreadMarker,
) -> Page {
    let frame = CGRect::new(CGPoint::new(0.0, 0.0), CGSize::new(0.0, 0.0));
    let view = system::make_view(app, label, frame, configuration, thread);
    let delegate = Delegate::new(app, label, proxy, thread);
    delegate.connect(&view);
    view.setAllowsBackForwardNavigationGestures(true);
    view.setAllowsLinkPreview(false);
    let page = Page { app: app.clone(), profile: profile.to_owned(), view, delegate, bar: layout::BAR_HEIGHT };
    VIEWS.with_borrow_mut(|views| views.pages.insert(label.to_owned(), page.clone()));
    page
}

/// Does what the person chose in the bar.
pub(crate) fn act(label: &str, action: PageAction) {
    let Some(Page { view, .. }) = page(label) else { return };
    match action {
        PageAction::Back => drop(view.goBack()),
        PageAction::Forward => drop(view.goForward()),
        PageAction::Reload => drop(view.reload()),
        PageAction::Stop => view.stopLoading(),
        PageAction::Print => system::print(&view),
        PageAction::Home
        | PageAction::Lock
        | PageAction::ZoomIn
        | PageAction::ZoomOut
        | PageAction::ZoomReset
        | PageAction::FullScreen
        | PageAction::Pin
        | PageAction::Close
        | PageAction::Noted => {}
    }
}

/// Loads an address that was judged.
pub(crate) fn load(label: &str, url: &Url) {
    if let Some(page) = page(label)
        && let Some(request) = request(url.as_str())
    {
        drop(page.view.loadRequest(&request));
        system::focus_page(&page.view);
    }
}

/// Ends a page; its process goes with its last view.
pub(crate) fn close(label: &str) {
    if let Some(page) = VIEWS.with_borrow_mut(|views| views.pages.remove(label)) {
        page.delegate.disconnect(&page.view);
        page.view.stopLoading();
        system::remove(&page.view);
    }
}

/// Drops the stores of all companies but these: cookies, storage and caches go with them.
pub(crate) fn forget_all_but(open: &[String]) {
    let left: Vec<_> =
        VIEWS.with_borrow_mut(|views| views.contexts.extract_if(|profile, _| !open.contains(profile)).collect());
    drop(left);
}

/// Gives the bar the height that it asks for.
pub(crate) fn fit(app: &AppHandle, label: &str, height: u32) {
    let height = layout::bar_height(height);
    let before =
        VIEWS.with_borrow_mut(|views| views.pages.get_mut(label).map(|page| std::mem::replace(&mut page.bar, height)));
    if let (Some(before), Some(page)) = (before, page(label)) {
        system::arrange(app, label, &page);
        if layout::folds(before, height) {
            system::focus_page(&page.view);
        }
    }
}

/// Shows a page larger or smaller.
pub(crate) fn set_zoom(label: &str, percent: u16) {
    if let Some(page) = page(label) {
        page.view.setPageZoom(f64::from(percent) / 100.0);
    }
}

/// Searches for words in a page. WebKit marks them and does not count them: only that there are none is told.
pub(crate) fn find(label: &str, words: &str, step: FindStep) {
    let (Some(Page { app, view, .. }), Some(thread)) = (page(label), MainThreadMarker::new()) else { return };
    let words = if step == FindStep::End { "" } else { words };
    // SAFETY: the configuration is made and filled on the main thread.
    let configuration = unsafe {
        let configuration = WKFindConfiguration::new(thread);
        configuration.setCaseSensitive(false);
        configuration.setWraps(true);
        configuration.setBackwards(step == FindStep::Previous);
        configuration
    };
    let (label, empty) = (label.to_owned(), words.is_empty());
    let found = RcBlock::new(move |result: std::ptr::NonNull<WKFindResult>| {
        // SAFETY: WebKit hands over a result that lives as long as the call.
        let any = unsafe { result.as_ref().matchFound() };
        browse::update(&app, &label, |page| page.found = (!any && !empty).then_some(0));
    });
    view.find(&NSString::from_str(words), Some(&configuration), &found);
}

/// Returns the store of this company's unlock, made at its first page.
fn context(access: &Access, thread: MainThreadMarker) -> Result<Context, Failure> {
    let profile = access.profile.as_str();
    let present = VIEWS.with_borrow(|views| views.contexts.get(profile).cloned());
    if let Some(context) = present.filter(|context| context.proxy.user == access.proxy.user) {
        return Ok(context);
    }
    let store =
        way::make_store(&access.proxy, thread).ok_or_else(|| Fault::Unavailable.with_message(system::TOO_OLD))?;
    let context = Context { proxy: access.proxy.clone(), store };
    VIEWS.with_borrow_mut(|views| views.contexts.insert(profile.to_owned(), context.clone()));
    Ok(context)
}

/// Does something with the app's own view, which draws the bar, and the page of a window.
fn with_bar(
    app: &AppHandle,
    label: &str,
    job: impl FnOnce(&SystemView, &Page) + Send + 'static,
) -> Result<(), Failure> {
    let window = app.get_webview_window(label).ok_or(Fault::Internal)?;
    let label = label.to_owned();
    let given = window.with_webview(move |bar| {
        // SAFETY: it is the app's own web view, which lives as long as this call, on the main thread.
        let bar = unsafe { bar.inner().cast::<SystemView>().as_ref() };
        if let (Some(bar), Some(page)) = (bar, page(&label)) {
            job(bar, &page);
        }
    });
    given.map_err(|_| Fault::Internal.into())
}

fn page(label: &str) -> Option<Page> {
    VIEWS.with_borrow(|views| views.pages.get(label).cloned())
}

fn request(address: &str) -> Option<Retained<NSURLRequest>> {
    let url = NSURL::URLWithString(&NSString::from_str(address))?;
    Some(NSURLRequest::requestWithURL(&url))
}
