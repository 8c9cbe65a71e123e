//! iroh 1.x, relay only: QUIC from end to end, every packet through a relay of its own on loopback. The
//! program is a workspace of its own in `crates/bench/peers/iroh`, so that nothing else builds iroh.

use std::process::Command;

use super::{Running, wait_for_answer};
use crate::bench::chain::{Chain, Role};
use crate::process::Part;
use crate::step::{self, run};

pub(super) fn install() -> anyhow::Result<()> {
    let mut cargo = step::cargo(&["build", "--release", "--locked", "--manifest-path"]);
    run(cargo.arg(step::root().join("crates/bench/peers/iroh/Cargo.toml")).arg("--target-dir").arg(target()))
}

pub(super) fn start(name: &'static str, upstream: &str) -> anyhow::Result<Running> {
    let folder = tempfile::tempdir()?;
    let part = |name, words: &[&str]| {
        Part::start(name, Command::new(target().join("release/bench-iroh")).args(words), folder.path())
    };
    let relay = part("iroh-relay", &["relay"])?;
    let relay_url = relay.wait_for("RELAY ")?;
    let company = part("iroh-company", &["company", &relay_url, upstream])?;
    let id = company.wait_for("ID ")?;
    let device = part("iroh-device", &["device", &relay_url, &id])?;
    let local = device.wait_for("LISTENING ")?;
    let port = local.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    wait_for_answer(port)?;
    let roles = vec![
        Role { name: "device", process: device.id() },
        Role { name: "relay", process: relay.id() },
        Role { name: "company", process: company.id() },
    ];
    let chain = Chain::forwarding(name, true, format!("http://{local}"), roles);
    Ok(Running { chain, _parts: vec![device, company, relay], _folder: folder })
}

fn target() -> std::path::PathBuf {
    step::target().join("bench-peers/iroh")
}
