//! What a screen shows: one whole snapshot, [`AppView`], published at each change.
//!
//! The types are serialised as camelCase JSON and declared to TypeScript in `ui/src/bindings.ts`, which
//! [`bindings`] generates and a test compares. Nothing here is secret, except that the check code is only
//! shown while a pairing waits for it.

mod kept;

use std::fmt;

use latchgate_tunnel::devices::{OwnDevice, OwnDeviceState};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::kept::{BrandView, KeptView, PageLink, SiteUsage, UsageMonth};
pub use crate::failure::Failure;
use crate::limits::IDLE_MINUTES;

/// Everything that the screens show, as one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppView {
    /// Which screen is shown.
    pub screen: Screen,
    /// The paired company, absent before a pairing.
    pub profile: Option<ProfileView>,
    /// The three lights and what is wrong.
    pub status: StatusView,
    /// The catalogue, empty while locked.
    pub sites: Vec<SiteView>,
    /// How the company wants to look, absent while locked.
    pub brand: Option<BrandView>,
    /// The pages that the person kept or was on last, empty while locked.
    pub kept: KeptView,
    /// Whether this system's keychain can be used.
    pub keychain: KeychainState,
    /// What holds for this profile: what the person chose, or what the company requires where that is stricter.
    pub settings: Settings,
    /// What opens the vault.
    pub method: UnlockMethod,
    /// Whether a finger or a face opens a vault with a passphrase, too.
    pub bound: bool,
    /// What the company requires of the settings.
    pub required: RequiredView,
    /// What there is to say about a company that does not answer.
    pub away: Option<AwayView>,
    /// Why a pairing that was here is gone, until the next one.
    pub ended: Option<Failure>,
}

/// What an app with several companies shows: one of them whole, and all of them by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The company that is shown.
    pub app: AppView,
    /// Every company, in a steady order.
    pub companies: Vec<CompanyView>,
}

/// One company among several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CompanyView {
    /// The name of its profile on this device.
    pub profile: String,
    /// What it is called, empty before it said so.
    pub company: String,
    /// The gateway's host.
    pub gateway_host: String,
    /// How far it is.
    pub state: CompanyState,
    /// Whether it answers.
    pub light: Light,
    /// Whether it is the one that is shown.
    pub shown: bool,
}

/// How far a company is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CompanyState {
    /// Not paired yet.
    New,
    /// Being paired.
    Pairing,
    /// Paired, and its vault is closed.
    Locked,
    /// In use.
    Open,
}

/// The screen that the state asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Screen {
    /// Nothing is paired.
    Welcome,
    /// A pairing is under way, interrupted, or waits for its check code.
    Pairing {
        /// How far it is.
        progress: PairingProgress,
    },
    /// A profile exists and its vault is closed.
    Locked {
        /// Wrong tries since the last right one.
        failed_attempts: u32,
        /// How long the next try has to wait.
        retry_after_seconds: Option<u32>,
        /// How many tries are left before the keys are erased, where that was chosen.
        tries_left: Option<u32>,
        /// What opens the vault.
        method: UnlockMethod,
        /// Why it is closed.
        cause: LockCause,
    },
    /// The vault is being opened.
    Unlocking,
    /// The vault is open: the catalogue and the intranet.
    Portal,
}

/// How far a pairing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PairingProgress {
    /// The step that is under way, or at which it stopped.
    pub step: PairingStep,
    /// The code that both screens show, once known.
    pub check_code: Option<String>,
    /// Why it stopped.
    pub failure: Option<Failure>,
    /// Whether it can go on from where it stopped, without a new code.
    pub resumable: bool,
}

/// The steps of a pairing, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PairingStep {
    /// The code and the key store are checked; nothing was sent.
    Checking,
    /// The gateway trades the code for credentials.
    Claiming,
    /// The gateway is reached and the company awaited.
    Connecting,
    /// Keys are agreed on with the company.
    Exchanging,
    /// The person compares the check code.
    Confirming,
    /// The device is paired.
    Done,
}

