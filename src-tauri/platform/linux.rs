//! Intranet pages on Linux: WebKitGTK views without any Tauri or wry surface.
//!
//! 1. All pages of one unlock of one company share one web context ([`contexts`]) that lives in memory only, so that a
//!    login holds in every tab and nothing is left afterwards.
//! 2. The context's only way out is SOCKS5 to the controller's proxy ([`way`]), for loopback addresses too, and names
//!    are resolved there. Before the first load it trusts the certificates of the catalogue's sites.
//! 3. No script, message handler or URI scheme is added: to a page, the app does not exist.

mod authorities;
mod comfort;
mod contexts;
mod downloads;
mod drops;
mod families;
mod logins;
mod way;

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use gtk::gdk::{EventMask, ModifierType};
use gtk::glib::{self, ControlFlow, Propagation};
use gtk::prelude::*;
use latchgate_client::{Failure, Fault};
use tauri::{AppHandle, Manager, Url};
use webkit2gtk::{
    LoadEvent, NavigationAction, NavigationPolicyDecision, NavigationPolicyDecisionExt, NavigationType, NetworkError,
    PermissionRequestExt, PolicyDecision, PolicyDecisionExt, PolicyDecisionType, PolicyError, ResponsePolicyDecision,
    ResponsePolicyDecisionExt, SettingsExt, URIRequestExt, URIResponseExt, UserContentManager, WebResourceExt, WebView,
    WebViewExt,
};

pub(crate) use self::comfort::{find, fit, is_dark, set_appearance, set_zoom};
pub(crate) use self::contexts::{forget_all_but, trust};
pub(crate) use self::downloads::{cancel_download, save_download, start_download};
use self::families::Families;
pub(crate) use self::logins::{forget_logins, read_logins};
pub(crate) use self::way::announce_module;
use crate::browse::rules::Verdict;
use crate::browse::{self, Access};
use crate::view::{PageAction, PageNotice};

/// How often it is looked whether a page plays something: less than the shortest time without use.
const LOOK_FOR_FILMS: Duration = Duration::from_secs(20);

thread_local! {
    /// Web views belong to the main thread, and so does this.
    static VIEWS: RefCell<Views> = RefCell::default();
}

#[derive(Default)]
struct Views {
    pages: HashMap<String, WebView>,
    families: Families,
}

/// Opens a page below the bar of its window.
pub(crate) fn open(app: &AppHandle, label: &str, url: &Url, access: &Access) -> Result<(), Failure> {
    let (context, is_new) = contexts::enter(app, access);
    let view = WebView::builder().web_context(&context).user_content_manager(&UserContentManager::new()).build();
    prepare(app, label, &view);
    comfort::darken(&view);
    spare_data(&view, access.low_data);
    VIEWS.with_borrow_mut(|views| {
        views.pages.insert(label.to_owned(), view.clone());
        views.families.begin(label);
    });
    place(app, label)?;
    let address = url.to_string();
    let load = move || view.load_uri(&address);
    let kept = if is_new { browse::keeping::kept_logins(app, &access.profile) } else { Vec::new() };
    // The site must not see the first request without the logins that were kept.
    match kept.as_slice() {
        [] => load(),
        logins => logins::restore(&context, logins, load),
    }
    Ok(())
}

/// Puts a page into its window, below the bar.
pub(crate) fn place(app: &AppHandle, label: &str) -> Result<(), Failure> {
    let window = app.get_webview_window(label).ok_or(Fault::Internal)?;
    let view = page(label).ok_or(Fault::Internal)?;
    let column = window.default_vbox().map_err(|_| Fault::Internal)?;
    comfort::frame_bar(&column);
    column.pack_start(&view, true, true, 0);
    view.show();
    view.grab_focus();
    Ok(())
}

