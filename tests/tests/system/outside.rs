//! The ways out of the company in the real app: each is one question in the bar, the desktop's programs open what the
//! person said yes to and nothing else, and what is no page, letter or call leads nowhere. And programs, which are kept when
//! the person says so and never opened.

use crate::support::site::{Asked, answer, nothing, page};
use crate::support::visit::Visit;
use crate::support::{PATIENCE, eventually};

/// Where the ways lead: the address is to arrive at the desktop's browser as it is written here.
const OUTSIDE: &str = "https://outside.example/a%20b/%C3%BC?c=d&e=%26;f#g-h";

/// What the bar calls the place.
const HOST: &str = "outside.example";

/// Covers the page, so that a click anywhere is a click on it.
const COVER: &str = "position:fixed;inset:0;display:block;width:100%;height:100%";

/// Makes a page with one way out.
fn ways(asked: &Asked) -> Vec<u8> {
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    let to = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "to");
    let to = to.map_or_else(|| OUTSIDE.to_owned(), |(_, to)| to.into_owned());
    let number = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "n");
    let number = number.map_or_else(String::new, |(_, number)| number.into_owned());
    let (attribute, script) = (to.replace('&', "&amp;"), serde_json::to_string(&to).expect("a text"));
    // The page says that it is still there when its way out led nowhere.
    let stays = "setTimeout(() => fetch('/report/stays', { method: 'POST' }), 300)";
    match asked.path() {
        "/" => page("<title>Place</title>"),
        "/link" => page(&format!(
            "<title>A link {number}</title><a style=\"{COVER}\" href=\"{attribute}\" onclick=\"{stays}\">go</a>"
        )),
        "/blank" => page(&format!(
            "<title>A link to a new window {number}</title><a style=\"{COVER}\" target=_blank href=\"{attribute}\">go</a>"
        )),
        "/open" => page(&format!(
            "<title>A window {number}</title><button style=\"{COVER}\" id=b>go</button>\
             <script>b.onclick = () => {{ window.open({script}); {stays} }}</script>"
        )),
        "/form" => page(&format!(
            "<title>A form {number}</title><form action=\"https://outside.example/form\"><input name=q value=x>\
             <button style=\"{COVER}\">go</button></form>"
        )),
        "/script" => page(&format!(
            "<title>A script {number}</title><script>setTimeout(() => {{ location.href = {script}; {stays} }}, 400)</script>"
        )),
        "/replace" => page(&format!(
            "<title>A replacement {number}</title><script>setTimeout(() => {{ location.replace({script}); {stays} }}, 400)</script>"
        )),
        "/unasked" => page(&format!(
            "<title>Unasked windows</title><script>setTimeout(() => {{ for (let n = 0; n < 5; n++) window.open({script}); \
             {stays} }}, 400)</script>"
        )),
        "/frame" => {
            page(&format!("<title>A frame</title><iframe src=\"{attribute}\"></iframe><script>{stays}</script>"))
        }
        "/meta" => {
            page(&format!("<title>A refresh {number}</title><meta http-equiv=refresh content=\"1;url={attribute}\">"))
        }
        "/moved" => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        path if path.starts_with("/report/") => answer("", ""),
        _ => nothing(),
    }
}

/// The page with a way to `to`; its number is in its title, so that it is told from the one before.
fn at(path: &str, to: &str, number: usize) -> String {
    let query: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("{path}?to={query}&n={number}.")
}

