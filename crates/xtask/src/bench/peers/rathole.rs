//! rathole 0.5 from crates.io: a reverse tunnel without encryption between the ends. The relay listens for
//! the visitor; the company's side dials the relay.

use std::fs;
use std::process::Command;

use super::{Running, free_port, wait_for_answer, wait_for_port};
use crate::bench::chain::{Chain, Role};
use crate::process::Part;
use crate::step::{self, run};

const VERSION: &str = "0.5.0";

pub(super) fn install() -> anyhow::Result<()> {
    if program().is_file() {
        return Ok(());
    }
    let features = ["--no-default-features", "--features", "server,client"];
    // Not --locked: its lock file names a version of `time` that no current compiler takes.
    let mut cargo = step::cargo(&["install", "rathole", "--version", VERSION]);
    run(cargo.args(features).arg("--root").arg(root()))
}

pub(super) fn start(name: &'static str, upstream: &str) -> anyhow::Result<Running> {
    let folder = tempfile::tempdir()?;
    let (control, local) = (free_port()?, free_port()?);
    let token = "default_token = \"loopback only\"";
    let server = folder.path().join("server.toml");
    fs::write(
        &server,
        format!(
            "[server]\nbind_addr = \"127.0.0.1:{control}\"\n{token}\n[server.services.bench]\nbind_addr = \"127.0.0.1:{local}\"\n"
        ),
    )?;
    let client = folder.path().join("client.toml");
    fs::write(
        &client,
        format!(
            "[client]\nremote_addr = \"127.0.0.1:{control}\"\n{token}\n[client.services.bench]\nlocal_addr = \"{upstream}\"\n"
        ),
    )?;
    let relay = Part::start("rathole-relay", Command::new(program()).arg("--server").arg(&server), folder.path())?;
    wait_for_port(control)?;
    let company = Part::start("rathole-company", Command::new(program()).arg("--client").arg(&client), folder.path())?;
    wait_for_answer(local)?;
    let roles = vec![Role { name: "relay", process: relay.id() }, Role { name: "company", process: company.id() }];
    let chain = Chain::forwarding(name, false, format!("http://127.0.0.1:{local}"), roles);
    Ok(Running { chain, _parts: vec![relay, company], _folder: folder })
}

fn root() -> std::path::PathBuf {
    step::target().join("bench-peers")
}

fn program() -> std::path::PathBuf {
    root().join("bin/rathole")
}