/// Does what the person chose in the bar.
pub(crate) fn act(label: &str, action: PageAction) {
    let Some(view) = page(label) else { return };
    match action {
        PageAction::Back => view.go_back(),
        PageAction::Forward => view.go_forward(),
        PageAction::Reload => view.reload(),
        PageAction::Stop => view.stop_loading(),
        PageAction::Print => comfort::print(&view),
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

fn page(label: &str) -> Option<WebView> {
    VIEWS.with_borrow(|views| views.pages.get(label).cloned())
}

/// Loads an address that was judged.
pub(crate) fn load(label: &str, url: &Url) {
    if let Some(view) = page(label) {
        view.load_uri(url.as_str());
        view.grab_focus();
    }
}

/// Ends a page, and its process with the last page that lives there: a window that closes must not take the page along
/// that opened it.
pub(crate) fn close(label: &str) {
    let taken = VIEWS.with_borrow_mut(|views| {
        let view = views.pages.remove(label)?;
        Some((view, views.families.leave(label)))
    });
    if let Some((view, last)) = taken {
        view.stop_loading();
        if last {
            view.terminate_web_process();
        }
        if let Some(parent) = view.parent().and_then(|parent| parent.downcast::<gtk::Container>().ok()) {
            parent.remove(&view);
        }
    }
}

/// Takes away what a page does not need, and connects what it does with its bar.
fn prepare(app: &AppHandle, label: &str, view: &WebView) {
    if let Some(settings) = WebViewExt::settings(view) {
        settings.set_enable_developer_extras(false);
        settings.set_enable_webrtc(false);
        settings.set_enable_media_stream(false);
        settings.set_allow_file_access_from_file_urls(false);
        settings.set_allow_universal_access_from_file_urls(false);
        settings.set_allow_top_navigation_to_data_urls(false);
        settings.set_javascript_can_open_windows_automatically(false);
        settings.set_enable_back_forward_navigation_gestures(true);
    }
    connect_policies(app, label, view);
    drops::connect(app, label, view);
    connect_bar(app, label, view);
    connect_person(app, view);
    comfort::connect(app, label, view);
}

/// Where little data shall move, films wait until somebody starts them.
fn spare_data(view: &WebView, low_data: bool) {
    if let Some(settings) = WebViewExt::settings(view) {
        settings.set_media_playback_requires_user_gesture(low_data);
    }
}

/// Tells when somebody uses the page, so that the device does not lock under their hands.
fn connect_person(app: &AppHandle, view: &WebView) {
    view.add_events(EventMask::KEY_PRESS_MASK | EventMask::BUTTON_PRESS_MASK | EventMask::SCROLL_MASK);
    let touched = app.clone();
    view.connect_key_press_event(move |_, _| touch(&touched));
    let touched = app.clone();
    view.connect_button_press_event(move |_, _| touch(&touched));
    let touched = app.clone();
    view.connect_scroll_event(move |_, _| touch(&touched));
    // Who watches a film touches nothing.
    let (watched, watching) = (view.downgrade(), app.clone());
    glib::timeout_add_local(LOOK_FOR_FILMS, move || {
        let Some(view) = watched.upgrade() else { return ControlFlow::Break };
        if view.is_playing_audio() {
            browse::touch(&watching);
        }
        ControlFlow::Continue
    });
}

/// Goes on with the event afterwards.
fn touch(app: &AppHandle) -> Propagation {
    browse::touch(app);
    Propagation::Proceed
}

fn connect_policies(app: &AppHandle, label: &str, view: &WebView) {
    let page = Handle::new(app, label);
    view.connect_decide_policy(move |view, decision, kind| {
        if kind == PolicyDecisionType::Response {
            comfort::lighten(view);
        }
        page.decide(view, decision, kind)
    });
    let page = Handle::new(app, label);
    view.connect_create(move |view, action| {
        let url = action.request().and_then(|request| request.uri())?;
        page.open_popup(view, &url).map(WebView::upcast)
    });
    let page = Handle::new(app, label);
    view.connect_load_failed(move |view, _, address, error| {
        // What became a download, or what the person stopped, is no failure.
        let on_purpose =
            error.matches(PolicyError::FrameLoadInterruptedByPolicyChange) || error.matches(NetworkError::Cancelled);
        on_purpose || page.handle_failed_load(view, address)
    });
    let page = Handle::new(app, label);
    view.connect_load_failed_with_tls_errors(move |view, address, certificate, _| {
        if authorities::vouch(&page.app, &page.label, address, certificate) {
            view.load_uri(address);
            return true;
        }
        // A passthrough site under an authority that nobody here knows.
        page.stand_in(view, address, Some(Fault::UpstreamCertificate))
    });
    view.connect_permission_request(|_, request| {
        request.deny();
        true
    });
    let page = Handle::new(app, label);
    view.connect_close(move |_| page.close_window());
}

fn connect_bar(app: &AppHandle, label: &str, view: &WebView) {
    let page = Handle::new(app, label);
    view.connect_title_notify(move |view| page.report(view));
    let page = Handle::new(app, label);
    view.connect_uri_notify(move |view| page.report(view));
    let page = Handle::new(app, label);
    view.connect_is_loading_notify(move |view| page.report(view));
    let page = Handle::new(app, label);
    view.connect_load_changed(move |view, event| page.handle_load(view, event));
    let page = Handle::new(app, label);
    view.connect_web_process_terminated(move |_, _| browse::notice(&page.app, &page.label, PageNotice::NotLoaded));
}

/// Which page a signal is about.
struct Handle {
    app: AppHandle,
    label: String,
}

impl Handle {
    fn new(app: &AppHandle, label: &str) -> Self {
        Self { app: app.clone(), label: label.to_owned() }
    }

    /// Shows in the bar where the page is and what it can do.
    fn report(&self, view: &WebView) {
        browse::update(&self.app, &self.label, |page| {
            page.address = view.uri().map(String::from).unwrap_or_default();
            page.title = view.title().map(String::from).unwrap_or_default();
            page.loading = view.is_loading();
            page.can_go_back = view.can_go_back();
            page.can_go_forward = view.can_go_forward();
        });
        if !view.is_loading() && is_sites_own(view) {
            browse::keeping::visited(&self.app, &self.label);
        }
    }

    fn handle_load(&self, view: &WebView, event: LoadEvent) {
        if event == LoadEvent::Started {
            browse::update(&self.app, &self.label, |page| {
                page.notice = None;
                page.question = None;
            });
        }
        if event == LoadEvent::Committed {
            browse::popups::fill(&self.app, &self.label, view.uri().as_deref().unwrap_or_default());
        }
        self.report(view);
    }

    /// Decides about an address or about an answer; `true` means that it is decided.
    fn decide(&self, view: &WebView, decision: &PolicyDecision, kind: PolicyDecisionType) -> bool {
        if let Some(response) = decision.downcast_ref::<ResponsePolicyDecision>() {
            return decide_response(response);
        }
        let Some(navigation) = decision.downcast_ref::<NavigationPolicyDecision>() else { return false };
        let Some(mut action) = navigation.navigation_action() else { return false };
        let address = action.request().and_then(|request| request.uri()).and_then(|uri| Url::parse(&uri).ok());
        if kind == PolicyDecisionType::NavigationAction && address.as_ref().is_some_and(|url| url.scheme() == "data") {
            // A frame of the page, or a file that it made. The engine's own setting keeps the page itself from there.
            return false;
        }
        let wanted = action.is_user_gesture() || action.is_redirect() || kind == PolicyDecisionType::NewWindowAction;
        let verdict = address.as_ref().map_or(Verdict::Refuse, |url| browse::judge(&self.app, &self.label, url));
        match (verdict, address) {
            (Verdict::Load, _)
                if kind == PolicyDecisionType::NavigationAction && is_for_another_window(&mut action) =>
            {
                if let (Some(request), Some(beside)) = (action.request(), self.open_beside(view)) {
                    beside.load_request(&request);
                }
            }
            (Verdict::Load, _) => return false,
            (Verdict::Ask, Some(url)) if wanted => browse::ask(&self.app, &self.label, url),
            // A frame inside the page or a script: the proxy refuses it, and only if it was the page itself
            // its load fails and the person is asked.
            (Verdict::Ask, Some(url)) if matches!(url.scheme(), "http" | "https") => return false,
            // A letter or a call that nobody clicked.
            (Verdict::Ask, _) => {}
            (Verdict::Refuse, _) if wanted => browse::notice(&self.app, &self.label, PageNotice::Blocked),
            (Verdict::Refuse, _) => {}
        }
        decision.ignore();
        true
    }

    /// The page itself did not load; `true` keeps WebKit's own error page away.
    fn handle_failed_load(&self, view: &WebView, address: &str) -> bool {
        match Url::parse(address) {
            Ok(url) if browse::judge(&self.app, &self.label, &url) == Verdict::Ask => {
                browse::ask(&self.app, &self.label, url);
                true
            }
            _ => self.stand_in(view, address, None),
        }
    }

    /// Shows the app's page in the place of the engine's, which knows neither the person's language nor the dark.
    fn stand_in(&self, view: &WebView, address: &str, fault: Option<Fault>) -> bool {
        match browse::missing::page(&self.app, &self.label, fault) {
            Some(page) => view.load_alternate_html(&page, address, Some(address)),
            None => return false,
        }
        true
    }

    /// Makes the view of a page that this page opens, in the same context.
    fn open_popup(&self, opener: &WebView, address: &str) -> Option<WebView> {
        let url = Url::parse(if address.is_empty() { "about:blank" } else { address }).ok()?;
        match browse::judge(&self.app, &self.label, &url) {
            Verdict::Load => {}
            Verdict::Ask => {
                browse::ask(&self.app, &self.label, url);
                return None;
            }
            Verdict::Refuse => {
                browse::notice(&self.app, &self.label, PageNotice::Blocked);
                return None;
            }
        }
        self.open_beside(opener)
    }

    /// Makes an empty page in a window of its own, which lives with the one that it came from.
    fn open_beside(&self, opener: &WebView) -> Option<WebView> {
        let label = browse::popups::admit(&self.app, &self.label)?;
        let view = WebView::builder().related_view(opener).user_content_manager(&UserContentManager::new()).build();
        prepare(&self.app, &label, &view);
        VIEWS.with_borrow_mut(|views| {
            views.pages.insert(label.clone(), view.clone());
            views.families.join(&label, &self.label);
        });
        browse::popups::show(&self.app, label);
        Some(view)
    }

    fn close_window(&self) {
        if let Some(window) = self.app.get_webview_window(&self.label)
            && let Err(error) = window.destroy()
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "the window of a page is gone");
        }
    }
}

/// Whether the page is one that the site wanted to show, and not a refusal or an error.
fn is_sites_own(view: &WebView) -> bool {
    let answer = view.main_resource().and_then(|resource| resource.response());
    answer.is_some_and(|answer| (200..400).contains(&answer.status_code()))
}

/// Whether the person clicked a link as one does to see it in another window: with the middle button, or with Ctrl.
fn is_for_another_window(action: &mut NavigationAction) -> bool {
    const MIDDLE: u32 = 2;
    action.navigation_type() == NavigationType::LinkClicked
        && (action.mouse_button() == MIDDLE || action.modifiers() & ModifierType::CONTROL_MASK.bits() != 0)
}

/// Saves what cannot be shown.
fn decide_response(response: &ResponsePolicyDecision) -> bool {
    let shown = response.is_mime_type_supported();
    if !shown {
        response.download();
    }
    !shown
}

fn label_of(view: &WebView) -> Option<String> {
    VIEWS.with_borrow(|views| views.pages.iter().find(|(_, page)| *page == view).map(|(label, _)| label.clone()))
}
