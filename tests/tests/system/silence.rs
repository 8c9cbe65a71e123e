//! An event stream and a WebSocket on which nothing is said for longer than any timer of a proxy: they are alive
//! afterwards, and nobody had to connect anew.
//!
//! The default suite lets the clocks of gateway, connector and headless device go twenty times as fast, so that half a
//! minute is eleven minutes to them. `LATCHGATE_FULL=1` waits for eleven minutes of everybody's, in WebKitGTK and the
//! real app as well.

use std::time::Duration;

use serde_json::json;

use crate::support::browser::Direct;
use crate::support::desktop::Desktop;
use crate::support::office::Office;
use crate::support::system::Options;
use crate::support::{PATIENCE, System, eventually, is_full};

/// How long nothing is said: more than twice what a proxy is usually given.
const SILENCE: Duration = Duration::from_mins(11);

/// How many times as fast the clocks of the parts go.
const PACE: u32 = 20;

#[tokio::test]
async fn streams_that_are_silent_for_eleven_minutes_live_on() {
    let pace = if is_full() { 1 } else { PACE };
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.declaration(), pace, ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let page = format!("{}/trial/silence", office.sites().home);
    let direct = Direct::start(&office.authority()).await;
    direct.page.goto(&page).await.unwrap();
    let tunnelled = maria.browser().await;
    tunnelled.open(&page).await;
    let mut webkit = None;
    if is_full() {
        let desktops = [Desktop::start().await, Desktop::start().await];
        let small = desktops[0].open_webkit(&office.hosts()).await;
        small.goto(&page).await.unwrap();
        let app = office.open_in_app(&system, &desktops[1], "app-silence.png").await;
        office.lead(&desktops[1], &page).await;
        webkit = Some((small, app, desktops));
    }
    let pages = if webkit.is_some() { 4 } else { 2 };
    eventually("all streams are open", PATIENCE, async || (said(&office, "silent") == pages).then_some(())).await;

    // This is what is tested, and nothing that could be polled for.
    tokio::time::sleep(SILENCE / pace).await;
    office.trial().wake();

    eventually("all streams say more", PATIENCE, async || (said(&office, "done") == pages).then_some(())).await;
    for report in office.trial().reports().iter().filter(|report| report["done"] == true) {
        let heard = json!({ "events": ["0", "1"], "socket": ["here", "woken", "and back"] });
        assert_eq!(report["rows"]["silence"], heard);
    }
    if let Some((small, app, _desktops)) = webkit {
        small.close().await.unwrap();
        app.close().await;
    }
}

/// How many pages said this.
fn said(office: &Office, what: &str) -> usize {
    office.trial().reports().iter().filter(|report| report[what] == true).count()
}
