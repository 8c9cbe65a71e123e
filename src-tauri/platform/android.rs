//! Intranet pages on Android: plain web views without any Tauri or wry surface. Type-checked, not run.
//!
//! 1. A page has a screen of its own (an activity) over the main one: the app's own web view draws the bar, and the
//!    page lies below it. Leaving the page, or the system's back at its first address, uncovers the portal. A window
//!    that a page opens is the page itself going there.
//! 2. The views are made and kept in Java (`android/Pages.java`, `PageView.java`, `PageActivity.java`, which `build.rs`
//!    copies into the Android project); this module calls them ([`call`]), and they ask it ([`native`]).
//! 3. Android has one way out, one jar of cookies and one storage for all web views of a process: a page of another
//!    company, or of another unlock, first closes the others and forgets what they kept. A lock forgets it, too.
//! 4. The way out is the controller's proxy, for loopback addresses, too. It is set before the first load and never
//!    taken back. Where the system's web view is too old to set it, no page opens.
//! 5. Android hands downloads over as addresses and has no part in receiving them: they are refused, and that is said.
//! 6. The page stays out of pictures of the screen and of the list of recent apps.
//!
//! The controller's thread is not the one of the views, which owns everything in Java.

mod native;

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jni::JNIEnv;
use jni::errors::Result;
use jni::objects::{JClass, JObject, JValue};
use latchgate_client::{Failure, Fault, ProfileName, ProxyEndpoint};
use tauri::{AppHandle, Manager, Url};
use wry::JniHandle;
use wry::prelude::find_class;

use super::layout;
use crate::browse::Access;
use crate::shell::MAIN;
use crate::view::{FindStep, PageAction};

/// The class that keeps the views.
const CLASS: &str = "org/latchgate/app/Pages";
/// The screen of a page, which the manifest names.
pub(crate) const ACTIVITY: &str = "PageActivity";
/// How long the thread of the views may take to begin a page.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);

static STATE: Mutex<Option<State>> = Mutex::new(None);
static APP: OnceLock<AppHandle> = OnceLock::new();

/// The company whose pages are open, and how it is reached.
struct State {
    profile: String,
    proxy: ProxyEndpoint,
    pages: HashMap<String, JniHandle>,
}

fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a page below the bar of its screen.
pub(crate) fn open(app: &AppHandle, label: &str, url: &Url, access: &Access) -> std::result::Result<(), Failure> {
    APP.get_or_init(|| app.clone());
    let window = app.get_webview_window(label).ok_or(Fault::Internal)?;
    let (send_handle, handle) = channel();
    let asked = window.with_webview(move |view| {
        let _ = send_handle.send(view.jni_handle());
    });
    asked.map_err(|_| Fault::Internal)?;
    let handle = handle.recv_timeout(BEGIN_WITHIN).map_err(|_| Fault::Internal)?;
    let others = enter(label, handle, access);
    let fresh = others.is_some();
    for (label, handle) in others.into_iter().flatten() {
        finish(handle, label);
    }
    let page = (label.to_owned(), url.to_string(), format!("http://{}", access.proxy.addr));
    let (send, began) = channel();
    handle.exec(move |env, activity, bar| {
        let result = begin(env, activity, bar, &page, fresh);
        report(env, &result);
        let _ = send.send(result.unwrap_or_default());
    });
    // Nothing loads unless the way out was set, whatever is answered here.
    match began.recv_timeout(BEGIN_WITHIN) {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(Fault::Unavailable.with_message("Android System WebView is too old to show your company's sites."))
        }
        Err(_) => Err(Fault::Internal.into()),
    }
}

/// Remembers a page. For a company or an unlock that is not the present one, returns the pages that are to be closed.
fn enter(label: &str, handle: JniHandle, access: &Access) -> Option<HashMap<String, JniHandle>> {
    let mut state = state();
    let is_present = state
        .as_ref()
        .is_some_and(|state| state.profile == access.profile.as_str() && state.proxy.user == access.proxy.user);
    if let Some(state) = state.as_mut().filter(|_| is_present) {
        state.pages.insert(label.to_owned(), handle);
        return None;
    }
    let entered = State {
        profile: access.profile.as_str().to_owned(),
        proxy: access.proxy.clone(),
        pages: HashMap::from([(label.to_owned(), handle)]),
    };
    Some(state.replace(entered).map(|before| before.pages).unwrap_or_default())
}

fn begin(
    env: &mut JNIEnv<'_>,
    activity: &JObject<'_>,
    bar: &JObject<'_>,
    (label, url, proxy): &(String, String, String),
    fresh: bool,
) -> Result<bool> {
    if activity.is_null() || bar.is_null() {
        return Ok(false);
    }
    let class = find_class(env, activity, CLASS.to_owned())?;
    native::register(env, &class)?;
    let label = env.new_string(label)?;
    let url = env.new_string(url)?;
    let proxy = env.new_string(proxy)?;
    let began = env.call_static_method(
        &class,
        "open",
        "(Landroid/app/Activity;Landroid/view/View;Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;IZ)Z",
        &[
            JValue::Object(activity),
            JValue::Object(bar),
            JValue::Object(&label),
            JValue::Object(&url),
            JValue::Object(&proxy),
            JValue::Int(height(layout::BAR_HEIGHT)),
            JValue::Bool(fresh.into()),
        ],
    )?;
    began.z()
}

