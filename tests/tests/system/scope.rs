//! Cookies that one site tries to set for another one, in two engines: each site has a jar of its own, as the browser
//! keeps it; the connector keeps none.

use fantoccini::Client;

use crate::support::desktop::Desktop;
use crate::support::forward::Forward;
use crate::support::site::{Asked, Site, answer, page};
use crate::support::system::Options;
use crate::support::{PATIENCE, System, WIKI, eventually};

const FIRST: &str = "http://first.northlight.example";
const SECOND: &str = "http://second.northlight.example";
const OTHER: &str = "http://elsewhere.example";

/// What a site tries, one field each.
const TRIED: [&str; 11] = [
    "own=1",
    "path=1; Path=/deep",
    "stolen=1; Domain=second.northlight.example",
    "dotted=1; Domain=.second.northlight.example",
    "foreign=1; Domain=elsewhere.example",
    "top=1; Domain=example",
    "dot=1; Domain=.",
    "port=1; Domain=second.northlight.example:80",
    "below=1; Domain=a.first.northlight.example",
    "up=1; Path=/deep/../..",
    "odd=1; Path=second.northlight.example/",
];

fn site(asked: &Asked) -> Vec<u8> {
    match asked.path() {
        "/set" => {
            let fields: String = TRIED.iter().map(|cookie| format!("Set-Cookie: {cookie}\r\n")).collect();
            answer(&format!("{fields}Content-Type: text/html\r\n"), "<!doctype html><title>Set</title>")
        }
        "/wide" => {
            answer("Set-Cookie: wide=1; Domain=northlight.example\r\nContent-Type: text/html\r\n", "<title>x</title>")
        }
        _ => page("<title>Page</title>"),
    }
}

/// Opens a page, and returns the cookies that its site was given, each by its name.
async fn given(page: &Client, site: &Site, address: &str) -> Vec<String> {
    let before = site.asked().len();
    page.goto(address).await.unwrap_or_else(|error| panic!("open {address}: {error}"));
    let path = url::Url::parse(address).unwrap().path().to_owned();
    let asked = eventually(&format!("{address} is asked for"), PATIENCE, async || {
        site.asked().into_iter().skip(before).find(|asked| asked.path() == path)
    })
    .await;
    let cookies = asked.field("cookie").unwrap_or_default();
    let mut names: Vec<_> =
        cookies.split("; ").filter_map(|cookie| Some(cookie.split_once('=')?.0.to_owned())).collect();
    names.sort();
    names
}

async fn try_all(page: &Client, first: &Site, second: &Site, other: &Site) {
    given(page, first, &format!("{FIRST}/set")).await;
    for (site, origin) in [(second, SECOND), (other, OTHER)] {
        for path in ["/", "/deep/x", "/set-nothing"] {
            assert_eq!(given(page, site, &format!("{origin}{path}")).await, [""; 0], "{origin}{path}");
        }
    }
    // `Path` that is no path counts as the folder of the page; two engines differ in how they read one with dots.
    let known = |names: Vec<String>| names.into_iter().filter(|name| name != "up").collect::<Vec<_>>();
    assert_eq!(known(given(page, first, &format!("{FIRST}/")).await), ["odd", "own"]);
    assert_eq!(known(given(page, first, &format!("{FIRST}/deep/x")).await), ["odd", "own", "path"]);
    assert_eq!(known(given(page, first, &format!("{FIRST}/deeper")).await), ["odd", "own"]);

    // What the web means by a domain is kept: sites of one company that sign people in for each other need it.
    given(page, first, &format!("{FIRST}/wide")).await;
    assert_eq!(given(page, second, &format!("{SECOND}/")).await, ["wide"]);
    assert_eq!(given(page, other, &format!("{OTHER}/")).await, [""; 0]);
}

async fn three() -> (System, [Site; 3]) {
    let sites = [Site::start(site).await, Site::start(site).await, Site::start(site).await];
    let declared: String = [("First", FIRST), ("Second", SECOND), ("Other", OTHER)]
        .iter()
        .zip(&sites)
        .map(|((name, url), site)| site.declaration(name, url, ""))
        .collect();
    (System::start_with(Options { sites: declared, ..Options::default() }).await, sites)
}

#[tokio::test]
async fn ab_67_in_chromium_no_site_sets_cookies_for_another_one() {
    let (system, [first, second, other]) = three().await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    try_all(&browser.page, &first, &second, &other).await;
}

#[tokio::test]
async fn ab_67_in_webkitgtk_no_site_sets_cookies_for_another_one() {
    let (system, [first, second, other]) = three().await;
    let maria = system.paired("maria").await;
    let forward = Forward::start(maria.proxy().clone()).await;
    let desktop = Desktop::start().await;
    let page = desktop.open_webkit_behind(forward.address).await;
    try_all(&page, &first, &second, &other).await;
    page.close().await.unwrap();
}

/// Between the browser and the site nobody keeps a cookie, neither for a person nor for a device.
#[tokio::test]
async fn ab_67_cookies_stay_with_the_browser_that_got_them() {
    let (system, [first, _, _]) = three().await;
    let (maria, jonas) = (system.paired("maria").await, system.paired("jonas").await);
    for device in [&maria, &jonas] {
        for path in ["/set", "/", "/deep/x"] {
            assert_eq!(device.proxy().get(&format!("{FIRST}{path}")).await.status, 200);
        }
        assert_eq!(device.proxy().get(&format!("{WIKI}/me")).await.status, 200);
    }
    let kept: Vec<_> = first.asked().into_iter().filter(|asked| asked.field("cookie").is_some()).collect();
    assert!(kept.is_empty(), "{kept:#?}");
}
