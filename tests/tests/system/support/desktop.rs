//! A desktop of its own for the real app: a virtual display, a session bus, a real keyring that a password
//! unlocked, and WebKitWebDriver, which starts the app and drives its first window.

mod hands;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use image::Rgb;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;

pub(crate) use self::hands::Window;
use super::port::Reserved;
use super::process::{Part, binaries, descendants, memory, succeed};
use super::{PATIENCE, eventually};

/// Starts the keyring inside the session and leaves the driver in its place.
const SESSION: &str = r#"
eval "$(printf 'keyring password' | gnome-keyring-daemon --daemonize --unlock --components=secrets)"
exec WebKitWebDriver --port="$DRIVER_PORT"
"#;

/// What Debian's WebKitGTK has for trying it out.
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/// Where Debian's TLS libraries find whom they trust.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where programs look for the names of machines before they ask anybody.
const NAMES: &str = "/etc/hosts";

/// The star in the mark of the sample intranet, which only its pages show.
const STAR: Rgb<u8> = Rgb([0xff, 0xd2, 0x7a]);

/// Where the bar above a page shows the address, in pixels from the corner of the window.
const IN_THE_ADDRESS: [u16; 2] = [250, 28];

/// The desktop; everything on it ends with it.
pub(crate) struct Desktop {
    display: String,
    driver: String,
    _port: Reserved,
    _session: Part,
    _screen: Part,
    home: TempDir,
}

/// The running app.
pub(crate) struct App {
    page: Client,
    home: PathBuf,
    clicks: Cell<u32>,
    /// The views that were there when the bar was looked for, and which of them it is.
    bar: RefCell<Option<(Vec<WindowHandle>, WindowHandle)>>,
}

impl Desktop {
    pub(crate) async fn start() -> Self {
        Self::start_as(Command::new("dbus-run-session")).await
    }

    /// A desktop on a machine whose administrator installed an authority (PEM), in the place of all others.
    pub(crate) async fn start_trusting(authority: &Path) -> Self {
        let [program, arguments @ ..] = &seeing(authority, AUTHORITIES, "dbus-run-session");
        let mut session = Command::new(program);
        session.args(arguments);
        Self::start_as(session).await
    }

