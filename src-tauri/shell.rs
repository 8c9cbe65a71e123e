//! What one run of the app holds: the companies' controllers, the code that is being looked at, the camera, the open pages.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use latchgate_client::view::{CodeView, LockCause};
use latchgate_client::{
    Client, Companies, CompaniesConfig, Fact, Failure, Fault, IdleLock, KeychainStore, PlainHttp, ProfileName,
    TlsRoots, UnlockSecret, presence,
};
use serde::Deserialize;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent, Wry};
use tauri_plugin_deep_link::DeepLinkExt as _;
use zeroize::Zeroizing;

use crate::browse::Pages;
use crate::browse::downloads::Downloads;
use crate::camera::Scanner;
use crate::links::Links;
use crate::view::Appearance;
use crate::{biometrics, ground, view};

/// The label of the main window, which `capabilities/main.json` names.
pub(crate) const MAIN: &str = "main";
/// Names a folder to use in place of the person's own, for tests and second profiles.
const DATA_DIR_VARIABLE: &str = "LATCHGATE_DATA_DIR";
/// Names another profile than `default`: the keychain is one for all data folders of a person.
const PROFILE_VARIABLE: &str = "LATCHGATE_PROFILE";
/// Set to 1, it allows gateways without TLS that are not on this machine, for tests.
const PLAIN_HTTP_VARIABLE: &str = "LATCHGATE_ALLOW_PLAIN_HTTP";

/// The state that all commands share.
pub(crate) struct Shell {
    companies: Companies,
    data_dir: PathBuf,
    code: Mutex<Option<Zeroizing<String>>>,
    /// A backup that the person chose, until it is restored.
    backup: Mutex<Vec<u8>>,
    scanner: Scanner,
    pages: Mutex<Pages>,
    downloads: Mutex<Downloads>,
    links: Mutex<Links>,
    /// Light or dark, as the person chose.
    appearance: Mutex<Appearance>,
    /// The report for the help desk that was shown last.
    report: Mutex<String>,
}

/// How the person proves that the device is theirs.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum UnlockInput {
    /// By what they know.
    Passphrase {
        /// The passphrase.
        passphrase: String,
    },
    /// By a finger or a face.
    Biometric,
}

impl Shell {
    pub(crate) fn companies(&self) -> &Companies {
        &self.companies
    }

    /// Returns the company that is shown.
    pub(crate) fn client(&self) -> Client {
        self.companies.shown()
    }

