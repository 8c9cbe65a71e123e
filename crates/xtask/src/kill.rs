//! `cargo xtask kill`: `kill -9` at random moments of pairing and of replacing keys, with real processes and files.
//!
//! 1. Starts gateway, sample intranet and connector on loopback.
//! 2. Each round makes a code and starts to pair a new device; at a random moment the device, the gateway or the
//!    connector is killed and started again. The same command must then finish the pairing, or say that a new code
//!    is needed, and a new code must work.
//! 3. The same with the replacement of the device's key. Then a page is fetched through the device.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use tempfile::TempDir;

use crate::fetch::Proxy;
use crate::process::Part;
use crate::setup;
use crate::step::{self, heading, say};

/// A page of the sample intranet.
const WIKI: &str = "http://wiki.northlight.example";
/// Within which time after the start of a command somebody is killed: a little longer than the command takes.
const MOMENTS: Duration = Duration::from_millis(1500);
/// How long a command of the device may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often a command is repeated before the device counts as stranded.
const TRIES: u32 = 5;
/// What a device says when its code is of no use any more.
const NEW_CODE: &[&str] = &["code-gone", "code-refused", "code-expired", "code-used"];

/// How many are killed, and when.
#[derive(Debug, Args)]
pub(crate) struct KillArgs {
    /// How many kills.
    #[arg(long, default_value_t = 1000)]
    times: u32,
    /// Where the random moments begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Uses the builds in this folder, and builds nothing.
    #[arg(long)]
    binaries: Option<PathBuf>,
}

/// Kills and prints what came of it.
pub(crate) fn run(arguments: &KillArgs) -> anyhow::Result<()> {
    let binaries = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => build()?,
    };
    heading("Starting the parts");
    let mut stage = Stage::start(binaries, arguments.seed)?;
    heading(&format!("Killing {} times", arguments.times));
    let mut asked_for_a_new_code = 0;
    let mut kills = 0;
    while kills < arguments.times {
        let device = stage.device(kills)?;
        asked_for_a_new_code += u32::from(!stage.pair(&device).with_context(|| format!("kill {}", kills + 1))?);
        stage.rotate(&device).with_context(|| format!("kill {}", kills + 2))?;
        stage.fetch(&device).with_context(|| format!("after kill {}", kills + 2))?;
        kills += 2;
        if kills % 20 == 0 {
            say(format!("  {kills} kills, {asked_for_a_new_code} devices asked for a new code, none in between"));
        }
    }
    say(format!("{kills} kills: every device was paired; {asked_for_a_new_code} asked for a new code before"));
    Ok(())
}

fn build() -> anyhow::Result<PathBuf> {
    setup::packages(setup::BUILD)?;
    heading("Building (debug profile)");
    let mut cargo = step::cargo(&["build", "--locked", "--bins"]);
    for package in ["latchgate-gateway", "latchgate-connector", "latchgate-headless", "latchgate-intranet"] {
        cargo.args(["-p", package]);
    }
    step::run(&mut cargo)?;
    Ok(step::target().join("debug"))
}

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Device,
    Gateway,
    Connector,
}

/// How a command of the device ended.
struct Ended {
    success: bool,
    said: String,
}

impl Ended {
    fn says(&self, code: &str) -> bool {
        self.said.contains(&format!("\"code\":\"{code}\""))
    }
}

/// The running servers.
struct Stage {
    binaries: PathBuf,
    connector: Option<Part>,
    gateway: Option<Part>,
    address: String,
    random: u64,
    _intranet: Part,
    folder: TempDir,
}

/// One device's files.
struct Device {
    folder: PathBuf,
}

impl Stage {
    fn start(binaries: PathBuf, seed: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("latchgate-kill-").tempdir()?;
        let mut intranet = Command::new(binaries.join("latchgate-intranet"));
        let intranet = Part::start("intranet", intranet.arg("serve"), folder.path())?;
        let upstream = intranet.wait_for("HTTP ")?;
        let generous = "{ burst = 1000000, per_second = 100000.0 }";
        let limits: String =
            ["logins_per_address", "logins_per_id", "tickets_per_address", "claims_per_address", "takeovers_per_id"]
                .map(|name| format!("{name} = {generous}\n"))
                .concat();
        std::fs::write(folder.path().join("gateway.toml"), format!("data = \"gateway\"\n[limits]\n{limits}"))?;
        std::fs::write(folder.path().join("passphrase"), "correct horse battery staple\n")?;
        let mut stage = Self {
            binaries,
            connector: None,
            gateway: None,
            address: "127.0.0.1:0".to_owned(),
            random: seed,
            _intranet: intranet,
            folder,
        };
        let origin = stage.start_gateway()?;
        origin.trim_start_matches("http://").clone_into(&mut stage.address);
        let config = format!(
            "name = \"Northlight Tools\"\ndata = \"connector\"\n[gateway]\nurl = \"{origin}\"\n[[site]]\nname = \"Wiki\"\n\
             url = \"{WIKI}\"\nupstream = \"{upstream}\"\nallow = [\"staff\"]\nidentity = {{ header = \"X-Remote-User\" }}\n"
        );
        std::fs::write(stage.path("connector.toml"), config)?;
        stage.administer(&["init", "--gateway", &origin])?;
        stage.administer(&["person", "add", "maria", "--name", "Maria Jensen", "--group", "staff"])?;
        stage.start_connector()?;
        Ok(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start_gateway(&mut self) -> anyhow::Result<String> {
        // The earlier one, killed, frees its port and its folder first.
        self.gateway = None;
        let mut command = Command::new(self.binaries.join("latchgate-gateway"));
        command.args(["serve", "--listen", &self.address, "--config"]).arg(self.path("gateway.toml"));
        let part = Part::start("gateway", &mut command, self.folder.path())?;
        let origin = part.wait_for("LISTENING ")?;
        self.gateway = Some(part);
        Ok(origin)
    }

    fn start_connector(&mut self) -> anyhow::Result<()> {
        self.connector = None;
        let mut command = self.connector_command(&["serve"]);
        let part = Part::start("connector", &mut command, self.folder.path())?;
        part.wait_for("CONNECTED ")?;
        self.connector = Some(part);
        Ok(())
    }

    fn connector_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join("latchgate-connector"));
        command.args(words).arg("--config").arg(self.path("connector.toml"));
        command
    }

