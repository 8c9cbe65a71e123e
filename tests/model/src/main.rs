//! Runs every search and says what it found; fails when it is not what must be found.
//!
//! Where Python is installed, the reference is searched a second time by its first form.

use std::io::Write as _;
use std::process::Command;

use anyhow::{Context as _, bail};
use latchgate_model::cases::{CASES, Case};
use latchgate_model::search::Counts;

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let mut wrong = 0;
    for case in CASES {
        let verdict = case.explore();
        let Counts { states, done, stranded } = verdict.counts;
        let right = verdict.counts == case.expected && verdict.done_with_setup_secret == 0;
        let judged = if right { "as it must" } else { "WRONG" };
        writeln!(out, "{:<50} {states:>7} states {done:>5} done {stranded:>4} stranded  {judged}", case.name)?;
        wrong += usize::from(!right);
        if case.is_reference() {
            wrong += usize::from(!agrees_with_python(case)?);
        }
    }
    if wrong > 0 {
        bail!("{wrong} searches found something else");
    }
    Ok(())
}

/// Without Python there is nothing to disagree with.
fn agrees_with_python(case: &Case) -> anyhow::Result<bool> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/pairing_crash_model.py");
    let Ok(output) = Command::new("python3").arg(script).args(case.name.split(' ')).output() else { return Ok(true) };
    let text = String::from_utf8(output.stdout).context("read what Python printed")?;
    let Counts { states, done, stranded } = case.expected;
    let agrees = text.contains(&format!(" states={states} done={done} stranded={stranded} "));
    if !agrees {
        writeln!(std::io::stdout(), "  but Python finds: {text}")?;
    }
    Ok(agrees)
}