    pub(crate) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn downloads(&self) -> MutexGuard<'_, Downloads> {
        self.downloads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn appearance(&self) -> MutexGuard<'_, Appearance> {
        self.appearance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of everything that the app keeps.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Makes a report for the help desk and returns it as the person sees it.
    pub(crate) fn make_report(&self) -> String {
        let mut report = self.client().report();
        report.add("engine of pages", engine_version());
        report.add("companies", Fact::Number(self.companies.view().companies.len() as u64));
        report.add("pages open", Fact::Number(self.pages().count() as u64));
        let text = report.to_string();
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&text);
        text
    }

    /// Returns the report that the person saw last.
    pub(crate) fn shown_report(&self) -> String {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at a pairing code and keeps it until it is used or dropped. The screens see only what it says.
    ///
    /// # Errors
    /// What is wrong with the code; an earlier one is dropped all the same.
    pub(crate) fn take_code(&self, text: Zeroizing<String>) -> Result<CodeView, Failure> {
        self.drop_code();
        let view = self.client().inspect_code(&text)?;
        *self.code() = Some(text);
        Ok(view)
    }

    pub(crate) fn drop_code(&self) {
        self.code().take();
    }

    /// Pairs with the code that was looked at. It is kept when the pairing does not begin.
    ///
    /// # Errors
    /// Those of [`Client::pair`].
    pub(crate) async fn pair(&self, secret: UnlockSecret) -> Result<(), Failure> {
        let code = self.code().clone().ok_or(Fault::CodeEmpty)?;
        self.client().pair(&code, secret).await?;
        self.drop_code();
        Ok(())
    }

    /// Opens the vault of the company that is shown. Where the system had dropped the bound key, it is bound anew
    /// after the passphrase.
    ///
    /// # Errors
    /// Those of [`Client::unlock`] and of the biometrics.
    pub(crate) async fn unlock(&self, app: &AppHandle, input: UnlockInput) -> Result<(), Failure> {
        let client = self.client();
        let secret = input.open(app).await.map_err(|failure| match failure.code == Fault::BoundKeyChanged.code() {
            true => client.bound_key_dropped(),
            false => failure,
        })?;
        client.unlock(secret).await?;
        if client.wants_binding()
            && let Err(failure) = self.bind(app).await
        {
            tracing::warn!(code = failure.code, "the vault was not bound anew");
        }
        Ok(())
    }

    /// Lets a finger or a face open the vault, too.
    ///
    /// # Errors
    /// Those of [`Client::bind`] and of the biometrics.
    pub(crate) async fn bind(&self, app: &AppHandle) -> Result<(), Failure> {
        let (client, profile) = (self.client(), self.companies.shown_name());
        client.bind(biometrics::make_key(app, &profile).await?).await
    }

    /// Keeps the backup that the person chose.
    pub(crate) fn take_backup(&self, backup: Vec<u8>) {
        *self.backup.lock().unwrap_or_else(PoisonError::into_inner) = backup;
    }

    /// Makes this device the one that the chosen backup holds. The backup is kept where that fails.
    ///
    /// # Errors
    /// Those of [`Client::restore`].
    pub(crate) async fn restore(&self, passphrase: Zeroizing<String>, secret: UnlockSecret) -> Result<(), Failure> {
        let backup = self.backup.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.client().restore(&backup, passphrase, secret).await?;
        self.take_backup(Vec::new());
        Ok(())
    }

    /// Names a file after the company that is shown.
    pub(crate) fn file_name(&self, ending: &str) -> String {
        let company = self.client().view().profile.map(|profile| profile.company).unwrap_or_default().to_lowercase();
        let words = company.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
        let name = words.fold("latchgate".to_owned(), |name, word| format!("{name}-{word}"));
        format!("{name}{ending}")
    }

    fn code(&self) -> MutexGuard<'_, Option<Zeroizing<String>>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version of what shows pages, as far as it is three numbers.
fn engine_version() -> Fact {
    let version = tauri::webview_version().unwrap_or_default();
    let mut numbers = version.split('.').map_while(|part| part.parse().ok());
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(major), Some(minor), patch) => Fact::Version(major, minor, patch.unwrap_or(0)),
        (Some(_) | None, ..) => Fact::None,
    }
}

fn shown(app: &AppHandle) -> ProfileName {
    app.state::<Shell>().companies().shown_name()
}

impl UnlockInput {
    /// Returns a secret for a new vault.
    ///
    /// # Errors
    /// Those of the biometrics.
    pub(crate) async fn seal(self, app: &AppHandle) -> Result<UnlockSecret, Failure> {
        match self {
            Self::Passphrase { passphrase } => Ok(UnlockSecret::Passphrase(Zeroizing::new(passphrase))),
            Self::Biometric => biometrics::make_key(app, &shown(app)).await.map(UnlockSecret::Biometric),
        }
    }

    /// Returns the secret of an existing vault.
    ///
    /// # Errors
    /// Those of the biometrics.
    pub(crate) async fn open(self, app: &AppHandle) -> Result<UnlockSecret, Failure> {
        match self {
            Self::Passphrase { passphrase } => Ok(UnlockSecret::Passphrase(Zeroizing::new(passphrase))),
            Self::Biometric => biometrics::release_key(app, &shown(app)).await.map(UnlockSecret::Biometric),
        }
    }
}

