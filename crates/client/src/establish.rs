//! From whatever the vault holds to an open stream: the device's side of pairing and of every session.
//!
//! | the vault holds | step | sends | then durable |
//! |---|---|---|---|
//! | `Claiming` | 1 | the claim | `Claimed` |
//! | `Claimed` | 3 | CONNECT, P1 | `Pending` |
//! | `Pending` | 5 | S1 | `Active`, the code erased |
//! | `Active` | 7 | S1 where no session is open yet, FIN | – |
//! | `Active` with a next key | 5 | S1 under the next key | `Active` under it, the key before erased |
//!
//! [`Establisher::rotate`] takes the last line's first half: it agrees on the next key over an open session.
//!
//! Each call goes on from what is durable, so a crash, a lost message and a first start are one case. Two
//! answers lead back, and neither erases anything: credentials that are refused before the first connection
//! ask for the claim again (with the same `claim_id`), and a key that the connector does not know is agreed
//! on again while the code is there, or left for the key in use.

use std::sync::Arc;

use getrandom::SysRng;
use latchgate_link::control::{Control, Controls};
use latchgate_link::device::DeviceAccount;
use latchgate_link::limits::HANDSHAKE_TIMEOUT;
use latchgate_link::rest::RestError;
use latchgate_link::{LinkError, Refusal};
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::problem::code::{CODE_GONE, CODE_USED};
use latchgate_protocol::rest::ClaimDevice;
use latchgate_protocol::{GatewayOrigin, ResumeTicket};
use latchgate_tunnel::pairing::InitiatorParams;
use latchgate_tunnel::rotation::{KeyInUse, RotationError, RotationInitiator};
use latchgate_tunnel::session::SessionParams;
use latchgate_tunnel::wipe::WipeKey;
use latchgate_tunnel::{PairingCode, StaticPrivateKey, StaticPublicKey};
use rand_core::UnwrapErr;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{debug, info};
use zeroize::Zeroizing;

use crate::code;
use crate::contact::{Contact, is_worth_keeping};
use crate::failure::{Failure, Fault};
use crate::farewell;
use crate::limits::PRESENCE_TIMEOUT;
use crate::network::{Confirm, Link, Network, Opened};
use crate::vault::contents::{Account, Active, Claimed, Claiming, Contents, Pending, SessionKey};
use crate::vault::{Vault, VaultError};
use crate::view::PairingStep;

/// Why no stream was opened. What is durable stays as it is, and the next call goes on from it.
#[derive(Debug, Error)]
pub(crate) enum EstablishError {
    /// The claim failed.
    #[error("could not claim the pairing code")]
    Claim {
        /// What the gateway said.
        #[source]
        source: RestError,
        /// What it means, given this device's clock.
        fault: Fault,
    },
    /// The connection or a handshake failed.
    #[error("could not open a session")]
    Link(#[from] LinkError),
    /// The connector is not connected to the gateway.
    #[error("the connector did not appear")]
    ConnectorOffline,
    /// A step could not be made durable, so the next message was not sent.
    #[error("could not write the vault")]
    Vault(#[from] VaultError),
    /// The next key was not agreed on; the one in use stays.
    #[error("could not agree on the next key")]
    Rotation(#[source] RotationError),
    /// The stored code cannot be read by this version.
    #[error("the stored pairing code cannot be read")]
    Code(Failure),
}

impl EstablishError {
    /// Returns what people read.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Claim { fault, .. } => fault.failure(),
            Self::Link(error) => Fault::from(error).failure(),
            Self::ConnectorOffline => Fault::ConnectorOffline.failure(),
            Self::Rotation(_) => Fault::GatewayIncompatible.failure(),
            Self::Vault(error) => error.into(),
            Self::Code(failure) => failure.clone(),
        }
    }

    /// Tells whether the same step can succeed later without the person doing anything about the code.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Claim { source, .. } => !matches!(source.problem_code(), Some(CODE_USED | CODE_GONE)),
            Self::Link(error) => !matches!(error, LinkError::Pairing(_)),
            Self::ConnectorOffline | Self::Vault(_) | Self::Rotation(_) => true,
            Self::Code(_) => false,
        }
    }

    /// Tells whether the connector hinted that the code is of no use any more. Anybody between can hint so, and
    /// nothing is erased for it: it is tried again for a while, and a person who has another code may use that.
    pub(crate) fn asks_for_a_new_code(&self) -> bool {
        matches!(self, Self::Link(LinkError::CodeUnknown))
    }

    /// Tells whether the gateway refuses the device, so that trying fast is no use.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Link(LinkError::Refused(Refusal::BadCredentials | Refusal::NotAuthorized)))
    }
}

