//! What a page is allowed, for engines that ask about each step.
//!
//! 1. The engine says where a page, or a frame in it, wants to go. [`may_go`] judges it and, where it must not, asks
//!    the person in the bar or says why nothing happens.
//! 2. A window that a page opens is judged in the same way by [`popup`].
//! 3. What did not load is explained by [`explain_failure`].
//!
//! The proxy refuses what is not in the catalogue all the same.

#![cfg_attr(target_os = "linux", expect(dead_code, reason = "WebKitGTK is asked in its own words; here for the tests"))]

use tauri::{AppHandle, Url};

use crate::browse;
use crate::browse::rules::Verdict;
use crate::view::PageNotice;

/// How a page wants to go somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Going {
    /// The page itself, not a frame in it.
    pub(super) whole_page: bool,
    /// Because of what the person did.
    pub(super) by_person: bool,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Go,
    Ask,
    Block,
    Drop,
}

fn step(verdict: Verdict, scheme: &str, going: Going) -> Step {
    match verdict {
        Verdict::Load => Step::Go,
        // A frame that the page filled itself, or a file that it made. A whole page never comes from there.
        Verdict::Refuse if scheme == "data" && !going.whole_page => Step::Go,
        Verdict::Ask if going.whole_page || going.by_person => Step::Ask,
        Verdict::Refuse if going.whole_page || going.by_person => Step::Block,
        Verdict::Ask | Verdict::Refuse => Step::Drop,
    }
}

/// Judges where a page wants to go.
pub(super) fn may_go(app: &AppHandle, label: &str, address: &str, going: Going) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    match step(browse::judge(app, label, &url), url.scheme(), going) {
        Step::Go => return true,
        Step::Ask => browse::ask(app, label, url),
        Step::Block => browse::notice(app, label, PageNotice::Blocked),
        Step::Drop => {}
    }
    false
}

/// Judges a window that a page opens, and returns its address if it may be.
#[cfg(not(target_os = "android"))]
pub(super) fn popup(app: &AppHandle, label: &str, address: &str) -> Option<Url> {
    let url = Url::parse(if address.is_empty() { "about:blank" } else { address }).ok()?;
    let going = Going { whole_page: true, by_person: true };
    may_go(app, label, url.as_str(), going).then_some(url)
}

/// Says why a page did not load, or asks where it wanted to leave the company.
pub(super) fn explain_failure(app: &AppHandle, label: &str, address: &str) {
    match Url::parse(address) {
        Ok(url) if browse::judge(app, label, &url) == Verdict::Ask => browse::ask(app, label, url),
        Ok(_) | Err(_) => browse::notice(app, label, PageNotice::NotLoaded),
    }
}

/// A new page loads: what was said and asked about the one before is over.
pub(super) fn begin(app: &AppHandle, label: &str) {
    browse::update(app, label, |page| {
        page.notice = None;
        page.question = None;
    });
}

/// Tells whether a site wants its answer to be saved: the value of `Content-Disposition` (RFC 6266).
#[cfg(any(test, target_os = "macos", target_os = "ios"))]
pub(super) fn is_attachment(disposition: &str) -> bool {
    let kind = disposition.split(';').next().unwrap_or_default().trim();
    !kind.is_empty() && !kind.eq_ignore_ascii_case("inline")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Going = Going { whole_page: true, by_person: false };
    const FRAME: Going = Going { whole_page: false, by_person: false };
    const LINK_IN_FRAME: Going = Going { whole_page: false, by_person: true };

    #[test]
    fn what_is_in_the_catalogue_loads_anywhere() {
        for going in [PAGE, FRAME, LINK_IN_FRAME] {
            assert_eq!(step(Verdict::Load, "https", going), Step::Go);
        }
    }

    #[test]
    fn a_page_that_leaves_the_company_is_asked_about_and_a_frame_is_not() {
        assert_eq!(step(Verdict::Ask, "https", PAGE), Step::Ask);
        assert_eq!(step(Verdict::Ask, "https", LINK_IN_FRAME), Step::Ask);
        assert_eq!(step(Verdict::Ask, "https", FRAME), Step::Drop);
    }

    #[test]
    fn what_is_refused_never_loads_and_is_said_to_whoever_wanted_it() {
        assert_eq!(step(Verdict::Refuse, "file", PAGE), Step::Block);
        assert_eq!(step(Verdict::Refuse, "file", LINK_IN_FRAME), Step::Block);
        assert_eq!(step(Verdict::Refuse, "file", FRAME), Step::Drop);
    }

    #[test]
    fn data_fills_frames_and_never_a_whole_page() {
        assert_eq!(step(Verdict::Refuse, "data", FRAME), Step::Go);
        assert_eq!(step(Verdict::Refuse, "data", PAGE), Step::Block);
    }

    #[test]
    fn what_is_not_to_be_shown_inline_is_saved() {
        for (disposition, saved) in [
            ("attachment; filename=a.pdf", true),
            ("ATTACHMENT", true),
            ("unknown", true),
            ("inline; filename=a.pdf", false),
            (" Inline ", false),
            ("", false),
            ("; filename=a", false),
        ] {
            assert_eq!(is_attachment(disposition), saved, "{disposition}");
        }
    }
}
