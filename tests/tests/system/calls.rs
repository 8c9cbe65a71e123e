//! What the app and the engine of its pages reach, by system calls, while a page does all that it can to reach the
//! network: the page's processes reach the app's proxy and nothing else, no name is looked up, and the app reaches its
//! gateway.

use std::net::Ipv4Addr;

use crate::support::calls::Calls;
use crate::support::site::{answer, page};
use crate::support::stranger::listening;
use crate::support::visit::Visit;
use crate::support::{PATIENCE, eventually};

#[tokio::test]
async fn the_pages_reach_nothing_but_the_proxy_and_the_app_nothing_but_its_gateway() {
    let mut visit = Visit::start(|asked| match asked.path() {
        "/" => page("<title>Place</title>"),
        "/calls" => answer("Content-Type: text/html\r\n", include_str!("calls.html")),
        path if path.starts_with("/report/") => answer("", ""),
        _ => answer("", "more"),
    })
    .await;
    let app = visit.desktop.app_process();
    let [proxy] = listening(app)[..] else { panic!("the app listens at one place") };
    assert_eq!(proxy.ip(), Ipv4Addr::LOCALHOST);
    let calls = Calls::follow(app, visit.system.folder()).await;

    visit.go("/calls").await;
    eventually("the page has tried it all", 3 * PATIENCE, async || {
        visit.site.reports().contains(&"all is tried".to_owned()).then_some(())
    })
    .await;
    // The app connects again, and shows that its own connection is seen.
    visit.system.restart_gateway().await;
    let gateway: std::net::SocketAddr = visit.system.origin.trim_start_matches("http://").parse().unwrap();
    eventually("the app connects again", PATIENCE, async || {
        calls.reaches().iter().any(|reach| reach.to == gateway).then_some(())
    })
    .await;

    let reaches = calls.reaches();
    let elsewhere: Vec<_> = reaches.iter().filter(|reach| reach.to != proxy && reach.to != gateway).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    let proxied = reaches.iter().filter(|reach| reach.to == proxy).count();
    assert!(proxied > 10, "the page was not seen: {reaches:#?}");
    let app_threads = threads(app);
    let by_others: Vec<_> =
        reaches.iter().filter(|reach| reach.to == gateway && !app_threads.contains(&reach.thread)).collect();
    assert!(by_others.is_empty(), "only the app itself knows its gateway: {by_others:#?}");
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// What the threads of a process call themselves.
fn threads(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("list the threads").flatten();
    tasks.filter_map(|task| Some(std::fs::read_to_string(task.path().join("comm")).ok()?.trim().to_owned())).collect()
}