/// An open stream and the connection that it runs on.
pub(crate) struct Established {
    /// To the connector; HTTP/2 runs on it.
    pub(crate) opened: Opened,
    /// For the next session.
    pub(crate) link: Box<dyn Link>,
}

/// Opens streams for one open vault.
pub(crate) struct Establisher {
    pub(crate) network: Arc<dyn Network>,
    pub(crate) vault: Arc<Mutex<Vault>>,
    pub(crate) plain_http: PlainHttp,
    pub(crate) ticket: Option<ResumeTicket>,
}

impl Establisher {
    /// Goes through the steps that are left. `reached` is told each step before it is begun.
    pub(crate) async fn establish(
        &mut self,
        reached: &(dyn Fn(PairingStep) + Sync),
    ) -> Result<Established, EstablishError> {
        let mut link = None;
        let mut went_back = false;
        loop {
            let contents = self.vault.lock().await.contents().clone();
            match contents {
                Contents::Claiming(claiming) => {
                    reached(PairingStep::Claiming);
                    self.claim(claiming).await?;
                }
                Contents::Claimed(claimed) => {
                    reached(PairingStep::Connecting);
                    let code = self.read_code(&claimed.claiming)?;
                    match self.link(&mut link, &code.gateway, &claimed.account).await {
                        Err(EstablishError::Link(LinkError::Refused(Refusal::BadCredentials))) if !went_back => {
                            went_back = true;
                            debug!("the credentials are not known; the claim is repeated");
                            self.claim(claimed.claiming).await?;
                        }
                        Err(error) => return Err(error),
                        Ok(link) => self.pair(link, &code, claimed, reached).await?,
                    }
                }
                Contents::Pending(pending) => {
                    reached(PairingStep::Connecting);
                    let code = self.read_code(&pending.claimed.claiming)?;
                    let open = self.link(&mut link, &code.gateway, &pending.claimed.account).await?;
                    reached(PairingStep::Exchanging);
                    match start_session(open, &SessionSide::of_pending(&pending, &code)).await {
                        Err(LinkError::KeyUnknown) if !went_back => {
                            went_back = true;
                            debug!("the connector does not know the key; pairing is repeated");
                            self.put(Contents::Claimed(pending.claimed)).await?;
                        }
                        Err(error) => return Err(error.into()),
                        Ok(confirm) => {
                            let mut active =
                                pending.active(code.gateway.clone(), code.connector_key, code.flags.printed);
                            active.ticket.clone_from(&self.ticket);
                            self.put(Contents::Active(active)).await?;
                            return finish(confirm, link).await;
                        }
                    }
                }
                Contents::Active(active) => {
                    reached(PairingStep::Connecting);
                    if self.ticket.is_none() {
                        self.ticket.clone_from(&active.ticket);
                    }
                    let open = self.link(&mut link, &active.gateway, &active.account).await?;
                    let confirm = self.start_active(open, active).await?;
                    let established = finish(confirm, link).await?;
                    if let Some(ticket) = established.link.ticket() {
                        self.keep_ticket(ticket).await;
                    }
                    return Ok(established);
                }
            }
        }
    }

    /// Looks whether the company left an order for this device, which the gateway does not let in.
    pub(crate) async fn find_order(&self) -> Option<WipeKey> {
        let Contents::Active(active) = self.vault.lock().await.contents().clone() else { return None };
        farewell::find_order(&*self.network, &active).await
    }

    /// Returns the key under which the company expects an answer.
    pub(crate) async fn wipe_key(&self) -> Option<WipeKey> {
        let vault = self.vault.lock().await;
        if let Contents::Active(active) = vault.contents() { Some(farewell::wipe_key(active)) } else { None }
    }

