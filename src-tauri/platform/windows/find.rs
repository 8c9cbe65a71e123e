//! Searching for words in a page. Engines older than 2025 cannot.

use tauri::AppHandle;
use webview2_com::Microsoft::Web::WebView2::Win32::{
    ICoreWebView2, ICoreWebView2_2, ICoreWebView2_28, ICoreWebView2Environment15,
};
use webview2_com::{FindMatchCountChangedEventHandler, FindStartCompletedHandler};
use windows::core::{HSTRING, Interface as _, Result};

use super::{core, report};
use crate::browse;
use crate::view::FindStep;

/// Shows in the bar how many places there are.
pub(super) fn connect(app: &AppHandle, label: &str, core: &ICoreWebView2) -> Result<()> {
    let (app, label) = (app.clone(), label.to_owned());
    let counted = FindMatchCountChangedEventHandler::create(Box::new(move |finder, _| {
        let Some(finder) = finder else { return Ok(()) };
        let mut count = 0;
        // SAFETY: the search is a live COM object of this thread, and the place outlives the call.
        unsafe { finder.MatchCount(&mut count)? };
        browse::update(&app, &label, |page| page.found = u32::try_from(count).ok());
        Ok(())
    }));
    let mut token = 0;
    // SAFETY: the view is a live COM object of this thread, and the handler is counted.
    unsafe { core.cast::<ICoreWebView2_28>()?.Find()?.add_MatchCountChanged(&counted, &mut token) }
}

/// Searches for words in a page.
pub(crate) fn find(label: &str, words: &str, step: FindStep) {
    if let Some(core) = core(label) {
        report(search(&core, words, step));
    }
}

fn search(core: &ICoreWebView2, words: &str, step: FindStep) -> Result<()> {
    // SAFETY: the view and its search are live COM objects of this thread, and the text outlives the calls.
    unsafe {
        let finder = core.cast::<ICoreWebView2_28>()?.Find()?;
        match step {
            FindStep::End => finder.Stop(),
            FindStep::Begin if words.is_empty() => finder.Stop(),
            FindStep::Begin => {
                let environment = core.cast::<ICoreWebView2_2>()?.Environment()?;
                let options = environment.cast::<ICoreWebView2Environment15>()?.CreateFindOptions()?;
                options.SetFindTerm(&HSTRING::from(words))?;
                options.SetIsCaseSensitive(false)?;
                options.SetShouldHighlightAllMatches(true)?;
                options.SetSuppressDefaultFindDialog(true)?;
                finder.Start(&options, &FindStartCompletedHandler::create(Box::new(|_| Ok(()))))
            }
            FindStep::Next => finder.FindNext(),
            FindStep::Previous => finder.FindPrevious(),
        }
    }
}
