//! The three servers in a folder of their own, and everything an administrator does with them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use latchgate_intranet::{Config, Intranet, Running};
use tempfile::TempDir;
use tokio::process::Command;

use super::device::Device;
use super::port::Reserved;
use super::process::{Part, program, succeed};
use super::relay::Relay;

/// The sample wiki, as people see it.
pub(crate) const WIKI: &str = "http://wiki.northlight.example";
/// The same site over https, with its upstream under the company's own authority.
pub(crate) const SAFE: &str = "https://safe.northlight.example";

/// What makes clocks and waiting faster in a program that knows nothing of it.
const FASTER: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// What a test may want different.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Puts a relay that keeps every byte in front of the gateway.
    pub(crate) observed: bool,
    /// The log filter of every part; `info` without one.
    pub(crate) log: Option<&'static str>,
    /// How many times as fast as ours the clocks of all parts go; 0 and 1 leave them alone.
    pub(crate) pace: u32,
    /// More of `gateway.toml`.
    pub(crate) gateway: String,
    /// More of `connector.toml`: sites.
    pub(crate) sites: String,
}

/// The running system; devices first, the gateway last when dropped.
pub(crate) struct System {
    pub(crate) connector: Part,
    pub(crate) gateway: Part,
    pub(crate) relay: Option<Relay>,
    pub(crate) intranet: Running,
    /// Where devices and the connector find the gateway.
    pub(crate) origin: String,
    listening: Reserved,
    how: How,
    invitations: AtomicUsize,
    folder: TempDir,
}

/// How every part is started.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    log: &'static str,
    pace: u32,
}

impl How {
    /// Sets a part's log filter and the pace of its clocks.
    pub(super) fn arrange(self, command: &mut Command) -> &mut Command {
        command.env("RUST_LOG", self.log);
        if self.pace > 1 {
            command.env("LD_PRELOAD", FASTER).env("FAKETIME", format!("+0 x{}", self.pace));
        }
        command
    }
}

/// A pairing code in both of its forms.
pub(crate) struct Invitation {
    pub(crate) picture: PathBuf,
    pub(crate) text: String,
}

impl System {
    /// Starts the servers and adds the people maria and jonas, who are staff.
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let folder = tempfile::Builder::new().prefix("latchgate-test-").tempdir().expect("a folder for the system");
        let how = How { log: options.log.unwrap_or("info"), pace: options.pace };
        let names = vec![SAFE.trim_start_matches("https://").to_owned()];
        let intranet = Intranet::start(Config { names, ..Config::default() }).await.expect("start the intranet");
        std::fs::write(folder.path().join("intranet-ca.pem"), &intranet.ca_pem).expect("write the authority");

        let gateway_toml = format!("data = \"gateway\"\n{}", options.gateway);
        std::fs::write(folder.path().join("gateway.toml"), gateway_toml).expect("write gateway.toml");
        let listening = Reserved::new();
        let gateway = start_gateway(folder.path(), listening.address, how).await;
        let relay = if options.observed { Some(Relay::start(listening.address).await) } else { None };
        let origin = format!("http://{}", relay.as_ref().map_or(listening.address, |relay| relay.address));

