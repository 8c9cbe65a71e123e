//! Keeps the session to the company open while the vault is.
//!
//! 1. [`Connection::pair`] goes through the steps of a pairing and shows each; [`Connection::keep`] goes on
//!    from there, and from an unlocked vault.
//! 2. A session is HTTP/2 on the sealed stream. While it holds, the catalogue is fetched and the company
//!    pinged; when it ends, the next one is opened, sooner or later by the backoff.
//! 3. After a day the next session is opened before the old one is left.

mod pulse;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use http::HeaderValue;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use latchgate_link::backoff::Backoff;
use latchgate_link::control::Controls;
use latchgate_link::limits::{CONNECTION_WINDOW, DEVICE_WINDOW, STREAM_WINDOW};
use latchgate_link::pace::Paced;
use latchgate_link::{LinkError, Refusal};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::catalogue::Catalogue;
use latchgate_tunnel::rules::DeviceRules;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use self::pulse::{Need, Pulse};
use crate::board::{Board, lights};
use crate::catalogue::{SiteIndex, Sites, brand, views};
use crate::clocks::Clocks;
use crate::company::{AskError, Company, News};
use crate::contact::ContactDesk;
use crate::drawer::Drawer;
use crate::establish::{EstablishError, Established, Establisher};
use crate::failure::{Failure, Fault};
use crate::farewell::Goodbye;
use crate::limits::{ANSWER_TIMEOUT, HEAD, LOW_DATA_WINDOW, PAIRING_PATIENCE, PINGS_LOST, REFUSED_PAUSE, WAKE_TIMEOUT};
use crate::network::{Link, Opened};
use crate::profile::{Profile, ProfileFolder};
use crate::rotation::RotationDesk;
use crate::uplink::Uplink;
use crate::view::{KeptView, Light};

/// What the connection shares with the rest of the client.
pub(crate) struct Shared {
    pub(crate) board: Arc<Board>,
    pub(crate) uplink: Arc<Uplink>,
    pub(crate) sites: Arc<Sites>,
    /// Looks at the session at once: the app came back, the network changed.
    pub(crate) wake: Arc<Notify>,
    pub(crate) folder: Arc<ProfileFolder>,
    pub(crate) profile: Arc<Mutex<Profile>>,
    /// Who wants another key.
    pub(crate) rotation: Arc<RotationDesk>,
    /// Hears of each sealed answer.
    pub(crate) contact: Arc<ContactDesk>,
    /// What pages left behind, and what sites move.
    pub(crate) drawer: Arc<Drawer>,
    /// Whether little data shall move.
    pub(crate) low_data: Arc<AtomicBool>,
}

/// The connection of one open vault.
pub(crate) struct Connection {
    establisher: Establisher,
    shared: Shared,
    known: Mutex<Known>,
}

/// The catalogue that is shown, by what names it, and the rules that came with it.
#[derive(Default)]
struct Known {
    tag: Option<HeaderValue>,
    rules: DeviceRules,
}

/// One HTTP/2 session; its task ends when this is dropped.
struct Session {
    task: AbortHandle,
    ended: tokio::sync::watch::Receiver<bool>,
    controls: Controls,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    pub(crate) fn new(establisher: Establisher, shared: Shared) -> Self {
        Self { establisher, shared, known: Mutex::default() }
    }

    /// Goes through what is left of a pairing. Passing failures are tried again for a while; after that, and
    /// after others, the screen says what happened and nothing is lost.
    pub(crate) async fn pair(&mut self) -> Option<Established> {
        let board = Arc::clone(&self.shared.board);
        let mut backoff = Backoff::default();
        let begun = Instant::now();
        loop {
            match self.establisher.establish(&|step| board.set_pairing(step)).await {
                Ok(established) => return Some(established),
                Err(error) => {
                    warn!(error = describe(&error), "a step of the pairing failed");
                    if !error.is_passing() || begun.elapsed() >= PAIRING_PATIENCE {
                        board.stop_pairing(error.failure(), error.is_passing() && !error.asks_for_a_new_code());
                        return None;
                    }
                }
            }
            self.pause(backoff.next_delay()).await;
        }
    }

    /// Keeps a session open until the company says, sealed, that it revoked this device. Begins with the given
    /// session where there is one.
    pub(crate) async fn keep(&mut self, first: Option<Established>) -> Goodbye {
        let mut backoff = Backoff::default();
        let mut next = first;
        loop {
            let established = match next.take() {
                Some(established) => Ok(established),
                None => {
                    self.shared.board.connecting();
                    self.establisher.establish(&|_| {}).await
                }
            };
            match established {
                Ok(established) => {
                    let Held { answered, farewell, reason } = self.hold(established).await;
                    if answered {
                        backoff.reset();
                    }
                    self.shared.uplink.interrupt();
                    if let Some(goodbye) = self.read_farewell(farewell).await {
                        return goodbye;
                    }
                    let delay = self.show_end(reason).unwrap_or_else(|| backoff.next_delay());
                    self.pause(delay).await;
                }
                Err(error) => {
                    self.show_obstacle(&error);
                    if error.is_refusal()
                        && let Some(key) = self.establisher.find_order().await
                    {
                        warn!("an order of the company waited for this device: it is to erase itself");
                        return Goodbye::Wipe(key);
                    }
                    let delay = if error.is_refusal() { REFUSED_PAUSE } else { backoff.next_delay() };
                    self.pause(delay).await;
                }
            }
        }
    }