/// The paired company and this device, as people know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProfileView {
    /// The company's name.
    pub company: String,
    /// The person that the company linked this device to.
    pub person: Option<String>,
    /// What this device is called.
    pub device_label: String,
    /// The gateway's host.
    pub gateway_host: String,
    /// The fingerprint of the company's key.
    pub company_fingerprint: String,
}

/// The three lights, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    /// This device's network.
    pub internet: Light,
    /// The gateway.
    pub gateway: Light,
    /// The company's connector, by the age of the last answered ping inside the sealed tunnel.
    pub company: Light,
    /// What is wrong, most urgent first.
    pub failure: Option<Failure>,
    /// When the company last answered inside the sealed tunnel, in Unix seconds; absent before the first answer
    /// since the vault was opened.
    #[ts(type = "number | null")]
    pub answered: Option<u64>,
}

/// One light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Light {
    /// Not looked at.
    Unknown,
    /// Works.
    Good,
    /// Being tried.
    Waiting,
    /// Does not work.
    Bad,
}

/// One of the person's own devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceView {
    /// Names it to `revoke_device`, `confirm_device` and `deny_device`.
    pub id: String,
    /// What it calls itself.
    pub label: String,
    /// How far it is.
    pub state: DeviceState,
    /// Whether it is this one.
    pub this: bool,
    /// When it was invited, in Unix seconds.
    #[ts(type = "number")]
    pub invited: u64,
    /// The code to compare with the new device's screen, while it waits and may be confirmed here.
    pub check_code: Option<String>,
}

/// How far one of the person's own devices is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceState {
    /// Paired, and somebody must compare its check code first.
    Unconfirmed,
    /// Paired.
    Active,
    /// Its pairing is over.
    Revoked,
    /// Its pairing is over; an order to erase itself waits for it.
    WipePending,
    /// It erased itself and proved it.
    Wiped,
    /// A newer app knows.
    Other,
}

impl From<OwnDevice> for DeviceView {
    fn from(device: OwnDevice) -> Self {
        let OwnDevice { device_id, label, state, this, invited, check_code } = device;
        let state = match state {
            OwnDeviceState::Unconfirmed => DeviceState::Unconfirmed,
            OwnDeviceState::Active => DeviceState::Active,
            OwnDeviceState::Revoked => DeviceState::Revoked,
            OwnDeviceState::WipePending => DeviceState::WipePending,
            OwnDeviceState::WipedConfirmed => DeviceState::Wiped,
            OwnDeviceState::Other => DeviceState::Other,
        };
        Self { id: device_id.to_string(), label, state, this, invited, check_code }
    }
}

/// One site of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SiteView {
    /// What people call it.
    pub name: String,
    /// Its public address.
    pub url: String,
    /// An emoji or a `data:` URL.
    pub icon: Option<String>,
    /// The heading that it stands under.
    pub group: Option<String>,
    /// Whether the company reached it when somebody last asked for it; absent before that.
    pub reachable: Option<bool>,
}

/// What a pairing code says before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CodeView {
    /// The gateway's host.
    pub gateway_host: String,
    /// The fingerprint of the company's key.
    pub company_fingerprint: String,
    /// Whether it has expired by this device's clock; the server decides.
    pub expired: bool,
    /// Whether it was printed, so that the check code must be compared.
    pub printed: bool,
}

/// Whether this system's keychain can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum KeychainState {
    /// It was written, read and deleted.
    Available,
    /// There is none.
    Absent,
    /// There is one, and it is locked.
    Locked,
    /// There is one, and it refuses this program.
    Denied,
    /// There is one, and what it returns is not what was written.
    Corrupt,
}

/// What opens the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum UnlockMethod {
    /// A passphrase that the person knows.
    Passphrase,
    /// A key that the system hands out against a finger or a face.
    Biometric,
    /// A random key that a file holds.
    FileKey,
    /// A random key that lies in the keychain.
    None,
}

/// Why a vault is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LockCause {
    /// It was not opened since the start.
    Start,
    /// The person, or the program that runs the client, closed it.
    Person,
    /// Nobody used it for the time that was chosen.
    Idle,
    /// The system's screen was locked.
    Screen,
    /// The system was about to sleep.
    Sleep,
    /// The company did not answer for longer than it allows.
    Contact,
}

