//! What an iPhone and an iPad add: the page below its bar on the whole screen, gestures, dialogs, print.
//!
//! 1. A page's window covers the main one. Its bar stands below the clock and the camera, and the page below the bar:
//!    [`arrange`] places both at the start, after a turn of the device, and when the bar asks for another height.
//! 2. A swipe from the edge goes back or forward, a pull at the upper end loads the page again.
//! 3. A window that a page opens is the page itself going there: there is one window at a time.

use std::path::PathBuf;
use std::ptr::NonNull;
use std::rc::Rc;

use block2::RcBlock;
use latchgate_client::{Failure, Fault};
use objc2::rc::Retained;
use objc2::runtime::AnyObject;
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send, sel};
use objc2_core_foundation::{CGPoint, CGRect};
use objc2_foundation::NSString;
use objc2_ui_kit::{
    UIAlertAction, UIAlertActionStyle, UIAlertController, UIAlertControllerStyle, UIControlEvents, UIEvent,
    UIPrintInteractionController, UIRefreshControl, UITextField, UIView,
};
use objc2_web_kit::WKWebViewConfiguration;
use tauri::{AppHandle, Manager, Url, WindowEvent};

use super::classes::{SystemView, WebView};
use super::{Page, page, request, with_bar};
use crate::browse;
use crate::platform::layout::{self, Frame, Insets};
use crate::platform::reply::Reply;

/// What is said where the proxy cannot be set.
pub(super) const TOO_OLD: &str = "Your company's sites need iOS 17 or newer.";

struct Facts {
    app: AppHandle,
}

define_class!(
    /// A web view that tells when it is touched.
    #[unsafe(super(WebView))]
    #[thread_kind = MainThreadOnly]
    #[name = "LatchgatePageView"]
    #[ivars = Facts]
    struct TouchView;

    impl TouchView {
        /// Asked for each touch, wherever in the page it is.
        #[unsafe(method_id(hitTest:withEvent:))]
        fn hit(&self, point: CGPoint, event: Option<&UIEvent>) -> Option<Retained<UIView>> {
            browse::touch(&self.ivars().app);
            // SAFETY: the view above has the method.
            unsafe { msg_send![super(self), hitTest: point, withEvent: event] }
        }

        #[unsafe(method(latchgatePull:))]
        fn pull(&self, _control: Option<&AnyObject>) {
            drop(self.reload());
        }
    }
);

/// Makes an empty view.
pub(super) fn make_view(
    app: &AppHandle,
    _label: &str,
    frame: CGRect,
    configuration: &WKWebViewConfiguration,
    thread: MainThreadMarker,
) -> Retained<WebView> {
    let view = TouchView::alloc(thread).set_ivars(Facts { app: app.clone() });
    // SAFETY: this is how a web view begins.
    let view: Retained<TouchView> =
        unsafe { msg_send![super(view), initWithFrame: frame, configuration: configuration] };
    let puller = UIRefreshControl::new(thread);
    // SAFETY: the view has the method, takes the control, and outlives it.
    unsafe {
        puller.addTarget_action_forControlEvents(Some(&view), sel!(latchgatePull:), UIControlEvents::ValueChanged);
    }
    view.scrollView().setRefreshControl(Some(&puller));
    view.into_super()
}

/// The pull at the upper end has done its work.
pub(super) fn finish(view: &WebView) {
    if let Some(puller) = view.scrollView().refreshControl() {
        puller.endRefreshing();
    }
}

/// Puts a page into its window, below the bar.
pub(super) fn put(app: &AppHandle, label: &str, _: &Page) -> Result<(), Failure> {
    let window = app.get_webview_window(label).ok_or(Fault::Internal)?;
    let (own, name) = (app.clone(), label.to_owned());
    window.on_window_event(move |event| {
        if let (WindowEvent::Resized(_), Some(page)) = (event, page(&name)) {
            arrange(&own, &name, &page);
        }
    });
    with_bar(app, label, |bar, page| {
        if let Some(parent) = bar.superview() {
            parent.addSubview(&page.view);
            set_frames(&parent, bar, page);
        }
    })
}

