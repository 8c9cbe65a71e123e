//! `cargo xtask test`: everything that can be run on this machine, and one line at the end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::apps;
use crate::dokuwiki;
use crate::setup::{self, npm};
use crate::step::{self, cargo, has, heading, say};

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    passed: u64,
    /// Those of them that failed first; `.config/nextest.toml` says which may.
    flaky: u64,
    failed: u64,
}

/// Builds and runs all tests, or those whose name contains `only`.
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    setup::packages(&[setup::BUILD, setup::APP, setup::TEST].concat())?;
    let dokuwiki = dokuwiki::unpack()?;
    let apps = apps::install()?;
    setup::ui()?;
    let mut count = Count::default();
    if only.is_none() {
        heading("Testing the UI");
        step::run(&mut npm(&["run", "--silent", "check"]))?;
        count.add(ui_tests()?);
        heading("Walking through the UI without a mouse");
        step::run(&mut npm(&["run", "--silent", "axe"]))?;
    }
    heading("Building everything");
    step::run(&mut cargo(&["build", "--workspace", "--all-targets", "--locked"]))?;
    heading("Testing the workspace");
    let binaries = step::target().join("debug");
    let mut tests = if has("cargo-nextest") { nextest(only) } else { cargo_test(only) };
    tests.env("LATCHGATE_BIN_DIR", binaries).env("LATCHGATE_DOKUWIKI", dokuwiki).env("LATCHGATE_APPS", apps);
    let workspace = watch(&mut tests)?;
    count.add(workspace);
    say(format!("\n{} passed, {} failed", count.passed, count.failed));
    if count.flaky > 0 {
        say(format!("{} passed only when run again: look for the cause (FLAKY above)", count.flaky));
    }
    if count.failed > 0 {
        bail!("{} tests failed", count.failed);
    }
    if count.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn nextest(only: Option<&str>) -> Command {
    let mut command = cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--color", "never"]);
    command.args(only);
    command
}

fn cargo_test(only: Option<&str>) -> Command {
    let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(only);
    command
}

fn ui_tests() -> anyhow::Result<Count> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        num_passed_tests: u64,
        num_failed_tests: u64,
    }
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("ui.json");
    let mut vitest = npm(&["run", "--silent", "test", "--", "--reporter=default", "--reporter=json"]);
    // A failing test also fails the command; the report says how many did.
    let ended = step::run(vitest.arg(format!("--outputFile={}", report.display())));
    let Ok(report) = std::fs::read(report) else { return ended.map(|()| Count::default()) };
    let report: Report = serde_json::from_slice(&report).context("understand vitest's report")?;
    Ok(Count { passed: report.num_passed_tests, failed: report.num_failed_tests, ..Count::default() })
}

/// Runs the tests, shows what they print, and counts.
fn watch(command: &mut Command) -> anyhow::Result<Count> {
    let (reader, writer) = std::io::pipe()?;
    let mut child =
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).spawn().context("start the tests")?;
    // The command holds the pipe's writing ends until it is replaced.
    *command = Command::new("true");
    let mut count = Count::default();
    let mut out = std::io::stdout();
    for line in BufReader::new(reader).lines() {
        let line = line?;
        writeln!(out, "{line}")?;
        count.add(Count::of(&line).unwrap_or_default());
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        bail!("the tests did not run to their end ({status})");
    }
    Ok(count)
}

impl Count {
    const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.flaky += other.flaky;
        self.failed += other.failed;
    }

    /// Reads a summary line of nextest or of libtest.
    fn of(line: &str) -> Option<Self> {
        // What nextest repeats of a test that failed is indented, and ends with a summary of its own.
        let counts = match (line.trim_start().strip_prefix("Summary ["), line.strip_prefix("test result: ")) {
            (Some(rest), _) => rest.split_once("tests run:").or_else(|| rest.split_once("test run:"))?.1,
            (None, Some(rest)) => rest.split_once('.')?.1,
            (None, None) => return None,
        };
        let mut found = Self::default();
        for part in counts.split([',', ';', '(']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(word)) = (words.next().and_then(|number| number.parse().ok()), words.next()) else {
                continue;
            };
            match word.trim_end_matches(')') {
                "passed" => found.passed = number,
                "flaky" => found.flaky = number,
                "failed" | "timed" | "exec" => found.failed += number,
                _ => {}
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_runners_are_read() {
        let nextest =
            "     Summary [   1.5s] 12 tests run: 10 passed (2 slow, 1 flaky), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(Count::of(nextest), Some(Count { passed: 10, flaky: 1, failed: 2 }));
        let nextest = "     Summary [   1.5s] 12 tests run: 12 passed (1 slow), 3 skipped";
        assert_eq!(Count::of(nextest), Some(Count { passed: 12, flaky: 0, failed: 0 }));
        let libtest = "test result: ok. 8 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(Count::of(libtest), Some(Count { passed: 8, flaky: 0, failed: 0 }));
        assert_eq!(Count::of("test a_test ... ok"), None);
        assert_eq!(Count::of("    test result: FAILED. 0 passed; 1 failed; 0 ignored"), None, "counted already");
    }
}
