//! Files that a person gives to a page, in the real app: chosen in GTK's dialog, and dropped from another window.

use std::path::{Path, PathBuf};

use fantoccini::Locator;
use latchgate_intranet::large;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use crate::support::desktop::{Desktop, Window};
use crate::support::process::Part;
use crate::support::site::{Asked, answer, nothing, page};
use crate::support::visit::Visit;
use crate::support::{PATIENCE, eventually};

const SIZE: u64 = 5_000_000;

/// How often a file is chosen in a dialog that completes to another one.
const CHOICES: usize = 5;

/// A window from which one file can be dragged. GTK for Python is the system's own.
const SOURCE: &str = r#"
import gi, pathlib, sys
gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk

window = Gtk.Window(title="A folder", decorated=False)
window.set_keep_above(True)
window.move(1196, 500)
window.set_default_size(72, 120)
box = Gtk.EventBox()
box.add(Gtk.Label(label="file"))
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", lambda _widget, _context, data, _info, _time: data.set_uris([pathlib.Path(sys.argv[1]).as_uri()]))
box.connect("drag-end", lambda *_: print("DROPPED", flush=True))
window.add(box)
window.show_all()
Gtk.main()
"#;

/// Where it lies in its window.
const FILE: [i32; 2] = [1232, 560];

const UPPER_HALF: &str = "position:fixed;inset:0 0 50% 0;background:#dddddd";
const LOWER_HALF: &str = "position:fixed;left:0;top:50%;width:100%;height:50%";

fn pages(asked: &Asked) -> Vec<u8> {
    let cover = "position:fixed;inset:0;width:100%;height:100%";
    match asked.path() {
        "/" => page("<title>Place</title>"),
        "/form" => page(&format!(
            "<title>A form</title><form method=post action=/taken enctype=\"multipart/form-data\"><input name=note value=x>\
             <input type=file name=file style=\"{cover}\" onchange=\"this.form.submit()\"\
             ondragover=\"fetch('/report/over', {{ method: 'POST' }})\"></form>"
        )),
        "/taken" => page("<title>Taken</title>"),
        "/drop" => page(
            "<title>A place to drop</title><body style=\"height:100vh\"><script>
             ondragover = (event) => { event.preventDefault(); fetch('/report/over', { method: 'POST' }); };
             ondrop = async (event) => {
                 event.preventDefault();
                 const files = [...event.dataTransfer.files];
                 await fetch('/report/dropped ' + files.length, { method: 'POST' });
                 for (const file of files) {
                     await fetch('/dropped/' + file.name + '/' + file.size, { method: 'PUT', body: file });
                 }
                 await fetch('/report/done', { method: 'POST' });
             };</script>",
        ),
        "/zone" => page(&format!(
            "<title>A zone</title><form method=post action=/taken enctype=\"multipart/form-data\"><input type=file \
             name=file style=\"{LOWER_HALF}\" onchange=\"this.form.submit()\"></form><script>\
             ondragover = (event) => {{ event.preventDefault(); fetch('/report/over', {{ method: 'POST' }}); }};\
             ondrop = (event) => {{\
                 event.preventDefault();\
                 fetch('/report/dropped ' + event.dataTransfer.files.length, {{ method: 'POST' }});\
             }};</script>"
        )),
        "/trap" => page(&format!(
            "<title>A trap</title><div draggable=true style=\"{UPPER_HALF}\"\
             ondragstart=\"event.dataTransfer.setData('text/uri-list', 'file:///etc/hostname');\
             fetch('/report/began', {{ method: 'POST' }})\"\
             ondragend=\"fetch('/report/ended ' + document.forms[0].file.files.length, {{ method: 'POST' }})\">A present: take it down there</div>\
             <form method=post action=/taken enctype=\"multipart/form-data\"><input type=file \
             name=file style=\"{LOWER_HALF}\" onchange=\"this.form.submit()\"\
             ondragover=\"fetch('/report/over', {{ method: 'POST' }})\"></form>"
        )),
        "/deaf" => page(
            "<title>Not a place to drop</title><body style=\"height:100vh\"><script>
             ondragover = () => fetch('/report/over', { method: 'POST' });
             setInterval(() => fetch('/report/deaf', { method: 'POST' }), 200);</script>",
        ),
        path if path.starts_with("/dropped/") || path.starts_with("/report/") => answer("", ""),
        _ => nothing(),
    }
}