    /// Ends with the pairing.
    async fn read_farewell(&self, farewell: Option<CloseReason>) -> Option<Goodbye> {
        let goodbye = match farewell? {
            CloseReason::Done => return None,
            CloseReason::Revoked => Goodbye::Revoked,
            CloseReason::Wipe => self.establisher.wipe_key().await.map_or(Goodbye::Revoked, Goodbye::Wipe),
        };
        warn!("the company ended the pairing of this device");
        self.show_failure(Fault::Removed.failure());
        Some(goodbye)
    }

    async fn pause(&self, delay: Duration) {
        tokio::select! {
            () = sleep(delay) => {}
            () = self.shared.wake.notified() => {}
        }
    }

    /// A connection that another copy of this device took over is not taken back at once, or both would do
    /// nothing else.
    fn show_end(&self, reason: Option<LinkError>) -> Option<Duration> {
        let reason = reason?;
        if matches!(reason, LinkError::Lost(Refusal::TakenOver)) {
            warn!("another copy of this device connected in its place");
            self.show_failure(Fault::TakenOver.failure());
            return Some(REFUSED_PAUSE);
        }
        info!(%reason, "the connection ended");
        None
    }

    fn show_obstacle(&self, error: &EstablishError) {
        let failure = error.failure();
        warn!(code = failure.code, error = describe(error), "no session could be opened");
        self.show_failure(failure);
    }

    fn show_failure(&self, failure: Failure) {
        let gateway = self.shared.profile.lock().unwrap_or_else(PoisonError::into_inner).gateway.clone();
        let (internet, gateway) = lights(&failure.code, &gateway);
        self.shared.uplink.set_obstacle(Some(failure.clone()));
        self.shared.board.set_obstacle(failure, internet, gateway);
    }

    /// Uses a session until it is over.
    async fn hold(&mut self, established: Established) -> Held {
        let Established { opened, link } = established;
        let answered = match self.open(opened).await {
            Some(session) => {
                info!("connected to the company");
                self.attend(session, &*link).await
            }
            None => false,
        };
        Held { answered, farewell: link.farewell().now_or_never(), reason: link.closed().now_or_never() }
    }

    async fn attend(&self, mut session: Session, link: &dyn Link) -> bool {
        let mut pulse = Pulse::new(self.shared.low_data.load(Ordering::Relaxed));
        let mut answered = false;
        let mut draining = None;
        loop {
            // What is asked of a session that ends meanwhile would wait for the next one, which is opened here.
            let outcome = tokio::select! {
                _ = link.farewell() => return answered,
                _ = session.ended.wait_for(|ended| *ended) => return answered,
                outcome = self.tend(&mut pulse, &mut session.controls, link) => outcome,
            };
            match outcome {
                Outcome::Quiet => {}
                Outcome::Answered => answered = true,
                Outcome::Dead => return answered,
                Outcome::Replaced(newer) => draining = Some(std::mem::replace(&mut session, newer)),
                Outcome::Drained => drop(draining.take()),
            }
        }
    }

    /// Waits for the next thing that a session needs, and does it.
    async fn tend(&self, pulse: &mut Pulse, controls: &mut Controls, link: &dyn Link) -> Outcome {
        match pulse.next(&self.shared, controls).await {
            Need::Catalogue => {
                if timeout(ANSWER_TIMEOUT, self.refresh_catalogue()).await.is_err() {
                    warn!("the catalogue did not come in time");
                }
                Outcome::Quiet
            }
            Need::Ping => self.ping(pulse, ANSWER_TIMEOUT, PINGS_LOST).await,
            Need::Wake => self.ping(pulse, WAKE_TIMEOUT, 1).await,
            Need::Renewal => {
                pulse.renew();
                self.replace(link).await.map_or(Outcome::Quiet, Outcome::Replaced)
            }
            Need::Rotation => self.rotate(pulse, controls, link).await,
            Need::Drained => Outcome::Drained,
        }
    }

    /// Replaces the key; where that fails, the session and its key stay.
    async fn rotate(&self, pulse: &mut Pulse, controls: &mut Controls, link: &dyn Link) -> Outcome {
        let rotated = self.establisher.rotate(link, controls).await;
        self.shared.rotation.answer(rotated.as_ref().map(drop).map_err(EstablishError::failure));
        match rotated {
            Ok(opened) => {
                pulse.renew();
                self.open(opened).await.map_or(Outcome::Quiet, Outcome::Replaced)
            }
            Err(error) => {
                warn!(error = describe(&error), "the key could not be replaced; the one in use stays");
                Outcome::Quiet
            }
        }
    }

