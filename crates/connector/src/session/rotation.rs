//! Replaces a device's key while its session is open.
//!
//! 1. When the key has become old, or somebody asked for another one, the device is asked to begin.
//! 2. Its share is answered from the store; the device then opens a session under the next key, and the streams
//!    of this one go on until it has moved.
//! 3. Once the next key is committed, every other session under the one before ends at once: it is none that the
//!    device moves from, but perhaps a copy of it, from before the exchange.

use std::sync::Arc;

use getrandom::SysRng;
use latchgate_link::control::{Control, Controls};
use latchgate_protocol::DeviceId;
use latchgate_tunnel::Generation;
use rand_core::UnwrapErr;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use super::Shared;
use crate::limits::{ROTATION_LOOK, SUPERSEDED_DRAIN};
use crate::store::{Carrier, Store};
use crate::time::UnixSeconds;

/// The key of one session.
pub(crate) struct Rotating {
    pub(crate) store: Store,
    pub(crate) shared: Arc<Shared>,
    pub(crate) device_id: DeviceId,
    pub(crate) generation: Generation,
    pub(crate) controls: Controls,
    pub(crate) clock: Clock,
    /// Whether the exchange of keys went over this session.
    pub(crate) carries: bool,
}

/// Tells what time it is.
pub(crate) type Clock = Arc<dyn Fn() -> UnixSeconds + Send + Sync>;

impl Rotating {
    /// Runs until the session ends, and ends it when its key was replaced.
    pub(crate) async fn run(mut self, session: CancellationToken) {
        tokio::select! {
            () = self.tend() => {}
            () = session.cancelled() => return,
        }
        if self.is_superseded() {
            debug!(device_id = %self.device_id, "a session under a replaced key ends");
            session.cancel();
        }
    }

    /// Returns when the session has ended, or is to end.
    async fn tend(&mut self) {
        let mut changes = self.shared.board.subscribe();
        let mut looking = interval(ROTATION_LOOK);
        looking.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked = false;
        while !self.is_superseded() {
            tokio::select! {
                control = self.controls.receive() => match control {
                    Some(control) => self.handle_control(control).await,
                    None => return,
                },
                changed = changes.changed() => match changed {
                    Ok(()) => asked = self.ask(asked).await,
                    Err(_) => return,
                },
                _ = looking.tick() => asked = self.ask(false).await,
            }
        }
        if self.carries {
            let moved = async { while self.controls.receive().await.is_some() {} };
            drop(timeout(SUPERSEDED_DRAIN, moved).await);
        }
    }

    fn is_superseded(&self) -> bool {
        self.shared.board.current().has_replaced(self.device_id, self.generation)
    }

    /// Asks the device if it is due and was not asked; returns whether it was.
    async fn ask(&self, asked: bool) -> bool {
        let due = self.shared.board.current().rotation_due(self.device_id, self.generation);
        if asked || due.is_none_or(|due| (self.clock)() < due) {
            return asked;
        }
        debug!(device_id = %self.device_id, "the device is asked to replace its key");
        self.controls.send(Control::Rotate(Zeroizing::default())).await
    }

    async fn handle_control(&mut self, control: Control) {
        let Control::Rotate(offer) = control else { return };
        let (store, device_id, generation) = (self.store.clone(), self.device_id, self.generation);
        let (handshake_hash, now) = (*self.controls.handshake_hash(), (self.clock)());
        let answered = tokio::task::spawn_blocking(move || {
            let carrier = Carrier { device_id, generation, handshake_hash: &handshake_hash };
            store.answer_rotation(carrier, &offer, now, &mut UnwrapErr(SysRng))
        });
        match answered.await {
            Ok(Ok(Some(ack))) => {
                self.carries = true;
                self.controls.send(Control::RotateAck(Zeroizing::new(ack))).await;
            }
            Ok(Ok(None)) => warn!(%device_id, "a rotation was refused"),
            Ok(Err(error)) => error!(%device_id, error = &error as &dyn std::error::Error, "the store failed"),
            Err(panicked) => error!(%device_id, error = &panicked as &dyn std::error::Error, "a rotation failed"),
        }
    }
}

#[cfg(test)]
mod tests;