    /// Keeps when the company answered, where that says something new. Returns whether it does.
    pub(crate) async fn note_contact(&self, heard: Option<Contact>) -> Result<bool, EstablishError> {
        let mut vault = self.vault.lock().await;
        let Contents::Active(active) = vault.contents() else { return Ok(false) };
        if !is_worth_keeping(active.contact.as_ref(), heard.as_ref()) {
            return Ok(false);
        }
        let noted = Active { contact: heard, ..active.clone() };
        vault.put(Contents::Active(noted)).await?;
        Ok(true)
    }

    /// Opens a further session on a connection that has one.
    pub(crate) async fn replace(&self, link: &dyn Link) -> Result<Opened, EstablishError> {
        let active = self.active().await?;
        let confirm = self.start_active(link, active).await?;
        Ok(confirm().await?)
    }

    /// Agrees with the connector on the next key, over the session that `controls` belong to, and opens a further
    /// session under it.
    pub(crate) async fn rotate(&self, link: &dyn Link, controls: &mut Controls) -> Result<Opened, EstablishError> {
        let active = self.active().await?;
        let in_use =
            KeyInUse { device_secret_key: active.key.device_secret_key.clone(), generation: active.key.generation() };
        let device_id = active.account.device_id;
        let hash = controls.handshake_hash();
        let (offer, initiator) = RotationInitiator::start(device_id, &in_use, hash, &mut UnwrapErr(SysRng))
            .map_err(|exhausted| EstablishError::Rotation(exhausted.into()))?;
        if !controls.send(Control::Rotate(offer)).await {
            return Err(LinkError::ConnectorAbsent.into());
        }
        let ack = timeout(HANDSHAKE_TIMEOUT, await_ack(controls)).await;
        let ack = ack.map_err(|_| LinkError::Timeout("waiting for the next key"))??;
        let rotated = initiator.finish(&ack).map_err(EstablishError::Rotation)?;
        let generation = rotated.generation.0;
        self.change_active(|active| active.agreed(rotated)).await?;
        let opened = self.replace(link).await?;
        info!(generation, "the key was replaced");
        Ok(opened)
    }

    /// Changes what the vault holds by now: the person may have confirmed the check code while the connector answered.
    async fn change_active(&self, change: impl FnOnce(Active) -> Active) -> Result<(), EstablishError> {
        let mut vault = self.vault.lock().await;
        let Contents::Active(active) = vault.contents() else { return Err(LinkError::KeyUnknown.into()) };
        let changed = change(active.clone());
        Ok(vault.put(Contents::Active(changed)).await?)
    }

    async fn active(&self) -> Result<Active, EstablishError> {
        match self.vault.lock().await.contents() {
            Contents::Active(active) => Ok(active.clone()),
            Contents::Claiming(_) | Contents::Claimed(_) | Contents::Pending(_) => Err(LinkError::KeyUnknown.into()),
        }
    }

    /// Opens a session under the next key where there is one, else under the one in use.
    async fn start_active(&self, link: &dyn Link, active: Active) -> Result<Confirm, EstablishError> {
        if let Some(next) = active.next.clone() {
            match start_session(link, &SessionSide { key: &next, ..SessionSide::of_active(&active) }).await {
                Err(LinkError::KeyUnknown) => debug!("the connector does not know the next key"),
                Err(error) => return Err(error.into()),
                Ok(confirm) => {
                    self.change_active(|active| active.replaced(next)).await?;
                    return Ok(confirm);
                }
            }
        }
        Ok(start_session(link, &SessionSide::of_active(&active)).await?)
    }

    /// A claim makes a new password, and tickets of an earlier one void.
    async fn claim(&mut self, claiming: Claiming) -> Result<(), EstablishError> {
        let code = self.read_code(&claiming)?;
        let request =
            ClaimDevice { device_setup_key: code.device_setup_key.clone(), claim_id: claiming.claim_id.clone() };
        let answer = self.network.claim(&code.gateway, request).await.map_err(|source| {
            let gone = source.problem_code() == Some(CODE_GONE);
            let fault = if gone { code::describe_gone(&code) } else { Fault::from(&source) };
            EstablishError::Claim { source, fault }
        })?;
        info!(device_id = %answer.device_id, "the gateway issued credentials");
        self.ticket = None;
        self.put(Contents::Claimed(claiming.claimed(answer))).await
    }

