//! Tells when somebody uses a page, so that the device does not lock under their hands.
//!
//! The engine's windows belong to another process, and what is typed and pointed at there does not pass here. Windows
//! knows when it was touched last, and which window is in front.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager};
use windows::Win32::UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO};
use windows::Win32::UI::WindowsAndMessaging::GetForegroundWindow;

use crate::browse;
use crate::shell::MAIN;

/// How often it is looked at: well below the shortest time after which a device locks.
const EVERY: Duration = Duration::from_secs(5);

static WATCHED: AtomicBool = AtomicBool::new(false);

/// Watches as long as there are pages.
pub(super) fn watch(app: &AppHandle) {
    if WATCHED.swap(true, Ordering::AcqRel) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut before = last_input();
        while has_pages(&app) {
            tokio::time::sleep(EVERY).await;
            let last = last_input();
            if last != before && is_in_front(&app) {
                browse::touch(&app);
            }
            before = last;
        }
        WATCHED.store(false, Ordering::Release);
    });
}

fn has_pages(app: &AppHandle) -> bool {
    app.webview_windows().keys().any(|label| label != MAIN)
}

fn is_in_front(app: &AppHandle) -> bool {
    // SAFETY: the call takes nothing and returns a number.
    let front = unsafe { GetForegroundWindow() };
    app.webview_windows().iter().any(|(label, window)| label != MAIN && window.hwnd().is_ok_and(|own| own == front))
}

/// Milliseconds from the system's start to its last touch.
fn last_input() -> u32 {
    let size = u32::try_from(size_of::<LASTINPUTINFO>()).unwrap_or_default();
    let mut info = LASTINPUTINFO { cbSize: size, dwTime: 0 };
    // SAFETY: the place has the size that it names, and outlives the call.
    let known = unsafe { GetLastInputInfo(&mut info) };
    if known.as_bool() { info.dwTime } else { 0 }
}
