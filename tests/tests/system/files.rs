//! Files that pages give to the person, in the real app: attachments, objects that a page made, addresses that are
//! their own content, and a large file that is held and goes on after the tunnel was cut.

use latchgate_intranet::large;
use sha2::{Digest as _, Sha256};

use crate::support::desktop::Desktop;
use crate::support::site::{answer, nothing, page};
use crate::support::system::Options;
use crate::support::upstream::Upstream;
use crate::support::visit::Visit;
use crate::support::{PATIENCE, System, WIKI, eventually};

const SITE: &str = "http://files.northlight.example";

/// Large enough to be held while it arrives.
const LARGE: u64 = 256 * 1024 * 1024;

#[tokio::test]
async fn files_are_saved_under_their_names_and_a_large_one_is_held_and_goes_on() {
    let upstream = Upstream::start().await;
    let sites = upstream.declaration("Files", SITE);
    let mut system = System::start_with(Options { sites, ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, "four words in a row").await;
    app.click("site").await;
    desktop.shows_page("app-files.png").await;
    // A file that is there already keeps its name and its content.
    std::fs::create_dir_all(desktop.downloads()).unwrap();
    std::fs::write(desktop.downloads().join("made.txt"), "older").unwrap();

    desktop.go_to(&format!("{SITE}/files?large={WIKI}/files/large.bin?size={LARGE}")).await;
    app.click("downloads").await;
    app.click("download-pause").await;
    let held = eventually("the large file is held", PATIENCE, async || {
        (app.data("download", "state").await == "paused").then_some(())
    });
    held.await;
    system.restart_gateway().await;
    desktop.screenshot(&crate::support::desktop::pictures().join("app-downloads.png")).await;
    app.click("download-resume").await;
    let file = desktop.downloads().join("large.bin");
    eventually("the large file", PATIENCE, async || file.exists().then_some(())).await;
    assert_eq!(hex::encode(Sha256::digest(std::fs::read(&file).unwrap())), large::sha256(0..LARGE));

    let named = |name: &str| desktop.downloads().join(name);
    let mut names: Vec<_> = std::fs::read_dir(desktop.downloads())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["large.bin", "made (1).txt", "made (2).txt", "made.txt", "note.txt", "Übersicht 2026 €.html"]);
    for (name, content) in [
        ("Übersicht 2026 €.html", "<p>What the site calls an attachment is saved, whatever it is."),
        ("made.txt", "older"),
        ("made (1).txt", "made by the page"),
        ("note.txt", "from an address"),
        ("made (2).txt", "another one"),
    ] {
        assert_eq!(std::fs::read_to_string(named(name)).unwrap(), content, "{name}");
    }
    app.close().await;
}

/// The page whose clicks export one file after the other, each in another of the ways that older applications have.
const EXPORTS: &str = r#"<title>Place</title>
<style>button { position: fixed; inset: 0; width: 100%; font-size: 2rem }</style>
<iframe name="hidden" hidden></iframe><button>Export</button>
<script>
"use strict";
const add = (name, fields) => document.body.appendChild(Object.assign(document.createElement(name), fields));
const post = (number, target = "") => {
  const form = add("form", { method: "post", action: "/export?" + number, target });
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "month", value: "Mai" }));
  form.submit();
};
const ways = [
  () => add("a", { href: "/export?0", target: "_blank" }).click(),
  () => post(1),
  () => post(2, "_blank"),
  () => window.open("/export?3"),
  () => { window.open("about:blank").location = "/export?4"; },
  () => { document.querySelector("iframe").src = "/export?5"; },
  () => post(6, "hidden"),
  () => { location.href = "/export?7"; },
  () => { const opened = window.open(""); setTimeout(() => { opened.location.href = "/export?8"; }, 500); },
];
let next = 0;
document.querySelector("button").onclick = () => {
  document.title = "Place " + (next + 1);
  ways[next]();
  next += 1;
};
</script>"#;

#[tokio::test]
async fn files_come_in_every_way_in_which_applications_export_them_and_leave_no_window_behind() {
    let visit = Visit::start(|asked| match asked.path() {
        "/" => page(EXPORTS),
        "/export" => {
            let (_, number) = asked.target.split_once('?').unwrap();
            let fields = format!("Content-Disposition: attachment; filename=\"Mai {number}.csv\"\r\n");
            answer(&fields, [format!("{number};").into_bytes(), asked.body.clone()].concat())
        }
        _ => nothing(),
    })
    .await;
    let window = visit.desktop.window("Place").await;
    let windows = visit.desktop.windows().await.len();
    for number in 0..9 {
        visit.click(&window).await;
        let file = visit.desktop.downloads().join(format!("Mai {number}.csv"));
        eventually(&format!("file {number}"), PATIENCE, async || file.exists().then_some(())).await;
        let body = if [1, 2, 6].contains(&number) { "month=Mai" } else { "" };
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{number};{body}"));
        visit.desktop.screenshot(&crate::support::desktop::pictures().join(format!("app-export-{number}.png"))).await;
        eventually(&format!("no window of file {number}"), PATIENCE, async || {
            (visit.desktop.windows().await.len() == windows).then_some(())
        })
        .await;
    }
    visit.app.close().await;
}
