//! The whole product as real processes in one temporary folder: gateway, connector, sample intranet, and
//! devices on demand. Everything listens on loopback and ends with the value.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::fetch::Proxy;
use crate::process::Part;
use crate::step::{run, say};

/// The address of the sample wiki, as people see it.
pub(crate) const WIKI: &str = "http://wiki.northlight.example/";
/// The same site over https, under the company's own authority.
const VAULT: &str = "https://safe.northlight.example";

/// The folder of the one device of most tasks.
const DEVICE: &str = "device";

/// The running parts. Fields are dropped in this order: devices first, the gateway last.
pub(crate) struct System {
    binaries: PathBuf,
    connector: Part,
    _intranet: Part,
    gateway: Part,
    folder: TempDir,
}

impl System {
    /// Starts the three servers and adds one person, Maria Jensen. `sites` is added to the connector's
    /// configuration.
    pub(crate) fn start(binaries: &Path, sites: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("latchgate-").tempdir()?;
        let logs = folder.path();
        let binary = |name: &str| Command::new(binaries.join(name));

        let mut command = binary("latchgate-gateway");
        let gateway_config = folder.path().join("gateway.toml");
        std::fs::write(&gateway_config, gateway_toml(folder.path()))?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&gateway_config);
        let gateway_part = Part::start("gateway", &mut command, logs)?;
        let gateway = gateway_part.wait_for("LISTENING ")?;
        say(format!("  gateway    {gateway}  (the public relay; it sees ciphertext only)"));

        let ca = folder.path().join("intranet-ca.pem");
        let mut command = binary("latchgate-intranet");
        let intranet_part = Part::start("intranet", command.args(["serve", "--ca-out"]).arg(&ca), logs)?;
        let (http, https) = (intranet_part.wait_for("HTTP ")?, intranet_part.wait_for("HTTPS ")?);
        say(format!("  intranet   {http}  (a sample wiki, behind the firewall)"));

        let config = folder.path().join("connector.toml");
        let sites = connector_toml(folder.path(), &gateway, &http, &https, &ca) + sites;
        std::fs::write(&config, sites)?;
        let connector = |words: &[&str]| run(binary("latchgate-connector").args(words).arg("--config").arg(&config));
        connector(&["init", "--gateway", &gateway])?;
        connector(&["person", "add", "maria", "--name", "Maria Jensen", "--group", "staff"])?;
        let connector_part =
            Part::start("connector", binary("latchgate-connector").args(["serve", "--config"]).arg(&config), logs)?;
        connector_part.wait_for("CONNECTED ")?;
        say("  connector  connected  (behind the firewall; it dialled out and opened no port)");

