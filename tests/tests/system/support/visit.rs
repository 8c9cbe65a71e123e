//! A person who browses one site in the real app: pages, the bar above them, and what the desktop is asked to open.

use std::time::Instant;

use fantoccini::Locator;
use fantoccini::elements::Element;

use super::desktop::{App, Desktop, Window, pictures};
use super::site::{Asked, Site};
use super::system::Options;
use super::{PATIENCE, System, eventually, insist};

/// The site's public address.
pub(crate) const PLACE: &str = "http://place.northlight.example";

/// The key that ends a line, as WebDriver writes it.
const ENTER: char = '\u{e007}';

/// What seals the vault.
const PASSPHRASE: &str = "four words in a row";

/// The running system, and the app with the site's first page open.
pub(crate) struct Visit {
    pub(crate) app: App,
    pub(crate) desktop: Desktop,
    pub(crate) site: Site,
    pub(crate) system: System,
}

impl Visit {
    /// Pairs, and opens the site, whose first page is called "Place".
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_beside("", answer).await
    }

    /// The same, with further sites in the catalogue.
    pub(crate) async fn start_beside(sites: &str, answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let site = Site::start(answer).await;
        let sites = format!("{}{sites}", site.declaration("Place", PLACE, ""));
        let system = System::start_with(Options { sites, ..Options::default() }).await;
        let desktop = Desktop::start().await;
        let app = desktop.open_app().await;
        app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
        app.click_one("site", "url", PLACE).await;
        let visit = Self { app, desktop, site, system };
        visit.desktop.window("Place").await;
        visit.bar("page-address").await;
        visit
    }

    /// Goes to a path of the site by the bar.
    pub(crate) async fn go(&self, path: &str) {
        let address = self.bar("page-address").await;
        // The first click selects all of it.
        address.click().await.unwrap_or_else(|error| panic!("click the address: {error}"));
        let typed = format!("{PLACE}{path}{ENTER}");
        address.send_keys(&typed).await.unwrap_or_else(|error| panic!("type an address: {error}"));
    }

    /// Goes to a path of the site, and waits for the page of this title.
    pub(crate) async fn open(&self, path: &str, title: &str) -> Window {
        let what = format!("a page called {title}");
        insist(&what, async || self.go(path).await, async || self.desktop.find_window(title).await).await
    }

    /// The paths that were reported, the newest last, of those that begin with this.
    pub(crate) fn told(&self, beginning: &str) -> Vec<String> {
        self.site.reports().iter().filter_map(|report| report.strip_prefix(beginning).map(ToOwned::to_owned)).collect()
    }

    /// Clicks into the middle of the page in a window.
    pub(crate) async fn click(&self, window: &Window) {
        self.desktop.click_at(window.middle()).await;
    }

    /// Waits for an element of the bar above the page that was opened last.
    pub(crate) async fn bar(&self, testid: &str) -> Element {
        let css = format!("[data-testid=\"{testid}\"]");
        let begun = Instant::now();
        eventually(&format!("{testid} in the bar"), PATIENCE, async || {
            let found = match self.app.look_at_bar().await {
                Some(bar) => bar.find(Locator::Css(&css)).await.ok(),
                None => None,
            };
            if found.is_none() && begun.elapsed() > PATIENCE {
                self.tell_of_bar().await;
            }
            found
        })
        .await
    }

    /// Says what there is in the place of what was looked for.
    async fn tell_of_bar(&self) {
        self.desktop.screenshot(&pictures().join("bar.png")).await;
        match self.app.look_at_bar().await {
            Some(bar) => eprintln!("the bar is {:?}", bar.source().await),
            None => eprintln!("no view is a bar: {:?}", self.app.views().await),
        }
    }

    /// Tells whether the bar has this element.
    pub(crate) async fn bar_has(&self, testid: &str) -> bool {
        let css = format!("[data-testid=\"{testid}\"]");
        match self.app.look_at_bar().await {
            Some(bar) => bar.find(Locator::Css(&css)).await.is_ok(),
            None => false,
        }
    }

    /// Clicks in the bar.
    pub(crate) async fn click_bar(&self, testid: &str) {
        self.bar(testid).await.click().await.unwrap_or_else(|error| panic!("click {testid} in the bar: {error}"));
    }

    /// Waits until the bar's element has a text that fits, and returns it.
    pub(crate) async fn bar_says(&self, testid: &str, fits: impl Fn(&str) -> bool) -> String {
        let css = format!("[data-testid=\"{testid}\"]");
        eventually(&format!("what {testid} in the bar says"), PATIENCE, async || {
            let element = self.app.look_at_bar().await?.find(Locator::Css(&css)).await.ok()?;
            element.text().await.ok().filter(|text| fits(text))
        })
        .await
    }
}
