//! What `WebView2` asks and tells about a page.

use latchgate_client::ProxyEndpoint;
use tauri::{AppHandle, Manager};
use webview2_com::Microsoft::Web::WebView2::Win32::{
    COREWEBVIEW2_KEY_EVENT_KIND, COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN, COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN,
    COREWEBVIEW2_MOVE_FOCUS_REASON_PROGRAMMATIC, COREWEBVIEW2_PERMISSION_STATE_DENY,
    COREWEBVIEW2_SERVER_CERTIFICATE_ERROR_ACTION_ALWAYS_ALLOW, COREWEBVIEW2_SERVER_CERTIFICATE_ERROR_ACTION_CANCEL,
    COREWEBVIEW2_WEB_ERROR_STATUS, COREWEBVIEW2_WEB_ERROR_STATUS_OPERATION_CANCELED, ICoreWebView2, ICoreWebView2_4,
    ICoreWebView2_10, ICoreWebView2_14, ICoreWebView2_18, ICoreWebView2_27,
    ICoreWebView2BasicAuthenticationRequestedEventArgs, ICoreWebView2NavigationStartingEventArgs,
    ICoreWebView2NewWindowRequestedEventArgs, ICoreWebView2ServerCertificateErrorDetectedEventArgs,
    ICoreWebView2Settings4, ICoreWebView2Settings8,
};
use webview2_com::{
    AcceleratorKeyPressedEventHandler, BasicAuthenticationRequestedEventHandler,
    ContainsFullScreenElementChangedEventHandler, ContentLoadingEventHandler, DocumentTitleChangedEventHandler,
    DownloadStartingEventHandler, HistoryChangedEventHandler, LaunchingExternalUriSchemeEventHandler,
    NavigationCompletedEventHandler, NavigationStartingEventHandler, NewWindowRequestedEventHandler,
    PermissionRequestedEventHandler, ProcessFailedEventHandler, ScreenCaptureStartingEventHandler,
    ServerCertificateErrorDetectedEventHandler, SourceChangedEventHandler, WindowCloseRequestedEventHandler,
    take_pwstr,
};
use windows::Win32::UI::Input::KeyboardAndMouse::{
    GetKeyState, VIRTUAL_KEY, VK_ADD, VK_CONTROL, VK_F1, VK_F12, VK_HOME, VK_LEFT, VK_MENU, VK_NUMPAD0, VK_OEM_MINUS,
    VK_OEM_PLUS, VK_RIGHT, VK_SHIFT, VK_SUBTRACT,
};
use windows::core::{BOOL, HSTRING, Interface as _, PWSTR, Result};
use wry::{WebView, WebViewExtWindows as _};

use super::{Popup, VIEWS, downloads, find, profile_of, report, set_bar};
use crate::browse;
use crate::platform::keys::{self, Held, Key};
use crate::platform::policy::{self, Going};
use crate::platform::{certificates, layout};
use crate::view::PageNotice;

/// Which page an event is about.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) app: AppHandle,
    pub(super) label: String,
}

/// Takes away what a page does not need, and connects what it does with its bar.
///
/// # Errors
/// When the engine is too old to ask for the proxy's credentials or about certificates.
pub(super) fn connect(app: &AppHandle, label: &str, view: &WebView, proxy: &ProxyEndpoint) -> Result<()> {
    let core = view.webview();
    let page = Handle { app: app.clone(), label: label.to_owned() };
    restrict(&core)?;
    connect_ways(&core, proxy)?;
    connect_navigation(&core, &page)?;
    connect_refusals(&core)?;
    connect_bar(&core, &page)?;
    report(find::connect(app, label, &core));
    connect_keys(view, &page)
}

