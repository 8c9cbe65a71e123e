//! What makes reading comfortable, in the real app and by the keys of a real keyboard: search, size, the whole screen,
//! paper, and documents that are no pages.

use image::Rgb;
use latchgate_intranet::{Config, Intranet};

use crate::support::desktop::Window;
use crate::support::process::succeed;
use crate::support::site::{Asked, Site, answer, nothing, page};
use crate::support::visit::Visit;
use crate::support::{PATIENCE, eventually, insist};

/// A colour of the document alone.
const SHEET: Rgb<u8> = Rgb([0x00, 0x99, 0xff]);

/// What the page of colours has behind it in the dark.
const NIGHT: Rgb<u8> = Rgb([0x10, 0x20, 0x30]);

/// What the app has behind everything in the dark: `--paper` in `ui/src/styles/tokens.css`.
const GROUND: Rgb<u8> = Rgb([0x0f, 0x16, 0x15]);

const OTHER: &str = "http://other.northlight.example";
const RAW: &str = "https://raw.northlight.example";

/// Pages that tell how wide they are in their own measure, which shrinks as they are shown larger.
fn pages(asked: &Asked) -> Vec<u8> {
    let tell = "<script>const tell = () => fetch('/report/' + document.title + ' ' + innerWidth + ' ' + innerHeight, \
                { method: 'POST' }); addEventListener('resize', tell); tell();</script>";
    match asked.path() {
        "/" => page(&format!("<title>Place</title>{tell}")),
        "/words" => page(
            "<title>Words</title><p>A needle in a haystack.<p>Another Needle.<p>No pin.\
             <p style=\"margin-top:3000px\">The last needle.",
        ),
        "/first" => page(&format!("<title>First</title>{tell}")),
        "/second" => page(&format!("<title>Second</title>{tell}")),
        "/colours" => page(
            "<title>Colours</title><style>@media (prefers-color-scheme: dark) { body { background: #102030 } }</style>\
             <script>const dark = matchMedia('(prefers-color-scheme: dark)');\
             const tellColours = () => fetch('/report/Colours ' + (dark.matches ? 'dark' : 'light'), { method: 'POST' });\
             dark.onchange = tellColours; tellColours();</script>",
        ),
        "/untitled" => page("<p>No name."),
        "/keys" => page(
            "<script>addEventListener('keydown', ({ key }) => fetch('/report/key ' + key, { method: 'POST' }))</script>\
             <title>Keys</title>",
        ),
        "/report.pdf" => answer("Content-Type: application/pdf\r\n", document("Quarterly figures")),
        path if path.starts_with("/report/") => answer("", ""),
        _ => nothing(),
    }
}