    async fn pair(
        &self,
        link: &dyn Link,
        code: &PairingCode,
        claimed: Claimed,
        reached: &(dyn Fn(PairingStep) + Sync),
    ) -> Result<(), EstablishError> {
        reached(PairingStep::Exchanging);
        let paired = link
            .pair(InitiatorParams {
                device_id: claimed.account.device_id,
                setup_secret: &code.device_setup_secret_key,
                connector_key: code.connector_key,
                static_key: &claimed.claiming.static_key,
                device_label: &claimed.claiming.device_label,
            })
            .await?;
        self.put(Contents::Pending(claimed.pending(paired))).await
    }

    /// Returns the connection with the connector at its far end; opens one at the first call.
    async fn link<'l>(
        &mut self,
        slot: &'l mut Option<Box<dyn Link>>,
        gateway: &GatewayOrigin,
        account: &Account,
    ) -> Result<&'l dyn Link, EstablishError> {
        let link = match slot.take() {
            Some(link) => link,
            None => self.connect(gateway, account).await?,
        };
        let link = slot.insert(link);
        timeout(PRESENCE_TIMEOUT, link.connector_present()).await.map_err(|_| EstablishError::ConnectorOffline)??;
        Ok(&**link)
    }

    async fn connect(&mut self, gateway: &GatewayOrigin, account: &Account) -> Result<Box<dyn Link>, LinkError> {
        let account = DeviceAccount {
            instance_id: account.instance_id,
            device_id: account.device_id,
            device_password: account.device_password.clone(),
            ticket: self.ticket.clone(),
        };
        let link = self.network.connect(gateway, account).await?;
        if let Some(ticket) = link.ticket() {
            self.ticket = Some(ticket);
        }
        Ok(link)
    }

    fn read_code(&self, claiming: &Claiming) -> Result<PairingCode, EstablishError> {
        code::read(&claiming.code, self.plain_http).map_err(EstablishError::Code)
    }

    /// Writes down the ticket that a login by password gave, for the next start. A vault that cannot be written
    /// keeps nobody from working.
    async fn keep_ticket(&self, ticket: ResumeTicket) {
        let mut vault = self.vault.lock().await;
        let Contents::Active(active) = vault.contents() else { return };
        let active = Active { ticket: Some(ticket), ..active.clone() };
        if let Err(error) = vault.put(Contents::Active(active)).await {
            debug!(%error, "the ticket was not written down");
        }
    }

    async fn put(&self, contents: Contents) -> Result<(), EstablishError> {
        Ok(self.vault.lock().await.put(contents).await?)
    }
}

/// What a session handshake needs of the vault.
struct SessionSide<'a> {
    account: &'a Account,
    key: &'a SessionKey,
    static_key: &'a StaticPrivateKey,
    connector_key: StaticPublicKey,
}

impl<'a> SessionSide<'a> {
    fn of_pending(pending: &'a Pending, code: &PairingCode) -> Self {
        let Claimed { claiming, account } = &pending.claimed;
        Self { account, key: &pending.key, static_key: &claiming.static_key, connector_key: code.connector_key }
    }

    fn of_active(active: &'a Active) -> Self {
        let Active { account, key, static_key, connector_key, .. } = active;
        Self { account, key, static_key, connector_key: *connector_key }
    }
}

async fn start_session(link: &dyn Link, side: &SessionSide<'_>) -> Result<Confirm, LinkError> {
    let device_id = side.account.device_id;
    link.open_session(SessionParams {
        device_id,
        generation: side.key.generation(),
        key_id: side.key.key_id(device_id),
        device_secret_key: &side.key.device_secret_key,
        static_key: side.static_key,
        peer_key: side.connector_key,
    })
    .await
}

async fn finish(confirm: Confirm, link: Option<Box<dyn Link>>) -> Result<Established, EstablishError> {
    let link = link.ok_or(EstablishError::ConnectorOffline)?;
    Ok(Established { opened: confirm().await?, link })
}

async fn await_ack(controls: &mut Controls) -> Result<Zeroizing<Vec<u8>>, LinkError> {
    loop {
        match controls.receive().await {
            Some(Control::RotateAck(ack)) => return Ok(ack),
            // It asks for what is under way.
            Some(Control::Rotate(_)) => {}
            None => return Err(LinkError::ConnectorAbsent),
        }
    }
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
pub(crate) mod tests;
