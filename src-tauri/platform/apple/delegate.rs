//! What WebKit asks and tells about a page.

use std::ffi::c_void;

use block2::DynBlock;
use latchgate_client::ProxyEndpoint;
use objc2::rc::Retained;
use objc2::runtime::{AnyObject, NSObject, ProtocolObject};
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send};
#[cfg(target_os = "macos")]
use objc2_foundation::NSArray;
use objc2_foundation::{
    NSDictionary, NSError, NSHTTPURLResponse, NSKeyValueChangeKey, NSKeyValueObservingOptions,
    NSObjectNSKeyValueObserverRegistration as _, NSObjectProtocol, NSString, NSURL, NSURLAuthenticationChallenge,
    NSURLCredential, NSURLErrorCancelled, NSURLErrorFailingURLErrorKey, NSURLSessionAuthChallengeDisposition,
    ns_string,
};
#[cfg(target_os = "macos")]
use objc2_web_kit::WKOpenPanelParameters;
use objc2_web_kit::{
    WKDownload, WKFrameInfo, WKMediaCaptureType, WKNavigation, WKNavigationAction, WKNavigationActionPolicy,
    WKNavigationDelegate, WKNavigationResponse, WKNavigationResponsePolicy, WKNavigationType, WKPermissionDecision,
    WKSecurityOrigin, WKUIDelegate, WKWebViewConfiguration, WKWindowFeatures,
};
use tauri::{AppHandle, Manager};

use super::classes::WebView;
use super::trust::{self, Answer};
use super::{downloads, system};
use crate::browse;
use crate::platform::policy::{self, Going};
use crate::platform::reply::Reply;
use crate::view::PageNotice;

/// What the bar shows of a view.
const SHOWN: [&str; 5] = ["title", "URL", "loading", "canGoBack", "canGoForward"];
/// A frame's load was interrupted by a change of policy: it became a download, or was refused.
const INTERRUPTED: isize = 102;

/// Which page a delegate is about, and how its company is reached.
pub(super) struct Facts {
    app: AppHandle,
    label: String,
    proxy: ProxyEndpoint,
}

