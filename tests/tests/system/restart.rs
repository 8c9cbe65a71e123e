//! Each part is killed while a page with a WebSocket is open; the page works again within five seconds and
//! nobody does anything.

use std::time::Duration;

use image::Rgb;

use crate::support::browser::Browser;
use crate::support::desktop::{App, Desktop};
use crate::support::{PATIENCE, System, WIKI, eventually};

/// How long an outage may last, from the kill on.
const OUTAGE: Duration = Duration::from_secs(5);

const PASSPHRASE: &str = "four words in a row";

/// The dot beside "Connected" on the page of the clock.
const CONNECTED: Rgb<u8> = Rgb([0x1e, 0x7d, 0x4f]);

/// Behind the app's own page in the place of one that did not come: `--paper` in `ui/src/styles/tokens.css`.
const GROUND: Rgb<u8> = Rgb([0xf5, 0xf4, 0xef]);

#[tokio::test]
async fn an_open_page_survives_the_restart_of_every_part() {
    let mut system = System::start().await;
    let mut maria = system.paired("maria").await;
    let browser = maria.browser().await;
    browser.open(&format!("{WIKI}/clock")).await;
    browser.text_becomes("state", PATIENCE, |state| state == "Connected").await;

    let before = connections(&browser).await;
    within_the_outage("gateway", system.restart_gateway(), &browser, before).await;

    let before = connections(&browser).await;
    within_the_outage("connector", system.restart_connector(), &browser, before).await;

    let before = connections(&browser).await;
    let follow = async {
        let proxy = maria.restart().await;
        browser.forward.follow(proxy);
    };
    within_the_outage("device", follow, &browser, before).await;
}

/// Restarts a part and waits until the page ticks on a connection that is newer than `before`.
async fn within_the_outage(part: &str, restart: impl Future<Output = ()>, browser: &Browser, before: u64) {
    let works = async {
        restart.await;
        browser.text_becomes("connections", PATIENCE, |text| text.parse::<u64>().is_ok_and(|now| now > before)).await;
        browser.text_becomes("count", PATIENCE, |ticks| ticks.parse::<u64>().is_ok_and(|ticks| ticks >= 1)).await;
    };
    let done = tokio::time::timeout(OUTAGE, works).await;
    assert!(done.is_ok(), "the page did not work again within {OUTAGE:?} after the {part} was killed");
}

async fn connections(browser: &Browser) -> u64 {
    browser.text("connections").await.parse().expect("a number of connections")
}

#[tokio::test]
async fn a_page_in_the_app_survives_the_restart_of_every_part() {
    let mut system = System::start().await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    open_the_clock(&app, &desktop).await;
    shows_a_new_connection(&system, &desktop, 0).await;

    let before = sockets(&system);
    let works = async {
        system.restart_gateway().await;
        shows_a_new_connection(&system, &desktop, before).await;
    };
    assert!(tokio::time::timeout(OUTAGE, works).await.is_ok(), "the gateway was killed: no new connection in time");

    let before = sockets(&system);
    let works = async {
        system.restart_connector().await;
        shows_a_new_connection(&system, &desktop, before).await;
    };
    assert!(tokio::time::timeout(OUTAGE, works).await.is_ok(), "the connector was killed: no new connection in time");

    // The keys are behind the passphrase again, as after every start of the app; from there on nothing is asked.
    app.kill(&desktop).await;
    let app = desktop.open_app().await;
    let before = sockets(&system);
    app.find("unlock-passphrase").await;
    let works = async {
        app.unlock(PASSPHRASE).await;
        open_the_clock(&app, &desktop).await;
        shows_a_new_connection(&system, &desktop, before).await;
    };
    assert!(tokio::time::timeout(OUTAGE, works).await.is_ok(), "the app was killed: the page was not back in time");
    app.close().await;
}

/// Nothing is pressed: the page in its place looks again by itself.
#[tokio::test]
async fn a_page_that_was_opened_while_the_gateway_was_away_comes_when_it_is_back() {
    let mut system = System::start().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, PASSPHRASE).await;
    app.click("site").await;
    desktop.shows_page("app-away.png").await;

    system.kill_gateway().await;
    browser.open(&format!("{WIKI}/clock")).await;
    let instead = browser.script("return document.body.innerText").await;
    assert!(instead.as_str().is_some_and(|text| text.contains("tries again by itself")), "{instead}");
    let before = system.intranet.requests().len();
    desktop.go_to(&format!("{WIKI}/clock")).await;
    eventually("the page in the place of the clock", PATIENCE, async || {
        (desktop.pixels_of(GROUND, "app-away.png").await > 400_000).then_some(())
    })
    .await;
    assert_eq!(system.intranet.requests().len(), before, "nothing of this reaches the site");

    system.start_gateway().await;
    browser.text_becomes("state", PATIENCE, |state| state == "Connected").await;
    eventually("the clock in the app", PATIENCE, async || {
        (desktop.pixels_of(CONNECTED, "app-away.png").await > 20).then_some(())
    })
    .await;
    app.close().await;
}

async fn open_the_clock(app: &App, desktop: &Desktop) {
    app.click("site").await;
    desktop.shows_page("app-clock.png").await;
    desktop.go_to(&format!("{WIKI}/clock")).await;
}

/// Waits until the page is connected on a socket that was opened after the first `before`.
async fn shows_a_new_connection(system: &System, desktop: &Desktop, before: usize) {
    eventually("a new connection of the page", PATIENCE, async || (sockets(system) > before).then_some(())).await;
    eventually("the page is connected", PATIENCE, async || {
        (desktop.pixels_of(CONNECTED, "app-clock.png").await > 20).then_some(())
    })
    .await;
}

/// How many sockets of the clock were asked for so far.
fn sockets(system: &System) -> usize {
    system.intranet.requests().iter().filter(|request| request.target == "/clock/ws").count()
}
