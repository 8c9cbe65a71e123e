//! The connector's own pairing page, for the person who sits before it.
//!
//! 1. `device invite PERSON --page` writes the hash of a token and prints an address with the token in its fragment,
//!    which no request, log or referrer carries.
//! 2. The page trades the token for a session, once: the address in a history is worth nothing. The session is a
//!    secret in a header, so that no other page can use it, whatever the browser sends along by itself.
//! 3. The page asks for the state each second: waiting, scanned, paired. A code that nobody used is renewed while
//!    the page is open; one that was renewed is void.
//! 4. Where the policy has the person confirm, the page shows the check code: the one who sees this page compares it
//!    with the screen of the device. A denial revokes the device. Where somebody else tried the code as well, the
//!    page says so and lets the person deny whatever the policy is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use getrandom::SysRng;
use latchgate_link::rest::Rest;
use latchgate_protocol::limits::SCREEN_CODE_LIFETIME;
use latchgate_protocol::{DeviceId, GatewayOrigin};
use rand_core::TryRng as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::audit::Event;
use crate::config::Confirm;
use crate::invite::{Invitation, InvitationRequest, invite};
use crate::limits::{CODE_RENEWED_BEFORE, PAGE_IDLE, PAGES};
use crate::qr::Picture;
use crate::session::Shared;
use crate::store::{DeviceRow, DeviceState, StoreError};
use crate::time::UnixSeconds;

/// The page itself; `{{nonce}}` stands where its style and script are allowed.
const PAGE: &str = include_str!("page/page.html");

/// The secret of one open page, or the token that opens it: 32 random bytes in hex.
pub(crate) type Secret = Zeroizing<String>;

/// All open pages.
pub(crate) struct Pages {
    shared: Arc<Shared>,
    rest: Rest,
    gateway: GatewayOrigin,
    open: Mutex<HashMap<[u8; 32], Page>>,
    /// Held while a code is made: a page in two tabs shows one code.
    renewing: AsyncMutex<()>,
}

/// One open page.
#[derive(Clone)]
struct Page {
    login: String,
    device_id: Option<DeviceId>,
    /// The code as a picture, while it may be used.
    picture: Arc<Zeroizing<String>>,
    expires: UnixSeconds,
    seen: Instant,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PageView {
    pub(crate) state: PageState,
    company: String,
    person: String,
    fingerprint: String,
    device: String,
    label: String,
    seconds: u64,
    /// Whether somebody else tried the code.
    pub(crate) contested: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    picture: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) check_code: Option<String>,
}

/// How far the device is, as the person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PageState {
    /// The code waits to be scanned.
    Waiting,
    /// A device answered.
    Scanned,
    /// The person compares the check code.
    Confirm,
    /// An administrator does.
    Administrator,
    Paired,
    /// Turned away, or revoked meanwhile.
    Denied,
}

/// Why a page is not served.
#[derive(Debug, Error)]
pub(crate) enum PageError {
    #[error("the page is over")]
    Over,
    #[error("this page may not do that")]
    Refused,
    #[error("the code could not be made")]
    Invite,
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages(..)")
    }
}

/// Returns the page and the nonce that its style and script carry.
pub(crate) fn html() -> Option<(String, String)> {
    let nonce = make_secret()?;
    Some((PAGE.replace("{{nonce}}", &nonce), nonce.to_string()))
}

/// Makes a token or a session.
pub(crate) fn make_secret() -> Option<Secret> {
    let mut bytes = Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(&mut *bytes).ok()?;
    Some(Zeroizing::new(hex::encode(*bytes)))
}

/// Hashes a token or a session: what lies in the store and in memory.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Tells how far a device is, as the person who invited it sees it.
pub(crate) fn state_of(shared: &Shared, device: &DeviceRow) -> PageState {
    match device.state {
        DeviceState::Offered => PageState::Waiting,
        DeviceState::Pending => PageState::Scanned,
        DeviceState::Revoked => PageState::Denied,
        DeviceState::Active if device.confirmed || !shared.board.must_confirm(device) => PageState::Paired,
        DeviceState::Active if shared.board.confirm() == Confirm::Administrator => PageState::Administrator,
        DeviceState::Active => PageState::Confirm,
    }
}

impl Pages {
    pub(crate) fn new(shared: Arc<Shared>, rest: Rest, gateway: GatewayOrigin) -> Self {
        Self { shared, rest, gateway, open: Mutex::default(), renewing: AsyncMutex::default() }
    }

    /// Trades a token for a session.
    pub(crate) async fn open(&self, token: &str) -> Result<Secret, PageError> {
        self.lock().retain(|_, page| page.seen.elapsed() < PAGE_IDLE);
        if self.lock().len() >= PAGES {
            return Err(PageError::Refused);
        }
        let (store, hash_of_token) = (self.shared.store.clone(), hash(token));
        let taken = tokio::task::spawn_blocking(move || store.take_page(&hash_of_token, UnixSeconds::now())).await;
        let login = taken.map_err(|_| PageError::Over)??.ok_or(PageError::Over)?;
        let session = make_secret().ok_or(PageError::Invite)?;
        let page =
            Page { login, device_id: None, picture: Arc::default(), expires: UnixSeconds(0), seen: Instant::now() };
        self.lock().insert(hash(&session), page);
        info!("a pairing page was opened");
        Ok(session)
    }

