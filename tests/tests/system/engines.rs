//! The same pages in two engines, directly and through the tunnel: Chromium without and with the headless device, and
//! WebKitGTK in its own small browser and in the real app. The pages run by themselves and tell their own site what
//! they saw, one row for each capability; the rows of docs/conformance.md are these.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fantoccini::{Client, Locator};
use serde_json::{Map, Value, json};

use crate::support::System;
use crate::support::browser::{Browser, Direct};
use crate::support::desktop::Desktop;
use crate::support::office::Office;
use crate::support::system::{Options, SAFE};

/// How long all pages of one trial may take together.
const TRIAL: Duration = Duration::from_secs(150);

#[tokio::test]
async fn chromium_sees_the_same_through_the_tunnel() {
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.declaration(), ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let direct = Direct::start(&office.authority()).await;
    let tunnelled = maria.browser().await;

    let directly = try_in(&office, &direct.page).await;
    let tunnelled = try_in(&office, &tunnelled.page).await;

    assert_eq!(tunnelled["ntlm"], json!([[200, "maria"], [200, "maria"]]));
    assert_eq!(tunnelled["upload_as_a_stream"], json!([5_000_000, true, false]));
    // WebKitGTK drops what follows the first letter outside ASCII, directly as well.
    let sent = tunnelled["cookies_sent"].to_string();
    assert!(sent.contains("page-letters=Zoë 😀") && sent.contains("set-letters=Zoë"), "{sent}");
    assert_same(&tunnelled, &directly);
}

#[tokio::test]
async fn the_app_sees_the_same_as_webkitgtk_does_directly() {
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.declaration(), ..Options::default() }).await;
    let desktop = Desktop::start().await;

    let page = desktop.open_webkit(&office.hosts()).await;
    let directly = try_in(&office, &page).await;
    page.close().await.unwrap();
    let app = office.open_in_app(&system, &desktop, "app-trial.png").await;
    office.trial().clear();
    office.lead(&desktop, &office.start_page()).await;
    let tunnelled = rows_of(&office, async || desktop.click_in_page().await).await;
    app.close().await;

    assert_same(&tunnelled, &directly);
}

/// A site may keep its TLS to itself: the browser sees the site's own certificate, here of an authority that nothing
/// else has, and the connector stamps nobody.
#[tokio::test]
async fn chromium_sees_the_same_through_raw_tls() {
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.raw_declaration(), ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let direct = Direct::start(&office.authority()).await;
    let tunnelled = Browser::start(maria.proxy().clone(), Some(&office.authority())).await;
    tunnelled.open(&format!("{SAFE}/secure")).await;
    let terminated = tunnelled.page.source().await.unwrap();
    assert!(terminated.contains("ERR_CERT_AUTHORITY_INVALID"), "{terminated}");

    let directly = try_in(&office, &direct.page).await;
    let tunnelled = try_in(&office, &tunnelled.page).await;

    assert_same(&tunnelled, &directly);
    assert_nobody_was_stamped(&office);
}

/// The same in the app, on a machine that trusts the site's authority.
#[tokio::test]
async fn the_app_sees_the_same_through_raw_tls() {
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.raw_declaration(), ..Options::default() }).await;
    let desktop = Desktop::start_trusting(&office.authority()).await;

    let page = desktop.open_webkit(&office.hosts()).await;
    let directly = try_in(&office, &page).await;
    page.close().await.unwrap();
    let app = office.open_in_app(&system, &desktop, "app-raw.png").await;
    office.trial().clear();
    office.lead(&desktop, &office.start_page()).await;
    let tunnelled = rows_of(&office, async || desktop.click_in_page().await).await;
    app.close().await;

    assert_same(&tunnelled, &directly);
    assert_nobody_was_stamped(&office);
}

/// Runs a trial in a browser that is driven.
async fn try_in(office: &Office, page: &Client) -> Map<String, Value> {
    office.trial().clear();
    page.goto(&office.start_page()).await.unwrap();
    rows_of(office, async || {
        // It asks again if the click was too early or late.
        if let Ok(button) = page.find(Locator::Id("go")).await {
            drop(button.click().await);
        }
    })
    .await
}

