//! House rules that no other tool knows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::step::{self, cargo, command, output, say};

/// The longest file, in lines without its tests.
const FILE_LIMIT: usize = 500;

/// Which crate must not link which: the gateway cannot open what is sealed, the pure crates have no runtime.
const NEVER_LINKS: &[(&str, &[&str])] = &[
    ("latchgate-gateway", &["latchgate-tunnel", "latchgate-link", "latchgate-client", "latchgate-connector", "snow"]),
    ("latchgate-protocol", &["tokio", "latchgate-tunnel", "latchgate-link"]),
    ("latchgate-tunnel", &["tokio", "hyper", "latchgate-link"]),
    ("latchgate-link", &["latchgate-client", "latchgate-connector", "latchgate-gateway"]),
    ("latchgate-client", &["latchgate-connector", "latchgate-gateway", "tauri", "wry"]),
    ("latchgate-connector", &["latchgate-client", "latchgate-gateway"]),
];

/// Refuses arrows that point outwards.
pub(crate) fn arrows() -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (package, forbidden) in NEVER_LINKS {
        let tree = output(&mut cargo(&["tree", "--locked", "-p", package, "-e", "normal,build", "--prefix", "none"]))?;
        let linked: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        wrong.extend(
            forbidden.iter().filter(|name| linked.contains(*name)).map(|name| format!("{package} links {name}")),
        );
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Refuses a dependency that its package never names.
pub(crate) fn unused_dependencies() -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        manifest_path: PathBuf,
        dependencies: Vec<Dependency>,
    }
    #[derive(Deserialize)]
    struct Dependency {
        name: String,
        rename: Option<String>,
    }
    let metadata = output(&mut cargo(&["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("understand cargo metadata")?;
    let mut unused = Vec::new();
    for package in metadata.packages {
        let folder = package.manifest_path.parent().context("a manifest lies in a folder")?.to_path_buf();
        let folder = if folder == step::root() { folder.join("src-tauri") } else { folder };
        let mut source = String::new();
        for file in files_below(&folder, "rs")? {
            source.push_str(&std::fs::read_to_string(file)?);
        }
        for dependency in package.dependencies {
            let name = dependency.rename.unwrap_or(dependency.name).replace('-', "_");
            if !source.contains(&name) {
                unused.push(format!("{} never names its dependency {name}", package.name));
            }
        }
    }
    if !unused.is_empty() {
        bail!("{}", unused.join("\n"));
    }
    Ok(())
}

/// Names files that are longer than a person reads in one go. A warning, not a refusal.
pub(crate) fn file_lengths() -> anyhow::Result<()> {
    for file in output(&mut command("git", &["ls-files", "*.rs", "*.ts", "*.svelte"]))?.lines() {
        let Ok(text) = std::fs::read_to_string(step::root().join(file)) else { continue };
        let lines = lines_without_tests(&text);
        if lines > FILE_LIMIT {
            say(format!("warning: {file} has {lines} lines without its tests, {FILE_LIMIT} is the limit"));
        }
    }
    Ok(())
}

/// Refuses a second way from the UI to the host: only `host.ts` may import Tauri.
pub(crate) fn one_host() -> anyhow::Result<()> {
    let folder = step::root().join("ui/src");
    let mut wrong = Vec::new();
    for extension in ["ts", "svelte"] {
        for file in files_below(&folder, extension)? {
            let allowed = file.file_name().is_some_and(|name| name == "host.ts");
            if !allowed && std::fs::read_to_string(&file)?.contains("@tauri-apps/") {
                wrong.push(format!("{} imports @tauri-apps; only host.ts may", file.display()));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Refuses a document that names a test which is not there: a claim that nothing shows.
pub(crate) fn named_tests() -> anyhow::Result<()> {
    let mut sources = Vec::new();
    for (folder, extension) in [("crates", "rs"), ("tests", "rs"), ("src-tauri", "rs"), ("ui/src", "ts")] {
        sources.extend(files_below(&step::root().join(folder), extension)?);
    }
    let mut tests = BTreeSet::new();
    for file in sources {
        tests.extend(tests_in(&std::fs::read_to_string(file)?));
    }
    // The symbolic models are tests, too.
    for model in files_below(&step::root().join("tests/model"), "vp")? {
        tests.extend(model.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    let mut wrong = Vec::new();
    for document in ["docs/threat-model.md", "docs/conformance.md"] {
        let text = std::fs::read_to_string(step::root().join(document))?;
        wrong.extend(
            named_in(&text)
                .into_iter()
                .filter(|name| !is_there(name, &tests))
                .map(|name| format!("{document} names the test {name}, which is not there")),
        );
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Returns the names of the tests in a source: what follows a test attribute in Rust, `test("…")` in TypeScript.
fn tests_in(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let belongs = |line: &&&str| line.starts_with("#[") || line.starts_with("///");
    let is_attribute = |line: &&str| line.starts_with("#[") && (line.contains("test]") || line.contains("::test("));
    let mut names = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        let mut before = lines[..number].iter().rev().take_while(belongs);
        if let Some(name) = function.filter(|_| before.any(is_attribute)) {
            names.extend(name.split_once('(').map(|(name, _)| name.to_owned()));
        }
        if let Some((name, _)) = line.strip_prefix("test(\"").and_then(|rest| rest.split_once('"')) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Returns what a document names between backticks that can only be a test: `ab_…`, or a sentence of four words.
fn named_in(text: &str) -> Vec<String> {
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let names = quoted.map(|name| name.rsplit("::").next().unwrap_or(name));
    let is_name = |name: &&str| {
        let bare = name.trim_end_matches('…');
        let letters =
            bare.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        letters && (bare.starts_with("ab_") || bare.matches('_').count() >= 3)
    };
    names.filter(is_name).map(ToOwned::to_owned).collect()
}

/// Tells whether there is a test of this name, or one that begins so where it ends in an ellipsis.
fn is_there(name: &str, tests: &BTreeSet<String>) -> bool {
    match name.strip_suffix('…') {
        Some(begin) => tests.range(begin.to_owned()..).next().is_some_and(|test| test.starts_with(begin)),
        None => tests.contains(name),
    }
}

fn lines_without_tests(text: &str) -> usize {
    let code = text.split_once("#[cfg(test)]\nmod ").map_or(text, |(code, _)| code);
    code.lines().count()
}

fn files_below(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            let skipped = path.file_name().is_some_and(|name| name == "node_modules" || name == "target");
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_test_is_looked_for_by_its_whole_name_or_its_beginning() {
        let tests: BTreeSet<_> = tests_in(
            "#[test]\nfn ab_01_one_is_won() {}\nfn ab_02_no_test() {}\n    #[tokio::test(start_paused = true)]\n    \
             async fn a_thing_that_holds() {}\ntest(\"ab_81_a_code_is_cleared\", () => {\n",
        )
        .into_iter()
        .collect();
        assert_eq!(tests.len(), 3, "{tests:?}");
        let named =
            named_in("`ab_01_…`, `suite::ab_01_one_is_won`, `Set-Cookie`, `session_id`\n| `a_thing_that_hol…` |");
        assert_eq!(named, ["ab_01_…", "ab_01_one_is_won", "a_thing_that_hol…"]);
        assert!(named.iter().all(|name| is_there(name, &tests)));
        for name in ["ab_02_…", "ab_01_one_is_w", "a_thing_that_holds_…", "ab_9…"] {
            assert!(!is_there(name, &tests), "{name}");
        }
    }

    #[test]
    fn tests_do_not_count_towards_the_length() {
        assert_eq!(lines_without_tests("one\ntwo\n#[cfg(test)]\nmod tests {\n}\n"), 2);
        assert_eq!(lines_without_tests("one\n"), 1);
    }
}
