//! A hostile page in the real app: it finds nothing of the app, reaches nothing on the machine, and cannot leave
//! for an address that is not the company's.

use crate::support::desktop::Desktop;
use crate::support::system::Options;
use crate::support::upstream::Upstream;
use crate::support::{PATIENCE, System, eventually};

const SITE: &str = "http://curious.northlight.example";

/// What the page reaches, to show that it looks: an address of its own site.
const OWN: &str = "found: fetched /cookies";

#[tokio::test]
async fn ab_77_ab_78_a_page_reaches_neither_the_app_nor_the_machine_and_cannot_leave_for_them() {
    let upstream = Upstream::start().await;
    let sites = upstream.declaration("Curious", SITE);
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, "four words in a row").await;
    app.click("site").await;
    desktop.shows_page("app-curious.png").await;

    desktop.go_to(&format!("{SITE}/leak")).await;
    let report = eventually("the page's report", PATIENCE, async || {
        upstream.reports().into_iter().find(|report| report.starts_with("found: "))
    })
    .await;

    assert_eq!(report, OWN);
    let stayed = upstream.reports().iter().filter(|report| report.starts_with("still here after ")).count();
    assert_eq!(stayed, 6, "{:?}", upstream.reports());
    app.close().await;
}

/// No capability is for an address, and the only windows with one are the app's own: the main one and the bar above a
/// page. Tauri before 2.11.1 counted pages of other origins as its own (CVE-2026-42184).
#[test]
fn ab_77_no_capability_reaches_a_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut windows = Vec::new();
    for file in std::fs::read_dir(root.join("capabilities")).unwrap() {
        let file = file.unwrap().path();
        let capability: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for key in ["remote", "webviews"] {
            assert!(capability.get(key).is_none(), "{}: {key}", file.display());
        }
        windows
            .extend(capability["windows"].as_array().unwrap().iter().map(|window| window.as_str().unwrap().to_owned()));
    }
    windows.sort();
    windows.dedup();
    assert_eq!(windows, ["main", "page-*"]);
    let settings = std::fs::read_to_string(root.join("tauri.conf.json")).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    assert_ne!(settings["app"]["withGlobalTauri"], true);

    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let version = lock.split("[[package]]").find(|package| package.contains("name = \"tauri\"\n")).unwrap();
    let version = version.split("version = \"").nth(1).unwrap().split('"').next().unwrap();
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
    assert!(numbers >= vec![2, 11, 1], "tauri {version}");
}
