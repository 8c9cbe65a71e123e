//! The plain web view of an intranet page, which each system makes in its own way.
//!
//! Each module offers the same functions, all called on the main thread: `open` a page below its bar, `act` on it,
//! `load` an address that was judged, `close` it, and `forget_all_but` what the pages
//! of companies that are open keep.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{act, close, forget_all_but, load, open, place};

#[cfg(not(target_os = "linux"))]
mod absent;
#[cfg(not(target_os = "linux"))]
pub(crate) use absent::{act, close, forget_all_but, load, open};
