//! A message bus of its own in the place of the system's and the session's, with a login manager that says what a
//! test wants it to say.

use std::path::Path;

use tokio::process::Command;
use zbus::{Connection, connection};

use super::process::Part;

/// The bus; ends when dropped.
pub(crate) struct Bus {
    pub(crate) address: String,
    logind: Connection,
    _daemon: Part,
}

impl Bus {
    pub(crate) async fn start(logs: &Path) -> Self {
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--print-address=1"]);
        let mut daemon = Part::start("bus", &mut daemon, logs);
        let address = daemon.wait_for("").await;
        let logind = connection::Builder::address(address.as_str())
            .and_then(|builder| builder.name("org.freedesktop.login1"))
            .expect("an address and a name");
        Self { address, logind: logind.build().await.expect("join the bus"), _daemon: daemon }
    }

    /// Says that the screen was locked, or unlocked.
    pub(crate) async fn say_screen(&self, locked: bool) {
        let member = if locked { "Lock" } else { "Unlock" };
        let (path, interface) = ("/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session");
        self.logind.emit_signal(None::<&str>, path, interface, member, &()).await.expect("emit a signal");
    }

    /// Lets a process use this bus as the system's and the session's.
    pub(crate) fn joined_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.address).env("DBUS_SESSION_BUS_ADDRESS", &self.address)
    }
}
