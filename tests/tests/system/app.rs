//! The real app on a desktop of its own, with a real keyring: pair from a picture, close, open again,
//! unlock, browse, forget.

use crate::support::canary::{Canary, found};
use crate::support::desktop::Desktop;
use crate::support::jar::{JAR, Jar};
use crate::support::journey::{files, keys_in, open_blob};
use crate::support::system::{Options, OtherCompany};
use crate::support::{PATIENCE, System, eventually};

const PASSPHRASE: &str = "four words in a row";

#[tokio::test]
async fn the_app_pairs_unlocks_browses_and_forgets() {
    let system = System::start().await;
    let desktop = Desktop::start().await;
    let code = system.invite("maria").await;

    let app = desktop.open_app().await;
    app.pair(&code.picture, PASSPHRASE).await;
    assert_eq!(app.text("person").await, "Maria Jensen");
    app.close().await;

    let app = desktop.open_app().await;
    app.fill("unlock-passphrase", "not the passphrase").await;
    app.click("unlock").await;
    app.find("failure").await;
    app.find("unlock-passphrase").await.clear().await.unwrap();
    app.unlock(PASSPHRASE).await;
    app.click("site").await;
    let request = eventually("a page of the intranet", PATIENCE, async || {
        let requests = system.intranet.requests();
        requests.into_iter().find(|request| request.target == "/" && request.method == "GET")
    })
    .await;
    assert_eq!(request.header("x-remote-user").collect::<Vec<_>>(), ["maria"], "{request:?}");
    assert!(request.header("user-agent").any(|agent| agent.contains("AppleWebKit")), "{request:?}");
    desktop.shows_page("app-browsing.png").await;

    // What the screen showed is nowhere on the disk.
    let private = [Canary::text("a page", "Hello, maria"), Canary::text("the passphrase", PASSPHRASE)];
    for (name, content) in files(desktop.home()) {
        let found = found(&private, &content);
        assert!(found.is_empty(), "in {name}: {found:?}");
    }

    // Locked: the keys are gone from every process, and what the screen showed with them.
    let keys = keys_in(&open_blob(&desktop.in_keyring("default").await, "default", PASSPHRASE));
    let open: usize = desktop.memories().iter().map(|(_, memory)| found(&keys, memory).len()).sum();
    assert!(open >= keys.len(), "what is searched for is there while it is open");
    app.click("lock").await;
    app.find("screen-unlock").await;
    for (process, memory) in desktop.memories() {
        let left = found(&keys, &memory);
        assert!(left.is_empty(), "in {process} after the lock: {left:#?}");
    }
    app.fill("unlock-passphrase", PASSPHRASE).await;
    app.click("unlock").await;
    app.find("screen-portal").await;

    app.click("device").await;
    app.click("forget").await;
    app.click("forget-yes").await;
    app.find("screen-welcome").await;
    app.close().await;
    let app = desktop.open_app().await;
    app.find("screen-welcome").await;
    app.close().await;
}

/// Two companies in one app, both open: what a page of one keeps is not there for a page of the other, at the same
/// address, and is there for the next page of its own.
#[tokio::test]
async fn ab_79_the_pages_of_two_companies_share_no_storage() {
    let (first, second) = (Jar::start("first").await, Jar::start("second").await);
    let system = System::start_with(Options { sites: first.declaration(), ..Options::default() }).await;
    let other = OtherCompany::start(&system, "Southport Clinic", &second.declaration()).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    app.click_one("site", "url", JAR).await;
    brought(&first, &["page with no cookie", "/storage?empty"]).await;

    app.click("companies").await;
    app.click("add-company").await;
    app.pair(&other.invite().await, PASSPHRASE).await;
    assert_eq!(app.text("person").await, "Maria Elsewhere");
    app.click_one("site", "url", JAR).await;
    brought(&second, &["page with no cookie", "/storage?empty"]).await;

    // Both stay open, and going back loses nothing.
    app.click("companies").await;
    app.click_one("company", "profile", "default").await;
    assert_eq!(app.text("person").await, "Maria Jensen");
    app.click_one("site", "url", JAR).await;
    brought(&first, &["page with no cookie", "/storage?empty", "page with who=first", "/storage?first"]).await;
    app.close().await;
}

async fn brought(jar: &Jar, expected: &[&str]) {
    eventually("what the page brought along", PATIENCE, async || (jar.seen().len() >= expected.len()).then_some(()))
        .await;
    assert_eq!(jar.seen(), expected);
}
