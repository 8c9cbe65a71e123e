//! From the start of the real app to what a person wants of it: in how many actions, and, on request, how fast.

use crate::support::System;
use crate::support::desktop::Desktop;

const PASSPHRASE: &str = "four words in a row";
/// Launches that are measured, unless `LATCHGATE_LAUNCHES` says otherwise.
const LAUNCHES: usize = 10;

#[tokio::test]
async fn a_newcomer_sees_an_intranet_page_four_actions_after_the_scan() {
    let system = System::start().await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    app.click("site").await;
    desktop.shows_page("first-page.png").await;
    // Yes to the company, the passphrase, on to the portal, the site.
    assert_eq!(app.clicks(), 4);
    app.close().await;
}

/// Tells the milliseconds from the start of the process to the first paint of the unlock screen.
#[tokio::test]
#[ignore = "measures; `cargo xtask launch` runs it"]
async fn launches_to_the_unlock_screen() {
    let system = System::start().await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    app.close().await;
    let launches = std::env::var("LATCHGATE_LAUNCHES").ok().and_then(|number| number.parse().ok());
    for _ in 0..launches.unwrap_or(LAUNCHES) {
        let app = desktop.open_app().await;
        app.find("screen-unlock").await;
        let told = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("LAUNCH {:.0}\n", app.time_to_first_paint().await).as_bytes(),
        );
        drop(told);
        app.close().await;
    }
}