fn restrict(core: &ICoreWebView2) -> Result<()> {
    // SAFETY: the view and its settings are live COM objects of this thread.
    unsafe {
        let settings = core.Settings()?;
        settings.SetIsWebMessageEnabled(false)?;
        settings.SetAreHostObjectsAllowed(false)?;
        settings.SetAreDevToolsEnabled(false)?;
        settings.SetIsStatusBarEnabled(true)?;
        let passwords = settings.cast::<ICoreWebView2Settings4>()?;
        passwords.SetIsPasswordAutosaveEnabled(false)?;
        passwords.SetIsGeneralAutofillEnabled(false)?;
        // Would tell Microsoft which addresses are opened.
        if let Ok(reputation) = settings.cast::<ICoreWebView2Settings8>() {
            reputation.SetIsReputationCheckingRequired(false)?;
        }
    }
    Ok(())
}

/// The credentials of the proxy and the certificates that it shows.
fn connect_ways(core: &ICoreWebView2, proxy: &ProxyEndpoint) -> Result<()> {
    let mut token = 0;
    let own = proxy.clone();
    let credentials = BasicAuthenticationRequestedEventHandler::create(Box::new(move |_, request| {
        request.map_or(Ok(()), |request| answer_proxy(&own, &request))
    }));
    let own = proxy.clone();
    let certificates = ServerCertificateErrorDetectedEventHandler::create(Box::new(move |_, detected| {
        detected.map_or(Ok(()), |detected| judge_certificate(&own, &detected))
    }));
    // SAFETY: the view is a live COM object of this thread, and the handlers are counted.
    unsafe {
        core.cast::<ICoreWebView2_10>()?.add_BasicAuthenticationRequested(&credentials, &mut token)?;
        core.cast::<ICoreWebView2_14>()?.add_ServerCertificateErrorDetected(&certificates, &mut token)
    }
}

/// Gives the proxy, and nobody else, the credentials of this unlock. A site's own question is left to the engine.
fn answer_proxy(proxy: &ProxyEndpoint, request: &ICoreWebView2BasicAuthenticationRequestedEventArgs) -> Result<()> {
    // SAFETY: the request is a live COM object of this thread, and the texts outlive the calls.
    unsafe {
        let asks = text(|uri| request.Uri(uri));
        let asks = tauri::Url::parse(&asks).ok();
        let is_proxy = asks.is_some_and(|uri| {
            uri.host_str() == Some(proxy.addr.ip().to_string().as_str()) && uri.port() == Some(proxy.addr.port())
        });
        if is_proxy {
            let response = request.Response()?;
            response.SetUserName(&HSTRING::from(proxy.user.as_str()))?;
            response.SetPassword(&HSTRING::from(proxy.password.as_str()))?;
        }
    }
    Ok(())
}

fn judge_certificate(
    proxy: &ProxyEndpoint,
    detected: &ICoreWebView2ServerCertificateErrorDetectedEventArgs,
) -> Result<()> {
    // SAFETY: what was detected is a live COM object of this thread.
    unsafe {
        let address = text(|uri| detected.RequestUri(uri));
        let certificate = detected.ServerCertificate()?;
        let shown = text(|pem| certificate.ToPemEncoding(pem));
        let host = tauri::Url::parse(&address).ok().and_then(|url| url.host_str().map(str::to_owned));
        let own = host.and_then(|host| proxy.certificate_pem(&host));
        let trusted = certificates::der(&shown).is_some_and(|shown| certificates::is_own(own.as_deref(), &shown));
        detected.SetAction(if trusted {
            COREWEBVIEW2_SERVER_CERTIFICATE_ERROR_ACTION_ALWAYS_ALLOW
        } else {
            COREWEBVIEW2_SERVER_CERTIFICATE_ERROR_ACTION_CANCEL
        })
    }
}

