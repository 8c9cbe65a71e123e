//! `cargo xtask launch`: how long the real app takes from its start to the unlock screen.
//!
//! 1. Builds the app and the parts (release profile).
//! 2. The system test `launches_to_the_unlock_screen` pairs the app on a desktop of its own and opens it again and
//!    again; each time it tells when the screen was first painted.
//! 3. Prints the median and the longest.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::bench::median;
use crate::setup;
use crate::step::{self, heading, say};

const TEST: &str = "launch::launches_to_the_unlock_screen";

/// How the measurement runs.
#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// How often the app is opened.
    #[arg(long, default_value_t = 10)]
    runs: u32,
    /// Measures the builds in this folder, and builds nothing.
    #[arg(long)]
    binaries: Option<PathBuf>,
}

/// Measures and prints.
pub(crate) fn run(arguments: &LaunchArgs) -> anyhow::Result<()> {
    setup::packages(&[setup::BUILD, setup::APP, setup::TEST].concat())?;
    let binaries = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => build()?,
    };
    heading(&format!("Opening the app {} times", arguments.runs));
    // With the features of the whole workspace, so that nothing is built again that the tests have built.
    let mut test = step::cargo(&["test", "--locked", "--workspace", "--test", "system", "--"]);
    test.args(["--exact", TEST, "--ignored", "--nocapture"]);
    test.env("LATCHGATE_BIN_DIR", std::path::absolute(binaries)?);
    test.env("LATCHGATE_LAUNCHES", arguments.runs.to_string());
    let output = test.stdin(Stdio::null()).output().context("start the test")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the app was not measured:\n{}{said}", String::from_utf8_lossy(&output.stdout));
    let times: Vec<f64> =
        said.lines().filter_map(|line| line.strip_prefix("LAUNCH ")).filter_map(|time| time.parse().ok()).collect();
    ensure!(!times.is_empty(), "the test told nothing:\n{said}");
    let longest = times.iter().copied().fold(0.0, f64::max);
    say(format!(
        "  {} launches: start of the process to the painted unlock screen, median {:.0} ms, longest {longest:.0} ms",
        times.len(),
        median(times.clone()),
    ));
    Ok(())
}

fn build() -> anyhow::Result<PathBuf> {
    setup::ui()?;
    heading("Building (release profile)");
    let mut cargo = step::cargo(&["build", "--release", "--locked"]);
    for part in ["", "-gio", "-gateway", "-connector", "-headless", "-intranet"] {
        cargo.args(["-p", &format!("latchgate{part}")]);
    }
    step::run(&mut cargo)?;
    Ok(step::target().join("release"))
}