/// Puts a file into the person's home, and returns it with its SHA-256.
fn file(desktop: &Desktop, name: &str) -> (PathBuf, String) {
    let mut content = Vec::new();
    while (content.len() as u64) < SIZE {
        content.extend_from_slice(&large::part(content.len() as u64, SIZE - content.len() as u64));
    }
    let path = desktop.home().join(name);
    std::fs::write(&path, &content).unwrap();
    (path, hex::encode(Sha256::digest(&content)))
}

/// The file in a form of several parts.
fn file_in(form: &Asked) -> &[u8] {
    let boundary = form.head.split("boundary=").nth(1).and_then(|rest| rest.lines().next()).expect("a boundary");
    let find = |needle: &[u8], from: usize| {
        form.body[from..]
            .windows(needle.len())
            .position(|window| window.eq_ignore_ascii_case(needle))
            .map(|at| from + at)
    };
    let name = find(b"filename=", 0).expect("a file in the form");
    let begin = find(b"\r\n\r\n", name).expect("the end of the part's head") + 4;
    let end = find(format!("\r\n--{boundary}").as_bytes(), begin).expect("the end of the part");
    &form.body[begin..end]
}

/// Types a path into GTK's dialog until it takes it: what is typed while the dialog makes room for it is lost.
async fn choose(desktop: &Desktop, path: &Path) {
    let dialog = async || desktop.windows().await.into_iter().find(|window| window.title.contains("Select"));
    let mut looked = 0;
    eventually("the dialog takes the path", 2 * PATIENCE, async || {
        let Some(dialog) = dialog().await else { return Some(()) };
        if looked % 10 == 0 {
            desktop.focus(&dialog).await;
            desktop.press(&["ctrl+l", "ctrl+a"]).await;
            desktop.type_text(path.to_str().expect("a path in UTF-8")).await;
            desktop.press(&["Return"]).await;
        }
        looked += 1;
        None
    })
    .await;
}

async fn source(desktop: &Desktop, file: &Path) -> Part {
    let mut command: Command = desktop.program("/usr/bin/python3");
    let part = Part::start("source", command.args(["-c", SOURCE]).arg(file), desktop.home());
    eventually("the window to drag from", PATIENCE, async || {
        desktop.windows().await.into_iter().find(|window| window.title == "A folder")
    })
    .await;
    part
}

/// Drags a file from the other window to a page, so many quarters of its height down, and lets go once it has noticed.
async fn drop_on(visit: &Visit, file: &Path, path: &str, title: &str, quarters: i32) -> Window {
    let mut source = source(&visit.desktop, file).await;
    let window = visit.open(path, title).await;
    visit.desktop.drag(FILE, part_of(&window, quarters), || !visit.told("over").is_empty()).await;
    source.wait_for("DROPPED").await;
    window
}

/// The middle of a page from left to right, and so many quarters of its height down.
fn part_of(window: &Window, quarters: i32) -> [i32; 2] {
    const BAR: i32 = 56;
    let height = window.size[1] - BAR;
    [window.corner[0] + window.size[0] / 2, window.corner[1] + BAR + height * quarters / 4]
}

