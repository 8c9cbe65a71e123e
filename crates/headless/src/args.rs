//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use latchgate_client::client::ProfileName;

use crate::Ended;

/// Reaches your company's web applications from a machine without a window.
#[derive(Debug, Parser)]
#[command(
    name = "latchgate-headless",
    version,
    after_help = "Example:\n  latchgate-headless pair code.png --vault passphrase --passphrase-file secret.txt\n  \
                  latchgate-headless proxy --vault passphrase --passphrase-file secret.txt"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What every command takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Common {
    /// Which pairing; a machine can have several.
    #[arg(long, global = true, default_value = "default", value_name = "NAME")]
    pub(crate) profile: String,
    /// Where profiles lie [default: the system's folder for application data].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// What keeps the keys.
    #[arg(long, global = true, value_enum, default_value_t = VaultKind::Keychain)]
    pub(crate) vault: VaultKind,
    /// The file whose first line is the passphrase; `-` reads it from standard input.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The file with the key, 64 hexadecimal digits; `pair` and `restore` make it, for this user alone, when missing.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Allows a gateway without TLS on another machine: for tests only.
    #[arg(long, global = true)]
    pub(crate) allow_plain_http: bool,
    /// Trusts these authorities (PEM) for the gateway, and no others.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) gateway_ca: Option<PathBuf>,
    /// What the company calls this device [default: the machine's name].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) device_label: Option<String>,
    /// Prints results and failures as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Where the keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VaultKind {
    /// In the system's keychain.
    Keychain,
    /// In a file that a passphrase seals.
    Passphrase,
    /// In a file that a key in another file seals: a server that starts by itself.
    KeyFile,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Pairs this machine with a code from your company.
    #[command(after_help = "Example:\n  latchgate-headless pair code.png\n  latchgate-headless pair - < code.txt")]
    Pair(PairTask),
    /// Shows what this machine is paired with.
    #[command(after_help = "Example:\n  latchgate-headless status --json")]
    Status(StatusTask),
    /// Serves the intranet to programs on this machine until it is stopped.
    #[command(after_help = "Example:\n  latchgate-headless proxy --listen 127.0.0.1:8118 --ca-out ca.pem")]
    Proxy(ProxyTask),
    /// Replaces this machine's key; the company asks for it every 30 days by itself.
    #[command(after_help = "Example:\n  latchgate-headless rotate")]
    Rotate,
    /// Writes a backup of the pairing. Whoever has the file and its passphrase is this machine.
    #[command(after_help = "Example:\n  latchgate-headless backup work.lgb --backup-passphrase-file words.txt")]
    Backup(BackupTask),
    /// Makes this machine the one that a backup holds. Stop using the other one: your company refuses whichever
    /// of the two has the older keys.
    #[command(after_help = "Example:\n  latchgate-headless restore work.lgb --backup-passphrase-file words.txt")]
    Restore(BackupTask),
    /// Takes what you chose on this machine to another one; it is paired anew, and no key is in the file.
    #[command(subcommand)]
    Settings(SettingsTask),
    /// Shows your devices, and ends the pairing of one of them: a lost phone, for example.
    #[command(subcommand)]
    Device(DeviceTask),
    /// Removes the pairing and its keys from this machine.
    #[command(after_help = "Example:\n  latchgate-headless forget")]
    Forget,
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub(crate) enum SettingsTask {
    /// Writes them to a new file.
    #[command(after_help = "Example:\n  latchgate-headless settings export settings.json")]
    Export {
        /// The file.
        file: PathBuf,
    },
    /// Takes them over from a file.
    #[command(after_help = "Example:\n  latchgate-headless settings import settings.json")]
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// What to do with your devices.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceTask {
    /// Lists your devices.
    #[command(after_help = "Example:\n  latchgate-headless device list --json")]
    List,
    /// Ends the pairing of one of your devices.
    #[command(after_help = "Example:\n  latchgate-headless device revoke 3f9a --wipe")]
    Revoke {
        /// The device's id, or how it begins.
        device: String,
        /// Orders it to erase itself, too, now or when it is next online.
        #[arg(long)]
        wipe: bool,
    },
    /// Confirms a new device of yours by the check code on its screen.
    #[command(after_help = "Example:\n  latchgate-headless device confirm 3f9a --code \"123 456\"")]
    Confirm {
        /// The device's id, or how it begins.
        device: String,
        /// What the new device's screen shows.
        #[arg(long)]
        code: String,
    },
    /// Denies a new device that shows another check code, or that you do not know.
    #[command(after_help = "Example:\n  latchgate-headless device deny 3f9a")]
    Deny {
        /// The device's id, or how it begins.
        device: String,
    },
}

/// How to pair.
#[derive(Debug, ClapArgs)]
pub(crate) struct PairTask {
    /// A picture or a text file with the code; `-` reads the text from standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) code: PathBuf,
    /// Does not ask back.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// How to look.
#[derive(Debug, ClapArgs)]
pub(crate) struct StatusTask {
    /// Opens the vault and tries the connection too.
    #[arg(long)]
    pub(crate) check: bool,
}

/// How to serve.
#[derive(Debug, ClapArgs)]
pub(crate) struct ProxyTask {
    /// Where to listen, on this machine only; port 0 means any.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Writes the certificate authority of this start, for programs that shall trust `https` sites.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_out: Option<PathBuf>,
    /// Closes while this login's screen is locked or the machine sleeps, with the keys out of memory, and opens
    /// again afterwards.
    #[arg(long)]
    pub(crate) lock_with_session: bool,
    /// Keeps `user:password` of the proxy in this file, made when missing, over restarts.
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials_file: Option<PathBuf>,
}

/// Which backup.
#[derive(Debug, ClapArgs)]
pub(crate) struct BackupTask {
    /// The file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The file whose first line is the passphrase of the backup; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) backup_passphrase_file: PathBuf,
    /// Does not ask back.
    #[arg(long)]
    pub(crate) yes: bool,
}

impl Common {
    pub(crate) fn profile_name(&self) -> Result<ProfileName, Ended> {
        ProfileName::parse(&self.profile).map_err(|error| Ended::Usage(error.to_string()))
    }

    pub(crate) fn data_dir(&self) -> Result<PathBuf, Ended> {
        let own = || dirs::data_dir().map(|folder| folder.join("latchgate"));
        self.data.clone().or_else(own).ok_or_else(|| Ended::Usage("say where profiles lie with --data DIR".to_owned()))
    }

    pub(crate) fn device_label(&self) -> String {
        let machine = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
        let label = self.device_label.clone().or_else(machine).filter(|name| !name.is_empty());
        label.unwrap_or_else(|| format!("{} machine", std::env::consts::OS))
    }
}

/// Tells whether a path stands for standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        let commands: Vec<_> = Args::command().get_subcommands().cloned().collect();
        let nested = commands.iter().flat_map(|command| command.get_subcommands().cloned());
        let plain = commands.iter().filter(|command| !command.has_subcommands()).cloned();
        for mut command in plain.chain(nested.collect::<Vec<_>>()) {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example:"), "{}", command.get_name());
        }
    }

    #[test]
    fn common_options_may_follow_the_command() {
        let args = Args::parse_from(["latchgate-headless", "proxy", "--vault", "passphrase", "--profile", "work"]);
        assert_eq!((args.common.vault, args.common.profile.as_str()), (VaultKind::Passphrase, "work"));
    }
}
