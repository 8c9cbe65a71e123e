//! OpenSSH in the shape of this product:
//!
//! 1. the company's side dials the relay and asks it to forward a port to its own sshd (`ssh -R`);
//! 2. the device dials the relay, and through it the company's sshd (`ssh -J`): one connection inside another;
//! 3. the inner connection forwards a local port to the upstream (`ssh -L`).

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::{Running, free_port, wait_for_answer, wait_for_port};
use crate::bench::chain::{Chain, Role};
use crate::process::Part;
use crate::setup;
use crate::step::output;

/// sshd insists on being called by its full path.
const SSHD: &str = "/usr/sbin/sshd";

/// The fastest cipher of OpenSSH on processors with AES instructions, with keys as long as ours.
const CIPHER: &str = "aes256-gcm@openssh.com";

/// sshd refuses to start without this folder when it is started by root.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

pub(super) fn install() -> anyhow::Result<()> {
    if !Path::new(SSHD).is_file() {
        setup::packages(&["openssh-client", "openssh-server"])?;
    }
    Ok(())
}

pub(super) fn start(name: &'static str, upstream: &str) -> anyhow::Result<Running> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    if output(Command::new("id").arg("-u"))?.trim() == "0" {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(PRIVILEGE_SEPARATION)?;
    }
    for key in ["host", "user"] {
        output(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)))?;
    }
    let keys = folder.join("authorized_keys");
    fs::copy(folder.join("user.pub"), &keys)?;
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600))?;

    let (relay, company, rendezvous, local) = (free_port()?, free_port()?, free_port()?, free_port()?);
    fs::write(folder.join("config"), client_config(folder, relay, rendezvous))
        .context("write the ssh configuration")?;
    let relay_part = server("sshd-relay", folder, relay)?;
    let company_part = server("sshd-company", folder, company)?;
    wait_for_port(relay)?;
    wait_for_port(company)?;
    let back = client("ssh-company", folder, &["-R", &format!("127.0.0.1:{rendezvous}:127.0.0.1:{company}"), "relay"])?;
    wait_for_port(rendezvous)?;
    let device = client("ssh-device", folder, &["-L", &format!("127.0.0.1:{local}:{upstream}"), "company"])?;
    wait_for_answer(local)?;

    let roles = vec![
        Role { name: "device", process: device.id() },
        Role { name: "relay", process: relay_part.id() },
        Role { name: "company ssh", process: back.id() },
        Role { name: "company sshd", process: company_part.id() },
    ];
    let chain = Chain::forwarding(name, true, format!("http://127.0.0.1:{local}"), roles);
    Ok(Running { chain, _parts: vec![device, back, company_part, relay_part], _folder: temporary })
}

fn server(name: &'static str, folder: &Path, port: u16) -> anyhow::Result<Part> {
    let config = folder.join(format!("{name}.conf"));
    let mut text = String::new();
    for (key, value) in [
        ("Port", port.to_string()),
        ("ListenAddress", "127.0.0.1".to_owned()),
        ("HostKey", folder.join("host").display().to_string()),
        ("AuthorizedKeysFile", folder.join("authorized_keys").display().to_string()),
        ("PidFile", "none".to_owned()),
        ("StrictModes", "no".to_owned()),
        ("UsePAM", "no".to_owned()),
        ("PasswordAuthentication", "no".to_owned()),
        ("PermitRootLogin", "prohibit-password".to_owned()),
        ("MaxSessions", "256".to_owned()),
        ("MaxStartups", "256".to_owned()),
    ] {
        writeln!(text, "{key} {value}")?;
    }
    fs::write(&config, text)?;
    Part::start(name, Command::new(SSHD).args(["-D", "-e", "-f"]).arg(&config), folder)
}

fn client(name: &'static str, folder: &Path, arguments: &[&str]) -> anyhow::Result<Part> {
    Part::start(name, Command::new("ssh").arg("-N").arg("-F").arg(folder.join("config")).args(arguments), folder)
}

fn client_config(folder: &Path, relay: u16, rendezvous: u16) -> String {
    let key = folder.join("user");
    let host = |name: &str, port: u16, more: &str| {
        format!(
            "Host {name}\n HostName 127.0.0.1\n Port {port}\n IdentityFile {}\n IdentitiesOnly yes\n Ciphers {CIPHER}\n \
             StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n GlobalKnownHostsFile /dev/null\n LogLevel ERROR\n \
             ExitOnForwardFailure yes\n{more}",
            key.display()
        )
    };
    let jump = format!(" ProxyCommand ssh -F {} -W %h:%p relay\n", folder.join("config").display());
    host("relay", relay, "") + &host("company", rendezvous, &jump)
}
