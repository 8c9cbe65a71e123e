//! The plain web view of an intranet page, which each system makes in its own way.
//!
//! Each module offers the same functions, all called on the main thread: `open` a page below its bar, `fit` the bar's
//! height, `act` on the page, `find` words in it, `set_zoom`, `set_appearance`, `read_logins` and `forget_logins`, `load` an address that was judged, `close` it, and
//! `forget_all_but` what the pages of companies that are open keep; `save_download`, `cancel_download` and
//! `start_download` do what the list of downloads decided.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    act, cancel_download, close, find, fit, forget_all_but, forget_logins, load, open, place, read_logins,
    save_download, set_appearance, set_zoom, start_download,
};

#[cfg(not(target_os = "linux"))]
mod absent;
#[cfg(not(target_os = "linux"))]
pub(crate) use absent::{
    act, cancel_download, close, find, fit, forget_all_but, forget_logins, load, open, read_logins, save_download,
    set_appearance, set_zoom, start_download,
};