define_class!(
    /// The delegate of one page.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "LatchgatePageDelegate"]
    #[ivars = Facts]
    pub(super) struct Delegate;

    // SAFETY: the class is an object like any other.
    unsafe impl NSObjectProtocol for Delegate {}

    // SAFETY: each method takes and returns the types that the protocol declares.
    unsafe impl WKNavigationDelegate for Delegate {
        #[unsafe(method(webView:decidePolicyForNavigationAction:decisionHandler:))]
        fn decide_action(
            &self,
            _view: &WebView,
            action: &WKNavigationAction,
            decide: &DynBlock<dyn Fn(WKNavigationActionPolicy)>,
        ) {
            decide.call((self.judge(action),));
        }

        #[unsafe(method(webView:decidePolicyForNavigationResponse:decisionHandler:))]
        fn decide_response(
            &self,
            _view: &WebView,
            response: &WKNavigationResponse,
            decide: &DynBlock<dyn Fn(WKNavigationResponsePolicy)>,
        ) {
            decide.call((judge_response(response),));
        }

        #[unsafe(method(webView:navigationAction:didBecomeDownload:))]
        fn action_became_download(&self, _view: &WebView, _action: &WKNavigationAction, download: &WKDownload) {
            self.take(download);
        }

        #[unsafe(method(webView:navigationResponse:didBecomeDownload:))]
        fn response_became_download(&self, _view: &WebView, _response: &WKNavigationResponse, download: &WKDownload) {
            self.take(download);
        }

        #[unsafe(method(webView:didReceiveAuthenticationChallenge:completionHandler:))]
        fn answer(
            &self,
            _view: &WebView,
            challenge: &NSURLAuthenticationChallenge,
            done: &DynBlock<dyn Fn(NSURLSessionAuthChallengeDisposition, *mut NSURLCredential)>,
        ) {
            answer(&self.ivars().proxy, challenge, done);
        }

        #[unsafe(method(webView:didStartProvisionalNavigation:))]
        fn started(&self, _view: &WebView, _navigation: Option<&WKNavigation>) {
            policy::begin(&self.ivars().app, &self.ivars().label);
        }

        #[cfg(target_os = "macos")]
        #[unsafe(method(webView:didCommitNavigation:))]
        fn committed(&self, view: &WebView, _navigation: Option<&WKNavigation>) {
            let address = view
                .URL()
                .and_then(|address| address.absoluteString())
                .map(|address| address.to_string())
                .unwrap_or_default();
            browse::popups::fill(&self.ivars().app, &self.ivars().label, &address);
        }

        #[unsafe(method(webView:didFailProvisionalNavigation:withError:))]
        fn failed_early(&self, _view: &WebView, _navigation: Option<&WKNavigation>, error: &NSError) {
            self.fail(error);
        }

        #[unsafe(method(webView:didFailNavigation:withError:))]
        fn failed(&self, _view: &WebView, _navigation: Option<&WKNavigation>, error: &NSError) {
            self.fail(error);
        }

        #[unsafe(method(webView:didFinishNavigation:))]
        fn finished(&self, view: &WebView, _navigation: Option<&WKNavigation>) {
            system::finish(view);
        }

        #[unsafe(method(webViewWebContentProcessDidTerminate:))]
        fn ended(&self, _view: &WebView) {
            browse::notice(&self.ivars().app, &self.ivars().label, PageNotice::NotLoaded);
        }
    }

    // SAFETY: each method takes and returns the types that the protocol declares.
    unsafe impl WKUIDelegate for Delegate {
        #[unsafe(method_id(webView:createWebViewWithConfiguration:forNavigationAction:windowFeatures:))]
        fn open_popup(
            &self,
            view: &WebView,
            configuration: &WKWebViewConfiguration,
            action: &WKNavigationAction,
            _features: &WKWindowFeatures,
        ) -> Option<Retained<WebView>> {
            self.open(view, configuration, action)
        }

        #[unsafe(method(webViewDidClose:))]
        fn closed(&self, _view: &WebView) {
            let Facts { app, label, .. } = self.ivars();
            if let Some(window) = app.get_webview_window(label)
                && let Err(error) = window.destroy()
            {
                tracing::debug!(error = &error as &dyn std::error::Error, "the window of a page is gone");
            }
        }

        #[unsafe(method(webView:runJavaScriptAlertPanelWithMessage:initiatedByFrame:completionHandler:))]
        fn tell(&self, view: &WebView, message: &NSString, _frame: &WKFrameInfo, done: &DynBlock<dyn Fn()>) {
            let done = done.copy();
            system::ask(view, message, None, false, Reply::new(move |_| done.call(())));
        }

        #[unsafe(method(webView:runJavaScriptConfirmPanelWithMessage:initiatedByFrame:completionHandler:))]
        fn confirm(
            &self,
            view: &WebView,
            message: &NSString,
            _frame: &WKFrameInfo,
            done: &DynBlock<dyn Fn(objc2::runtime::Bool)>,
        ) {
            let done = done.copy();
            let reply = Reply::new(move |said: Option<String>| done.call((said.is_some().into(),)));
            system::ask(view, message, None, true, reply);
        }

        #[unsafe(method(webView:runJavaScriptTextInputPanelWithPrompt:defaultText:initiatedByFrame:completionHandler:))]
        fn prompt(
            &self,
            view: &WebView,
            message: &NSString,
            text: Option<&NSString>,
            _frame: &WKFrameInfo,
            done: &DynBlock<dyn Fn(*mut NSString)>,
        ) {
            let done = done.copy();
            let text = text.map_or_else(String::new, NSString::to_string);
            let reply = Reply::new(move |said: Option<String>| {
                let said = said.map(|said| NSString::from_str(&said));
                done.call((said.as_ref().map_or(std::ptr::null_mut(), |said| Retained::as_ptr(said).cast_mut()),));
            });
            system::ask(view, message, Some(text), true, reply);
        }

        #[unsafe(method(webView:requestMediaCapturePermissionForOrigin:initiatedByFrame:type:decisionHandler:))]
        fn permit_capture(
            &self,
            _view: &WebView,
            _origin: &WKSecurityOrigin,
            _frame: &WKFrameInfo,
            _kind: WKMediaCaptureType,
            decide: &DynBlock<dyn Fn(WKPermissionDecision)>,
        ) {
            decide.call((WKPermissionDecision::Deny,));
        }

        #[unsafe(method(webView:requestDeviceOrientationAndMotionPermissionForOrigin:initiatedByFrame:decisionHandler:))]
        fn permit_motion(
            &self,
            _view: &WebView,
            _origin: &WKSecurityOrigin,
            _frame: &WKFrameInfo,
            decide: &DynBlock<dyn Fn(WKPermissionDecision)>,
        ) {
            decide.call((WKPermissionDecision::Deny,));
        }

        #[cfg(target_os = "macos")]
        #[unsafe(method(webView:runOpenPanelWithParameters:initiatedByFrame:completionHandler:))]
        fn choose_files(
            &self,
            view: &WebView,
            parameters: &WKOpenPanelParameters,
            _frame: &WKFrameInfo,
            done: &DynBlock<dyn Fn(*mut NSArray<NSURL>)>,
        ) {
            let done = done.copy();
            let reply = Reply::new(move |chosen: Option<Retained<NSArray<NSURL>>>| {
                done.call((chosen.as_ref().map_or(std::ptr::null_mut(), |list| Retained::as_ptr(list).cast_mut()),));
            });
            system::choose_files(view, parameters, reply);
        }
    }

    /// What `NSKeyValueObserving` calls.
    impl Delegate {
        #[unsafe(method(observeValueForKeyPath:ofObject:change:context:))]
        fn changed(
            &self,
            _path: Option<&NSString>,
            object: Option<&AnyObject>,
            _change: Option<&NSDictionary<NSKeyValueChangeKey, AnyObject>>,
            _context: *mut c_void,
        ) {
            if let Some(view) = object.and_then(|object| object.downcast_ref::<WebView>()) {
                self.report(view);
            }
        }
    }
);

