//! What the app keeps of pages for the person, in the real app: logins over a lock on choice, pinned and recent pages,
//! data used; a report for the help desk; and links that other programs open.

use crate::support::canary::{Canary, found};
use crate::support::desktop::{App, Desktop};
use crate::support::jar::{JAR, Jar};
use crate::support::journey::files;
use crate::support::system::Options;
use crate::support::{PATIENCE, System, WIKI, eventually};

const PASSPHRASE: &str = "four words in a row";
const FORGOTTEN: &str = "page with no cookie";
const KEPT: &str = "page with who=first";

#[tokio::test]
async fn logins_and_pages_outlive_a_lock_where_the_person_wants_them() {
    let jar = Jar::start("first").await;
    let system = System::start_with(Options { sites: jar.declaration(), ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    assert_eq!(visit(&app, &jar).await, FORGOTTEN);
    lock_and_unlock(&app).await;
    assert_eq!(visit(&app, &jar).await, FORGOTTEN, "a lock ends logins unless the person wants otherwise");

    app.click("device").await;
    app.click("settings").await;
    app.click("keep-logins").await;
    app.click("close-settings").await;
    app.click("close-panel").await;
    // The engine says a moment later that cookies changed; a lock before that is one without them.
    eventually("a login that outlived a lock", PATIENCE, async || {
        lock_and_unlock(&app).await;
        (visit(&app, &jar).await == KEPT).then_some(())
    })
    .await;

    // The page is among the recent ones, and pinned it outlives the app itself.
    app.find_one("recent-page", "url", &format!("{JAR}/")).await;
    app.click("pin-page").await;
    app.find_one("pinned-page", "url", &format!("{JAR}/")).await;
    app.close().await;
    let app = desktop.open_app().await;
    app.unlock(PASSPHRASE).await;
    app.find_one("pinned-page", "url", &format!("{JAR}/")).await;
    app.click("open-page").await;
    assert_eq!(arrived(&jar, jar.seen().len()).await, KEPT);

    // All of that names the intranet, and lies on the disk sealed only.
    app.click("lock").await;
    app.find("screen-unlock").await;
    let private = [Canary::text("an address", "jar.northlight"), Canary::text("a login", "who=first")];
    for (name, content) in files(desktop.home()) {
        let found = found(&private, &content);
        assert!(found.is_empty(), "in {name}: {found:?}");
    }
    app.unlock(PASSPHRASE).await;
    app.click("device").await;
    app.click("settings").await;
    app.click("forget-logins").await;
    app.find("logins-forgotten").await;
    app.click("close-settings").await;
    app.click("close-panel").await;
    lock_and_unlock(&app).await;
    assert_eq!(visit(&app, &jar).await, FORGOTTEN);
    app.close().await;
}

#[tokio::test]
async fn the_app_tells_what_moved_and_makes_a_report_that_names_nobody() {
    let system = System::start().await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    app.click_one("site", "url", WIKI).await;
    eventually("a page of the intranet", PATIENCE, async || {
        system.intranet.requests().iter().any(|request| request.target == "/").then_some(())
    })
    .await;

    app.click("device").await;
    app.click("settings").await;
    app.click("usage").await;
    assert!(app.text("usage-table").await.contains("Wiki"));
    app.click("close-usage").await;
    app.click("diagnostics").await;
    let report = app.text("diagnostics-text").await;
    for line in ["light company: good", "screen: portal", "companies: 1", "pages open: 1"] {
        assert!(report.lines().any(|found| found == line), "{line}: {report}");
    }
    for name in ["northlight", "maria", "Jensen", "127.0.0.1", "http"] {
        assert!(!report.to_lowercase().contains(&name.to_lowercase()), "{name}: {report}");
    }
    app.click("save-diagnostics").await;
    app.find("diagnostics-saved").await;
    let saved = std::fs::read_to_string(desktop.downloads().join("latchgate-report.txt")).unwrap();
    assert_eq!(saved.trim(), report.trim());
    app.close().await;
}

/// A link waits until somebody unlocks and says yes; it opens a page of the company and nothing else.
#[tokio::test]
async fn ab_80_a_link_of_another_program_opens_a_page_of_the_company_after_a_question() {
    let system = System::start().await;
    let desktop = Desktop::start().await;
    let link = |address: &str| format!("latchgate://open?url={}", address.replace("://", "%3A%2F%2F"));
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    app.close().await;
    let app = desktop.open_app_with(&[&link(&format!("{WIKI}/linked"))]).await;
    app.find("link-waits").await;
    app.unlock(PASSPHRASE).await;
    assert_eq!(app.text("link-address").await, format!("{WIKI}/linked"));
    assert!(!asked_for(&system, "/linked"));
    app.click("link-yes").await;
    eventually("the linked page", PATIENCE, async || asked_for(&system, "/linked").then_some(())).await;

    // The running app takes later links; what the person declines is not opened.
    desktop.start_again(&[&link(&format!("{WIKI}/declined"))]).await;
    assert_eq!(app.text("link-address").await, format!("{WIKI}/declined"));
    app.click("link-no").await;
    desktop.start_again(&[&link("https://elsewhere.example/")]).await;
    app.click("link-yes").await;
    assert_eq!(app.text("failure-code").await, "site-not-allowed");
    assert!(!asked_for(&system, "/declined"));
    app.close().await;
}

fn asked_for(system: &System, target: &str) -> bool {
    system.intranet.requests().iter().any(|request| request.target == target)
}

async fn lock_and_unlock(app: &App) {
    app.click("lock").await;
    app.unlock(PASSPHRASE).await;
}

/// Opens the site from the portal, and returns what the browser brought along.
async fn visit(app: &App, jar: &Jar) -> String {
    let before = jar.seen().len();
    app.click_one("site", "url", JAR).await;
    arrived(jar, before).await
}

/// Waits until a page was fetched and its script has looked into the storage.
async fn arrived(jar: &Jar, before: usize) -> String {
    eventually("the page", PATIENCE, async || {
        jar.seen().get(before..).filter(|seen| seen.len() >= 2).map(|seen| seen[0].clone())
    })
    .await
}
