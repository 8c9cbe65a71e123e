//! The real app on a desktop of its own, with a real keyring: pair from a picture, close, open again,
//! unlock, browse, forget.

use image::Rgb;

use crate::support::canary::{Canary, found};
use crate::support::desktop::Desktop;
use crate::support::journey::files;
use crate::support::{PATIENCE, System, eventually};

const PASSPHRASE: &str = "four words in a row";

/// The star in the mark of the sample intranet, which only its pages show.
pub(crate) const STAR: Rgb<u8> = Rgb([0xff, 0xd2, 0x7a]);

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
    eventually("the page in its window", PATIENCE, async || {
        (desktop.pixels_of(STAR, "app-browsing.png").await > 20).then_some(())
    })
    .await;

    // What the screen showed is nowhere on the disk.
    let private = [Canary::text("a page", "Hello, maria"), Canary::text("the passphrase", PASSPHRASE)];
    for (name, content) in files(desktop.home()) {
        let found = found(&private, &content);
        assert!(found.is_empty(), "in {name}: {found:?}");
    }

    app.click("device").await;
    app.click("forget").await;
    app.click("forget-yes").await;
    app.find("screen-welcome").await;
    app.close().await;
    let app = desktop.open_app().await;
    app.find("screen-welcome").await;
    app.close().await;
}