fn connect_navigation(core: &ICoreWebView2, page: &Handle) -> Result<()> {
    let mut token = 0;
    let own = page.clone();
    let starting = NavigationStartingEventHandler::create(Box::new(move |_, args| {
        args.map_or(Ok(()), |args| own.judge(&args, true))
    }));
    let own = page.clone();
    let frame_starting = NavigationStartingEventHandler::create(Box::new(move |_, args| {
        args.map_or(Ok(()), |args| own.judge(&args, false))
    }));
    let own = page.clone();
    let opening = NewWindowRequestedEventHandler::create(Box::new(move |_, args| {
        args.map_or(Ok(()), |args| own.open_popup(args))
    }));
    let own = page.clone();
    let closing = WindowCloseRequestedEventHandler::create(Box::new(move |_, _| {
        own.close_window();
        Ok(())
    }));
    let own = page.clone();
    let saving = DownloadStartingEventHandler::create(Box::new(move |_, args| {
        args.map_or(Ok(()), |args| downloads::take(&own, &args))
    }));
    // SAFETY: the view is a live COM object of this thread, and the handlers are counted.
    unsafe {
        core.add_NavigationStarting(&starting, &mut token)?;
        core.add_FrameNavigationStarting(&frame_starting, &mut token)?;
        core.add_NewWindowRequested(&opening, &mut token)?;
        core.add_WindowCloseRequested(&closing, &mut token)?;
        core.cast::<ICoreWebView2_4>()?.add_DownloadStarting(&saving, &mut token)
    }
}

/// What no page gets: devices, notifications, pictures of the screen, other apps.
fn connect_refusals(core: &ICoreWebView2) -> Result<()> {
    let mut token = 0;
    let permissions = PermissionRequestedEventHandler::create(Box::new(|_, request| {
        // SAFETY: the request is a live COM object of this thread.
        request.map_or(Ok(()), |request| unsafe { request.SetState(COREWEBVIEW2_PERMISSION_STATE_DENY) })
    }));
    let apps = LaunchingExternalUriSchemeEventHandler::create(Box::new(|_, launch| {
        // SAFETY: the launch is a live COM object of this thread.
        launch.map_or(Ok(()), |launch| unsafe { launch.SetCancel(true) })
    }));
    let screens = ScreenCaptureStartingEventHandler::create(Box::new(|_, capture| {
        // SAFETY: the capture is a live COM object of this thread.
        capture.map_or(Ok(()), |capture| unsafe { capture.SetCancel(true) })
    }));
    // SAFETY: the view is a live COM object of this thread, and the handlers are counted.
    unsafe {
        core.add_PermissionRequested(&permissions, &mut token)?;
        // Older engines ask the person about both.
        if let Ok(core) = core.cast::<ICoreWebView2_18>() {
            core.add_LaunchingExternalUriScheme(&apps, &mut token)?;
        }
        if let Ok(core) = core.cast::<ICoreWebView2_27>() {
            core.add_ScreenCaptureStarting(&screens, &mut token)?;
        }
    }
    Ok(())
}

fn connect_bar(core: &ICoreWebView2, page: &Handle) -> Result<()> {
    let mut token = 0;
    let own = page.clone();
    let title = DocumentTitleChangedEventHandler::create(Box::new(move |core, _| own.report(core.as_ref())));
    let own = page.clone();
    let source = SourceChangedEventHandler::create(Box::new(move |core, _| own.report(core.as_ref())));
    let own = page.clone();
    let history = HistoryChangedEventHandler::create(Box::new(move |core, _| own.report(core.as_ref())));
    let own = page.clone();
    let completed = NavigationCompletedEventHandler::create(Box::new(move |core, args| {
        let mut fine = BOOL::default();
        let mut status = COREWEBVIEW2_WEB_ERROR_STATUS::default();
        if let Some(args) = args {
            // SAFETY: the arguments are a live COM object of this thread, and the places outlive the calls.
            unsafe {
                args.IsSuccess(&mut fine)?;
                args.WebErrorStatus(&mut status)?;
            }
        }
        // What became a download, or what the person stopped, is no failure.
        let on_purpose = status == COREWEBVIEW2_WEB_ERROR_STATUS_OPERATION_CANCELED;
        own.finish(core.as_ref(), fine.as_bool() || on_purpose)
    }));
    let own = page.clone();
    let content = ContentLoadingEventHandler::create(Box::new(move |core, _| {
        if let Some(core) = core {
            // SAFETY: the view is a live COM object of this thread.
            browse::popups::fill(&own.app, &own.label, &text(|source| unsafe { core.Source(source) }));
        }
        Ok(())
    }));
    let own = page.clone();
    let ended = ProcessFailedEventHandler::create(Box::new(move |_, _| {
        browse::notice(&own.app, &own.label, PageNotice::NotLoaded);
        Ok(())
    }));
    let own = page.clone();
    let film = ContainsFullScreenElementChangedEventHandler::create(Box::new(move |core, _| {
        core.map_or(Ok(()), |core| own.turn_full_screen(&core))
    }));
    // SAFETY: the view is a live COM object of this thread, and the handlers are counted.
    unsafe {
        core.add_DocumentTitleChanged(&title, &mut token)?;
        core.add_SourceChanged(&source, &mut token)?;
        core.add_HistoryChanged(&history, &mut token)?;
        core.add_NavigationCompleted(&completed, &mut token)?;
        core.add_ContentLoading(&content, &mut token)?;
        core.add_ProcessFailed(&ended, &mut token)?;
        core.add_ContainsFullScreenElementChanged(&film, &mut token)
    }
}