/// Waits for the pages, and clicks when they ask for it.
async fn rows_of(office: &Office, mut click: impl AsyncFnMut()) -> Map<String, Value> {
    let deadline = Instant::now() + TRIAL;
    let mut clicked = 0;
    loop {
        let (rows, done) = office.report();
        if done {
            return rows;
        }
        if office.trial().clicks_wanted() > clicked {
            clicked += 1;
            click().await;
        }
        assert!(Instant::now() < deadline, "the pages are not done within {TRIAL:?}: {rows:#?}");
        // Yields between looks; nothing depends on how long it is.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Compares row by row, and looks at each by itself: two ways could be wrong alike.
fn assert_same(tunnelled: &Map<String, Value>, directly: &Map<String, Value>) {
    let expected = expected();
    for (way, rows) in [("directly", directly), ("through the tunnel", tunnelled)] {
        let wrong: Vec<_> = expected
            .iter()
            .filter(|(name, value)| rows.get(*name) != Some(value))
            .map(|(name, value)| format!("{name} {way}: {:?} and not {value}", rows.get(name)))
            .collect();
        assert_eq!(wrong, Vec::<String>::new());
        assert_cookies_and_socket(rows);
    }
    let names: BTreeSet<_> = tunnelled.keys().chain(directly.keys()).collect();
    let differing: Vec<_> = names
        .into_iter()
        .filter(|name| tunnelled.get(*name) != directly.get(*name))
        .map(|name| format!("{name}: {:?} directly, {:?} through the tunnel", directly.get(name), tunnelled.get(name)))
        .collect();
    assert_eq!(differing, Vec::<String>::new());
    assert!(directly.len() >= expected.len(), "{} rows", directly.len());
}

/// What is right in every engine of rows that hold more than that.
fn assert_cookies_and_socket(rows: &Map<String, Value>) {
    let sent = rows["cookies_sent"].to_string();
    for cookie in
        ["__Host-member=maria-without-a-question", "__Host-page=3", "__Host-set=4", "page-lax=1", "page-wide=5"]
    {
        assert!(sent.contains(cookie), "{cookie}: {sent}");
    }
    for cookie in ["foreign", "gone", "__Secure-set"] {
        assert!(!sent.contains(cookie), "{cookie}: {sent}");
    }
    assert_eq!(rows["cookies_to_another_domain"][2], json!([]));
    let socket = json!({
        "protocol": "first.protocol", "ping": "the ping was answered", "text": "a text with æøå 😀",
        "bytes": [0, 255, 1, 254], "back": true, "closed": [4002, "enough, danke schön", true],
        "cookies": rows["socket"]["cookies"],
    });
    assert_eq!(rows["socket"], socket);
    assert!(socket["cookies"].to_string().contains("__Host-member"), "{socket}");
}

fn assert_nobody_was_stamped(office: &Office) {
    let stamped = office.requests().into_iter().find(|request| request.header("x-remote-user").next().is_some());
    assert_eq!(stamped, None);
}

/// What is right in every engine. The others are rows in which engines differ, for themselves or for this trial.
fn expected() -> Map<String, Value> {
    let office = "https://office.northlight.example";
    let text = "e7aa5dffbe5b41bdd4b4e3f71b37debdaf4f1c7d8d5a007df3cf848f894404cc";
    let large = "\"large-1000000\"";
    let rows = json!({
        "early_hints": { "colour": "rgb(1, 102, 3)", "styles": 1 },
        "basic_refused": [401, "Basic realm=\"The \\\"old\\\" tracker\", charset=\"UTF-8\"", "no.\n"],
        "basic": [[200, "Come inCome in, maria."], 200],
        "sign_on": ["maria-by-the-form", "/trial"],
        "sign_on_again": ["maria-without-a-question", "/trial/window"],
        "form_login": [200, true, "/login", "Zoë & <co>"],
        "methods": [["GET", 200, "GET"], ["HEAD", 200, ""], ["PUT", 200, "PUT"], ["PATCH", 200, "PATCH"],
            ["DELETE", 200, "DELETE"], ["OPTIONS", 200, "OPTIONS"]],
        "body_echoed": [3_000_000, true],
        "body_of_a_form": ["æøå 😀", "Übersicht %221%22.bin", [0, 255, 13, 10]],
        "redirect_with_a_body": [200, true, "/echo", "kept"],
        "preflight": ["PUT", "1", office],
        "beacon": [true, "said in passing"],
        "compressed_by_gzip": ["gzip", text, true, 4600],
        "compressed_by_br": ["br", text, true, 4600],
        "range": [
            [206, "bytes 100-199/1000000", large, 100], [206, "bytes 999993-999999/1000000", large, 7],
            [200, null, large, 1_000_000], [416, "bytes */1000000", null, 0]],
        "progress": [[true, 2_000_000], 2_000_000, [true, 2_000_000], true],
        "upload": [25_165_824, true, true],
        "streams_at_once": 8,
        "events": [["1", "0\nand 1"], ["2", "1\nand 2"], ["3", "2\nand 3"]],
        "events_one_by_one": ["1", "2"],
        "socket_closed_by_the_page": [[4001, "bye, æøå", true], "closed with 4001 bye, æøå"],
        "socket_refused": [1006, false],
        "fetch_cancelled": [["began"], "gone"],
        "reader_cancelled": "gone",
        "request_cancelled": "gone",
        "frame_removed": "gone",
        "film": { "at": 15, "plays": true, "playsOn": true, "ranges": true, "seconds": 20, "size": [320, 240] },
        "secure_origin": [true, "https:", "kept", "object", "object"],
        "service_worker": ["server", "service worker", "GET", "/", true],
        "window": [{ "here": office, "name": "window" }, { "back": "hello, window", "origin": office }, true],
        "window_of_another_site": [{ "here": "https://southport.example", "name": "window_of_another_site" },
            { "back": "hello, window", "origin": office }, true],
    });
    rows.as_object().cloned().unwrap_or_default()
}