/// Does what the person chose in the bar.
pub(crate) fn act(label: &str, action: PageAction) {
    let name = match action {
        PageAction::Back => "back",
        PageAction::Forward => "forward",
        PageAction::Reload => "reload",
        PageAction::Stop => "stop",
        PageAction::Print => "print",
        PageAction::Home
        | PageAction::Lock
        | PageAction::ZoomIn
        | PageAction::ZoomOut
        | PageAction::ZoomReset
        | PageAction::FullScreen
        | PageAction::Pin
        | PageAction::Close
        | PageAction::Noted => return,
    };
    call(label, move |env, class, label| {
        let name = env.new_string(name)?;
        let signature = "(Ljava/lang/String;Ljava/lang/String;)V";
        env.call_static_method(class, "act", signature, &[JValue::Object(label), JValue::Object(&name)]).map(drop)
    });
}

/// Loads an address that was judged.
pub(crate) fn load(label: &str, url: &Url) {
    let url = url.to_string();
    call(label, move |env, class, label| {
        let url = env.new_string(url)?;
        let signature = "(Ljava/lang/String;Ljava/lang/String;)V";
        env.call_static_method(class, "load", signature, &[JValue::Object(label), JValue::Object(&url)]).map(drop)
    });
}

/// Ends a page and its screen.
pub(crate) fn close(label: &str) {
    let handle = state().as_mut().and_then(|state| state.pages.remove(label));
    if let Some(handle) = handle {
        finish(handle, label.to_owned());
    }
}

fn finish(handle: JniHandle, label: String) {
    handle.exec(move |env, activity, _| {
        if activity.is_null() {
            return;
        }
        let finished = find_class(env, activity, CLASS.to_owned()).and_then(|class| {
            let label = env.new_string(label)?;
            let signature = "(Landroid/app/Activity;Ljava/lang/String;)V";
            env.call_static_method(&class, "close", signature, &[JValue::Object(activity), JValue::Object(&label)])
        });
        report(env, &finished);
    });
}

/// Forgets what the pages of a company kept that is not open any more.
pub(crate) fn forget_all_but(open: &[String]) {
    let left = {
        let mut state = state();
        let is_over = state.as_ref().is_some_and(|state| !open.contains(&state.profile));
        if is_over { state.take() } else { None }
    };
    let Some(left) = left else { return };
    for (label, handle) in left.pages {
        finish(handle, label);
    }
    let Some(main) = APP.get().and_then(|app| app.get_webview_window(MAIN)) else { return };
    let asked = main.with_webview(|view| view.jni_handle().exec(forget));
    if let Err(error) = asked {
        tracing::warn!(error = &error as &dyn std::error::Error, "what pages kept is forgotten with the next page");
    }
}

fn forget(env: &mut JNIEnv<'_>, activity: &JObject<'_>, _: &JObject<'_>) {
    if activity.is_null() {
        return;
    }
    let forgotten = find_class(env, activity, CLASS.to_owned()).and_then(|class| {
        let nothing = JObject::null();
        let signature = "(Landroid/app/Activity;Ljava/lang/Runnable;)V";
        env.call_static_method(&class, "forget", signature, &[JValue::Object(activity), JValue::Object(&nothing)])
    });
    report(env, &forgotten);
}

/// Gives the bar the height that it asks for.
pub(crate) fn fit(_: &AppHandle, label: &str, wanted: u32) {
    let height = height(layout::bar_height(wanted));
    call(label, move |env, class, label| {
        let signature = "(Ljava/lang/String;I)V";
        env.call_static_method(class, "fit", signature, &[JValue::Object(label), JValue::Int(height)]).map(drop)
    });
}

/// Searches for words in a page.
pub(crate) fn find(label: &str, words: &str, step: FindStep) {
    let (words, step) = match step {
        FindStep::Begin => (words.to_owned(), 0),
        FindStep::Next => (words.to_owned(), 1),
        FindStep::Previous => (words.to_owned(), -1),
        FindStep::End => (String::new(), 0),
    };
    call(label, move |env, class, label| {
        let words = env.new_string(words)?;
        let signature = "(Ljava/lang/String;Ljava/lang/String;I)V";
        let arguments = [JValue::Object(label), JValue::Object(&words), JValue::Int(step)];
        env.call_static_method(class, "find", signature, &arguments).map(drop)
    });
}

/// Shows a page larger or smaller.
pub(crate) fn set_zoom(label: &str, percent: u16) {
    call(label, move |env, class, label| {
        let signature = "(Ljava/lang/String;I)V";
        let arguments = [JValue::Object(label), JValue::Int(i32::from(percent))];
        env.call_static_method(class, "setZoom", signature, &arguments).map(drop)
    });
}

/// No download begins on Android.
pub(crate) fn save_download(_: u32, _: &Path) {}

/// As above.
pub(crate) fn cancel_download(_: u32) {}

/// As above.
pub(crate) fn start_download(_: &ProfileName, _: &str) {}

/// Calls a method about a page, on the thread of the views.
fn call(label: &str, job: impl FnOnce(&mut JNIEnv<'_>, &JClass<'_>, &JObject<'_>) -> Result<()> + Send + 'static) {
    let Some(handle) = state().as_ref().and_then(|state| state.pages.get(label).copied()) else { return };
    let label = label.to_owned();
    handle.exec(move |env, activity, _| {
        if activity.is_null() {
            return;
        }
        let done = find_class(env, activity, CLASS.to_owned()).and_then(|class| {
            let label = env.new_string(label)?;
            job(env, &class, &label)
        });
        report(env, &done);
    });
}

/// What Java does not do is no reason to stop; what it threw would end the next call.
fn report<T>(env: &mut JNIEnv<'_>, done: &Result<T>) {
    if done.is_err() {
        let _ = env.exception_clear();
        // The error may name an address.
        tracing::warn!("the web view does not do what was asked");
    }
}

/// A height as Java takes it: whole pixels, as pages count them.
#[expect(clippy::cast_possible_truncation, reason = "heights of the bar are small")]
const fn height(logical: f64) -> i32 {
    logical as i32
}
