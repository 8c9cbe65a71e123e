use super::*;
use crate::traffic::Way;

const WIKI: &str = "https://wiki.example.com";

fn site(name: &str, url: &str) -> SiteView {
    SiteView { name: name.to_owned(), url: url.to_owned(), icon: None, group: None, reachable: None }
}

fn sites() -> [SiteView; 2] {
    [site("Wiki", WIKI), site("Canteen", "http://canteen.example.com:8080/menu")]
}

fn drawer(folder: &Path, key: u8) -> Drawer {
    let profile = ProfileName::parse("work").unwrap();
    Drawer::open(folder, &profile, &StaticPrivateKey::from_bytes([key; 32]))
}

fn titles(pages: &[PageLink]) -> Vec<&str> {
    pages.iter().map(|page| page.title.as_str()).collect()
}

#[test]
fn what_is_kept_is_there_again_and_cannot_be_read_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let first = drawer(folder.path(), 1);
    assert!(first.note_visit(&format!("{WIKI}/travel#costs"), "Travel", &sites()));
    assert!(first.pin(&format!("{WIKI}/start"), "Start page", &sites()));
    first.set_size("wiki.example.com", Some(125));
    first.flush().unwrap();

    let again = drawer(folder.path(), 1);
    let view = again.view(&sites());
    assert_eq!((titles(&view.pinned), titles(&view.recent)), (vec!["Start page"], vec!["Travel"]));
    assert_eq!(
        (view.recent[0].url.as_str(), view.recent[0].site.as_str()),
        ("https://wiki.example.com/travel", "Wiki")
    );
    assert_eq!(again.size("wiki.example.com"), Some(125));

    let sealed = fs::read(folder.path().join(FILE)).unwrap();
    assert!(!sealed.windows(4).any(|window| window == b"wiki" || window == b"Trav"));
    assert_eq!(drawer(folder.path(), 2).view(&sites()), KeptView::default());
}

#[test]
fn nothing_is_written_where_nothing_changed() {
    let folder = tempfile::tempdir().unwrap();
    let drawer = drawer(folder.path(), 1);
    drawer.flush().unwrap();
    drawer.forget_recent();
    drawer.unpin(WIKI);
    drawer.flush().unwrap();
    assert!(!folder.path().join(FILE).exists());
}

#[test]
fn only_pages_of_the_companys_sites_are_kept_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let drawer = drawer(folder.path(), 1);
    for foreign in [
        "https://example.org/",
        "http://wiki.example.com/",
        "about:blank",
        "https://maria:secret@wiki.example.com/",
        "blob:https://wiki.example.com/1b2c",
        &format!("{WIKI}/{}", "x".repeat(PAGE_ADDRESS)),
    ] {
        assert!(!drawer.note_visit(foreign, "x", &sites()), "{foreign}");
        assert!(!drawer.pin(foreign, "x", &sites()), "{foreign}");
    }
    assert!(drawer.note_visit(WIKI, "Wiki", &sites()));
    // A site that the person may not open any more takes its pages along.
    assert_eq!(drawer.view(&sites()[1..]), KeptView::default());
}

#[test]
fn recent_pages_are_each_there_once_the_newest_first_and_without_pinned_ones() {
    let folder = tempfile::tempdir().unwrap();
    let drawer = drawer(folder.path(), 1);
    for number in 0..40 {
        drawer.note_visit(&format!("{WIKI}/{number}"), &format!("Page {number}"), &sites());
    }
    drawer.note_visit(&format!("{WIKI}/38"), "", &sites());
    let recent = drawer.view(&sites()).recent;
    assert_eq!(titles(&recent)[..3], ["Page 38", "Page 39", "Page 37"]);
    assert_eq!(recent.len(), RECENT_SHOWN);

    assert!(drawer.pin(&format!("{WIKI}/39"), "Page 39", &sites()));
    assert!(!drawer.pin(&format!("{WIKI}/39#part"), "Page 39", &sites()));
    assert!(drawer.is_pinned(&format!("{WIKI}/39#other")));
    assert_eq!(titles(&drawer.view(&sites()).recent)[..2], ["Page 38", "Page 37"]);
    assert!(drawer.unpin(&format!("{WIKI}/39")));
    assert!(drawer.forget_recent());
    assert_eq!(drawer.view(&sites()), KeptView::default());
}

#[test]
fn what_each_site_moved_is_added_up_by_month() {
    let folder = tempfile::tempdir().unwrap();
    let first = drawer(folder.path(), 1);
    first.meters.of(WIKI).meter(Way::Received).count(1000);
    first.meters.of("http://gone.example.com").meter(Way::Sent).count(5000);
    first.flush().unwrap();
    let again = drawer(folder.path(), 1);
    again.meters.of(WIKI).meter(Way::Sent).count(24);
    let months = again.usage(&sites());
    assert_eq!(months.len(), 1);
    let rows: Vec<_> = months[0].sites.iter().map(|site| (site.name.as_str(), site.sent, site.received)).collect();
    assert_eq!(rows, [("gone.example.com", 5000, 0), ("Wiki", 24, 1000)]);
}

#[test]
fn a_year_of_use_is_remembered_and_no_more() {
    let mut contents = Contents::default();
    for month in 1..=14 {
        contents.add_usage(format!("2026-{month:02}"), Vec::new());
    }
    assert_eq!(contents.usage.len(), 12);
    assert_eq!(contents.usage.first_key_value().unwrap().0, "2026-03");
}

#[test]
fn what_is_damaged_is_begun_anew_and_what_is_newer_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), b"damaged").unwrap();
    let begun = drawer(folder.path(), 1);
    assert_eq!(begun.view(&sites()), KeptView::default());
    begun.pin(WIKI, "Wiki", &sites());
    begun.inner().contents.version = VERSION + 1;
    begun.flush().unwrap();
    let before = fs::read(folder.path().join(FILE)).unwrap();

    let newer = drawer(folder.path(), 1);
    newer.set_size("wiki.example.com", Some(50));
    newer.flush().unwrap();
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), before);

    delete(folder.path()).unwrap();
    delete(folder.path()).unwrap();
    assert!(!folder.path().join(FILE).exists());
}
