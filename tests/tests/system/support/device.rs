//! A headless device: its own folder, a passphrase vault, its proxy.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::browser::Browser;
use super::http::Proxy;
use super::process::{Ended, Part, program, run};
use super::system::How;

/// What seals the vault of every test device.
pub(crate) const PASSPHRASE: &str = "canary-passphrase correct horse battery";

/// One device of one person.
pub(crate) struct Device {
    name: String,
    folder: PathBuf,
    how: How,
    part: Option<Part>,
    proxy: Option<Proxy>,
}

impl Device {
    pub(super) fn new(name: &str, folder: &Path, how: How) -> Self {
        let folder = folder.join(format!("device-{name}"));
        std::fs::create_dir_all(&folder).expect("create a device's folder");
        std::fs::write(folder.join("passphrase"), format!("{PASSPHRASE}\n")).expect("write the passphrase");
        Self { name: name.to_owned(), folder, how, part: None, proxy: None }
    }

    /// Pairs from a picture or a text file; must succeed.
    pub(crate) async fn pair(&self, code: &Path) {
        let ended = self.try_pair(code).await;
        assert!(ended.status.success(), "pairing failed: {}{}", ended.stdout, ended.stderr);
    }

    /// Tries to pair from a picture or a text file.
    pub(crate) async fn try_pair(&self, code: &Path) -> Ended {
        run(self.command(&["pair"]).arg(code)).await
    }

    /// Tries to pair from a text.
    pub(crate) async fn try_text(&self, code: &str) -> Ended {
        let file = self.folder.join("code");
        std::fs::write(&file, code).expect("write a code");
        self.try_pair(&file).await
    }

    /// Starts the proxy.
    pub(crate) async fn start(&mut self) -> Proxy {
        let mut command = self.command(&["proxy"]);
        command.arg("--ca-out").arg(self.authority());
        let mut part = Part::start(&format!("device-{}", self.name), &mut command, &self.folder);
        let proxy = Proxy::parse(&part.wait_for("READY ").await);
        self.part = Some(part);
        self.proxy = Some(proxy.clone());
        proxy
    }

    /// Kills the proxy and starts it again.
    pub(crate) async fn restart(&mut self) -> Proxy {
        self.running().kill().await;
        self.start().await
    }

    /// Where the proxy is.
    pub(crate) fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("the proxy was started")
    }

    /// The running process.
    pub(crate) fn running(&mut self) -> &mut Part {
        self.part.as_mut().expect("the proxy was started")
    }

    /// The certificate authority of this start, as a file.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("device-ca.pem")
    }

    /// Everything that the device keeps.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts Chromium behind the proxy.
    pub(crate) async fn browser(&self) -> Browser {
        Browser::start(self.proxy().clone(), Some(&self.authority())).await
    }

    /// Makes a command of the headless device.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = program("latchgate-headless");
        command.args(words).args(["--vault", "passphrase", "--passphrase-file"]).arg(self.folder.join("passphrase"));
        command.arg("--data").arg(self.folder.join("data"));
        self.how.arrange(&mut command);
        command
    }
}