    /// `session` starts a session bus and what it is told to.
    async fn start_as(mut session: Command) -> Self {
        let home = tempfile::Builder::new().prefix("latchgate-desktop-").tempdir().expect("a home folder");
        for folder in ["data", "config", "cache", "runtime"] {
            std::fs::create_dir(home.path().join(folder)).expect("create a folder of the home");
        }
        hands::equip(home.path());
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
        let mut screen = Part::start("xvfb", &mut screen, home.path());
        let display = format!(":{}", screen.wait_for("").await);

        let reserved = Reserved::new();
        let port = reserved.port();
        session.args(["--", "bash", "-c", SESSION]).env("DRIVER_PORT", port.to_string());
        in_home(&mut session, home.path()).env("DISPLAY", &display).env("TAURI_WEBVIEW_AUTOMATION", "true");
        // What the app writes without a place of its own belongs to its person.
        session.current_dir(home.path());
        let session = Part::start_parent("session", &mut session, home.path());
        let driver = format!("http://127.0.0.1:{port}");
        eventually("WebKitWebDriver", PATIENCE, async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)
        })
        .await;
        Self { display, driver, _port: reserved, _session: session, _screen: screen, home }
    }

    /// Opens the app.
    pub(crate) async fn open_app(&self) -> App {
        self.open_app_with(&[]).await
    }

    /// Opens the app as the system does for a link.
    pub(crate) async fn open_app_with(&self, links: &[&str]) -> App {
        let binary = binaries().join("latchgate");
        assert!(binary.exists(), "{} is not built; run `cargo xtask test`", binary.display());
        let options = json!({ "binary": binary, "args": links });
        let capabilities: Map<String, Value> = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        let page = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.driver)
            .await
            .unwrap_or_else(|error| panic!("start the app: {error}\n{}", self._session.log()));
        App { page, home: self.home().to_owned(), clicks: Cell::new(0), bar: RefCell::default() }
    }

    /// Starts the app once more while it runs: it hands its links over and ends.
    pub(crate) async fn start_again(&self, links: &[&str]) {
        let mut again = Command::new(binaries().join("latchgate"));
        again.args(links).env("DISPLAY", &self.display);
        in_home(&mut again, self.home()).env("DBUS_SESSION_BUS_ADDRESS", self.bus());
        succeed(&mut again).await;
    }

    /// Opens WebKitGTK's own small browser, which is the engine of the app's pages, without a proxy: `hosts` are
    /// names of this machine. It takes any certificate: what it trusts is not what it is for here.
    pub(crate) async fn open_webkit(&self, hosts: &[&str]) -> Client {
        let file = self.home().join("hosts");
        let lines: String = [&["localhost"], hosts].concat().iter().map(|host| format!("127.0.0.1 {host}\n")).collect();
        std::fs::write(&file, lines).expect("write the names");
        let [program, arguments @ ..] = &seeing(&file, NAMES, MINI_BROWSER);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(["--automation"]).collect();
        self.open_browser(json!({ "binary": program, "args": arguments })).await
    }

    /// Opens the same browser behind a proxy.
    pub(crate) async fn open_webkit_behind(&self, proxy: SocketAddr) -> Client {
        // The driver's own setting for https would speak TLS to the proxy.
        let proxy = format!("--proxy=http://{proxy}");
        self.open_browser(json!({ "binary": MINI_BROWSER, "args": ["--automation", proxy] })).await
    }

    async fn open_browser(&self, options: Value) -> Client {
        let capabilities: Map<String, Value> =
            [("webkitgtk:browserOptions".to_owned(), options), ("acceptInsecureCerts".to_owned(), json!(true))]
                .into_iter()
                .collect();
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.driver)
            .await
            .unwrap_or_else(|error| panic!("start WebKitGTK's browser: {error}\n{}", self._session.log()))
    }

    /// Takes a picture of the whole display.
    pub(crate) async fn screenshot(&self, file: &Path) {
        std::fs::create_dir_all(file.parent().expect("a picture lies in a folder")).expect("create the folder");
        succeed(Command::new("import").args(["-window", "root", "-display", &self.display]).arg(file)).await;
    }

    /// Takes a picture of the whole display and counts its pixels of one colour.
    pub(crate) async fn pixels_of(&self, colour: Rgb<u8>, picture: &str) -> usize {
        let file = pictures().join(picture);
        self.screenshot(&file).await;
        let screen = image::open(&file).expect("a picture of the screen").to_rgb8();
        screen.pixels().filter(|pixel| **pixel == colour).count()
    }

    /// Waits until a page of the sample intranet is in its window; the last look at it gets this name.
    pub(crate) async fn shows_page(&self, picture: &str) {
        eventually("the window of a page", PATIENCE, async || (self.pixels_of(STAR, picture).await > 20).then_some(()))
            .await;
    }

    /// Types an address into the bar of the intranet page that was opened last, and goes there. The window is
    /// out of the driver's reach, and lies at the corner because nothing manages the windows of this desktop.
    pub(crate) async fn go_to(&self, address: &str) {
        let [x, y] = IN_THE_ADDRESS.map(|pixels| pixels.to_string());
        self.input(&["mousemove", &x, &y, "click", "1", "key", "ctrl+a", "type", address]).await;
        self.input(&["key", "Return"]).await;
    }

    /// Where the person's downloads go.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.home().join("Downloads")
    }

    async fn input(&self, words: &[&str]) {
        succeed(Command::new("xdotool").args(words).env("DISPLAY", &self.display)).await;
    }

    /// Returns what lies in the keyring under a name.
    pub(crate) async fn in_keyring(&self, name: &str) -> Vec<u8> {
        let mut lookup = Command::new("secret-tool");
        lookup.args(["lookup", "service", "latchgate", "username", name]);
        in_home(&mut lookup, self.home()).env("DBUS_SESSION_BUS_ADDRESS", self.bus());
        let text = succeed(&mut lookup).await;
        STANDARD.decode(text.trim()).expect("the keyring holds Base64")
    }

    /// The session's bus, as a process inside of it has it in its environment.
    fn bus(&self) -> String {
        let session = self._session.id();
        let environment = std::iter::once(session).chain(descendants(session).into_iter().map(|(id, _)| id));
        let bus =
            environment.filter_map(|id| std::fs::read(format!("/proc/{id}/environ")).ok()).find_map(|variables| {
                let text = String::from_utf8_lossy(&variables).into_owned();
                text.split('\0').find_map(|line| line.strip_prefix("DBUS_SESSION_BUS_ADDRESS=").map(ToOwned::to_owned))
            });
        bus.expect("the session has a bus")
    }

    /// Returns the memory of each process of the app: its own, and those of its web views.
    pub(crate) fn memories(&self) -> Vec<(String, Vec<u8>)> {
        let ours = |name: &str| name.starts_with("latchgate") || name.starts_with("WebKit");
        let processes = descendants(self._session.id());
        let app = processes.iter().find(|(_, name)| name == "latchgate").map(|(id, _)| *id).expect("the app runs");
        let mut found = vec![(app, "latchgate".to_owned())];
        found.extend(descendants(app).into_iter().filter(|(_, name)| ours(name)));
        found.into_iter().filter_map(|(id, name)| Some((name, memory(id)?))).collect()
    }

    /// Everything that the app keeps outside of the keyring.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }
}