impl Delegate {
    pub(super) fn new(app: &AppHandle, label: &str, proxy: &ProxyEndpoint, thread: MainThreadMarker) -> Retained<Self> {
        let facts = Facts { app: app.clone(), label: label.to_owned(), proxy: proxy.clone() };
        let delegate = Self::alloc(thread).set_ivars(facts);
        // SAFETY: the class adds nothing to how an object begins.
        unsafe { msg_send![super(delegate), init] }
    }

    /// Follows a view. The view does not keep its delegate alive.
    pub(super) fn connect(&self, view: &WebView) {
        view.setNavigationDelegate(Some(ProtocolObject::from_ref(self)));
        view.setUIDelegate(Some(ProtocolObject::from_ref(self)));
        for path in SHOWN {
            // SAFETY: the delegate has the method that is called, and is kept until `disconnect`.
            unsafe {
                view.addObserver_forKeyPath_options_context(
                    self,
                    &NSString::from_str(path),
                    NSKeyValueObservingOptions::empty(),
                    std::ptr::null_mut(),
                );
            }
        }
    }

    /// Follows a view no longer. Once for each [`Delegate::connect`].
    pub(super) fn disconnect(&self, view: &WebView) {
        view.setNavigationDelegate(None);
        view.setUIDelegate(None);
        for path in SHOWN {
            // SAFETY: the delegate was added for this path.
            unsafe { view.removeObserver_forKeyPath(self, &NSString::from_str(path)) };
        }
    }

    /// Shows in the bar where the page is and what it can do.
    fn report(&self, view: &WebView) {
        let address = view.URL().and_then(|url| url.absoluteString());
        let title = view.title();
        browse::update(&self.ivars().app, &self.ivars().label, |page| {
            page.address = address.map(|address| address.to_string()).unwrap_or_default();
            page.title = title.map(|title| title.to_string()).unwrap_or_default();
            page.loading = view.isLoading();
            page.can_go_back = view.canGoBack();
            page.can_go_forward = view.canGoForward();
        });
    }

