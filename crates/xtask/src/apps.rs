//! Applications from the registries that the system tests put behind a connector, and an independent suite of
//! WebSocket cases: installed once beside the build, every package pinned, nothing on the machine changed.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::step::{self, command, heading, run};

/// Every package with its version.
const REQUIREMENTS: &str = "tests/tests/system/apps/requirements.txt";

/// Installs what is missing; returns the folder with the applications.
pub(crate) fn install() -> anyhow::Result<PathBuf> {
    let folder = step::target().join("apps");
    let (python, done) = (folder.join("python"), folder.join("installed"));
    let list = step::root().join(REQUIREMENTS);
    let wanted = std::fs::read(&list).with_context(|| format!("read {}", list.display()))?;
    if std::fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    heading("Installing foreign applications from PyPI (once; about 300 MB)");
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    run(command("python3", &["-m", "venv", "--clear"]).arg(&python))?;
    // The list is complete: what it does not name is not wanted.
    let mut pip = command(&python.join("bin/pip").display().to_string(), &["install", "--quiet", "--no-deps"]);
    run(pip.args(["--only-binary", ":all:", "--disable-pip-version-check", "--requirement"]).arg(&list))
        .context("the applications for the tests could not be installed from PyPI")?;
    std::fs::write(&done, wanted).with_context(|| format!("write {}", done.display()))?;
    Ok(folder)
}
