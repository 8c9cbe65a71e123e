//! Programs that know nothing of Latchgate, installed from PyPI beside the build.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::port::Reserved;
use super::process::{Part, binaries};
use super::{PATIENCE, eventually};

/// A running program in a folder of its own.
pub(crate) struct Foreign {
    pub(crate) address: String,
    part: Part,
    _port: Reserved,
    folder: TempDir,
}

impl Foreign {
    /// Starts a Python module that serves at a port of our choice; `arrange` fills its folder and says with
    /// which words it is started there.
    pub(crate) async fn start(module: &str, arrange: impl FnOnce(&Path, u16) -> Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("latchgate-foreign-").tempdir().expect("a folder for a program");
        let reserved = Reserved::new();
        let port = reserved.port();
        let words = arrange(folder.path(), port);
        let mut command = python();
        command.arg("-m").arg(module).args(words).current_dir(folder.path()).env("HOME", folder.path());
        let part = Part::start_parent(module, &mut command, folder.path());
        eventually(module, PATIENCE, async || TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)).await;
        Self { address: reserved.address.to_string(), part, _port: reserved, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn log(&self) -> String {
        self.part.log()
    }
}

/// Makes a command of the Python that has the programs.
pub(crate) fn python() -> Command {
    let apps = std::env::var_os("LATCHGATE_APPS").map_or_else(beside_the_build, PathBuf::from);
    let bin = apps.join("python/bin");
    let python = bin.join("python");
    assert!(python.exists(), "{} is not installed; run `cargo xtask test`", python.display());
    let mut command = Command::new(python);
    // A notebook server finds its kernels by the search path.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", bin.display())).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn beside_the_build() -> PathBuf {
    binaries().parent().expect("programs lie in the target folder").join("apps")
}
