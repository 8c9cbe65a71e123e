//! Everything a fresh machine lacks: Debian packages, the UI's npm packages, cargo tools.
//!
//! Packages are installed without a question as root, after a question through sudo, and otherwise named in
//! the error, with the command that installs them.

use std::io::{IsTerminal as _, Write as _};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::step::{self, command, has, heading, output, run, say};

/// To build the parts without a window.
pub(crate) const BUILD: &[&str] = &["build-essential", "pkg-config"];

/// To build the app.
pub(crate) const APP: &[&str] =
    &["libwebkit2gtk-4.1-dev", "librsvg2-dev", "libayatana-appindicator3-dev", "libxdo-dev", "libclang-dev"];

/// To drive the app, a browser and a foreign web application in tests, and for several gateways together.
pub(crate) const TEST: &[&str] = &[
    "xvfb",
    "webkit2gtk-driver",
    "dbus",
    "gnome-keyring",
    "libsecret-tools",
    "strace",
    "chromium",
    "chromium-driver",
    "imagemagick",
    "xdotool",
    "x11-utils",
    "openbox",
    "poppler-utils",
    "python3-gi",
    "gir1.2-gtk-3.0",
    "libnss3-tools",
    "gdb",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-tools",
    "libfaketime",
    "php-cli",
    "php-xml",
    "php-mbstring",
    "php-gd",
    "postgresql",
    "nats-server",
    "python3-venv",
];

/// The oldest Node.js that the UI's tools run on.
const NODE: (u32, u32) = (20, 19);

/// Installs what is missing of `packages`.
pub(crate) fn packages(packages: &[&str]) -> anyhow::Result<()> {
    if !has("dpkg-query") {
        say(format!("This is not Debian or Ubuntu. Needed, under the names of your system: {}", packages.join(" ")));
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    heading(&format!("Installing {}", missing.join(" ")));
    let mut prefix = Vec::new();
    if output(&mut command("id", &["-u"]))?.trim() != "0" {
        let by_hand = format!("sudo apt-get install --no-install-recommends {}", missing.join(" "));
        if !has("sudo") || !std::io::stdin().is_terminal() {
            bail!("these Debian packages are missing; install them with\n  {by_hand}");
        }
        if !confirm(&format!("Run `{by_hand}` now?"))? {
            bail!("nothing was installed");
        }
        prefix.push("sudo");
    }
    apt_get(&prefix, &["update", "-q"])?;
    let install = [&["install", "-y", "-q", "--no-install-recommends"][..], &missing].concat();
    apt_get(&prefix, &install)
}

/// Installs the UI's npm packages if the lock file is newer than they are, and builds the UI.
pub(crate) fn ui() -> anyhow::Result<()> {
    node()?;
    let folder = step::root().join("ui");
    let modified = |path: &str| std::fs::metadata(folder.join(path)).and_then(|file| file.modified()).ok();
    if modified("node_modules/.package-lock.json") < modified("package-lock.json") {
        heading("Installing the UI's packages");
        run(&mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    }
    heading("Building the UI");
    run(&mut npm(&["run", "--silent", "build"]))
}

/// Makes an npm command that runs in the UI's folder.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut npm = command("npm", arguments);
    npm.current_dir(step::root().join("ui"));
    npm
}

/// Installs cargo-deny if there is none.
pub(crate) fn cargo_deny() -> anyhow::Result<()> {
    if has("cargo-deny") {
        return Ok(());
    }
    heading("Installing cargo-deny (once; a few minutes)");
    run(&mut step::cargo(&["install", "--locked", "--debug", "cargo-deny"]))
}

fn node() -> anyhow::Result<()> {
    let (major, minor) = NODE;
    let advice =
        format!("the UI needs Node.js {major}.{minor} or newer and npm (nodejs.org, or your system's packages)");
    let version = output(&mut command("node", &["--version"])).with_context(|| advice.clone())?;
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < NODE {
        bail!("{advice}; found {}", version.trim());
    }
    Ok(())
}

fn is_installed(package: &str) -> bool {
    output(&mut command("dpkg-query", &["-W", "-f", "${db:Status-Status}", package]))
        .is_ok_and(|status| status.starts_with("installed"))
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> anyhow::Result<()> {
    let words = [prefix, &["apt-get"], arguments].concat();
    let (program, rest) = words.split_first().context("a command has a first word")?;
    run(command(program, rest).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn confirm(question: &str) -> anyhow::Result<bool> {
    let mut out = std::io::stdout();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