    fn open(
        &self,
        view: &WebView,
        configuration: &WKWebViewConfiguration,
        action: &WKNavigationAction,
    ) -> Option<Retained<WebView>> {
        let Facts { app, label, .. } = self.ivars();
        let url = policy::popup(app, label, &address(action))?;
        system::open_popup(app, label, view, configuration, &url)
    }

    fn judge(&self, action: &WKNavigationAction) -> WKNavigationActionPolicy {
        // SAFETY: the action is a live object of the main thread.
        let (target, kind, is_download) =
            unsafe { (action.targetFrame(), action.navigationType(), action.shouldPerformDownload()) };
        let Some(target) = target else {
            // A new window: it is judged when it is opened.
            return WKNavigationActionPolicy::Allow;
        };
        let going = Going {
            // A file to save changes no page, even where it is the page that asks.
            // SAFETY: the frame is a live object of the main thread.
            whole_page: unsafe { target.isMainFrame() } && !is_download,
            by_person: kind == WKNavigationType::LinkActivated || kind == WKNavigationType::FormSubmitted,
        };
        match policy::may_go(&self.ivars().app, &self.ivars().label, &address(action), going) {
            true if is_download => WKNavigationActionPolicy::Download,
            true => WKNavigationActionPolicy::Allow,
            false => WKNavigationActionPolicy::Cancel,
        }
    }

    fn take(&self, download: &WKDownload) {
        let Facts { app, label, proxy } = self.ivars();
        downloads::take(app, label, proxy, download);
    }

    fn fail(&self, error: &NSError) {
        let code = error.code();
        // What became a download, or what the person stopped, is no failure.
        if code == INTERRUPTED || code == NSURLErrorCancelled {
            return;
        }
        // SAFETY: the name is a constant of the framework.
        let address = error.userInfo().objectForKey(unsafe { NSURLErrorFailingURLErrorKey });
        let address = address.and_then(|address| address.downcast::<NSURL>().ok()?.absoluteString());
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        policy::explain_failure(&self.ivars().app, &self.ivars().label, &address);
    }
}

/// Hands an answer to a challenge over.
pub(super) fn answer(
    proxy: &ProxyEndpoint,
    challenge: &NSURLAuthenticationChallenge,
    done: &DynBlock<dyn Fn(NSURLSessionAuthChallengeDisposition, *mut NSURLCredential)>,
) {
    match trust::answer(proxy, challenge) {
        Answer::Use(credential) => {
            let raw = Retained::as_ptr(&credential).cast_mut();
            done.call((NSURLSessionAuthChallengeDisposition::UseCredential, raw));
        }
        Answer::Refuse => {
            let cancel = NSURLSessionAuthChallengeDisposition::CancelAuthenticationChallenge;
            done.call((cancel, std::ptr::null_mut()));
        }
        Answer::Default => {
            done.call((NSURLSessionAuthChallengeDisposition::PerformDefaultHandling, std::ptr::null_mut()));
        }
    }
}

/// Saves what cannot be shown, and what the site wants to be saved.
fn judge_response(response: &WKNavigationResponse) -> WKNavigationResponsePolicy {
    // SAFETY: the response is a live object of the main thread.
    let (shown, response) = unsafe { (response.canShowMIMEType(), response.response()) };
    let wish = response
        .downcast::<NSHTTPURLResponse>()
        .ok()
        .and_then(|response| response.valueForHTTPHeaderField(ns_string!("Content-Disposition")));
    let is_file = wish.is_some_and(|wish| policy::is_attachment(&wish.to_string()));
    if is_file || !shown { WKNavigationResponsePolicy::Download } else { WKNavigationResponsePolicy::Allow }
}

fn address(action: &WKNavigationAction) -> String {
    // SAFETY: the action is a live object of the main thread.
    let request = unsafe { action.request() };
    let address = request.URL().and_then(|url| url.absoluteString());
    address.map(|address| address.to_string()).unwrap_or_default()
}