    /// Returns what a page shows, and renews its code where that is due.
    pub(crate) async fn look(&self, session: &str) -> Result<PageView, PageError> {
        if let Some(view) = self.look_at(session).await? {
            return Ok(view);
        }
        let _one = self.renewing.lock().await;
        if let Some(view) = self.look_at(session).await? {
            return Ok(view);
        }
        let page = self.page(session)?;
        if let Some(device) = self.device(page.device_id).await? {
            // The code that was shown is void from here on.
            self.end(device.device_id, Event::DeviceLapsed, &page.login).await?;
        }
        let page = self.renew(session, page).await?;
        let device = self.device(page.device_id).await?;
        Ok(self.view(&page, device.as_ref()))
    }

    /// Returns what a page shows; `None` where its code is to be renewed.
    async fn look_at(&self, session: &str) -> Result<Option<PageView>, PageError> {
        let page = self.page(session)?;
        let device = self.device(page.device_id).await?;
        let unused = device.as_ref().is_none_or(|device| device.state == DeviceState::Offered);
        if !unused {
            self.forget_picture(session);
        }
        let due = UnixSeconds::now().plus(CODE_RENEWED_BEFORE) >= page.expires;
        Ok((!unused || !due).then(|| self.view(&page, device.as_ref())))
    }

    /// The person says that the device's screen shows this check code.
    pub(crate) async fn confirm(&self, session: &str, check_code: &str) -> Result<(), PageError> {
        let (page, device) = self.device_of(session).await?;
        if state_of(&self.shared, &device) != PageState::Confirm {
            return Err(PageError::Refused);
        }
        let device = device.device_id;
        let (store, code) = (self.shared.store.clone(), check_code.to_owned());
        let approved = tokio::task::spawn_blocking(move || store.approve(device, Some(&code))).await;
        approved.map_err(|_| PageError::Refused)?.map_err(|error| {
            if matches!(error, StoreError::WrongCheckCode) { PageError::Refused } else { error.into() }
        })?;
        self.note(Event::DeviceApproved, device, page.login).await;
        Ok(())
    }

    /// The person says that it shows another one, or none.
    pub(crate) async fn deny(&self, session: &str) -> Result<(), PageError> {
        let (page, device) = self.device_of(session).await?;
        if state_of(&self.shared, &device) != PageState::Confirm && device.contested.is_none() {
            return Err(PageError::Refused);
        }
        self.end(device.device_id, Event::DeviceDenied, &page.login).await
    }

    /// Returns the device that came to this page.
    async fn device_of(&self, session: &str) -> Result<(Page, DeviceRow), PageError> {
        let page = self.page(session)?;
        let device = self.device(page.device_id).await?.ok_or(PageError::Refused)?;
        Ok((page, device))
    }

    fn forget_picture(&self, session: &str) {
        if let Some(page) = self.lock().get_mut(&hash(session)) {
            page.picture = Arc::default();
        }
    }

    async fn renew(&self, session: &str, page: Page) -> Result<Page, PageError> {
        let request = InvitationRequest { person: &page.login, lifetime: SCREEN_CODE_LIFETIME, printed: false };
        let invited = invite(&self.shared.store, &self.rest, &self.gateway, request).await;
        let Invitation { device_id, code, expires, .. } = invited.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "no code could be made for a pairing page");
            PageError::Invite
        })?;
        let picture = Picture::draw(&code).map_err(|_| PageError::Invite)?.svg();
        let renewed = Page { device_id: Some(device_id), picture: Arc::new(Zeroizing::new(picture)), expires, ..page };
        self.lock().insert(hash(session), renewed.clone());
        Ok(renewed)
    }

    async fn end(&self, device_id: DeviceId, event: Event, login: &str) -> Result<(), PageError> {
        let store = self.shared.store.clone();
        let revoked = tokio::task::spawn_blocking(move || store.revoke(device_id, UnixSeconds::now())).await;
        if revoked.map_err(|_| PageError::Refused)?? {
            self.note(event, device_id, login.to_owned()).await;
        }
        Ok(())
    }

    async fn note(&self, event: Event, device_id: DeviceId, login: String) {
        let shared = Arc::clone(&self.shared);
        let fields = move || shared.audit.note_device(event, device_id, &[("login", &login), ("by", "page")]);
        drop(tokio::task::spawn_blocking(fields).await);
    }

    async fn device(&self, device_id: Option<DeviceId>) -> Result<Option<DeviceRow>, PageError> {
        let Some(device_id) = device_id else { return Ok(None) };
        let store = self.shared.store.clone();
        let found = tokio::task::spawn_blocking(move || store.device(device_id)).await;
        Ok(found.map_err(|_| PageError::Refused)??)
    }

    fn view(&self, page: &Page, device: Option<&DeviceRow>) -> PageView {
        let state = device.map_or(PageState::Denied, |device| state_of(&self.shared, device));
        let policy = self.shared.board.current();
        PageView {
            state,
            company: policy.company.clone(),
            person: policy.name_of(&page.login).unwrap_or_else(|| page.login.clone()),
            fingerprint: self.shared.store.connector_key().fingerprint(),
            device: device.map(|device| device.device_id.to_string()).unwrap_or_default(),
            label: device.and_then(|device| device.label.clone()).unwrap_or_default(),
            seconds: page.expires.0.saturating_sub(UnixSeconds::now().0),
            contested: device.is_some_and(|device| device.contested.is_some()),
            picture: if state == PageState::Waiting { page.picture.to_string() } else { String::new() },
            check_code: device.and_then(|device| device.check_code.clone()),
        }
    }

    fn page(&self, session: &str) -> Result<Page, PageError> {
        let mut open = self.lock();
        let page = open.get_mut(&hash(session)).filter(|page| page.seen.elapsed() < PAGE_IDLE);
        let page = page.ok_or(PageError::Over)?;
        page.seen = Instant::now();
        Ok(page.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Page>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the token that `--page` prints waits to be used.
pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests;