impl Handle {
    fn judge(&self, args: &ICoreWebView2NavigationStartingEventArgs, whole_page: bool) -> Result<()> {
        let mut by_person = BOOL::default();
        // SAFETY: the arguments are a live COM object of this thread, and the place outlives the call.
        unsafe { args.IsUserInitiated(&mut by_person)? };
        let address = text(|uri| {
            // SAFETY: as above.
            unsafe { args.Uri(uri) }
        });
        let going = Going { whole_page, by_person: by_person.as_bool() };
        if !policy::may_go(&self.app, &self.label, &address, going) {
            // SAFETY: as above.
            return unsafe { args.SetCancel(true) };
        }
        if whole_page {
            policy::begin(&self.app, &self.label);
            browse::update(&self.app, &self.label, |page| page.loading = true);
        }
        Ok(())
    }

    /// Remembers that a page opens a window until there is one.
    fn open_popup(&self, request: ICoreWebView2NewWindowRequestedEventArgs) -> Result<()> {
        // SAFETY: the request is a live COM object of this thread.
        let address = text(|uri| unsafe { request.Uri(uri) });
        // SAFETY: as above. Without a view of its own, the engine would open a window that knows no rules.
        unsafe { request.SetHandled(true)? };
        let Some(profile) = profile_of(&self.label) else { return Ok(()) };
        if policy::popup(&self.app, &self.label, &address).is_none() {
            return Ok(());
        }
        let Some(label) = browse::popups::admit(&self.app, &self.label) else { return Ok(()) };
        // SAFETY: as above.
        let deferral = unsafe { request.GetDeferral()? };
        VIEWS.with_borrow_mut(|views| {
            views.popups.insert(label.clone(), Popup { profile, request, deferral });
        });
        browse::popups::show(&self.app, label);
        Ok(())
    }

    fn close_window(&self) {
        if let Some(window) = self.app.get_webview_window(&self.label)
            && let Err(error) = window.destroy()
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "the window of a page is gone");
        }
    }

    /// Shows in the bar where the page is and what it can do.
    fn report(&self, core: Option<&ICoreWebView2>) -> Result<()> {
        let Some(core) = core else { return Ok(()) };
        let (mut back, mut forward) = (BOOL::default(), BOOL::default());
        // SAFETY: the view is a live COM object of this thread, and the places outlive the calls.
        let (address, title) = unsafe {
            core.CanGoBack(&mut back)?;
            core.CanGoForward(&mut forward)?;
            (text(|source| core.Source(source)), text(|title| core.DocumentTitle(title)))
        };
        browse::update(&self.app, &self.label, |page| {
            page.address = address;
            page.title = title;
            page.can_go_back = back.as_bool();
            page.can_go_forward = forward.as_bool();
        });
        Ok(())
    }

    fn finish(&self, core: Option<&ICoreWebView2>, fine: bool) -> Result<()> {
        browse::update(&self.app, &self.label, |page| page.loading = false);
        self.report(core)?;
        if !fine && let Some(core) = core {
            // SAFETY: the view is a live COM object of this thread.
            let address = text(|source| unsafe { core.Source(source) });
            policy::explain_failure(&self.app, &self.label, &address);
        }
        if fine {
            browse::keeping::visited(&self.app, &self.label);
        }
        Ok(())
    }

    /// A film that takes the whole screen takes the bar's place, too.
    fn turn_full_screen(&self, core: &ICoreWebView2) -> Result<()> {
        let mut full = BOOL::default();
        // SAFETY: the view is a live COM object of this thread, and the place outlives the call.
        unsafe { core.ContainsFullScreenElement(&mut full)? };
        let full = full.as_bool();
        if let Some(window) = self.app.get_webview_window(&self.label)
            && let Err(error) = window.set_fullscreen(full)
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "a window does not change its size");
        }
        set_bar(&self.app, &self.label, if full { 0.0 } else { layout::BAR_HEIGHT });
        Ok(())
    }

    fn focus_bar(&self) {
        let Some(window) = self.app.get_webview_window(&self.label) else { return };
        let focused = window.with_webview(|bar| {
            // SAFETY: the controller is a live COM object of this thread, where the app's own views live, too.
            report(unsafe { bar.controller().MoveFocus(COREWEBVIEW2_MOVE_FOCUS_REASON_PROGRAMMATIC) });
        });
        if let Err(error) = focused {
            tracing::debug!(error = &error as &dyn std::error::Error, "the bar does not get the keyboard");
        }
    }
}

