//! Keeps the connection to the gateway and starts a session for each device that arrives over it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use latchgate_link::backoff::Backoff;
use latchgate_link::connector::{Accepted, Acceptor};
use latchgate_link::{LinkError, Refusal};
use latchgate_protocol::control::Control;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use super::Core;
use crate::audit::Event;
use crate::keyring::StoreKeyring;
use crate::session::rotation::Rotating;
use crate::time::UnixSeconds;

/// How long a connection must hold before the next failure counts as the first.
const STEADY: Duration = Duration::from_secs(10);

pub(super) async fn run(core: Arc<Core>, tasks: TaskTracker) {
    tokio::select! {
        () = keep(&core, &tasks) => {}
        () = core.stop.cancelled() => {}
    }
    core.shared.board.partings().disconnected();
}

async fn keep(core: &Arc<Core>, tasks: &TaskTracker) {
    let keyring = Arc::new(StoreKeyring::new(core.store.clone(), Arc::clone(&core.shared)));
    let mut backoff = Backoff::default();
    loop {
        match Acceptor::connect(&core.dialer, &core.account, Arc::clone(&keyring)).await {
            Ok(acceptor) => {
                let since = Instant::now();
                core.announce(&acceptor);
                let error = core.accept(acceptor, tasks).await;
                core.shared.board.partings().disconnected();
                core.report(&error).await;
                // A node that drains sends everybody elsewhere; whoever waits keeps people waiting.
                if since.elapsed() >= STEADY || matches!(error, LinkError::Lost(Refusal::Stopping)) {
                    backoff.reset();
                }
            }
            Err(error) => core.report(&error).await,
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}

impl Core {
    fn announce(self: &Arc<Self>, acceptor: &Acceptor) {
        info!(gateway = %self.dialer.gateway(), "connected");
        self.shared.board.partings().connected(acceptor.cutter());
        self.connections.send_modify(|count| *count += 1);
        self.revocations.notify_one();
    }

    /// Handles what arrives until the connection is lost; returns why.
    async fn accept(self: &Arc<Self>, mut acceptor: Acceptor, tasks: &TaskTracker) -> LinkError {
        loop {
            match acceptor.next().await {
                Ok(accepted) => self.handle_accepted(accepted, tasks).await,
                Err(error) => return error,
            }
        }
    }

    async fn handle_accepted(self: &Arc<Self>, accepted: Accepted, tasks: &TaskTracker) {
        match accepted {
            Accepted::Session { device_id, generation, mut stream } => {
                if !self.shared.board.current().knows(device_id) {
                    // Revoked between its FIN and now; dropping the stream ends it.
                    warn!(%device_id, "a session of a device that was revoked meanwhile was closed");
                    return;
                }
                info!(%device_id, generation = generation.0, "a device opened a session");
                let (shared, session) = (Arc::clone(&self.shared), self.stop.child_token());
                let rotating = Rotating {
                    store: self.store.clone(),
                    shared: Arc::clone(&shared),
                    device_id,
                    generation,
                    controls: stream.take_controls(),
                    clock: Arc::new(UnixSeconds::now),
                    carries: false,
                };
                tasks.spawn(rotating.run(session.clone()));
                tasks.spawn(crate::session::serve(shared, device_id, stream, session));
            }
            Accepted::Presence { device_id, present } => {
                debug!(%device_id, present, "presence");
                if !present && self.shared.board.partings().left(device_id) {
                    self.revocations.notify_one();
                }
            }
            Accepted::Control(control) => self.handle_control(control).await,
        }
    }

    /// News from the gateway is not authenticated: it is written down and never erases anything.
    async fn handle_control(self: &Arc<Self>, control: Control) {
        match control {
            Control::Claimed { device_id } => {
                info!(%device_id, "a device claimed its code");
                self.note_device(Event::DeviceClaimed, device_id).await;
            }
            Control::ClaimConflict { device_id } => {
                warn!(%device_id, "somebody else tried to use this device's code; if it is unknown, revoke it");
                self.note_device(Event::ClaimConflict, device_id).await;
                let noted = self.blocking(move |core| core.store.note_contest(device_id, UnixSeconds::now())).await;
                if let Some(Err(error)) = noted {
                    error!(error = &error as &dyn std::error::Error, "the store failed");
                }
            }
            Control::Revoked { device_id } => {
                info!(%device_id, "the gateway says that it revoked a device");
                self.note_device(Event::RevokedAtGateway, device_id).await;
            }
            Control::Wiped { device_id } => {
                debug!(%device_id, "the gateway says that a device answered its order");
                self.look_at_list.store(true, Ordering::Relaxed);
                self.revocations.notify_one();
            }
            Control::Quota { device_id } => {
                warn!(%device_id, "a device exceeded its share of the gateway and was closed");
                self.note_device(Event::QuotaExceeded, device_id).await;
            }
            Control::Drain => info!("the gateway's node is about to stop"),
        }
    }

    async fn report(self: &Arc<Self>, error: &LinkError) {
        log_loss(error);
        if matches!(error, LinkError::Lost(Refusal::TakenOver)) {
            self.note(Event::TakenOver, Vec::new()).await;
        }
    }
}

fn log_loss(error: &LinkError) {
    let source = error as &dyn std::error::Error;
    if matches!(error, LinkError::Refused(Refusal::BadCredentials | Refusal::NotAuthorized)) {
        error!(error = source, "the gateway does not accept this connector; trying again");
    } else if matches!(error, LinkError::Lost(Refusal::TakenOver)) {
        error!(error = source, "another connector uses the same identity; trying again");
    } else {
        warn!(error = source, "not connected; trying again");
    }
}