impl App {
    /// Waits for the element with this `data-testid`.
    pub(crate) async fn find(&self, testid: &str) -> Element {
        let css = format!("[data-testid=\"{testid}\"]");
        let found = self.page.wait().at_most(PATIENCE).for_element(Locator::Css(&css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("find {testid}: {error}; the page says: {}", self.words().await),
        }
    }

    pub(crate) async fn click(&self, testid: &str) {
        self.enabled(testid).await.click().await.unwrap_or_else(|error| panic!("click {testid}: {error}"));
        self.clicks.update(|clicks| clicks + 1);
    }

    /// Waits for the one of several elements that has this in its data.
    pub(crate) async fn find_one(&self, testid: &str, name: &str, value: &str) -> Element {
        let css = format!("[data-testid=\"{testid}\"][data-{name}=\"{value}\"]");
        let found = self.page.wait().at_most(PATIENCE).for_element(Locator::Css(&css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("find {css}: {error}; the page says: {}", self.words().await),
        }
    }

    /// Clicks it.
    pub(crate) async fn click_one(&self, testid: &str, name: &str, value: &str) {
        let element = self.find_one(testid, name, value).await;
        element.click().await.unwrap_or_else(|error| panic!("click {testid} {value}: {error}"));
        self.clicks.update(|clicks| clicks + 1);
    }

    /// Returns what the first element of this name has in its data.
    pub(crate) async fn data(&self, testid: &str, name: &str) -> String {
        let value = self.find(testid).await.attr(&format!("data-{name}")).await.expect("read an attribute");
        value.unwrap_or_default()
    }

    /// How often something was clicked since the app was opened.
    pub(crate) fn clicks(&self) -> u32 {
        self.clicks.get()
    }

    /// Returns the milliseconds from the start of the process to the first paint with content.
    pub(crate) async fn time_to_first_paint(&self) -> f64 {
        let script = "const paint = performance.getEntriesByName('first-contentful-paint')[0];
            return paint ? performance.timeOrigin + paint.startTime : null;";
        let painted = eventually("the first paint", PATIENCE, async || {
            self.page.execute(script, Vec::new()).await.expect("ask for the first paint").as_f64()
        })
        .await;
        let apps = apps(&self.home);
        let [app] = &apps[..] else { panic!("{} apps are running on this desktop", apps.len()) };
        painted - started(app)
    }

    pub(crate) async fn fill(&self, testid: &str, text: &str) {
        let element = self.find(testid).await;
        element.send_keys(text).await.unwrap_or_else(|error| panic!("type into {testid}: {error}"));
    }

    /// Pairs from the picture of a code, as far as the portal.
    pub(crate) async fn pair(&self, picture: &Path, passphrase: &str) {
        self.find("screen-welcome").await;
        self.fill("picture-input", picture.to_str().expect("a path in UTF-8")).await;
        self.click("confirm-company").await;
        self.fill("passphrase", passphrase).await;
        self.fill("passphrase-repeat", passphrase).await;
        self.click("submit-passphrase").await;
        self.click("open-portal").await;
        self.find("screen-portal").await;
    }

    /// Unlocks, as far as the portal.
    pub(crate) async fn unlock(&self, passphrase: &str) {
        self.fill("unlock-passphrase", passphrase).await;
        self.click("unlock").await;
        self.find("screen-portal").await;
    }

    pub(crate) async fn text(&self, testid: &str) -> String {
        // A screen that is drawn anew in between has another element.
        eventually(&format!("the text of {testid}"), PATIENCE, async || self.find(testid).await.text().await.ok()).await
    }

    /// Closes the app, and waits for its end: a start before that would be handed to the one that ends.
    pub(crate) async fn close(self) {
        self.page.close().await.expect("close the app");
        eventually("the end of the app", PATIENCE, async || apps(&self.home).is_empty().then_some(())).await;
    }

    /// Ends the app without a chance to tidy up.
    pub(crate) async fn kill(self, desktop: &Desktop) {
        let apps = apps(desktop.home());
        let [app] = &apps[..] else { panic!("{} apps are running on this desktop", apps.len()) };
        let number = app.file_name().and_then(|number| number.to_str()).expect("a process number");
        succeed(Command::new("kill").args(["-KILL", number])).await;
        eventually("the end of the app", PATIENCE, async || (!app.join("exe").exists()).then_some(())).await;
        // The session of the driver ended with the app it drove.
        let _ = self.page.close().await;
    }

    async fn enabled(&self, testid: &str) -> Element {
        eventually(&format!("{testid} can be clicked"), PATIENCE, async || {
            let element = self.find(testid).await;
            element.is_enabled().await.unwrap_or(false).then_some(element)
        })
        .await
    }

    async fn words(&self) -> String {
        let Ok(body) = self.page.find(Locator::Css("body")).await else { return String::new() };
        body.text().await.unwrap_or_default()
    }
}

/// Returns the processes of the app on the desktop with this home, as folders of `/proc`.
fn apps(home: &Path) -> Vec<PathBuf> {
    let home = format!("HOME={}", home.display()).into_bytes();
    let ours = |process: &Path| {
        std::fs::read_link(process.join("exe")).is_ok_and(|program| program.ends_with("latchgate"))
            && std::fs::read(process.join("environ"))
                .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == home))
    };
    let processes = std::fs::read_dir("/proc").expect("list the processes").flatten().map(|entry| entry.path());
    processes.filter(|process| ours(process)).collect()
}

