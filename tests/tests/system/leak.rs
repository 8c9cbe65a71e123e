//! A hostile page in the real app: it finds nothing of the app, reaches nothing on the machine, and cannot leave
//! for an address that is not the company's.

use crate::app::STAR;
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
    let site = format!(
        "\n[[site]]\nname = \"Curious\"\nurl = \"{SITE}\"\nupstream = \"http://{}\"\nallow = [\"staff\"]\n",
        upstream.address
    );
    let system = System::start_with(Options { sites: site, ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, "four words in a row").await;
    app.click("site").await;
    eventually("the window of a page", PATIENCE, async || {
        (desktop.pixels_of(STAR, "app-curious.png").await > 20).then_some(())
    })
    .await;

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
