//! The only way out of a view: the controller's proxy, and nothing beside it.

use std::ffi::{CString, c_char};
use std::fs;
use std::path::PathBuf;

use block2::RcBlock;
use latchgate_client::ProxyEndpoint;
use objc2::rc::Retained;
use objc2::runtime::{NSObject, NSObjectProtocol as _};
use objc2::{ClassType as _, MainThreadMarker, msg_send, sel};
use objc2_foundation::{NSArray, NSError, NSString, NSURL};
use objc2_web_kit::{
    WKContentRuleList, WKContentRuleListStore, WKPreferences, WKWebViewConfiguration, WKWebsiteDataStore,
};

use crate::platform::blocking;

/// What WebKit would send by ways that know no proxy (UDP, early look-ups and connections), by the names under which
/// it keeps its features. Names that a version does not know are passed over.
const FEATURES_OFF: &[&str] = &[
    "PeerConnectionEnabled",
    "WebTransportEnabled",
    "LinkPreconnect",
    "LinkPreconnectEnabled",
    "LinkDNSPrefetchEnabled",
    "DNSPrefetchingEnabled",
    "MediaDevicesEnabled",
];

// SAFETY: as the headers of the framework declare them.
#[link(name = "Network", kind = "framework")]
unsafe extern "C" {
    fn nw_endpoint_create_host(host: *const c_char, port: *const c_char) -> *mut NSObject;
    fn nw_proxy_config_create_http_connect(endpoint: *mut NSObject, tls: *mut NSObject) -> *mut NSObject;
    fn nw_proxy_config_set_username_and_password(config: *mut NSObject, user: *const c_char, password: *const c_char);
    fn nw_proxy_config_set_failover_allowed(config: *mut NSObject, allowed: bool);
}

/// Makes a store in memory whose only way out is the proxy; `None` where the system is too old to set it.
pub(super) fn make_store(proxy: &ProxyEndpoint, thread: MainThreadMarker) -> Option<Retained<WKWebsiteDataStore>> {
    // SAFETY: the store is made on the main thread.
    let store = unsafe { WKWebsiteDataStore::nonPersistentDataStore(thread) };
    if !store.respondsToSelector(sel!(setProxyConfigurations:)) {
        return None;
    }
    let config = proxy_config(proxy)?;
    let configs = NSArray::from_retained_slice(&[config]);
    // SAFETY: the store has the method, which takes an array of proxy configurations.
    let () = unsafe { msg_send![&*store, setProxyConfigurations: &*configs] };
    Some(store)
}

fn proxy_config(proxy: &ProxyEndpoint) -> Option<Retained<NSObject>> {
    let host = CString::new(proxy.addr.ip().to_string()).ok()?;
    let port = CString::new(proxy.addr.port().to_string()).ok()?;
    let user = CString::new(proxy.user.as_str()).ok()?;
    let password = CString::new(proxy.password.as_str()).ok()?;
    // SAFETY: the texts end with zero and outlive the calls, which copy them. Both calls that create return an object
    // that the caller owns, or null.
    unsafe {
        let endpoint = Retained::from_raw(nw_endpoint_create_host(host.as_ptr(), port.as_ptr()))?;
        let created = nw_proxy_config_create_http_connect(Retained::as_ptr(&endpoint).cast_mut(), std::ptr::null_mut());
        let config = Retained::from_raw(created)?;
        let raw = Retained::as_ptr(&config).cast_mut();
        nw_proxy_config_set_username_and_password(raw, user.as_ptr(), password.as_ptr());
        nw_proxy_config_set_failover_allowed(raw, false);
        Some(config)
    }
}

/// Takes away what a page does not need.
pub(super) fn restrict(configuration: &WKWebViewConfiguration) {
    // SAFETY: the configuration and its preferences are live objects of the main thread.
    unsafe {
        configuration.setLimitsNavigationsToAppBoundDomains(false);
        configuration.setUpgradeKnownHostsToHTTPS(false);
        let preferences = configuration.preferences();
        preferences.setJavaScriptCanOpenWindowsAutomatically(false);
        preferences.setElementFullscreenEnabled(true);
        // Would look addresses up at Apple or Google.
        preferences.setFraudulentWebsiteWarningEnabled(false);
        turn_off(&preferences);
    }
}

/// Turns features off that have no public switch, where this version has them.
fn turn_off(preferences: &WKPreferences) {
    if preferences.respondsToSelector(sel!(_setPeerConnectionEnabled:)) {
        // SAFETY: the object has the method, which takes a boolean.
        let () = unsafe { msg_send![preferences, _setPeerConnectionEnabled: false] };
    }
    let class = WKPreferences::class();
    let knows_features = class.metaclass().responds_to(sel!(_features));
    if !knows_features || !preferences.respondsToSelector(sel!(_setEnabled:forFeature:)) {
        return;
    }
    // SAFETY: the class has the method, which returns an array or nothing.
    let features: Option<Retained<NSArray<NSObject>>> = unsafe { msg_send![class, _features] };
    for feature in features.iter().flat_map(|features| features.iter()) {
        if !feature.respondsToSelector(sel!(key)) {
            continue;
        }
        // SAFETY: the feature has the method, which returns its name.
        let key: Option<Retained<NSString>> = unsafe { msg_send![&*feature, key] };
        if key.is_some_and(|key| FEATURES_OFF.contains(&key.to_string().as_str())) {
            // SAFETY: the preferences have the method, which takes a boolean and one of their features.
            let () = unsafe { msg_send![preferences, _setEnabled: false, forFeature: &*feature] };
        }
    }
}

/// Blocks everything but these hosts in the views of this configuration, and then says whether that worked.
///
/// WebKit compiles the list into a file, which is removed as soon as it is in use: it names the company's hosts.
pub(super) fn block_all_but(
    hosts: &[String],
    configuration: &Retained<WKWebViewConfiguration>,
    thread: MainThreadMarker,
    then: impl Fn(bool) + 'static,
) {
    let folder = folder();
    let place = folder.as_ref().and_then(|folder| {
        fs::create_dir_all(folder).ok()?;
        Some(NSURL::fileURLWithPath_isDirectory(&NSString::from_str(folder.to_str()?), true))
    });
    // SAFETY: the store is made on the main thread.
    let store = place.and_then(|place| unsafe { WKContentRuleListStore::storeWithURL(Some(&place), thread) });
    let Some(store) = store else { return then(false) };
    let configuration = configuration.clone();
    let compiled = RcBlock::new(move |list: *mut WKContentRuleList, error: *mut NSError| {
        if let Some(folder) = &folder {
            let _ = fs::remove_dir_all(folder);
        }
        // SAFETY: WebKit hands over a list or an error, on the main thread; either lives as long as the call.
        let list = unsafe { list.as_ref() }.filter(|_| error.is_null());
        if let Some(list) = list {
            // SAFETY: the configuration is a live object of the main thread.
            unsafe { configuration.userContentController().addContentRuleList(list) };
        }
        then(list.is_some());
    });
    // SAFETY: the store is a live object of the main thread, and copies the block.
    unsafe {
        store.compileContentRuleListForIdentifier_encodedContentRuleList_completionHandler(
            Some(&NSString::from_str("catalogue")),
            Some(&NSString::from_str(&blocking::rules(hosts))),
            Some(&compiled),
        );
    }
}

/// Returns a folder for one list, in the app's own temporary files.
fn folder() -> Option<PathBuf> {
    use std::sync::atomic::{AtomicU64, Ordering};

    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    Some(std::env::temp_dir().join(format!("latchgate-{}-{number}", std::process::id())))
}