/// Returns when a process was started, in milliseconds of Unix time, as exactly as the system tells: 10 ms.
fn started(process: &Path) -> f64 {
    let stat = std::fs::read_to_string(process.join("stat")).expect("read when the app was started");
    // The name in parentheses may hold anything; the 22nd field is the 20th after it, in ticks since the boot.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks: f64 = fields.split_whitespace().nth(19).and_then(|field| field.parse().ok()).expect("a start time");
    let uptime = std::fs::read_to_string("/proc/uptime").expect("read how long the system runs");
    let uptime: f64 = uptime.split_whitespace().next().and_then(|field| field.parse().ok()).expect("seconds");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    (now.as_secs_f64() - uptime) * 1000.0 + ticks * 10.0
}

/// The words that start a program which sees one file in the place of another, as do those that it starts; its
/// arguments may follow.
fn seeing(file: &Path, place: &str, program: &str) -> [String; 8] {
    let bind = format!("mount --bind '{}' {place} && exec {program} \"$@\"", file.display());
    ["/usr/bin/unshare", "--map-root-user", "--mount", "--", "sh", "-c", &bind, "sh"].map(ToOwned::to_owned)
}

/// Gives a process a home of its own.
fn in_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_RUNTIME_DIR", home.join("runtime"))
        .env("PATH", hands::search_path(home))
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
}

/// Where pictures go that a person may want to look at.
pub(crate) fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("output/screens")
}
