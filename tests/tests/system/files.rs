//! Files that pages give to the person, in the real app: attachments, objects that a page made, addresses that are
//! their own content, and a large file that is held and goes on after the tunnel was cut.

use latchgate_intranet::large;
use sha2::{Digest as _, Sha256};

use crate::app::STAR;
use crate::support::desktop::Desktop;
use crate::support::system::Options;
use crate::support::upstream::Upstream;
use crate::support::{PATIENCE, System, WIKI, eventually};

const SITE: &str = "http://files.northlight.example";

/// Large enough to be held while it arrives.
const LARGE: u64 = 256 * 1024 * 1024;

#[tokio::test]
async fn files_are_saved_under_their_names_and_a_large_one_is_held_and_goes_on() {
    let upstream = Upstream::start().await;
    let site = format!(
        "\n[[site]]\nname = \"Files\"\nurl = \"{SITE}\"\nupstream = \"http://{}\"\nallow = [\"staff\"]\n",
        upstream.address
    );
    let mut system = System::start_with(Options { sites: site, ..Options::default() }).await;
    let desktop = Desktop::start().await;
    let app = desktop.open_app().await;
    app.pair(&system.invite("maria").await.picture, "four words in a row").await;
    app.click("site").await;
    eventually("the window of a page", PATIENCE, async || {
        (desktop.pixels_of(STAR, "app-files.png").await > 20).then_some(())
    })
    .await;
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