#[tokio::test]
async fn ab_78_what_leads_out_of_the_company_is_one_question_and_opens_once() {
    let visit = Visit::start(ways).await;
    let mut expected: Vec<String> = Vec::new();
    let mut number = 0;
    for (path, title, clicked, leads_to) in [
        ("/link", "A link", true, OUTSIDE),
        ("/blank", "A link to a new window", true, OUTSIDE),
        ("/open", "A window", true, OUTSIDE),
        ("/form", "A form", true, "https://outside.example/form?q=x"),
        ("/script", "A script", false, OUTSIDE),
        ("/replace", "A replacement", false, OUTSIDE),
        ("/meta", "A refresh", false, OUTSIDE),
        ("/moved", "", false, OUTSIDE),
    ] {
        for open in [false, true] {
            let windows = visit.desktop.windows().await.len();
            number += 1;
            visit.go(&at(path, OUTSIDE, number)).await;
            if !title.is_empty() {
                let window = visit.desktop.window(&format!("{title} {number}.")).await;
                if clicked {
                    visit.click(&window).await;
                }
            }
            let question = visit.bar_says("page-question", |text| !text.is_empty()).await;
            assert!(question.contains(HOST), "{path}: {question}");
            assert_eq!(visit.desktop.opened(), expected, "{path}: nothing opens before the answer");
            visit.click_bar(if open { "question-open" } else { "question-stay" }).await;
            visit.bar("page-address").await;
            if open {
                expected.push(leads_to.to_owned());
                eventually("the desktop's browser", PATIENCE, async || {
                    (visit.desktop.opened().len() >= expected.len()).then_some(())
                })
                .await;
            }
            assert_eq!(visit.desktop.opened(), expected, "{path}");
            assert_eq!(visit.desktop.windows().await.len(), windows, "{path}: no window of the app's own");
            assert!(!visit.bar_has("page-question").await, "{path}: it is asked once");
        }
    }
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A page without encryption, a letter and a call leave as pages do, but nobody is asked about letters and calls that
/// nobody clicked.
#[tokio::test]
async fn ab_78_letters_and_calls_are_one_question_each_and_attach_nothing() {
    let visit = Visit::start(ways).await;
    let mut expected: Vec<String> = Vec::new();
    for (number, (to, shown, leads_to)) in [
        ("http://outside.example/plain", "outside.example", "http://outside.example/plain"),
        (
            "mailto:eve%40home@outside.example?subject=a%20b&attach=/etc/passwd",
            "eve@home@outside.example",
            "mailto:eve%40home@outside.example?subject=a%20b",
        ),
        ("tel:+45-12-34", "+45-12-34", "tel:+45-12-34"),
    ]
    .into_iter()
    .enumerate()
    {
        for (path, title) in [("/link", "A link"), ("/open", "A window")] {
            visit.click(&visit.open(&at(path, to, number), &format!("{title} {number}.")).await).await;
            let question = visit.bar_says("page-question", |text| !text.is_empty()).await;
            assert!(question.contains(shown), "{to} by {path}: {question}");
            assert_eq!(visit.desktop.opened(), expected, "{to} by {path}: nothing opens before the answer");
            visit.click_bar("question-open").await;
            expected.push(leads_to.to_owned());
            eventually("the desktop's program", PATIENCE, async || {
                (visit.desktop.opened().len() >= expected.len()).then_some(())
            })
            .await;
            assert_eq!(visit.desktop.opened(), expected, "{to} by {path}");
        }
    }
    for to in ["mailto:eve@outside.example", "tel:12"] {
        for (path, title) in [("/script", "A script"), ("/frame", "A frame")] {
            let before = visit.site.reports().len();
            visit.open(&at(path, to, before), title).await;
            eventually("the page goes on", PATIENCE, async || (visit.site.reports().len() > before).then_some(()))
                .await;
            assert!(!visit.bar_has("page-question").await, "{to} by {path}");
        }
    }
    assert_eq!(visit.desktop.opened(), expected);
    assert_eq!(visit.app.views().await.len(), 2, "the main window and one page");
    visit.app.close().await;
}

#[tokio::test]
async fn ab_78_what_nobody_clicked_opens_no_windows_and_what_is_framed_is_not_asked_about() {
    let visit = Visit::start(ways).await;
    for (path, title) in [("/unasked", "Unasked windows"), ("/frame", "A frame")] {
        let before = visit.site.reports().len();
        visit.open(path, title).await;
        eventually("the page goes on", PATIENCE, async || (visit.site.reports().len() > before).then_some(())).await;
        assert!(!visit.bar_has("page-question").await, "{path}");
        assert_eq!(visit.desktop.opened(), [""; 0], "{path}");
    }
    assert_eq!(visit.app.views().await.len(), 2, "the main window and one page");
    visit.app.close().await;
}

#[tokio::test]
async fn ab_78_other_schemes_lead_nowhere() {
    let visit = Visit::start(ways).await;
    let mut number = 0;
    for to in [
        "file:///etc/hostname",
        "file://localhost/etc/hostname",
        "data:text/html,<title>Gone</title>gone",
        "javascript:document.title='Gone'",
        "blob:null/4711",
        "about:config",
        "view-source:http://place.northlight.example/",
        "webkit://gpu",
        "resource:///org/gnome",
        "tauri://localhost/",
        "ipc://localhost/get",
        "http://outside/plain",
        "http://127.0.0.1/",
        "http://ipc.localhost/",
        "https://user:secret@outside.example/",
        "ftp://outside.example/",
        "mailto:",
        "tel:*%2306%23",
        "sms:4512345678",
        "latchgate://pair?code=LG1",
        "intent://scan#Intent;scheme=zxing;end",
        "ms-settings:privacy",
        "vscode://file/etc/passwd",
        "made-up:anything",
    ] {
        for (path, title) in [("/link", Some("A link")), ("/open", Some("A window")), ("/script", None)] {
            // A script of the page's own is the page's own business, wherever it stands.
            if to.starts_with("javascript:") && path != "/open" || path != "/link" && to.contains(['@', ';', '+', '?'])
            {
                continue;
            }
            let before = visit.site.reports().len();
            number += 1;
            let path = at(path, to, number);
            match title {
                Some(title) => visit.click(&visit.open(&path, &format!("{title} {number}.")).await).await,
                None => visit.go(&path).await,
            }
            eventually(&format!("the page goes on after {to} by {path}"), PATIENCE, async || {
                (visit.site.reports().len() > before).then_some(())
            })
            .await;
            assert!(!visit.bar_has("page-question").await, "{to} by {path}");
            let titles: Vec<_> = visit.desktop.windows().await.into_iter().map(|window| window.title).collect();
            assert!(!titles.iter().any(|title| title.contains("Gone")), "{to} by {path}: {titles:?}");
        }
    }
    assert_eq!(visit.desktop.opened(), [""; 0]);
    assert_eq!(visit.app.views().await.len(), 2, "the main window and one page");
    visit.app.close().await;
}

#[tokio::test]
async fn ab_78_a_program_is_asked_about_before_it_is_kept_and_never_opened() {
    let visit = Visit::start(|asked| match asked.path() {
        "/" => page("<title>Place</title>"),
        "/page" => {
            let (to, number) = asked.target["/page?to=".len()..].split_once('&').expect("a path and a number");
            page(&format!("<title>A link {number}</title><a style=\"{COVER}\" href=\"{to}\">go</a>"))
        }
        "/setup.exe" => answer("Content-Type: application/octet-stream\r\n", "MZ program"),
        "/report" => answer(
            "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"report.pdf.exe\"\r\n",
            "MZ disguised",
        ),
        "/update" => answer("Content-Type: application/vnd.android.package-archive\r\n", "PK package"),
        "/tool.apk" => answer("Content-Type: text/plain\r\nContent-Disposition: attachment\r\n", "PK named"),
        "/run.sh" => answer("Content-Type: application/x-sh\r\n", "#!/bin/sh\ntouch \"$HOME/ran\"\n"),
        "/start.desktop" => answer(
            "Content-Type: application/x-desktop\r\n",
            "[Desktop Entry]\nType=Application\nName=x\nExec=touch ran\n",
        ),
        _ => nothing(),
    })
    .await;
    let downloads = visit.desktop.downloads();
    let in_folder = || {
        let entries = std::fs::read_dir(&downloads).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let mut kept = Vec::new();
    let mut number = 0;
    for (path, name, content) in [
        ("/setup.exe", "setup.exe", "MZ program"),
        ("/report", "report.pdf.exe", "MZ disguised"),
        ("/update", "update.apk", "PK package"),
        ("/tool.apk", "tool.apk", "PK named"),
        ("/run.sh", "run.sh", "#!/bin/sh\ntouch \"$HOME/ran\"\n"),
        ("/start.desktop", "start.desktop", "[Desktop Entry]\nType=Application\nName=x\nExec=touch ran\n"),
    ] {
        for keep in [false, true] {
            number += 1;
            let window = visit.open(&format!("/page?to={path}&{number}."), &format!("A link {number}.")).await;
            visit.click(&window).await;
            visit.app.look_at_main().await;
            if !visit.app.shows("no-downloads").await && !visit.app.shows("download").await {
                visit.app.click("downloads").await;
            }
            visit.app.find_one("download", "state", "asking").await;
            assert_eq!(visit.app.data("download", "name").await, name);
            assert_eq!(in_folder(), kept, "{name}: nothing is written before the answer");
            visit.app.click(if keep { "download-keep" } else { "download-discard" }).await;
            if keep {
                visit.app.find_one("download", "state", "done").await;
                kept.push(name.to_owned());
                kept.sort();
                assert_eq!(std::fs::read_to_string(downloads.join(name)).unwrap(), content);
                assert!(!visit.app.shows("download-open").await, "{name}: there is no way to open it");
                visit.app.click("downloads-clear").await;
            }
            visit.app.find("no-downloads").await;
            assert_eq!(in_folder(), kept, "{name}");
        }
    }
    for name in &kept {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(downloads.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0, "{name} is no program yet: {mode:o}");
    }
    assert_eq!(visit.desktop.opened(), [""; 0]);
    assert!(!visit.desktop.home().join("ran").exists());
    visit.app.close().await;
}
