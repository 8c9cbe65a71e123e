//! Wiped means: no key of the device and nothing of its code in the memory of any process that had them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use image::{GrayImage, Luma};
use latchgate_protocol::origin::PlainHttp;
use latchgate_tunnel::code::PairingCode;
use serde_json::{Value, json};

use crate::support::canary::{Canary, found};
use crate::support::http::direct;
use crate::support::journey::{keys_in, open_vault};
use crate::support::system::Options;
use crate::support::{PATIENCE, System, WIKI, eventually};

/// The code is made by the running connector, for its pairing page, so that it had everything in its own memory. The
/// device stays to tell that it obeyed, which the network keeps it from: its memory can be read after the erasure.
#[tokio::test]
async fn ab_56_after_a_wipe_neither_the_connector_nor_the_device_has_a_key_or_the_code_in_memory() {
    let sites = "[local]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    let system = System::start_with(Options { observed: true, sites, ..Options::default() }).await;
    let (picture, code, page) = code_of_page(&system).await;
    let mut device = system.device("maria");
    device.pair(&picture).await;
    let proxy = device.start().await;
    assert_eq!(proxy.get(&format!("{WIKI}/me")).await.status, 200);
    let mut secrets = keys_in(&open_vault(device.folder()));
    let held = found(&secrets, &device.running().memory());
    assert_eq!(held.len(), secrets.len(), "what is searched for is there while the device is paired: {held:?}");
    secrets.extend(in_code(&code));

    let relay = system.relay.as_ref().expect("the system is observed");
    relay.refuse_more();
    let listed: Value =
        serde_json::from_str(&system.administer(&["device", "list", "--json"]).await).expect("device list prints JSON");
    let id = listed["devices"][0]["device_id"].as_str().expect("a device is listed");
    // The password is part of the answer that waits; it opens nothing any more.
    secrets.retain(|secret| secret.name != "device_password");
    // The device does not wait long for a network that it does not get, so that it is looked at while the command
    // still tries to tell the gateway.
    let wipe = ["device", "wipe", id];
    tokio::join!(system.administer(&wipe), async {
        let vault = device.folder().join("data/default/default.vault");
        eventually("the device erases its keys", PATIENCE, async || (!vault.exists()).then_some(())).await;
        let farewell = device.folder().join("data/default/farewell.json");
        assert!(farewell.exists(), "the answer waits for the network");
        clean_in_time("the device", &secrets, async || device.running().memory()).await;
    });

    let connector_key = connector_key(&system);
    assert!(!found(&[connector_key], &system.connector.memory()).is_empty(), "the search finds what is there");
    // The connector goes on with its work, and what it let go of is overwritten by what comes next.
    clean_in_time("the connector", &secrets, async || {
        let host = page.trim_start_matches("http://").trim_end_matches("/pair");
        direct(Method::GET, &page, &[("host", host)], Bytes::new()).await;
        system.connector.memory()
    })
    .await;
}

/// What is under way when a process lets go of a key may hold it for a moment more.
async fn clean_in_time(process: &str, secrets: &[Canary], mut memory: impl AsyncFnMut() -> Vec<u8>) {
    let mut left = Vec::new();
    let cleaned = tokio::time::timeout(PATIENCE, async {
        loop {
            left = found(secrets, &memory().await);
            if left.is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    let cleaned = cleaned.await;
    assert!(cleaned.is_ok(), "in {process}: {left:#?}");
}

fn connector_key(system: &System) -> Canary {
    let file = std::fs::read_to_string(system.folder().join("connector/connector.key")).expect("the key file");
    let key = file.lines().find_map(|line| line.strip_prefix("static ")).expect("a static key");
    Canary::secret("connector static key", &URL_SAFE_NO_PAD.decode(key).expect("Base64"))
}

/// What a code carries, and the code itself.
fn in_code(text: &str) -> Vec<Canary> {
    let code = PairingCode::decode(text, PlainHttp::ToLoopback).expect("the code is whole");
    vec![
        Canary::secret("device_setup_key", code.device_setup_key.reveal_bytes()),
        Canary::secret("device_setup_secret_key", code.device_setup_secret_key.reveal_bytes()),
        Canary::text("the code's text", text.trim_start_matches("LG1:")),
    ]
}

/// Opens the connector's pairing page and returns the code that it shows, as a picture and as text, and its address.
async fn code_of_page(system: &System) -> (PathBuf, String, String) {
    let printed = system.administer(&["device", "invite", "maria", "--page", "--json"]).await;
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    let (page, token) = printed["page"].as_str().and_then(|url| url.split_once('#')).expect("an address with a token");
    let host = page.trim_start_matches("http://").trim_end_matches("/pair");
    let call = async |what: &str, session: &str, body: Value| {
        let headers = [("host", host), ("content-type", "application/json"), ("latchgate-page", session)];
        direct(Method::POST, &format!("{page}/{what}"), &headers, Bytes::from(body.to_string())).await.json()
    };
    let opened = call("open", "", json!({ "token": token })).await;
    let view = call("state", opened["session"].as_str().expect("a session"), json!({})).await;
    let picture = system.folder().join("page.png");
    let text = draw(view["picture"].as_str().expect("a picture"), &picture);
    (picture, text, page.to_owned())
}

/// Draws the page's picture as a PNG and reads its text.
fn draw(svg: &str, path: &Path) -> String {
    const SCALE: u32 = 8;
    let dark: Vec<(u32, u32)> = svg
        .split('M')
        .filter_map(|module| {
            let (x, y) =
                module.strip_suffix("h1v1h-1").or(module.split_once("h1v1h-1").map(|(at, _)| at))?.split_once(',')?;
            Some((x.parse().ok()?, y.parse().ok()?))
        })
        .collect();
    let width = dark.iter().map(|(x, _)| x + 1).max().expect("a dark module") + 4;
    let is_dark = |x: u32, y: u32| dark.contains(&(x / SCALE, y / SCALE));
    let drawn = GrayImage::from_fn(width * SCALE, width * SCALE, |x, y| Luma([if is_dark(x, y) { 0 } else { 255 }]));
    drawn.save(path).expect("write the picture");
    let mut read =
        rqrr::PreparedImage::prepare_from_greyscale(drawn.width() as usize, drawn.height() as usize, |x, y| {
            drawn.get_pixel(u32::try_from(x).expect("a column"), u32::try_from(y).expect("a row")).0[0]
        });
    let (_, text) = read.detect_grids().first().expect("a code in the picture").decode().expect("a readable code");
    text
}
