//! `cargo xtask fuzz`: each fuzz target under libFuzzer for some seconds.
//!
//! It needs a nightly toolchain and cargo-fuzz. Where they are missing, the replay of the corpus on this toolchain
//! takes their place, as in `cargo xtask test`.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::step::{self, cargo, command, has, heading, output, run, say};

/// Runs every target for `seconds`.
pub(crate) fn run_all(seconds: u32) -> anyhow::Result<()> {
    let missing = missing();
    if !missing.is_empty() {
        heading("Replaying the corpus");
        run(&mut cargo(&["test", "--locked", "--package", "latchgate-fuzz"]))?;
        say(format!("NOT FUZZED with coverage: missing {}", missing.join(" and ")));
        say("  rustup toolchain install nightly && cargo install --locked cargo-fuzz");
        return Ok(());
    }
    let mut broken = Vec::new();
    for target in targets()? {
        heading(&format!("Fuzzing {target} for {seconds} s"));
        if let Err(error) = fuzz(&target, seconds) {
            say(format!("{error:#}"));
            broken.push(target);
        }
    }
    if !broken.is_empty() {
        bail!("these targets broke, see {FOLDER}/artifacts: {}", broken.join(", "));
    }
    Ok(())
}

/// The workspace of the targets.
const FOLDER: &str = "tests/fuzz/libfuzzer";

fn missing() -> Vec<&'static str> {
    let toolchains = output(&mut command("rustup", &["toolchain", "list"])).unwrap_or_default();
    let mut missing = Vec::new();
    if !toolchains.lines().any(|toolchain| toolchain.starts_with("nightly")) {
        missing.push("a nightly toolchain");
    }
    if !has("cargo-fuzz") {
        missing.push("cargo-fuzz");
    }
    missing
}

fn targets() -> anyhow::Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(step::root().join(FOLDER).join("fuzz_targets")).context("read the fuzz targets")? {
        let path = entry?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

/// What is found goes to a folder of the build; the committed corpus is read only.
fn fuzz(target: &str, seconds: u32) -> anyhow::Result<()> {
    let found = step::target().join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("create {}", found.display()))?;
    let corpus = Path::new("tests/fuzz/corpus").join(target);
    let mut fuzz = command("rustup", &["run", "nightly", "cargo", "fuzz", "run", "--fuzz-dir", FOLDER, target]);
    // What the toolchain of this task tells about itself is not meant for the other one.
    for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUSTUP_TOOLCHAIN"] {
        fuzz.env_remove(name);
    }
    fuzz.arg(found).arg(corpus).arg("--").arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    run(&mut fuzz)
}