/// Makes a document of one sheet with a coloured area and some words.
fn document(words: &str) -> Vec<u8> {
    let drawing = format!("0 0.6 1 rg 100 300 400 300 re f 0 0 0 rg BT /F1 36 Tf 100 700 Td ({words}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = String::new();
    for (number, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let start = file.len();
    file += &format!(
        "xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    file.into_bytes()
}

/// Waits until the page of this title says that it is as wide as `fits` wants it, and returns its size.
async fn size_of(visit: &Visit, title: &str, fits: impl Fn(i32, i32) -> bool) -> (i32, i32) {
    eventually(&format!("the size of {title}"), PATIENCE, async || {
        let told = visit.told(&format!("{title} "));
        let (width, height) = told.last()?.split_once(' ')?;
        let (width, height) = (width.parse().ok()?, height.parse().ok()?);
        fits(width, height).then_some((width, height))
    })
    .await
}

/// Types words over those that are sought, until the bar says this of them.
async fn seek(visit: &Visit, words: &str, says: &str) {
    let type_over = async || {
        visit.desktop.press(&["ctrl+f", "ctrl+a"]).await;
        visit.desktop.type_text(words).await;
    };
    insist(&format!("{says} of {words}"), type_over, async || {
        let text = visit.bar("find-count").await.text().await.ok()?;
        (text == says).then_some(())
    })
    .await;
}

#[tokio::test]
async fn words_are_found_and_counted_by_the_keyboard() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let window = visit.open("/words", "Words").await;
    visit.click(&window).await;

    visit.desktop.press(&["ctrl+f"]).await;
    visit.bar("find-words").await;
    seek(&visit, "needle", "3 places").await;
    visit.desktop.press(&["Return", "Return"]).await;
    seek(&visit, "pin.", "1 place").await;
    seek(&visit, "nowhere", "Not found").await;
    visit.desktop.press(&["Escape"]).await;
    eventually("the search is folded", PATIENCE, async || (!visit.bar_has("find-words").await).then_some(())).await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// What unfolds from the bar takes room of the page and gives it back.
#[tokio::test]
async fn the_bar_gives_back_the_room_that_it_took() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    visit.open("/first", "First").await;
    let (_, whole) = size_of(&visit, "First", |width, _| width > 1000).await;
    for _ in 0..2 {
        visit.click_bar("page-menu").await;
        size_of(&visit, "First", |_, height| height < whole).await;
        visit.click_bar("page-menu").await;
        size_of(&visit, "First", |_, height| height == whole).await;
    }
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// The bar says how high it is whenever its window changes, also while somebody types.
#[tokio::test]
async fn an_address_is_typed_without_a_break_and_then_the_page_has_the_keys() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let window = visit.open("/first", "First").await;
    visit.click(&window).await;

    visit.desktop.press(&["ctrl+l"]).await;
    let address = visit.bar("page-address").await;
    let types = async |beginning: &str| address.prop("value").await.ok()?.filter(|typed| typed.starts_with(beginning));
    eventually("the address is selected", PATIENCE, async || types("http").await).await;
    visit.desktop.type_text("no").await;
    eventually("what is typed is in its place", PATIENCE, async || types("no").await).await;
    visit.desktop.press(&["Escape"]).await;
    eventually("the address is there again", PATIENCE, async || types("http").await).await;
    visit.desktop.type_text("http://place.northlight").await;
    let bar = visit.app.look_at_bar().await.expect("a bar");
    let fit = "const done = arguments[arguments.length - 1];\
               __TAURI_INTERNALS__.invoke('page_fit', { height: innerHeight }).then(done)";
    for _ in 0..3 {
        bar.execute_async(fit, Vec::new()).await.expect("say how high the bar is");
    }
    visit.desktop.type_text(".exam").await;
    eventually("so much is typed", PATIENCE, async || types("http://place.northlight.exam").await).await;
    // As when its person looks into another window and comes back.
    let look_away = "const field = document.activeElement;\
                     for (const name of ['blur', 'focus']) field.dispatchEvent(new FocusEvent(name))";
    bar.execute(look_away, Vec::new()).await.expect("look away");
    visit.desktop.type_text("ple/keys").await;
    visit.desktop.press(&["Return"]).await;
    visit.desktop.window("Keys").await;

    eventually("the page has a key", PATIENCE, async || {
        visit.desktop.press(&["k"]).await;
        visit.told("key ").pop()
    })
    .await;

    // What was begun and left is gone with the page that it was begun on. The driver must not turn to the bar here: its
    // field would get the keys again.
    visit.desktop.press(&["ctrl+l"]).await;
    eventually("the address is selected", PATIENCE, async || types("http").await).await;
    visit.desktop.type_text("half").await;
    eventually("what is typed is in its place", PATIENCE, async || types("half").await).await;
    visit.click(&window).await;
    visit.desktop.press(&["alt+Left"]).await;
    eventually("the bar says where the page is", PATIENCE, async || types("place.northlight.example").await).await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

#[tokio::test]
async fn a_page_without_a_title_is_called_after_its_place() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    visit.open("/untitled", "place.northlight.example").await;
    eventually("the bar does not say that it still loads", PATIENCE, async || {
        let title = visit.bar("page-title").await.prop("textContent").await.ok().flatten();
        (title.as_deref() == Some("untitled")).then_some(())
    })
    .await;
    visit.open("/first", "First").await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// Raw TLS under an authority that nobody here knows: the engine has words of its own for it, in English and on white.
#[tokio::test]
async fn a_page_that_did_not_load_says_so_in_the_words_of_the_app() {
    let office =
        Intranet::start(Config { names: vec!["raw.northlight.example".to_owned()], ..Config::default() }).await;
    let upstream = office.as_ref().expect("start a site").https_origin();
    let raw = format!(
        "\n[[site]]\nname = \"Raw\"\nurl = \"{RAW}\"\nupstream = \"{upstream}\"\nallow = [\"staff\"]\npassthrough = true\n"
    );
    let visit = Visit::start_beside(&raw, pages).await;
    visit.app.look_at_main().await;
    visit.app.click("device").await;
    visit.app.click("settings").await;
    visit.app.find("language").await.select_by_value("de").await.expect("choose a language");
    visit.app.click("close-settings").await;
    visit.app.click("close-panel").await;
    visit.app.click_one("site", "url", RAW).await;
    visit.desktop.window("das Zertifikat der Website ist nicht").await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A site that does not answer yet: until there is a page, its place is as dark as the app.
#[tokio::test]
async fn what_is_awaited_in_the_dark_is_dark() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("bind a site that never answers");
    let upstream = silent.local_addr().expect("a bound address");
    let site = format!(
        "\n[[site]]\nname = \"Silent\"\nurl = \"{OTHER}\"\nupstream = \"http://{upstream}\"\nallow = [\"staff\"]\n"
    );
    let visit = Visit::start_beside(&site, pages).await;
    choose_appearance(&visit, "dark").await;
    visit.app.click_one("site", "url", OTHER).await;
    visit.desktop.window("other.northlight.example").await;
    eventually("a dark window", PATIENCE, async || {
        (visit.desktop.pixels_of(GROUND, "app-dark-wait.png").await > 800_000).then_some(())
    })
    .await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

#[tokio::test]
async fn a_site_is_shown_as_large_as_the_keys_made_it_on_its_next_page_and_no_other_site_is() {
    let other = Site::start(pages).await;
    let visit = Visit::start_beside(&other.declaration("Other", OTHER, ""), pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let window = visit.open("/first", "First").await;
    let (whole, _) = size_of(&visit, "First", |width, _| width > 1000).await;
    visit.click(&window).await;

    visit.desktop.press(&["ctrl+plus", "ctrl+plus"]).await;
    let larger = |width: i32, _: i32| (width * 125 / 100 - whole).abs() <= 3;
    size_of(&visit, "First", larger).await;
    visit.click_bar("page-menu").await;
    visit.bar_says("zoom-reset", |text| text.contains("125")).await;
    visit.click_bar("page-menu").await;
    visit.open("/second", "Second").await;
    size_of(&visit, "Second", larger).await;

    // Another site in the same window is as it was, and this one is remembered.
    let address = visit.bar("page-address").await;
    address.click().await.unwrap();
    address.send_keys(&format!("{OTHER}/first\u{e007}")).await.unwrap();
    let told = eventually("the other site", PATIENCE, async || other.reports().pop()).await;
    let width: i32 = told.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((width - whole).abs() <= 3, "{told}");
    visit.open("/first", "First").await;
    size_of(&visit, "First", larger).await;

    let window = visit.desktop.window("First").await;
    visit.click(&window).await;
    visit.desktop.press(&["ctrl+0"]).await;
    size_of(&visit, "First", |width, _| (width - whole).abs() <= 3).await;
    visit.desktop.press(&["ctrl+minus"]).await;
    size_of(&visit, "First", |width, _| (width * 90 / 100 - whole).abs() <= 3).await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

#[tokio::test]
async fn a_page_takes_the_whole_screen_and_gives_it_back() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let window = visit.open("/first", "First").await;
    let (_, before) = size_of(&visit, "First", |width, _| width > 1000).await;
    visit.click(&window).await;

    let fills =
        |window: &Window| window.title.contains("First") && window.corner == [0, 0] && window.size == [1280, 900];
    visit.desktop.press(&["F11"]).await;
    eventually("the whole screen", PATIENCE, async || visit.desktop.windows().await.iter().any(fills).then_some(()))
        .await;
    size_of(&visit, "First", |width, height| width == 1280 && height > before).await;
    visit.desktop.press(&["F11"]).await;
    eventually("the window again", PATIENCE, async || (!visit.desktop.windows().await.iter().any(fills)).then_some(()))
        .await;
    size_of(&visit, "First", |_, height| height == before).await;
    visit.app.look_at_main().await;
    visit.app.close().await;
}

#[tokio::test]
async fn keys_lead_back_and_forward_and_close_the_page() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    visit.open("/first", "First").await;
    let window = visit.open("/second", "Second").await;
    visit.click(&window).await;
    visit.desktop.press(&["alt+Left"]).await;
    visit.desktop.window("First").await;
    visit.desktop.press(&["alt+Right"]).await;
    visit.desktop.window("Second").await;
    visit.desktop.press(&["F5"]).await;
    eventually("the page comes again", PATIENCE, async || {
        (visit.site.asked().iter().filter(|asked| asked.target == "/second").count() >= 2).then_some(())
    })
    .await;
    visit.desktop.press(&["ctrl+w"]).await;
    visit.desktop.no_window("Second").await;
    assert_eq!(visit.app.views().await.len(), 1, "the main window is left");
    visit.app.close().await;
}

/// GTK's own dialog writes a page to a file; what is on the page is in it.
#[tokio::test]
async fn a_page_is_printed_to_a_file() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let window = visit.open("/words", "Words").await;
    visit.click(&window).await;
    visit.desktop.press(&["ctrl+p"]).await;
    let dialog = visit.desktop.window("Print").await;
    visit.desktop.focus(&dialog).await;
    // Its first printer is the one that writes a file.
    visit.desktop.click_at([dialog.corner[0] + 80, dialog.corner[1] + 87]).await;
    visit.desktop.screenshot(&crate::support::desktop::pictures().join("app-print.png")).await;
    visit.desktop.press(&["alt+p"]).await;
    let file = eventually("the printed page", PATIENCE, async || {
        let places = [visit.desktop.home().join("output.pdf"), visit.desktop.home().join("Documents/output.pdf")];
        places.into_iter().find(|file| std::fs::read(file).is_ok_and(|content| content.ends_with(b"%%EOF\n")))
    })
    .await;
    let mut read = visit.desktop.program("pdftotext");
    let words = succeed(read.arg(&file).arg("-")).await;
    assert!(words.contains("A needle in a haystack.") && words.contains("The last needle."), "{words}");
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A document that a site gives as it is: the engine shows it in the page, and the bar says where it is from.
#[tokio::test]
async fn a_document_is_shown_in_its_page() {
    let visit = Visit::start(pages).await;
    visit.go("/report.pdf").await;
    eventually("the sheet on the screen", PATIENCE, async || {
        (visit.desktop.pixels_of(SHEET, "app-document.png").await > 5000).then_some(())
    })
    .await;
    let address = visit.bar("page-address").await;
    assert_eq!(address.prop("value").await.unwrap().as_deref(), Some("place.northlight.example"));
    assert_eq!(std::fs::read_dir(visit.desktop.downloads()).map_or(0, Iterator::count), 0, "it is not saved unasked");
    visit.app.look_at_main().await;
    visit.app.close().await;
}

#[tokio::test]
async fn a_page_is_light_or_dark_as_the_app_is() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    visit.open("/colours", "Colours").await;
    colours_are(&visit, "light").await;

    choose_appearance(&visit, "dark").await;
    colours_are(&visit, "dark").await;
    let window = visit.open("/colours", "Colours").await;
    visit.desktop.focus(&window).await;
    eventually("a dark page", PATIENCE, async || {
        (visit.desktop.pixels_of(NIGHT, "app-dark-page.png").await > 100_000).then_some(())
    })
    .await;

    choose_appearance(&visit, "light").await;
    colours_are(&visit, "light").await;
    visit.app.close().await;
}

/// Waits until the page said this last.
async fn colours_are(visit: &Visit, wanted: &str) {
    eventually(&format!("a {wanted} page"), PATIENCE, async || {
        (visit.told("Colours ").last()? == wanted).then_some(())
    })
    .await;
}

async fn choose_appearance(visit: &Visit, appearance: &str) {
    visit.app.look_at_main().await;
    visit.app.click("device").await;
    visit.app.click("settings").await;
    visit.app.click(&format!("appearance-{appearance}")).await;
    visit.app.click("close-settings").await;
    visit.app.click("close-panel").await;
}
