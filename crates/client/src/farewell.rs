//! The end of a pairing that the company ended, over crashes: a file says what is left to do.
//!
//! 1. The company's word arrives: sealed in a session, or as a sealed order that waits at the gateway and opens
//!    under a key of this device. Nothing else comes this far.
//! 2. [`Farewell`] is written beside the description, before anything is erased: from here on the erasure is
//!    finished whatever happens, also by the next start, which needs no passphrase for it.
//! 3. Web data, vault and description are erased.
//! 4. Where the company asked for an answer, it is delivered, again and again, and the file is deleted.
//!
//! The file holds the password by which the gateway knows the device. It opens nothing any more but the order and
//! its answer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use latchgate_link::backoff::Backoff;
use latchgate_link::rest::LeavingAccount;
use latchgate_protocol::rest::ConfirmWipe;
use latchgate_protocol::{DeviceId, DevicePassword, GatewayOrigin, secret};
use latchgate_tunnel::wipe::{WipeKey, open_order};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::failure::Fault;
use crate::limits::{ANSWER_ATTEMPTS, ANSWER_PAUSE};
use crate::network::Network;
use crate::profile::Place;
use crate::vault::contents::Active;
use crate::vault::write_atomically;

const FILE: &str = "farewell.json";
const ENDED: &str = "ended";

/// How the company ended the pairing.
pub(crate) enum Goodbye {
    /// It said so in a session.
    Revoked,
    /// It wants an answer under this key.
    Wipe(WipeKey),
}

/// What is left to do.
#[derive(Serialize, Deserialize)]
pub(crate) struct Farewell {
    /// Where the vault lies.
    pub(crate) place: Place,
    /// Why the pairing ended.
    #[serde(default)]
    reason: Reason,
    /// To whom the answer goes, where one is wanted.
    answer: Option<Answer>,
}

/// Why the pairing ended.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// The company said so.
    #[default]
    Removed,
    /// It did not answer for as long as it allows.
    WithoutContact,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    gateway: GatewayOrigin,
    device_id: DeviceId,
    #[serde(with = "secret::text")]
    device_password: DevicePassword,
    confirmation: ConfirmWipe,
}

/// Looks whether an order of the company waits for a device that the gateway does not let in. The gateway's own
/// word, or an order that does not open, is none.
pub(crate) async fn find_order(network: &dyn Network, active: &Active) -> Option<WipeKey> {
    let account = leaving(active);
    let order = match network.wipe_order(&active.gateway, &account).await {
        Ok(order) => order?.order,
        Err(error) => {
            info!(%error, "no order could be fetched");
            return None;
        }
    };
    let keys = active.keys();
    match open_order(order.as_bytes(), account.device_id, keys) {
        Ok(key) => Some(key),
        Err(error) => {
            warn!(%error, "what the gateway keeps for this device is not the company's");
            None
        }
    }
}

/// Returns the key that the company's order would be under.
pub(crate) fn wipe_key(active: &Active) -> WipeKey {
    WipeKey::derive(&active.key.device_secret_key, active.account.device_id, active.key.generation())
}

fn leaving(active: &Active) -> LeavingAccount {
    let account = &active.account;
    LeavingAccount { device_id: account.device_id, device_password: account.device_password.clone() }
}

impl Farewell {
    /// Says what is left to do after the company's word.
    pub(crate) fn new(place: Place, active: Option<&Active>, goodbye: &Goodbye) -> Self {
        let answer = match (goodbye, active) {
            (Goodbye::Wipe(key), Some(active)) => {
                let confirmation = latchgate_protocol::SealedBlob::new(key.confirmation());
                confirmation.map(|confirmation| Answer {
                    gateway: active.gateway.clone(),
                    device_id: active.account.device_id,
                    device_password: active.account.device_password.clone(),
                    confirmation: ConfirmWipe { confirmation },
                })
            }
            (Goodbye::Wipe(_) | Goodbye::Revoked, _) => None,
        };
        Self { place, reason: Reason::Removed, answer }
    }

    /// Says what is left to do where the company did not answer for as long as it allows.
    pub(crate) const fn without_contact(place: Place) -> Self {
        Self { place, reason: Reason::WithoutContact, answer: None }
    }

    /// Returns why the pairing ended.
    pub(crate) const fn fault(&self) -> Fault {
        match self.reason {
            Reason::Removed => Fault::Removed,
            Reason::WithoutContact => Fault::ErasedWithoutContact,
        }
    }

    /// Reads what an earlier start left to do. A damaged file says only that there is something.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let bytes = fs::read(file(folder)).ok()?;
        serde_json::from_slice(&bytes).inspect_err(|error| warn!(%error, "the farewell cannot be read")).ok()
    }

    /// Makes it durable.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        write_atomically(&file(folder), &text)
    }

    /// Delivers the answer where one is wanted, with patience. Returns whether nothing is left to do.
    pub(crate) async fn deliver(&self, network: &dyn Network) -> bool {
        let Some(answer) = &self.answer else { return true };
        let account = LeavingAccount { device_id: answer.device_id, device_password: answer.device_password.clone() };
        let mut backoff = Backoff::default();
        for _ in 0..ANSWER_ATTEMPTS {
            match network.confirm_wipe(&answer.gateway, &account, &answer.confirmation).await {
                Ok(true) => {
                    info!("the company was told that this device erased itself");
                    return true;
                }
                Ok(false) => info!("the gateway does not expect an answer, or not yet"),
                Err(error) => warn!(%error, "the answer was not delivered"),
            }
            tokio::time::sleep(backoff.next_delay().min(ANSWER_PAUSE)).await;
        }
        false
    }

    /// Forgets it: nothing is left to do.
    pub(crate) fn delete(folder: &Path) -> io::Result<()> {
        remove(&file(folder))
    }
}

/// Keeps why there is no pairing any more, for a person who looks at this device later.
pub(crate) fn note_end(folder: &Path, fault: Fault) -> io::Result<()> {
    write_atomically(&folder.join(ENDED), fault.code().as_bytes())
}

/// Reads why there is no pairing any more.
pub(crate) fn read_end(folder: &Path) -> Option<Fault> {
    let code = fs::read(folder.join(ENDED)).ok()?;
    Fault::ALL.iter().copied().find(|fault| fault.code().as_bytes() == code)
}

/// Forgets it: there is a pairing again.
pub(crate) fn forget_end(folder: &Path) -> io::Result<()> {
    remove(&folder.join(ENDED))
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}
