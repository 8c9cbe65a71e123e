//! `cargo xtask check`: exactly what CI runs before the tests. Every step runs, whatever the others say.

use std::time::Instant;

use anyhow::bail;

use crate::rules;
use crate::setup::{self, npm};
use crate::step::{self, cargo, has, heading, run, say};

struct Step {
    name: &'static str,
    check: fn() -> anyhow::Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "formatting", check: || run(&mut cargo(&["fmt", "--all", "--check"])) },
    Step { name: "arrows", check: rules::arrows },
    Step { name: "unused dependencies", check: rules::unused_dependencies },
    Step { name: "one host", check: rules::one_host },
    Step { name: "named tests", check: rules::named_tests },
    Step { name: "file lengths", check: rules::file_lengths },
    Step { name: "ui", check: || run(&mut npm(&["run", "--silent", "check"])) },
    Step { name: "dependencies", check: dependencies },
    Step { name: "spelling", check: spelling },
    Step { name: "lints", check: lints },
    Step { name: "documentation", check: documentation },
];

/// Runs all steps, or those whose name contains `only`.
pub(crate) fn run_all(only: Option<&str>) -> anyhow::Result<()> {
    setup::packages(&[setup::BUILD, setup::APP].concat())?;
    setup::ui()?;
    setup::cargo_deny()?;
    let mut verdicts = Vec::new();
    for step in STEPS.iter().filter(|step| only.is_none_or(|only| step.name.contains(only))) {
        heading(step.name);
        let start = Instant::now();
        let verdict = (step.check)();
        if let Err(error) = &verdict {
            say(format!("{error:#}"));
        }
        verdicts.push((step.name, verdict.is_ok(), start.elapsed()));
    }
    heading("check");
    for (name, good, took) in &verdicts {
        say(format!("{} {name} ({:.1} s)", if *good { "ok    " } else { "FAILED" }, took.as_secs_f64()));
    }
    let failed = verdicts.iter().filter(|(_, good, _)| !good).count();
    if failed > 0 {
        bail!("{failed} of {} checks failed", verdicts.len());
    }
    Ok(())
}

fn lints() -> anyhow::Result<()> {
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn documentation() -> anyhow::Result<()> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))
}

/// Spelling is checked where `typos` is installed.
fn spelling() -> anyhow::Result<()> {
    if has("typos") {
        return run(&mut step::command("typos", &[]));
    }
    say("skipped: typos is not installed");
    Ok(())
}

/// Advisories, licences, bans and sources. An advisory database in `../shared/advisories.bundle` stands in
/// for the one on the network where it lies.
fn dependencies() -> anyhow::Result<()> {
    const DATABASE: &str = "https://github.com/RustSec/advisory-db";
    let bundle = step::root().join("../shared/advisories.bundle");
    let mut deny = cargo(&["deny", "--locked", "--workspace", "check", "--hide-inclusion-graph"]);
    if !bundle.exists() {
        return run(&mut deny);
    }
    let folder = tempfile::tempdir()?;
    let clone = folder.path().join("advisory-db");
    run(step::command("git", &["-c", "init.defaultBranch=main", "clone", "--quiet", "--no-checkout"])
        .arg(bundle)
        .arg(&clone))?;
    run(step::command("git", &["switch", "--quiet", "--create", "main"]).current_dir(&clone))?;
    deny.env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", clone.display()))
        .env("GIT_CONFIG_VALUE_0", DATABASE);
    run(&mut deny)
}
