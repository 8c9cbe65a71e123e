//! A system on which pages cannot be isolated yet: it says so.

use latchgate_client::{Failure, Fault};
use tauri::{AppHandle, Url};

use crate::browse::Access;
use crate::view::PageAction;

/// # Errors
/// Always `unavailable`.
pub(crate) fn open(_: &AppHandle, _: &str, _: &Url, _: &Access) -> Result<(), Failure> {
    Err(Fault::Unavailable.with_message("Latchgate cannot show your company's sites on this system yet."))
}

pub(crate) fn act(_: &str, _: PageAction) {}

pub(crate) fn load(_: &str, _: &Url) {}

pub(crate) fn close(_: &str) {}

pub(crate) fn forget_all_but(_: &[String]) {}
