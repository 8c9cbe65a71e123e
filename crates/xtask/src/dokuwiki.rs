//! DokuWiki as Debian ships it, unpacked beside the build: a real web application for the system tests that
//! is never installed on the machine.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::step::{self, command, heading, run};

/// DokuWiki and the libraries that Debian takes out of it.
const PACKAGES: &[&str] = &[
    "dokuwiki",
    "php-geshi",
    "php-phpseclib",
    "libphp-simplepie",
    "php-random-compat",
    "libjs-jquery",
    "libjs-jquery-ui",
    "libjs-jquery-cookie",
];

/// Downloads and unpacks the packages once; returns the folder that stands for `/`.
pub(crate) fn unpack() -> anyhow::Result<PathBuf> {
    let folder = step::target().join("dokuwiki");
    let done = folder.join("unpacked");
    let root = folder.join("root");
    if done.exists() {
        return Ok(root);
    }
    heading("Fetching DokuWiki from Debian");
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    if download(&folder).is_err() {
        run(command("apt-get", &["update", "-q"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
        download(&folder)?;
    }
    // In the order of their names: DokuWiki's links must be there before what they stand for is unpacked.
    let entries = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
    let mut archives = entries.collect::<std::io::Result<Vec<_>>>()?;
    archives.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    archives.sort();
    for archive in archives {
        run(command("dpkg-deb", &["-x"]).arg(archive).arg(&root))?;
    }
    std::fs::write(done, "")?;
    Ok(root)
}

fn download(folder: &Path) -> anyhow::Result<()> {
    let mut apt = command("apt-get", &["download", "-q"]);
    run(apt.args(PACKAGES).current_dir(folder))
}
