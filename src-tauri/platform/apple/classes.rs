//! `WKWebView` as both systems have it, and what they call a view.
//!
//! Every method declared here is documented by Apple for the main thread and takes and returns the types that are
//! written; that is what their being safe rests on. The class cannot leave the main thread.

use block2::DynBlock;
use objc2::rc::{Allocated, Retained};
use objc2::runtime::ProtocolObject;
use objc2::{extern_class, extern_methods};
#[cfg(target_os = "macos")]
pub(super) use objc2_app_kit::NSView as SystemView;
#[cfg(target_os = "macos")]
use objc2_app_kit::{NSPrintInfo, NSPrintOperation, NSResponder};
use objc2_core_foundation::CGRect;
use objc2_foundation::{NSObject, NSString, NSURL, NSURLRequest};
#[cfg(target_os = "ios")]
pub(super) use objc2_ui_kit::UIView as SystemView;
#[cfg(target_os = "ios")]
use objc2_ui_kit::{UIResponder, UIScrollView};
use objc2_web_kit::{
    WKDownload, WKFindConfiguration, WKFindResult, WKNavigation, WKNavigationDelegate, WKUIDelegate,
    WKWebViewConfiguration,
};

#[cfg(target_os = "macos")]
extern_class!(
    /// A web view.
    #[unsafe(super(SystemView, NSResponder, NSObject))]
    #[thread_kind = objc2::MainThreadOnly]
    #[name = "WKWebView"]
    pub(super) struct WebView;
);

#[cfg(target_os = "ios")]
extern_class!(
    /// A web view.
    #[unsafe(super(SystemView, UIResponder, NSObject))]
    #[thread_kind = objc2::MainThreadOnly]
    #[name = "WKWebView"]
    pub(super) struct WebView;
);

#[expect(non_snake_case, reason = "the names are those of the class")]
impl WebView {
    extern_methods!(
        #[unsafe(method(initWithFrame:configuration:))]
        #[unsafe(method_family = init)]
        pub(super) fn init(
            this: Allocated<Self>,
            frame: CGRect,
            configuration: &WKWebViewConfiguration,
        ) -> Retained<Self>;

        #[unsafe(method(setNavigationDelegate:))]
        #[unsafe(method_family = none)]
        pub(super) fn setNavigationDelegate(&self, delegate: Option<&ProtocolObject<dyn WKNavigationDelegate>>);

        #[unsafe(method(setUIDelegate:))]
        #[unsafe(method_family = none)]
        pub(super) fn setUIDelegate(&self, delegate: Option<&ProtocolObject<dyn WKUIDelegate>>);

        #[unsafe(method(loadRequest:))]
        #[unsafe(method_family = none)]
        pub(super) fn loadRequest(&self, request: &NSURLRequest) -> Option<Retained<WKNavigation>>;

        #[unsafe(method(title))]
        #[unsafe(method_family = none)]
        pub(super) fn title(&self) -> Option<Retained<NSString>>;

        #[unsafe(method(URL))]
        #[unsafe(method_family = none)]
        pub(super) fn URL(&self) -> Option<Retained<NSURL>>;

        #[unsafe(method(isLoading))]
        #[unsafe(method_family = none)]
        pub(super) fn isLoading(&self) -> bool;

        #[unsafe(method(canGoBack))]
        #[unsafe(method_family = none)]
        pub(super) fn canGoBack(&self) -> bool;

        #[unsafe(method(canGoForward))]
        #[unsafe(method_family = none)]
        pub(super) fn canGoForward(&self) -> bool;

        #[unsafe(method(goBack))]
        #[unsafe(method_family = none)]
        pub(super) fn goBack(&self) -> Option<Retained<WKNavigation>>;

        #[unsafe(method(goForward))]
        #[unsafe(method_family = none)]
        pub(super) fn goForward(&self) -> Option<Retained<WKNavigation>>;

        #[unsafe(method(reload))]
        #[unsafe(method_family = none)]
        pub(super) fn reload(&self) -> Option<Retained<WKNavigation>>;

        #[unsafe(method(stopLoading))]
        #[unsafe(method_family = none)]
        pub(super) fn stopLoading(&self);

        #[unsafe(method(setAllowsBackForwardNavigationGestures:))]
        #[unsafe(method_family = none)]
        pub(super) fn setAllowsBackForwardNavigationGestures(&self, allows: bool);

        #[unsafe(method(setAllowsLinkPreview:))]
        #[unsafe(method_family = none)]
        pub(super) fn setAllowsLinkPreview(&self, allows: bool);

        #[unsafe(method(setPageZoom:))]
        #[unsafe(method_family = none)]
        pub(super) fn setPageZoom(&self, zoom: f64);

        #[unsafe(method(findString:withConfiguration:completionHandler:))]
        #[unsafe(method_family = none)]
        pub(super) fn find(
            &self,
            words: &NSString,
            configuration: Option<&WKFindConfiguration>,
            found: &DynBlock<dyn Fn(std::ptr::NonNull<WKFindResult>)>,
        );

        #[unsafe(method(startDownloadUsingRequest:completionHandler:))]
        #[unsafe(method_family = none)]
        pub(super) fn startDownload(
            &self,
            request: &NSURLRequest,
            started: &DynBlock<dyn Fn(std::ptr::NonNull<WKDownload>)>,
        );

        #[cfg(target_os = "macos")]
        #[unsafe(method(printOperationWithPrintInfo:))]
        #[unsafe(method_family = none)]
        pub(super) fn printOperation(&self, info: &NSPrintInfo) -> Retained<NSPrintOperation>;

        #[cfg(target_os = "ios")]
        #[unsafe(method(scrollView))]
        #[unsafe(method_family = none)]
        pub(super) fn scrollView(&self) -> Retained<UIScrollView>;
    );
}
