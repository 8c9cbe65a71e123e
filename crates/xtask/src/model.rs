//! `cargo xtask model`: the models of pairing and sessions, and what must come out of each.
//!
//! 1. The states of pairing are searched by the package `latchgate-model`.
//! 2. The symbolic models are checked by Verifpal, which is installed where it is missing. In a model whose name
//!    ends in `_must_fail` every query must be broken; in all others none may be.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::step::{self, cargo, command, has, heading, output, run, say};

/// The version that the models were checked with. It asks for a newer Rust than it needs.
const VERIFPAL: &str = "verifpal@1.6.7";

/// Checks all models.
pub(crate) fn run_all() -> anyhow::Result<()> {
    heading("Searching the states of pairing");
    run(&mut cargo(&["run", "--quiet", "--release", "--locked", "--package", "latchgate-model"]))?;
    heading("Checking the symbolic models");
    if let Err(error) = verifpal() {
        say(format!("NOT CHECKED: the symbolic models, since Verifpal could not be installed: {error:#}"));
        return Ok(());
    }
    let mut wrong = 0;
    for model in models()? {
        let (verdict, right) = check(&model)?;
        say(format!("{verdict}  {}", if right { "as it must" } else { "WRONG" }));
        wrong += usize::from(!right);
    }
    if wrong > 0 {
        bail!("{wrong} symbolic models came out wrong");
    }
    Ok(())
}

fn verifpal() -> anyhow::Result<()> {
    if has("verifpal") {
        return Ok(());
    }
    say("Installing Verifpal (once; a few minutes)");
    run(&mut cargo(&["install", "--locked", "--debug", "--ignore-rust-version", VERIFPAL]))
}

fn models() -> anyhow::Result<Vec<PathBuf>> {
    let folder = step::root().join("tests/model");
    let mut models = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "vp") {
            models.push(path);
        }
    }
    models.sort();
    Ok(models)
}

/// Returns what is to be said of a model, and whether that must come out.
fn check(model: &Path) -> anyhow::Result<(String, bool)> {
    let name = model.file_stem().context("a model has a name")?.to_string_lossy();
    let mut verify = command("verifpal", &["verify", "--quiet", "--result-code"]);
    let printed = output(verify.arg(model))?;
    let code = printed.lines().last().context("Verifpal prints a result")?;
    let must_fail = name.ends_with("_must_fail");
    let right = is_expected(code, must_fail).with_context(|| format!("Verifpal printed {code:?}"))?;
    Ok((format!("{name:<45} {code:<12}"), right))
}

/// Reads a result code: for each query its kind as a letter and `1` if it is broken, else `0`.
fn is_expected(code: &str, must_fail: bool) -> Option<bool> {
    let mut letters = code.trim().chars();
    let mut queries = Vec::new();
    while let Some(kind) = letters.next() {
        match (kind.is_ascii_lowercase(), letters.next()?) {
            (true, '0') => queries.push(false),
            (true, '1') => queries.push(true),
            _ => return None,
        }
    }
    (!queries.is_empty()).then(|| queries.iter().all(|broken| *broken == must_fail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_counts() {
        assert_eq!(is_expected("c0c0a0", false), Some(true));
        assert_eq!(is_expected("c0c1a0", false), Some(false));
        assert_eq!(is_expected("c1a1\n", true), Some(true));
        assert_eq!(is_expected("c1a0", true), Some(false));
        for wrong in ["", "c", "c0a", "c2", "All queries pass."] {
            assert_eq!(is_expected(wrong, false), None, "{wrong} was understood");
        }
    }
}
