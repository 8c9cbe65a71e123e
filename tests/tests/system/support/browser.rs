//! Headless Chromium behind a device's proxy, driven through chromedriver.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::forward::Forward;
use super::http::Proxy;
use super::process::{Part, succeed};
use super::{PATIENCE, eventually};

/// A browser with a profile of its own.
pub(crate) struct Browser {
    pub(crate) page: Client,
    pub(crate) forward: Forward,
    _driver: Part,
    _home: TempDir,
}

/// A browser without a device, for comparison.
pub(crate) struct Direct {
    pub(crate) page: Client,
    _driver: Part,
    _home: TempDir,
}

impl Direct {
    /// Starts a browser to which every name is this machine, and which trusts `authority` (PEM).
    pub(crate) async fn start(authority: &Path) -> Self {
        let home = tempfile::Builder::new().prefix("latchgate-browser-").tempdir().expect("a folder for the browser");
        trust(home.path(), authority).await;
        let here = ["--no-proxy-server".to_owned(), "--host-resolver-rules=MAP * 127.0.0.1".to_owned()];
        let (page, driver) = start_chromium(home.path(), here).await;
        Self { page, _driver: driver, _home: home }
    }

    /// Starts a browser that takes what listens there for its proxy.
    pub(crate) async fn behind(proxy: SocketAddr) -> Self {
        let home = tempfile::Builder::new().prefix("latchgate-browser-").tempdir().expect("a folder for the browser");
        let (page, driver) = start_chromium(home.path(), through(proxy)).await;
        Self { page, _driver: driver, _home: home }
    }
}

fn through(proxy: SocketAddr) -> [String; 2] {
    [format!("--proxy-server=http://{proxy}"), "--proxy-bypass-list=<-loopback>".to_owned()]
}

impl Browser {
    /// Starts a browser whose every request goes through `proxy`; it trusts `authority` (PEM) beside the
    /// usual ones, as a person's own browser would after importing it.
    pub(crate) async fn start(proxy: Proxy, authority: Option<&Path>) -> Self {
        let home = tempfile::Builder::new().prefix("latchgate-browser-").tempdir().expect("a folder for the browser");
        if let Some(authority) = authority {
            trust(home.path(), authority).await;
        }
        let forward = Forward::start(proxy).await;
        let (page, driver) = start_chromium(home.path(), through(forward.address)).await;
        Self { page, forward, _driver: driver, _home: home }
    }

    /// Opens an address.
    pub(crate) async fn open(&self, url: &str) {
        self.page.goto(url).await.unwrap_or_else(|error| panic!("open {url}: {error}"));
    }

    /// Returns the text of the element with this id.
    pub(crate) async fn text(&self, id: &str) -> String {
        let element = self.page.wait().at_most(PATIENCE).for_element(Locator::Id(id)).await;
        element.unwrap_or_else(|error| panic!("find #{id}: {error}")).text().await.expect("read a text")
    }

    /// Waits until the text of an element fits.
    pub(crate) async fn text_becomes(&self, id: &str, within: Duration, fits: impl Fn(&str) -> bool) -> String {
        eventually(&format!("the text of #{id}"), within, async || {
            let element = self.page.find(Locator::Id(id)).await.ok()?;
            element.text().await.ok().filter(|text| fits(text))
        })
        .await
    }

    /// Types into an element.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let element = self.page.find(Locator::Id(id)).await.unwrap_or_else(|error| panic!("find #{id}: {error}"));
        // A file field cannot be cleared and need not be.
        let _ = element.clear().await;
        element.send_keys(text).await.expect("type");
    }

    /// Clicks an element.
    pub(crate) async fn click(&self, id: &str) {
        let element = self.page.find(Locator::Id(id)).await.unwrap_or_else(|error| panic!("find #{id}: {error}"));
        element.click().await.expect("click");
    }

    /// Runs a script whose promise's value is returned.
    pub(crate) async fn script(&self, body: &str) -> Value {
        script(&self.page, body).await
    }
}

/// Runs a script in a page whose promise's value is returned.
pub(crate) async fn script(page: &Client, body: &str) -> Value {
    let script = format!(
        "const done = arguments[arguments.length - 1];\
         (async () => {{ {body} }})().then(done, (error) => done({{ error: String(error) }}));"
    );
    page.execute_async(&script, Vec::new()).await.expect("run a script")
}

/// Starts Chromium with a home and the words that say which way it goes, and its driver.
async fn start_chromium(home: &Path, way: [String; 2]) -> (Client, Part) {
    let mut driver = Command::new("chromedriver");
    driver.arg("--port=0").env("HOME", home);
    let mut driver = Part::start_parent("chromedriver", &mut driver, home);
    let ready = driver.wait_for("ChromeDriver was started successfully on port").await;
    let port = ready.trim_end_matches('.').to_owned();

    let [way, more] = way;
    let arguments = [
        way,
        more,
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        format!("--user-data-dir={}", home.join("profile").display()),
    ];
    let options = json!({ "args": arguments });
    let capabilities: serde_json::Map<String, Value> =
        [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
    let page = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("start Chromium through chromedriver");
    (page, driver)
}

/// Puts an authority into the trust store that Chromium reads in this home folder.
async fn trust(home: &Path, authority: &Path) {
    let store = home.join(".pki/nssdb");
    std::fs::create_dir_all(&store).expect("create the trust store");
    let store = format!("sql:{}", store.display());
    succeed(Command::new("certutil").args(["-N", "--empty-password", "-d", &store])).await;
    let add = ["-A", "-n", "device", "-t", "C,,", "-d", &store, "-i"];
    succeed(Command::new("certutil").args(add).arg(authority)).await;
}