        Ok(Self {
            binaries: binaries.to_path_buf(),
            connector: connector_part,
            _intranet: intranet_part,
            gateway: gateway_part,
            folder,
        })
    }

    /// Makes a pairing code for Maria and returns its picture.
    pub(crate) fn invite(&self) -> anyhow::Result<PathBuf> {
        self.invite_as("pairing-code").map(|(picture, _)| picture)
    }

    /// Makes a pairing code for Maria; returns its picture, named so, and the device's id.
    pub(crate) fn invite_as(&self, name: &str) -> anyhow::Result<(PathBuf, String)> {
        let picture = self.folder.path().join(format!("{name}.png"));
        let mut command = self.connector_command(&["device", "invite", "maria", "--json"]);
        let output = command.arg("--png").arg(&picture).output().context("run device invite")?;
        ensure!(output.status.success(), "device invite: {}", String::from_utf8_lossy(&output.stderr));
        let invited: serde_json::Value = serde_json::from_slice(&output.stdout).context("read what it printed")?;
        let device_id = invited["device"].as_str().context("no device in what it printed")?;
        Ok((picture, device_id.to_owned()))
    }

    /// Revokes a device.
    pub(crate) fn revoke(&self, device_id: &str) -> anyhow::Result<()> {
        let output = self.connector_command(&["device", "revoke", device_id]).output().context("run device revoke")?;
        ensure!(output.status.success(), "device revoke: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn connector_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join("latchgate-connector"));
        command.args(words).arg("--config").arg(self.folder.path().join("connector.toml"));
        command
    }

    /// Pairs a headless device from a picture and starts its proxy.
    pub(crate) fn device(&self, picture: &Path) -> anyhow::Result<(Part, Proxy, String)> {
        std::fs::write(self.passphrase(), "correct horse battery staple\n").context("write the passphrase file")?;
        run(self.headless(DEVICE, "pair").arg(picture))?;
        let (part, ready) = self.open_proxy()?;
        Ok((part, Proxy::parse(&ready)?, ready))
    }

    /// Does what [`Self::device`] does, for one device of several, without a word.
    pub(crate) fn device_as(&self, name: &str, picture: &Path) -> anyhow::Result<(Part, Proxy, String)> {
        std::fs::write(self.passphrase(), "correct horse battery staple\n").context("write the passphrase file")?;
        let output = self.headless(name, "pair").arg(picture).output().context("run pair")?;
        ensure!(output.status.success(), "pair: {}", String::from_utf8_lossy(&output.stderr));
        let part = Part::start("device", &mut self.headless(name, "proxy"), self.folder.path())?;
        let ready = part.wait_for("READY ")?;
        Ok((part, Proxy::parse(&ready)?, ready))
    }

    /// Starts the proxy of the device that [`Self::device`] has paired.
    pub(crate) fn open_proxy(&self) -> anyhow::Result<(Part, String)> {
        let part = Part::start("device", &mut self.headless(DEVICE, "proxy"), self.folder.path())?;
        let ready = part.wait_for("READY ")?;
        Ok((part, ready))
    }

    /// Pairs a headless device whose vault a key in a file seals, and starts its proxy.
    pub(crate) fn keyed_device(&self, picture: &Path) -> anyhow::Result<(Part, String)> {
        run(self.keyed("pair").arg(picture))?;
        self.open_keyed_proxy()
    }

    /// Starts the proxy of the device that [`Self::keyed_device`] has paired.
    pub(crate) fn open_keyed_proxy(&self) -> anyhow::Result<(Part, String)> {
        let part = Part::start("device", &mut self.keyed("proxy"), self.folder.path())?;
        let ready = part.wait_for("READY ")?;
        Ok((part, ready))
    }

    fn keyed(&self, task: &str) -> Command {
        let mut command = Command::new(self.binaries.join("latchgate-headless"));
        command.arg(task).args(["--vault", "key-file", "--key-file"]).arg(self.folder.path().join("device.key"));
        command.arg("--data").arg(self.folder.path().join("keyed-device"));
        command
    }

    fn headless(&self, device: &str, task: &str) -> Command {
        let mut command = Command::new(self.binaries.join("latchgate-headless"));
        command.arg(task).args(["--vault", "passphrase", "--passphrase-file"]).arg(self.passphrase());
        command.arg("--data").arg(self.folder.path().join(device));
        command
    }

    fn passphrase(&self) -> PathBuf {
        self.folder.path().join("passphrase.txt")
    }

    /// The gateway's process.
    pub(crate) fn gateway(&self) -> &Part {
        &self.gateway
    }

    /// The connector's process.
    pub(crate) fn connector(&self) -> &Part {
        &self.connector
    }

    /// A folder that ends with the system.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Everybody here has one address.
fn gateway_toml(folder: &Path) -> String {
    let much = "{ burst = 10000, per_second = 1000 }";
    format!(
        "data = \"{}\"\n\n[limits]\nlogins_per_address = {much}\ntickets_per_address = {much}\nclaims_per_address = {much}\n",
        folder.join("gateway").display()
    )
}

fn connector_toml(folder: &Path, gateway: &str, http: &str, https: &str, ca: &Path) -> String {
    let wiki = WIKI.trim_end_matches('/');
    format!(
        r#"name = "Northlight Tools"
data = "{}"

[gateway]
url = "{gateway}"

[[site]]
name = "Wiki"
url = "{wiki}"
upstream = "{http}"
allow = ["staff"]
identity = {{ header = "X-Remote-User" }}
icon = "📖"

[[site]]
name = "Safe"
url = "{VAULT}"
upstream = "{https}"
ca = "{}"
allow = ["staff"]
identity = {{ header = "X-Remote-User" }}
icon = "🔒"
"#,
        folder.join("connector").display(),
        ca.display()
    )
}
