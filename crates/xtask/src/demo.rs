//! `cargo xtask demo`: the whole product on one machine.
//!
//! 1. Builds the parts (debug profile: it builds in a third of the time, and a demo is not a benchmark).
//! 2. Starts gateway, sample intranet and connector, and adds a person.
//! 3. Without a display, or with `--once`: pairs the headless device from the picture of the pairing code
//!    and fetches the wiki through it. With a display: opens the app, and the picture beside it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::process::Part;
use crate::setup;
use crate::step::{self, heading, say};
use crate::system::{System, WIKI};

/// The app's profile in the demo: the keychain is the person's own, and may hold a real pairing.
const PROFILE: &str = "demo";

/// Runs the demo.
pub(crate) fn run(once: bool) -> anyhow::Result<()> {
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let window = display && !once;
    setup::packages(setup::BUILD)?;
    if window {
        setup::packages(setup::APP)?;
        setup::ui()?;
    }
    build(window)?;

    heading("Starting the parts");
    let binaries = step::target().join("debug");
    let system = System::start(&binaries, "")?;
    heading("Inviting Maria Jensen's device");
    let picture = system.invite()?;
    say(format!("  pairing code: {}", picture.display()));
    if window { with_window(&system, &binaries, &picture) } else { without_window(&system, &picture, once) }
}

fn build(window: bool) -> anyhow::Result<()> {
    heading("Building (debug profile)");
    let mut packages = vec!["latchgate-gateway", "latchgate-connector", "latchgate-headless", "latchgate-intranet"];
    if window {
        packages.extend(["latchgate", "latchgate-gio"]);
    }
    let mut cargo = step::cargo(&["build", "--locked"]);
    for package in packages {
        cargo.args(["-p", package]);
    }
    step::run(&mut cargo)
}

fn without_window(system: &System, picture: &Path, once: bool) -> anyhow::Result<()> {
    heading("Pairing the headless device from the picture");
    let (mut device, proxy, ready) = system.device(picture)?;
    say(format!("READY {ready}"));
    heading(&format!("Fetching {WIKI} through the device's proxy"));
    let page = proxy.get(WIKI)?;
    say(page.trim());
    if once {
        return Ok(());
    }
    heading("Running until Ctrl-C");
    say(format!("Point a browser at the proxy above and open {WIKI}"));
    device.wait()
}

fn with_window(system: &System, binaries: &Path, picture: &Path) -> anyhow::Result<()> {
    heading("Opening the app and, beside it, the pairing code");
    say("In the app choose the picture of the code (the file above), or hold the code before a camera.");
    say("The demo ends when the app is closed.");
    let shown = show_picture(picture);
    let data = system.folder().join("app");
    let mut app = Command::new(binaries.join("latchgate"));
    app.env("LATCHGATE_DATA_DIR", &data).env("LATCHGATE_PROFILE", PROFILE);
    let ended = Part::start("app", &mut app, system.folder()).and_then(|mut app| app.wait());
    if let Some(mut viewer) = shown {
        // The viewer may be closed already.
        let _ = viewer.kill();
        let _ = viewer.wait();
    }
    forget(binaries, &data);
    ended
}

/// Takes what the app left in the person's keychain.
fn forget(binaries: &Path, data: &Path) {
    let mut forget = Command::new(binaries.join("latchgate-headless"));
    forget.args(["forget", "--profile", PROFILE, "--data"]).arg(data).stderr(Stdio::null());
    // Nothing is left where nobody paired, or where the person removed the pairing in the app.
    let _ = forget.status();
}

/// Shows the picture in whatever the machine has for it.
fn show_picture(picture: &Path) -> Option<Child> {
    const VIEWERS: &[(&str, &[&str])] =
        &[("display", &["-title", "Pairing code", "-geometry", "-20+20"]), ("xdg-open", &[])];
    let (viewer, arguments) = VIEWERS.iter().find(|(viewer, _)| step::has(viewer))?;
    Command::new(viewer).args(*arguments).arg(picture).stdin(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}
