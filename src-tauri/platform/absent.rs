//! A system on which pages cannot be isolated yet: it says so.

use std::path::Path;

use latchgate_client::{Failure, Fault, ProfileName};
use tauri::{AppHandle, Url};

use crate::browse::Access;
use crate::view::{Appearance, FindStep, PageAction};

/// # Errors
/// Always `unavailable`.
pub(crate) fn open(_: &AppHandle, _: &str, _: &Url, _: &Access) -> Result<(), Failure> {
    Err(Fault::Unavailable.with_message("Latchgate cannot show your company's sites on this system yet."))
}

pub(crate) fn act(_: &str, _: PageAction) {}

pub(crate) fn load(_: &str, _: &Url) {}

pub(crate) fn close(_: &str) {}

pub(crate) fn forget_all_but(_: &[String]) {}

pub(crate) fn fit(_: &AppHandle, _: &str, _: u32) {}

pub(crate) fn find(_: &str, _: &str, _: FindStep) {}

pub(crate) fn set_appearance(_: Appearance) {}

pub(crate) fn read_logins(_: &AppHandle, _: &ProfileName) {}

pub(crate) fn forget_logins(_: &ProfileName) {}

pub(crate) fn set_zoom(_: &str, _: u16) {}

pub(crate) fn save_download(_: u32, _: &Path) {}

pub(crate) fn cancel_download(_: u32) {}

pub(crate) fn start_download(_: &ProfileName, _: &str) {}
