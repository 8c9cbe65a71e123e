//! Windows that pages open, and what a page asks a person for, in the real app.

use image::Rgb;

use crate::support::desktop::Desktop;
use crate::support::office::Office;
use crate::support::site::{Asked, Site, answer, nothing, page};
use crate::support::system::Options;
use crate::support::visit::Visit;
use crate::support::{PATIENCE, System, eventually, insist};

/// A site that is shared while a page of another one is open.
const LATER: &str = "https://later.northlight.example";

/// What a page of a trial is, and what the engine makes of it while it asks for a password.
const WHITE: Rgb<u8> = Rgb([0xff, 0xff, 0xff]);
const DIMMED: Rgb<u8> = Rgb([0x7f, 0x7f, 0x7f]);
/// What the app's own pages have behind their words.
const PAPER: Rgb<u8> = Rgb([0xf5, 0xf4, 0xef]);

/// Most of a page.
const LARGE: usize = 300_000;

/// A sign-on in a window of its own is one: its window closes, and the page that opened it goes on.
#[tokio::test]
async fn a_page_outlives_the_windows_that_it_opened() {
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.declaration(), ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = office.open_in_app(&system, &desktop, "app-windows.png").await;

    office.lead(&desktop, &format!("{}/trial?only=window", office.sites().home)).await;
    let mut clicked = 0;
    let rows = eventually("the page saw both windows close", PATIENCE, async || {
        if office.trial().clicks_wanted() > clicked {
            clicked += 1;
            desktop.click_in_page().await;
        }
        let (rows, done) = office.report();
        done.then_some(rows)
    })
    .await;

    for name in ["window", "window_of_another_site"] {
        assert_eq!(rows[name][2], true, "{name}: {rows:?}");
    }
    app.close().await;
}

/// A link is opened beside its page by the middle button and by Ctrl, as in any browser.
#[tokio::test]
async fn a_link_is_opened_in_another_window_by_the_middle_button_and_by_ctrl() {
    let visit = Visit::start(|asked| match asked.path() {
        "/" => page("<title>Place</title><a href=\"/beside\" style=\"position:fixed;inset:0\">go</a>"),
        "/files" => page("<title>Files</title><a href=\"/file\" style=\"position:fixed;inset:0\">go</a>"),
        "/beside" => page("<title>Beside</title>"),
        "/file" => answer("Content-Disposition: attachment; filename=\"beside.txt\"\r\n", "kept"),
        _ => nothing(),
    })
    .await;
    for click in [&["click", "2"][..], &["keydown", "ctrl", "click", "1", "keyup", "ctrl"]] {
        let place = visit.desktop.window("Place").await;
        visit.desktop.click_with(&place, click).await;
        let beside = visit.desktop.window("Beside").await;
        assert!(visit.desktop.find_window("Place").await.is_some(), "{click:?}: the page stays where it is");
        let asked = visit.site.asked().into_iter().rfind(|asked| asked.path() == "/beside").unwrap();
        assert_eq!(asked.field("referer"), Some("http://place.northlight.example/"), "{click:?}");
        let close = async || {
            visit.desktop.focus(&beside).await;
            visit.desktop.press(&["ctrl+w"]).await;
        };
        insist("its window closes", close, async || visit.desktop.find_window("Beside").await.is_none().then_some(()))
            .await;
    }
    let files = visit.open("/files", "Files").await;
    let windows = visit.desktop.windows().await.len();
    visit.desktop.click_with(&files, &["click", "2"]).await;
    let file = visit.desktop.downloads().join("beside.txt");
    eventually("the file", PATIENCE, async || file.exists().then_some(())).await;
    eventually("its window is gone", PATIENCE, async || (visit.desktop.windows().await.len() == windows).then_some(()))
        .await;
    visit.app.close().await;
}

/// The prompts of HTTP basic and NTLM are the browser's and the site's; the person types into them.
#[tokio::test]
async fn a_person_answers_the_prompts_of_a_site() {
    let office = Office::start().await;
    let system = System::start_with(Options { sites: office.declaration(), ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = office.open_in_app(&system, &desktop, "app-prompt.png").await;
    let old = &office.sites().old;

    for (scheme, password) in [("basic", "open up, please"), ("ntlm", "geheim")] {
        office.lead(&desktop, &format!("{old}/trial/window")).await;
        covered(&desktop, WHITE).await;
        office.lead(&desktop, &format!("{old}/trial/{scheme}")).await;
        covered(&desktop, DIMMED).await;
        desktop.type_text("maria").await;
        desktop.press(&["Tab"]).await;
        desktop.type_text(password).await;
        desktop.press(&["Return"]).await;
        eventually("the site lets maria in", PATIENCE, async || {
            office.trial().noted(scheme).contains(&"come in, maria".to_owned()).then_some(())
        })
        .await;
    }
    app.close().await;
}

async fn covered(desktop: &Desktop, colour: Rgb<u8>) {
    eventually("the page has this colour", PATIENCE, async || {
        (desktop.pixels_of(colour, "app-prompt.png").await > LARGE).then_some(())
    })
    .await;
}

/// The engine trusts a certificate only for the hosts that it was told of, and it is told of new ones.
#[tokio::test]
async fn an_open_page_goes_on_to_a_site_that_the_company_shares_later() {
    let later = Site::start(|_| page("<title>Later</title>")).await;
    let for_the_board = later.declaration("Later", LATER, "").replace("staff", "board");
    let mut visit = Visit::start_beside(&for_the_board, |asked: &Asked| match asked.path() {
        "/" => page("<title>Place</title>"),
        "/on" => format!("HTTP/1.1 302 Found\r\nLocation: {LATER}/\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        _ => nothing(),
    })
    .await;

    visit.system.administer(&["group", "add", "board", "maria"]).await;
    visit.system.restart_connector().await;
    visit.app.look_at_main().await;
    visit.app.find_one("site", "url", LATER).await;
    visit.open("/on", "Later").await;
    visit.app.close().await;
}

/// This machine knows nothing of the authority of the sites; the company does.
#[tokio::test]
async fn a_raw_site_under_the_companys_own_authority_opens_where_the_company_vouches_for_it() {
    let office = Office::start().await;
    let sites = office.vouched_declaration(&office.authority());
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = office.open_in_app(&system, &desktop, "app-vouched.png").await;
    office.lead(&desktop, &format!("{}/trial/window", office.sites().old)).await;
    app.close().await;
}

#[tokio::test]
async fn a_raw_site_for_which_another_authority_would_vouch_does_not_open() {
    let (office, stranger) = (Office::start().await, Office::start().await);
    let sites = office.vouched_declaration(&stranger.authority());
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, "four words in a row").await;
    app.click_one("site", "url", &office.sites().home).await;
    desktop.window("certificate is not valid").await;
    eventually("the page is drawn", PATIENCE, async || {
        (desktop.pixels_of(PAPER, "app-refused.png").await > LARGE).then_some(())
    })
    .await;
    assert_eq!(office.requests().len(), 0);
    app.look_at_main().await;
    assert!(!app.shows("recent-page").await);
    app.close().await;
}
