//! What may be written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, Parser, Subcommand};

use crate::limits::DEFAULT_CODE_LIFETIME;

/// Latchgate connector: lets invited devices use the company's web applications from outside.
#[derive(Debug, Parser)]
#[command(name = "latchgate-connector", version, propagate_version = true)]
#[command(after_help = "Example: latchgate-connector serve --config connector.toml")]
pub(super) struct Args {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = "connector.toml")]
    pub(super) config: PathBuf,
    /// Prints results as one JSON document.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Allows http:// to any gateway: tests, or a TLS terminator in front.
    #[arg(long, global = true)]
    pub(super) allow_plain_http: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Connects to the gateway and serves devices until it is stopped.
    #[command(after_help = "Prints `CONNECTED <gateway>` each time it is connected. Logs go to standard error\n\
                            (RUST_LOG, default info).\n\n\
                            Example: latchgate-connector serve --config /etc/latchgate/connector.toml")]
    Serve,
    /// Registers at a gateway, makes the keys and writes a commented configuration.
    Init(InitArgs),
    /// Manages people.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Manages who is in which group.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Shows and tests the declared sites.
    #[command(subcommand)]
    Site(SiteCommand),
    /// Invites and manages devices.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Shows and verifies the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Shows what each device did on each site and day.
    #[command(after_help = "Example: latchgate-connector usage --csv > usage.csv")]
    Usage(UsageArgs),
}

#[derive(Debug, Arguments)]
#[command(after_help = "Example: latchgate-connector init --gateway https://gateway.example.com \
                        --token-file token.txt --name \"Example Ltd\"")]