fn connect_keys(view: &WebView, page: &Handle) -> Result<()> {
    let mut token = 0;
    let own = page.clone();
    let pressed = AcceleratorKeyPressedEventHandler::create(Box::new(move |_, args| {
        let Some(args) = args else { return Ok(()) };
        let (mut kind, mut code) = (COREWEBVIEW2_KEY_EVENT_KIND::default(), 0);
        // SAFETY: the arguments are a live COM object of this thread, and the places outlive the calls.
        unsafe {
            args.KeyEventKind(&mut kind)?;
            args.VirtualKey(&mut code)?;
        }
        browse::touch(&own.app);
        let is_down =
            kind == COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN || kind == COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN;
        let meaning = key(code).filter(|_| is_down).and_then(|key| keys::shortcut(key, held()));
        if let Some(meaning) = meaning {
            // SAFETY: as above.
            unsafe { args.SetHandled(true)? };
            keys::press(&own.app, &own.label, meaning, || own.focus_bar());
        }
        Ok(())
    }));
    let controller = view.controller();
    // SAFETY: the controller is a live COM object of this thread, and the handler is counted.
    unsafe { controller.add_AcceleratorKeyPressed(&pressed, &mut token) }
}

fn held() -> Held {
    Held { command: is_held(VK_CONTROL), alt: is_held(VK_MENU), shift: is_held(VK_SHIFT) }
}

fn is_held(key: VIRTUAL_KEY) -> bool {
    // SAFETY: the call takes a number and returns the state of this thread's own queue.
    unsafe { GetKeyState(i32::from(key.0)) < 0 }
}

/// Returns the key of a virtual-key code; letters and digits have their own (ASCII) as code.
fn key(code: u32) -> Option<Key> {
    let code = VIRTUAL_KEY(u16::try_from(code).ok()?);
    Some(match code {
        VK_LEFT => Key::Left,
        VK_RIGHT => Key::Right,
        VK_HOME => Key::Home,
        VK_ADD | VK_OEM_PLUS => Key::Types('+'),
        VK_SUBTRACT | VK_OEM_MINUS => Key::Types('-'),
        VK_NUMPAD0 => Key::Types('0'),
        VIRTUAL_KEY(code @ (0x30..=0x39 | 0x41..=0x5a)) => {
            Key::Types(char::from(u8::try_from(code).ok()?).to_ascii_lowercase())
        }
        VIRTUAL_KEY(code) if (VK_F1.0..=VK_F12.0).contains(&code) => {
            Key::Function(u8::try_from(code - VK_F1.0 + 1).ok()?)
        }
        _ => return None,
    })
}

/// Reads a text that the engine allocated; empty where it does not tell.
pub(super) fn text(read: impl FnOnce(*mut PWSTR) -> Result<()>) -> String {
    let mut value = PWSTR::null();
    match read(&mut value) {
        Ok(()) => take_pwstr(value),
        Err(_) => String::new(),
    }
}
