//! One browser process for each unlock of each company.
//!
//! 1. [`enter`] begins one with new credentials, in an empty folder with a name that says nothing.
//! 2. The first page starts the process; [`keep`] has the others join it.
//! 3. [`Context::leave`] waits for its end, and then removes the folder. Windows holds the files of a running process.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use latchgate_client::ProxyEndpoint;
use tauri::AppHandle;
use webview2_com::BrowserProcessExitedEventHandler;
use webview2_com::Microsoft::Web::WebView2::Win32::{ICoreWebView2Environment, ICoreWebView2Environment5};
use windows::core::Interface as _;

use super::VIEWS;
use crate::browse::Access;
use crate::platform::arguments;
use crate::shell;

thread_local! {
    /// How many were begun since the start.
    static BEGUN: Cell<u64> = const { Cell::new(0) };
}

/// What the pages of one unlock share.
pub(super) struct Context {
    settings: Settings,
}

/// What a view is made with.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) folder: PathBuf,
    pub(super) arguments: String,
    pub(super) proxy: ProxyEndpoint,
    /// The running process, once there is one.
    pub(super) environment: Option<ICoreWebView2Environment>,
}

/// Begins a context where this unlock has none yet.
pub(super) fn enter(app: &AppHandle, access: &Access) {
    let profile = access.profile.as_str();
    let present = settings(profile).is_some_and(|settings| settings.proxy.user == access.proxy.user);
    if present {
        return;
    }
    let context = Context {
        settings: Settings {
            folder: new_folder(app),
            arguments: arguments::browser_arguments(access.proxy.addr),
            proxy: access.proxy.clone(),
            environment: None,
        },
    };
    let before = VIEWS.with_borrow_mut(|views| views.contexts.insert(profile.to_owned(), context));
    if let Some(before) = before {
        before.leave();
    }
}

/// Returns what a view of this company is made with; nothing while it is locked.
pub(super) fn settings(profile: &str) -> Option<Settings> {
    VIEWS.with_borrow(|views| views.contexts.get(profile).map(|context| context.settings.clone()))
}

/// Remembers the process that a view started or joined.
pub(super) fn keep(profile: &str, environment: ICoreWebView2Environment) {
    VIEWS.with_borrow_mut(|views| {
        if let Some(context) = views.contexts.get_mut(profile) {
            context.settings.environment = Some(environment);
        }
    });
}

impl Context {
    /// Removes the folder when the browser process has ended, which it does with its last view.
    pub(super) fn leave(self) {
        let Settings { folder, environment, .. } = self.settings;
        let Some(environment) = environment else { return remove(&folder) };
        // The handler keeps the environment until it was called.
        let kept = Rc::new(RefCell::new(Some(environment.clone())));
        let left = folder.clone();
        let handler = BrowserProcessExitedEventHandler::create(Box::new(move |_, _| {
            remove(&left);
            drop(kept.take());
            Ok(())
        }));
        let mut token = 0;
        // SAFETY: the environment is a live COM object of this thread, and the handler is counted.
        let following = environment
            .cast::<ICoreWebView2Environment5>()
            .and_then(|environment| unsafe { environment.add_BrowserProcessExited(&handler, &mut token) });
        if following.is_err() {
            remove(&folder);
        }
    }
}

/// Returns a folder that does not exist yet. Before the first one, what an earlier run left is removed.
fn new_folder(app: &AppHandle) -> PathBuf {
    let all = shell::webview_dir(app).with_file_name("pages");
    let number = BEGUN.get();
    BEGUN.set(number + 1);
    if number == 0 {
        remove(&all);
    }
    all.join(number.to_string())
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the folder of closed pages cannot be removed yet"
            );
        }
        Ok(()) | Err(_) => {}
    }
}