pub(super) struct InitArgs {
    /// The gateway's address.
    #[arg(long, value_name = "URL")]
    pub(super) gateway: String,
    /// A file with the registration token, `-` for standard input; where the gateway wants one.
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Where the store and the keys go [default: the configuration's, or `connector-data` beside it].
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// What devices call the company.
    #[arg(long, value_name = "COMPANY")]
    pub(super) name: Option<String>,
    /// A PEM file with the only authorities that count for the gateway's certificate.
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PersonCommand {
    /// Adds a person. The login is what sites see.
    #[command(
        after_help = "Example: latchgate-connector person add maria --name \"Maria Jensen\" --group staff --group sales"
    )]
    Add {
        /// a-z, 0-9, `.`, `_`, `@`, `-`
        login: String,
        /// What people call the person [default: the login].
        #[arg(long)]
        name: Option<String>,
        /// A group that the person is in; may be repeated.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// Lists people.
    #[command(after_help = "Example: latchgate-connector person list --json")]
    List,
    /// Shows a person, the person's devices and sites.
    #[command(after_help = "Example: latchgate-connector person show maria")]
    Show {
        /// The login.
        login: String,
    },
    /// Refuses every request of a person from the next one on; pairings stay.
    #[command(after_help = "Example: latchgate-connector person suspend maria")]
    Suspend {
        /// The login.
        login: String,
    },
    /// Ends a suspension.
    #[command(after_help = "Example: latchgate-connector person resume maria")]
    Resume {
        /// The login.
        login: String,
    },
    /// Removes a person and revokes all the person's devices.
    #[command(after_help = "Example: latchgate-connector person remove maria")]
    Remove {
        /// The login.
        login: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// Puts people into a group.
    #[command(after_help = "Example: latchgate-connector group add staff maria ada")]
    Add {
        /// The group.
        group: String,
        /// Logins.
        #[arg(required = true)]
        logins: Vec<String>,
    },
    /// Takes people out of a group.
    #[command(after_help = "Example: latchgate-connector group remove staff maria")]
    Remove {
        /// The group.
        group: String,
        /// Logins.
        #[arg(required = true)]
        logins: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SiteCommand {
    /// Lists the declared sites.
    #[command(after_help = "Example: latchgate-connector site list")]
    List,
    /// Connects to a site's upstream, TLS included; without a name to all.
    #[command(after_help = "Example: latchgate-connector site test Wiki")]
    Test {
        /// The site's name.
        name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Makes a code that pairs one device of a person.
    Invite(InviteArgs),
    /// Lists devices with their check codes.
    #[command(after_help = "Example: latchgate-connector device list --person maria")]
    List {
        /// Only the devices of this person.
        #[arg(long, value_name = "LOGIN")]
        person: Option<String>,
    },
    /// Confirms that the check code on the device's screen is the one that `device list` shows.
    #[command(after_help = "Example: latchgate-connector device approve 3f9a --code \"123 456\"")]
    Approve {
        /// The device's id, or how it begins.
        device: String,
        /// What the device's screen shows; a wrong one is refused.
        #[arg(long)]
        code: Option<String>,
    },
    /// Has a device replace its key as soon as it is connected; its open pages go on.
    #[command(after_help = "Example: latchgate-connector device rotate 3f9a")]
    Rotate {
        /// The device's id, or how it begins.
        device: String,
    },
    /// The check code differs, or nobody knows the device: revokes it and makes its code void.
    #[command(after_help = "Example: latchgate-connector device deny 3f9a")]
    Deny {
        /// The device's id, or how it begins.
        device: String,
    },
    /// Revokes a device and orders it to erase itself, now or when it is next online; `device list` shows its answer.
    #[command(after_help = "Example: latchgate-connector device wipe 3f9a")]
    Wipe {
        /// The device's id, or how it begins.
        device: String,
    },
    /// Erases a device's keys here and has the gateway cut it off.
    #[command(after_help = "Example: latchgate-connector device revoke 3f9a")]
    Revoke {
        /// The device's id, or how it begins.
        device: String,
    },
}

#[derive(Debug, Arguments)]
#[command(after_help = "Example: latchgate-connector device invite maria --terminal\n\
                        Example: latchgate-connector device invite maria --page\n\
                        Example: latchgate-connector device invite maria --png maria.png --expires 8h")]
pub(super) struct InviteArgs {
    /// The login of the person whose device it will be.
    pub(super) person: String,
    /// Writes a picture; the file is a secret until it is used.
    #[arg(long, value_name = "FILE")]
    pub(super) png: Option<PathBuf>,
    /// Writes a scalable picture; the file is a secret until it is used.
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
    /// Draws the code in the terminal (the default where there is one).
    #[arg(long)]
    pub(super) terminal: bool,
    /// Prints the address of a page on this machine that shows the code, renews it, and says when the device is there.
    /// Needs a running `serve` with `[local]`.
    #[arg(long, conflicts_with_all = ["png", "svg", "terminal", "text", "wait", "printed"])]
    pub(super) page: bool,
    /// Stays until the device is paired and says how far it is; in a terminal that is the default.
    #[arg(long)]
    pub(super) wait: bool,
    /// Prints the code as text, for pasting or for `latchgate-headless pair`.
    #[arg(long)]
    pub(super) text: bool,
    /// How long the code may be used, at most 24h. Above 10m it counts as printed: the check code must then be
    /// confirmed with `device approve`.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value_t = Lifetime(DEFAULT_CODE_LIFETIME))]
    pub(super) expires: Lifetime,
    /// Counts the code as printed, whatever its life.
    #[arg(long)]
    pub(super) printed: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Shows the last lines.
    #[command(after_help = "Example: latchgate-connector audit show --last 20")]
    Show {
        /// How many lines.
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        last: usize,
    },
    /// Checks that nothing was changed or removed.
    #[command(after_help = "Example: latchgate-connector audit verify")]
    Verify,
}

#[derive(Debug, Arguments)]
pub(super) struct UsageArgs {
    /// Prints comma-separated values with a headline.
    #[arg(long)]
    pub(super) csv: bool,
}

/// A span of time such as `90s`, `10m`, `8h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime(pub(super) Duration);

impl std::fmt::Display for Lifetime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_secs() {
            seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

fn parse_duration(text: &str) -> Result<Lifetime, String> {
    let expected = || "expected a number and a unit, such as 90s, 10m or 8h".to_owned();
    let unit = text.chars().last().ok_or_else(expected)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(expected()),
    };
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(expected)?;
    Ok(Lifetime(Duration::from_secs(number.saturating_mul(factor))))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        let mut command = Args::command();
        command.clone().debug_assert();
        command.build();
        let mut pending: Vec<_> = command.get_subcommands().cloned().collect();
        while let Some(command) = pending.pop() {
            if command.get_name() == "help" {
                continue;
            }
            if command.has_subcommands() {
                pending.extend(command.get_subcommands().cloned());
            } else {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example: latchgate-connector"), "{} has no example", command.get_name());
            }
        }
    }

    #[test]
    fn spans_of_time_are_read_and_written() {
        for text in ["90s", "10m", "8h"] {
            assert_eq!(parse_duration(text).unwrap().to_string(), text);
        }
        for text in ["", "10", "m", "-1m", "1d", "é"] {
            assert!(parse_duration(text).is_err(), "{text} was taken");
        }
    }
}