        let config = connector_toml("Northlight Tools", &origin, &intranet) + &options.sites;
        std::fs::write(folder.path().join("connector.toml"), config).expect("write connector.toml");
        succeed(&mut connector_command(folder.path(), how, &["init", "--gateway", &origin])).await;
        for (login, name) in [("maria", "Maria Jensen"), ("jonas", "Jonas Lindqvist")] {
            let add = ["person", "add", login, "--name", name, "--group", "staff"];
            succeed(&mut connector_command(folder.path(), how, &add)).await;
        }
        let connector = start_connector(folder.path(), how).await;
        Self { connector, gateway, relay, intranet, origin, listening, how, invitations: AtomicUsize::new(0), folder }
    }

    /// Runs a command of the connector that must succeed.
    pub(crate) async fn administer(&self, words: &[&str]) -> String {
        succeed(&mut connector_command(self.folder.path(), self.how, words)).await
    }

    /// Makes a pairing code for a person.
    pub(crate) async fn invite(&self, person: &str) -> Invitation {
        let number = self.invitations.fetch_add(1, Ordering::Relaxed);
        let picture = self.folder.path().join(format!("code-{number}.png"));
        let path = picture.to_str().expect("a path in UTF-8");
        let printed = self.administer(&["device", "invite", person, "--text", "--png", path]).await;
        // Base45 has a space in its alphabet: a code is a whole line.
        let text = printed.lines().find(|line| line.starts_with("LG1:"));
        Invitation { picture, text: text.unwrap_or_else(|| panic!("no code in: {printed}")).to_owned() }
    }

    /// Makes an empty device.
    pub(crate) fn device(&self, name: &str) -> Device {
        Device::new(name, self.folder.path(), self.how)
    }

    /// Pairs a new device for a person and starts its proxy.
    pub(crate) async fn paired(&self, person: &str) -> Device {
        let mut device = self.device(person);
        device.pair(&self.invite(person).await.picture).await;
        device.start().await;
        device
    }

    /// Kills the gateway and starts it again on the same address.
    pub(crate) async fn restart_gateway(&mut self) {
        self.kill_gateway().await;
        self.start_gateway().await;
    }

    /// Kills the gateway, which stays away until it is started again.
    pub(crate) async fn kill_gateway(&mut self) {
        self.gateway.kill().await;
    }

    /// Starts the gateway where it was.
    pub(crate) async fn start_gateway(&mut self) {
        self.gateway = start_gateway(self.folder.path(), self.listening.address, self.how).await;
    }

    /// Kills the connector and starts it again.
    pub(crate) async fn restart_connector(&mut self) {
        self.connector.kill().await;
        self.connector = start_connector(self.folder.path(), self.how).await;
    }

    /// The folder of all files of all parts.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Another company at the same gateway: its own connector and intranet, sites of the same names.
pub(crate) struct OtherCompany {
    pub(crate) intranet: Running,
    _connector: Part,
    how: How,
    folder: PathBuf,
}

impl OtherCompany {
    pub(crate) async fn start(system: &System, name: &str, sites: &str) -> Self {
        let folder = system.folder().join("other-company");
        std::fs::create_dir(&folder).expect("create the folder of a company");
        let intranet = Intranet::start(Config::default()).await.expect("start the intranet");
        std::fs::write(folder.join("intranet-ca.pem"), &intranet.ca_pem).expect("write the authority");
        let config = connector_toml(name, &system.origin, &intranet) + sites;
        std::fs::write(folder.join("connector.toml"), config).expect("write connector.toml");
        succeed(&mut connector_command(&folder, system.how, &["init", "--gateway", &system.origin])).await;
        let add = ["person", "add", "maria", "--name", "Maria Elsewhere", "--group", "staff"];
        succeed(&mut connector_command(&folder, system.how, &add)).await;
        let connector = start_connector(&folder, system.how).await;
        Self { intranet, _connector: connector, how: system.how, folder }
    }

    /// Makes a pairing code for maria, as a picture.
    pub(crate) async fn invite(&self) -> PathBuf {
        let picture = self.folder.join("code.png");
        let path = picture.to_str().expect("a path in UTF-8");
        succeed(&mut connector_command(&self.folder, self.how, &["device", "invite", "maria", "--png", path])).await;
        picture
    }
}

async fn start_gateway(folder: &Path, listen: SocketAddr, how: How) -> Part {
    let mut command = program("latchgate-gateway");
    command.args(["serve", "--listen", &listen.to_string(), "--config"]).arg(folder.join("gateway.toml"));
    let mut gateway = Part::start("gateway", how.arrange(&mut command), folder);
    gateway.wait_for("LISTENING ").await;
    gateway
}

async fn start_connector(folder: &Path, how: How) -> Part {
    let mut part = Part::start("connector", &mut connector_command(folder, how, &["serve"]), folder);
    part.wait_for("CONNECTED ").await;
    part
}

fn connector_command(folder: &Path, how: How, words: &[&str]) -> Command {
    let mut command = program("latchgate-connector");
    command.args(words).arg("--config").arg(folder.join("connector.toml"));
    how.arrange(&mut command);
    command
}

fn connector_toml(name: &str, gateway: &str, intranet: &Running) -> String {
    let (http, https) = (intranet.http_origin(), intranet.https_origin());
    format!(
        r#"name = "{name}"
data = "connector"

[gateway]
url = "{gateway}"

[[site]]
name = "Wiki"
url = "{WIKI}"
upstream = "{http}"
allow = ["staff"]
identity = {{ header = "X-Remote-User" }}

[[site]]
name = "Safe"
url = "{SAFE}"
upstream = "{https}"
ca = "intranet-ca.pem"
allow = ["staff"]
identity = {{ header = "X-Remote-User" }}
"#
    )
}