    fn administer(&self, words: &[&str]) -> anyhow::Result<String> {
        step::output(&mut self.connector_command(words))
    }

    fn device(&self, number: u32) -> anyhow::Result<Device> {
        let folder = self.path(&format!("device-{number}"));
        std::fs::create_dir(&folder)?;
        Ok(Device { folder })
    }

    fn headless(&self, device: &Device, words: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join("latchgate-headless"));
        command.args(words).args(["--vault", "passphrase", "--passphrase-file"]).arg(self.path("passphrase"));
        command.arg("--data").arg(device.folder.join("data")).env("RUST_LOG", "warn");
        command
    }

    /// Pairs with a kill in the middle. False when the device asked for a new code, which then worked.
    fn pair(&mut self, device: &Device) -> anyhow::Result<bool> {
        self.invite(device)?;
        let code = device.folder.join("code");
        let words = ["pair", &code.to_string_lossy(), "--yes", "--json"];
        self.kill_during(device, &words)?;
        let mut ended = self.run(device, &words)?;
        for _ in 1..TRIES {
            if ended.success || ended.says("already-paired") {
                return Ok(true);
            }
            if NEW_CODE.iter().any(|code| ended.says(code)) {
                self.invite(device)?;
                ended = self.run(device, &words)?;
                ensure!(ended.success, "a new code did not work: {}", ended.said);
                return Ok(false);
            }
            ended = self.run(device, &words)?;
        }
        bail!("stranded: {}", ended.said)
    }

    /// Replaces the key with a kill in the middle.
    fn rotate(&mut self, device: &Device) -> anyhow::Result<()> {
        self.kill_during(device, &["rotate", "--json"])?;
        let mut ended = self.run(device, &["rotate", "--json"])?;
        for _ in 1..TRIES {
            if ended.success {
                return Ok(());
            }
            ended = self.run(device, &["rotate", "--json"])?;
        }
        bail!("stranded: {}", ended.said)
    }

    fn fetch(&self, device: &Device) -> anyhow::Result<()> {
        let part = Part::start("device", &mut self.headless(device, &["proxy"]), &device.folder)?;
        let proxy = Proxy::parse(&part.wait_for("READY ")?)?;
        let page = proxy.get(&format!("{WIKI}/"))?;
        ensure!(page.contains("Hello, maria"), "another page: {page}");
        drop(part);
        // Only the last one to fail is of interest.
        std::fs::remove_dir_all(&device.folder).context("remove a device")
    }

    fn invite(&self, device: &Device) -> anyhow::Result<()> {
        let printed = self.administer(&["device", "invite", "maria", "--text"])?;
        let code = printed.lines().find(|line| line.starts_with("LG1:")).context("the connector shows a code")?;
        std::fs::write(device.folder.join("code"), code).context("write the code")
    }

    /// Starts a command of the device and kills somebody at a random moment; a server is started again.
    fn kill_during(&mut self, device: &Device, words: &[&str]) -> anyhow::Result<()> {
        let moment = MOMENTS.mul_f64(self.draw(10_000) as f64 / 10_000.0);
        let victim = [Victim::Device, Victim::Device, Victim::Gateway, Victim::Connector][self.draw(4)];
        let (mut child, _) = start(&mut self.headless(device, words), &device.folder)?;
        std::thread::sleep(moment);
        match victim {
            Victim::Device => drop(child.kill()),
            Victim::Gateway => drop(self.start_gateway()?),
            Victim::Connector => self.start_connector()?,
        }
        await_end(&mut child).map(drop)
    }

    /// Runs a command of the device to its end.
    fn run(&self, device: &Device, words: &[&str]) -> anyhow::Result<Ended> {
        let (mut child, said) = start(&mut self.headless(device, words), &device.folder)?;
        let success = await_end(&mut child)?;
        Ok(Ended { success, said: std::fs::read_to_string(said)? })
    }

    /// Draws a number below `end`: SplitMix64 (Steele, Lea, Flood 2014).
    fn draw(&mut self, end: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap_or_default()
    }
}

/// Starts a command; what it says goes to a file.
fn start(command: &mut Command, folder: &Path) -> anyhow::Result<(Child, PathBuf)> {
    let said = folder.join("said");
    let file = File::create(&said)?;
    let child =
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn().context("start a device")?;
    Ok((child, said))
}

/// Waits for the end; tells whether it was a success.
fn await_end(child: &mut Child) -> anyhow::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > deadline {
            // It may end just then.
            let _ = child.kill();
            let _ = child.wait();
            bail!("a command of the device did not end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
