//! The plain web view of an intranet page, which each system makes in its own way.
//!
//! Each module offers the same functions, all called on the main thread: `open` a page below its bar, `fit` the bar's
//! height, `act` on the page, `find` words in it, `set_zoom`, `load` an address that was judged, `close` it, and
//! `forget_all_but` what the pages of companies that are open keep; `save_download`, `cancel_download` and
//! `start_download` do what the list of downloads decided. Where pages have windows of their own, `place` puts one
//! that a page opened into its window. Only Linux has `announce_module`, `set_appearance`, `is_dark`,
//! `trust`, `read_logins` and `forget_logins`.
//!
//! What several of them need and what is pure stands beside them, and is tested on every system.

#[cfg(any(test, target_os = "windows"))]
mod arguments;
#[cfg(any(test, target_os = "macos", target_os = "ios"))]
mod blocking;
#[cfg(any(test, not(target_os = "linux")))]
mod certificates;
#[cfg(any(test, target_os = "windows", target_os = "macos"))]
mod keys;
#[cfg(any(test, not(target_os = "linux")))]
mod layout;
#[cfg(test)]
#[path = "platform/android/manifest.rs"]
mod manifest;
#[cfg(any(test, not(target_os = "linux")))]
mod policy;
#[cfg(any(test, target_os = "windows"))]
mod refetch;
#[cfg(any(test, target_os = "macos", target_os = "ios"))]
mod reply;
#[cfg(test)]
#[path = "platform/android/signatures.rs"]
mod signatures;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    act, announce_module, cancel_download, close, find, fit, forget_all_but, forget_logins, is_dark, load, open, place,
    read_logins, save_download, set_appearance, set_zoom, start_download, trust,
};

#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "windows")]
pub(crate) use self::windows::{
    act, cancel_download, close, find, fit, forget_all_but, load, open, place, save_download, set_zoom, start_download,
};

#[cfg(any(target_os = "macos", target_os = "ios"))]
mod apple;
#[cfg(target_os = "macos")]
pub(crate) use apple::place;
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub(crate) use apple::{
    act, cancel_download, close, find, fit, forget_all_but, load, open, save_download, set_zoom, start_download,
};

#[cfg(target_os = "android")]
mod android;
#[cfg(target_os = "android")]
pub(crate) use android::{
    ACTIVITY, act, cancel_download, close, find, fit, forget_all_but, load, open, save_download, set_zoom,
    start_download,
};
