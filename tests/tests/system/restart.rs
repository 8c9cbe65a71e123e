//! Each part is killed while a page with a WebSocket is open; the page works again within five seconds and
//! nobody does anything.

use std::time::Duration;

use crate::support::browser::Browser;
use crate::support::{PATIENCE, System, WIKI};

/// How long an outage may last, from the kill on.
const OUTAGE: Duration = Duration::from_secs(5);

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