/// What a company requires of what a person chooses; absent is not required.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequiredView {
    /// The longest time without use, in minutes.
    pub lock_after_minutes: Option<u32>,
    /// The most wrong passphrases before the keys are erased.
    pub erase_after_tries: Option<u32>,
}

/// A company that has not answered for long, by its own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AwayView {
    /// Whole days since its last answer.
    pub days: u32,
    /// Whether pages wait for its next one.
    pub waiting: bool,
    /// In how many whole days this device erases itself, where that is near.
    pub erases_in_days: Option<u32>,
}

/// What a person chooses for a profile. It lies beside the vault in the clear, and changes only while the vault
/// is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Locks after this many minutes without use; `None` never does.
    pub lock_after_minutes: Option<u32>,
    /// Locks when the system's screen is locked.
    pub lock_with_screen: bool,
    /// Erases the keys after this many wrong passphrases in a row; `None` only lets them wait longer.
    pub erase_after_tries: Option<u32>,
    /// Allows backups: files that are this device to whoever has them and their passphrase.
    pub backups: bool,
    /// Keeps the logins of pages over a lock, sealed under the keys of the vault.
    pub keep_logins: bool,
    /// Remembers the pages that were opened last.
    pub keep_recent: bool,
    /// Moves less: sites are asked for less, and the company is asked less often.
    pub low_data: bool,
    /// How large pages are shown that the person has not made larger or smaller, in percent.
    pub text_size: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lock_after_minutes: Some(IDLE_MINUTES),
            lock_with_screen: true,
            erase_after_tries: None,
            backups: false,
            keep_logins: false,
            keep_recent: true,
            low_data: false,
            text_size: 100,
        }
    }
}

impl fmt::Display for PairingStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checking => "checking the code",
            Self::Claiming => "trading the code for credentials",
            Self::Connecting => "connecting to the company",
            Self::Exchanging => "agreeing on keys",
            Self::Confirming => "comparing the check code",
            Self::Done => "paired",
        })
    }
}

/// Returns the TypeScript declarations of every type of this module, as one file.
#[must_use]
pub fn bindings() -> String {
    let config = ts_rs::Config::new();
    let mut text =
        String::from("// Generated from crates/client/src/view.rs by `cargo test -p latchgate-client`. Do not edit.\n");
    let mut declare = |docs: Option<String>, declaration: String| {
        text.push('\n');
        text.push_str(&docs.unwrap_or_default());
        text.push_str("export ");
        text.push_str(&declaration);
        text.push('\n');
    };
    macro_rules! declare_each {
        ($($name:ident),* $(,)?) => { $( declare($name::docs(), $name::decl(&config)); )* };
    }
    declare_each!(
        AppView,
        Snapshot,
        CompanyView,
        CompanyState,
        Screen,
        PairingProgress,
        PairingStep,
        Failure,
        ProfileView,
        StatusView,
        Light,
        SiteView,
        BrandView,
        KeptView,
        PageLink,
        UsageMonth,
        SiteUsage,
        DeviceView,
        DeviceState,
        CodeView,
        KeychainState,
        UnlockMethod,
        LockCause,
        Settings,
        RequiredView,
        AwayView,
    );
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Set `UPDATE_BINDINGS=1` to write the file.
    #[test]
    fn the_bindings_of_the_ui_are_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/bindings.ts");
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, bindings()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, bindings(), "run UPDATE_BINDINGS=1 cargo test -p latchgate-client bindings");
    }

    #[test]
    fn json_is_tagged_by_kind_and_written_in_camel_case() {
        let screen = Screen::Locked {
            failed_attempts: 2,
            retry_after_seconds: None,
            tries_left: None,
            method: UnlockMethod::Passphrase,
            cause: LockCause::Start,
        };
        let json = serde_json::to_string(&screen).unwrap();
        assert_eq!(
            json,
            r#"{"kind":"locked","failedAttempts":2,"retryAfterSeconds":null,"triesLeft":null,"method":"passphrase","cause":"start"}"#
        );
    }
}
