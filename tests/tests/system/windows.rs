//! Windows that pages open, and what a page asks a person for, in the real app.

use image::Rgb;

use crate::support::desktop::Desktop;
use crate::support::office::Office;
use crate::support::system::Options;
use crate::support::{PATIENCE, System, eventually};

/// What a page of a trial is, and what the engine makes of it while it asks for a password.
const WHITE: Rgb<u8> = Rgb([0xff, 0xff, 0xff]);
const DIMMED: Rgb<u8> = Rgb([0x7f, 0x7f, 0x7f]);

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