    async fn open(&self, opened: Opened) -> Option<Session> {
        let Opened { stream, controls } = opened;
        let pace = if self.shared.low_data.load(Ordering::Relaxed) { LOW_DATA_WINDOW } else { CONNECTION_WINDOW };
        let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_connection_window_size(DEVICE_WINDOW)
            .initial_stream_window_size(pace.min(STREAM_WINDOW))
            .max_header_list_size(HEAD)
            .handshake(TokioIo::new(Paced::client(stream, pace)))
            .await;
        let (requests, connection) = handshake.inspect_err(|error| warn!(%error, "HTTP/2 did not start")).ok()?;
        let (ending, ended) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                info!(%error, "the session ended");
            }
            ending.send_replace(true);
        });
        self.shared.uplink.publish(requests);
        self.shared.board.connected();
        Some(Session { task: task.abort_handle(), ended, controls })
    }

    async fn replace(&self, link: &dyn Link) -> Option<Session> {
        match self.establisher.replace(link).await {
            Ok(opened) => self.open(opened).await,
            Err(error) => {
                warn!(error = describe(&error), "the session could not be renewed; the old one stays");
                None
            }
        }
    }

    async fn refresh_catalogue(&self) {
        let tag = self.known().tag.clone();
        match Company::new(&self.shared.uplink).catalogue(tag.as_ref()).await {
            Ok(News::Same { time }) => {
                let rules = self.known().rules;
                self.hear(Some((rules, time))).await;
            }
            Ok(News::Changed { catalogue, tag }) => {
                self.hear(Some((catalogue.rules, catalogue.time))).await;
                self.show_catalogue(&catalogue);
                *self.known() = Known { tag, rules: catalogue.rules };
            }
            Err(AskError::Refused(fault)) => {
                self.hear(None).await;
                *self.known() = Known::default();
                self.shared.sites.store(Arc::default());
                self.shared.board.set_sites(Vec::new(), None, KeptView::default());
                self.shared.board.set_refusal(Some(fault.failure()));
            }
            Err(error) => warn!(%error, "the catalogue was not fetched"),
        }
    }

    fn show_catalogue(&self, catalogue: &Catalogue) {
        let Shared { board, sites, folder, profile, drawer, .. } = &self.shared;
        sites.store(Arc::new(SiteIndex::new(catalogue, &drawer.meters)));
        let view = {
            let mut profile = profile.lock().unwrap_or_else(PoisonError::into_inner);
            if profile.company != catalogue.company {
                profile.company.clone_from(&catalogue.company);
                // The name is for the lock screen only; the next catalogue brings it again.
                drop(folder.write(&profile).inspect_err(|error| warn!(%error, "the company's name was not kept")));
            }
            profile.view(Some(catalogue.person.name.clone()))
        };
        let listed = views(catalogue);
        let kept = drawer.view(&listed);
        board.set_profile(Some(view));
        board.set_sites(listed, brand(catalogue), kept);
        board.set_refusal(None);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The company answered, sealed; what it asks of this device is kept where that is new.
    async fn hear(&self, said: Option<(DeviceRules, Option<u64>)>) {
        let now = Clocks::now();
        self.shared.board.set_answered(now.unix());
        let heard = self.shared.contact.hear(said, &now);
        match self.establisher.note_contact(heard.clone()).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => warn!(error = describe(&error), "the time of the company's answer was not kept"),
        }
        let mut profile = self.shared.profile.lock().unwrap_or_else(PoisonError::into_inner);
        profile.contact = heard;
        if let Err(error) = self.shared.folder.write(&profile) {
            warn!(%error, "the copy of the company's rules was not kept");
        }
    }

    async fn ping(&self, pulse: &mut Pulse, patience: Duration, lost: u32) -> Outcome {
        let answer = timeout(patience, Company::new(&self.shared.uplink).ping()).await;
        if matches!(answer, Ok(Ok(()))) {
            pulse.missed = 0;
            self.shared.board.set_answered(Clocks::now().unix());
            return Outcome::Answered;
        }
        pulse.missed += 1;
        let dead = pulse.missed >= lost;
        self.shared.board.set_company(if dead { Light::Bad } else { Light::Waiting });
        if dead { Outcome::Dead } else { Outcome::Quiet }
    }
}

/// How a session was.
struct Held {
    /// Whether the company ever answered.
    answered: bool,
    /// How the company ended the pairing, if it did.
    farewell: Option<CloseReason>,
    /// Why the connection ended, if it did.
    reason: Option<LinkError>,
}

/// What came of tending a session.
enum Outcome {
    Quiet,
    /// The company answered a ping.
    Answered,
    /// The company does not answer any more.
    Dead,
    /// A newer session is in use.
    Replaced(Session),
    /// The session before had its time to finish.
    Drained,
}

/// Writes an error with all its reasons.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let reasons = std::iter::successors(Some(error), |error| error.source());
    reasons.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