#[tokio::test]
async fn a_file_that_is_chosen_in_the_dialog_arrives_as_it_is() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let (path, hash) = file(&visit.desktop, "figures 2026.bin");
    // GTK completes what is typed, and on a busy machine it may complete it to another file: the person looks, and
    // chooses again.
    let named = |form: &Asked| String::from_utf8_lossy(&form.body).contains("filename=\"figures 2026.bin\"");
    let mut arrived = None;
    for _ in 0..CHOICES {
        let window = visit.open("/form", "A form").await;
        visit.click(&window).await;
        visit.desktop.window("Select").await;
        choose(&visit.desktop, &path).await;
        visit.desktop.window("Taken").await;
        arrived = visit.site.asked().into_iter().find(|asked| asked.path() == "/taken" && named(asked));
        if arrived.is_some() {
            break;
        }
    }
    let form = arrived.expect("the chosen file arrives under its name");
    assert_eq!(hex::encode(Sha256::digest(file_in(&form))), hash);
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// WebKitGTK gives no script a file that is dropped on its page: the page hears of the drop and has to offer a field or
/// a button as well. Where the engine gives it again, it arrives as it is.
#[tokio::test]
async fn a_file_that_is_dropped_on_a_page_arrives_as_it_is_or_not_at_all() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let (path, hash) = file(&visit.desktop, "dropped.bin");
    drop_on(&visit, &path, "/drop", "A place to drop", 2).await;
    let dropped = eventually("the page hears of the drop", PATIENCE, async || visit.told("dropped ").pop()).await;
    eventually("the page is done", PATIENCE, async || visit.told("done").pop()).await;
    let arrived: Vec<_> =
        visit.site.asked().into_iter().filter(|asked| asked.path().starts_with("/dropped/")).collect();
    match (dropped.as_str(), &arrived[..]) {
        ("0", []) => {}
        ("1", [asked]) => {
            assert_eq!(asked.path(), format!("/dropped/dropped.bin/{SIZE}"));
            assert_eq!(hex::encode(Sha256::digest(&asked.body)), hash);
        }
        _ => panic!("{dropped} files were dropped and {} arrived", arrived.len()),
    }
    assert_eq!(visit.desktop.opened(), [""; 0]);
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A field for files takes what is dropped on it: the engine gives it to the form, and not to a script.
#[tokio::test]
async fn a_file_that_is_dropped_on_a_field_for_files_arrives_as_it_is() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let (path, hash) = file(&visit.desktop, "dropped.bin");
    drop_on(&visit, &path, "/form", "A form", 2).await;
    let form = eventually("the form arrives", PATIENCE, async || {
        visit.site.asked().into_iter().find(|asked| asked.path() == "/taken")
    })
    .await;
    assert!(String::from_utf8_lossy(&form.body).contains("filename=\"dropped.bin\""));
    assert_eq!(hex::encode(Sha256::digest(file_in(&form))), hash);
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A place for files that a script looks after gets none from the engine; the page's button does.
#[tokio::test]
async fn a_file_that_a_script_cannot_take_is_chosen_in_the_next_dialog() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let (path, hash) = file(&visit.desktop, "dropped.bin");
    let window = drop_on(&visit, &path, "/zone", "A zone", 1).await;
    assert_eq!(eventually("the page hears of the drop", PATIENCE, async || visit.told("dropped ").pop()).await, "0");
    eventually("the bar says what to do", PATIENCE, async || {
        let title = Locator::Css("[data-testid=\"page-title\"]");
        let said = visit.app.look_at_bar().await?.find(title).await.ok()?.prop("textContent").await.ok()??;
        said.contains("press its button").then_some(())
    })
    .await;

    visit.desktop.click_at(part_of(&window, 3)).await;
    eventually("the dialog and then the form", PATIENCE, async || {
        let windows = visit.desktop.windows().await;
        if windows.iter().filter(|window| window.title == "A zone").count() > 1 {
            visit.desktop.press(&["Return"]).await;
        }
        visit.site.asked().into_iter().find(|asked| asked.path() == "/taken")
    })
    .await;
    let form = visit.site.asked().into_iter().find(|asked| asked.path() == "/taken").expect("it arrived");
    assert!(String::from_utf8_lossy(&form.body).contains("filename=\"dropped.bin\""));
    assert_eq!(hex::encode(Sha256::digest(file_in(&form))), hash);
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A page could name any file in what it lets a person drag to a field of its own.
#[tokio::test]
async fn ab_78_a_drag_that_a_page_began_brings_no_file() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let window = visit.open("/trap", "A trap").await;
    visit.desktop.drag(part_of(&window, 1), part_of(&window, 3), || !visit.told("began").is_empty()).await;
    let files = eventually("the drag ends", PATIENCE, async || visit.told("ended ").pop()).await;

    assert_eq!(files, "0");
    assert!(!visit.site.asked().iter().any(|asked| asked.path() == "/taken"));
    visit.app.look_at_main().await;
    visit.app.close().await;
}

/// A page that is no place to drop keeps its place: the file is not opened in it, and nothing of it leaves.
#[tokio::test]
async fn ab_78_a_file_that_is_dropped_on_a_page_without_a_place_for_it_is_not_opened() {
    let visit = Visit::start(pages).await;
    let _manager = visit.desktop.manage_windows().await;
    let path = visit.desktop.home().join("page.html");
    std::fs::write(&path, "<title>Opened from the disk</title>").unwrap();
    drop_on(&visit, &path, "/deaf", "Not a place to drop", 2).await;
    let before = visit.site.reports().len();
    eventually("the page goes on", PATIENCE, async || (visit.site.reports().len() > before + 5).then_some(())).await;
    let titles: Vec<_> = visit.desktop.windows().await.into_iter().map(|window| window.title).collect();
    assert!(!titles.iter().any(|title| title.contains("disk")), "{titles:?}");
    assert_eq!(visit.desktop.opened(), [""; 0]);
    visit.app.look_at_main().await;
    visit.app.close().await;
}