/// Opens the controller and the main window.
///
/// # Errors
/// When the data folder cannot be used, or the window not be made.
pub(crate) fn open(app: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    let data_dir = data_dir(app)?;
    let config = CompaniesConfig {
        data_dir: data_dir.clone(),
        profile: ProfileName::parse(std::env::var(PROFILE_VARIABLE).as_deref().unwrap_or("default"))?,
        store: || Box::new(KeychainStore::new()),
        plain_http: match std::env::var(PLAIN_HTTP_VARIABLE).as_deref() {
            Ok("1") => PlainHttp::Allowed,
            _ => PlainHttp::ToLoopback,
        },
        device_label: device_label(),
        roots: TlsRoots::Platform,
        idle: IdleLock::BySettings,
    };
    let companies = tauri::async_runtime::block_on(async { Companies::open(config) })?;
    app.manage(Shell {
        companies,
        data_dir,
        code: Mutex::default(),
        backup: Mutex::default(),
        scanner: Scanner::default(),
        pages: Mutex::default(),
        downloads: Mutex::default(),
        links: Mutex::default(),
        appearance: Mutex::new(Appearance::System),
        report: Mutex::default(),
    });
    ground::begin(app);
    open_main(app)?;
    follow_links(app);
    tauri::async_runtime::spawn(view::publish(app.clone()));
    tauri::async_runtime::spawn(follow_person(app.clone()));
    Ok(())
}

/// Takes the link that the app was started with, and each later one.
fn follow_links(app: &AppHandle) {
    let (links, own) = (app.deep_link(), app.clone());
    links.on_open_url(move |event| event.urls().iter().for_each(|link| crate::links::take(&own, link)));
    match links.get_current() {
        Ok(links) => links.into_iter().flatten().for_each(|link| crate::links::take(app, &link)),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the system's links cannot be read"),
    }
}

/// Locks with the system's screen and before its sleep.
async fn follow_person(app: AppHandle) {
    let system = presence::system();
    system.follow(Box::new(|event| app.state::<Shell>().companies().heed(event))).await;
}

/// Begins a window with one of the app's own pages, on the ground that it will have.
pub(crate) fn own_window<'a>(app: &'a AppHandle, label: &str, page: &str) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    let builder = WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into()))
        .data_directory(webview_dir(app))
        .on_navigation(is_own_page);
    match ground::colour(app) {
        Some(colour) => builder.background_color(colour),
        None => builder,
    }
}

fn open_main(app: &AppHandle) -> tauri::Result<()> {
    let builder = own_window(app, MAIN, "index.html");
    #[cfg(desktop)]
    let builder = builder.title("Latchgate").inner_size(1120.0, 800.0).min_inner_size(360.0, 520.0);
    let window = builder.build()?;
    let app = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Destroyed = event {
            app.exit(0);
        }
    });
    Ok(())
}

/// Brings the main window to the front.
#[cfg(desktop)]
pub(crate) fn show_main(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN)
        && let Err(error) = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus())
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "the main window does not come to the front");
    }
}

/// Locks before the process ends, so that no page outlives it.
pub(crate) fn close(app: &AppHandle) {
    if let Some(shell) = app.try_state::<Shell>() {
        shell.companies().lock(LockCause::Person);
    }
}

/// The app's own windows show the app's own pages, whatever a link says.
fn is_own_page(url: &Url) -> bool {
    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost") || (cfg!(dev) && url.port() == Some(5317))
}

/// Where the app's own pages keep what a web view writes.
pub(crate) fn webview_dir(app: &AppHandle) -> PathBuf {
    app.state::<Shell>().data_dir.join("webview")
}

/// Returns the folder that the environment names.
pub(crate) fn own_data_dir() -> Option<PathBuf> {
    std::env::var_os(DATA_DIR_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn data_dir(app: &AppHandle) -> tauri::Result<PathBuf> {
    match own_data_dir() {
        Some(path) => Ok(path),
        None => app.path().app_local_data_dir(),
    }
}

/// What the company will see in its list of devices.
fn device_label() -> String {
    let name = std::fs::read_to_string("/etc/hostname").or_else(|_| std::env::var("COMPUTERNAME")).unwrap_or_default();
    match name.trim() {
        "" | "localhost" => format!("{} device", std::env::consts::OS),
        name => name.to_owned(),
    }
}