/// Divides the screen between a bar and its page.
pub(super) fn arrange(app: &AppHandle, label: &str, _: &Page) {
    let arranged = with_bar(app, label, |bar, page| {
        if let Some(parent) = page.view.superview() {
            set_frames(&parent, bar, page);
        }
    });
    if arranged.is_err() {
        tracing::debug!("the window of a page is gone");
    }
}

/// Gives a page nothing: a phone's keyboard follows the touch.
pub(super) fn focus_page(_: &WebView) {}

fn set_frames(parent: &SystemView, bar: &SystemView, page: &Page) {
    let size = parent.bounds().size;
    let kept = parent.safeAreaInsets();
    let insets = Insets { top: kept.top, left: kept.left, right: kept.right };
    let parts = layout::place(size.width, size.height, insets, page.bar);
    bar.setFrame(rectangle(parts.bar));
    page.view.setFrame(rectangle(parts.page));
}

fn rectangle(frame: Frame) -> CGRect {
    CGRect::new(CGPoint::new(frame.x, frame.y), objc2_core_foundation::CGSize::new(frame.width, frame.height))
}

/// Takes a page out of its window, and its window from above the main one.
pub(super) fn remove(view: &WebView) {
    if let Some(window) = view.window() {
        window.setHidden(true);
    }
    view.removeFromSuperview();
}

/// A page that opens a window goes there itself.
pub(super) fn open_popup(
    _app: &AppHandle,
    _label: &str,
    opener: &WebView,
    _configuration: &WKWebViewConfiguration,
    url: &Url,
) -> Option<Retained<WebView>> {
    if let Some(request) = request(url.as_str()) {
        drop(opener.loadRequest(&request));
    }
    None
}

/// Asks what a page wants to know, above the page alone.
pub(super) fn ask(view: &WebView, message: &NSString, text: Option<String>, may_refuse: bool, reply: Reply<String>) {
    let Some(above) = view.window().and_then(|window| window.rootViewController()) else { return };
    let thread = view.mtm();
    let reply = Rc::new(reply);
    let dialog = UIAlertController::alertControllerWithTitle_message_preferredStyle(
        None,
        Some(message),
        UIAlertControllerStyle::Alert,
        thread,
    );
    if let Some(text) = text {
        let fill = RcBlock::new(move |field: NonNull<UITextField>| {
            // SAFETY: UIKit hands over a field that lives as long as the call.
            unsafe { field.as_ref() }.setText(Some(&NSString::from_str(&text)));
        });
        dialog.addTextFieldWithConfigurationHandler(Some(&fill));
    }
    // The dialog keeps its buttons: they keep its fields and not itself.
    let (agreed, fields) = (Rc::clone(&reply), dialog.textFields());
    let agree = RcBlock::new(move |_: NonNull<UIAlertAction>| {
        let field = fields.as_ref().and_then(|fields| fields.firstObject());
        let said = field.and_then(|field| field.text()).map(|text| text.to_string());
        agreed.say(Some(said.unwrap_or_default()));
    });
    let refuse = RcBlock::new(move |_: NonNull<UIAlertAction>| reply.say(None));
    for (title, style, block) in
        [("OK", UIAlertActionStyle::Default, &agree), ("Cancel", UIAlertActionStyle::Cancel, &refuse)]
    {
        if style == UIAlertActionStyle::Cancel && !may_refuse {
            continue;
        }
        let title = NSString::from_str(title);
        dialog.addAction(&UIAlertAction::actionWithTitle_style_handler(Some(&title), style, Some(block), thread));
    }
    above.presentViewController_animated_completion(&dialog, true, None);
}

/// Opens the system's dialog for printing.
pub(super) fn print(view: &WebView) {
    let printer = UIPrintInteractionController::sharedPrintController(view.mtm());
    printer.setPrintFormatter(Some(&view.viewPrintFormatter()));
    // SAFETY: nobody is called when the dialog closes.
    unsafe { printer.presentAnimated_completionHandler(true, std::ptr::null_mut()) };
}

/// Returns the app's own folder, which the system's Files shows where the app allows it.
pub(super) fn downloads_folder(app: &AppHandle) -> Option<PathBuf> {
    let folder = app.path().document_dir().ok()?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}
