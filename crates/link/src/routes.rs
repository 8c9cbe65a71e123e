//! Where the frames of each session go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use bytes::BytesMut;
use latchgate_protocol::{DeviceId, SessionId};
use latchgate_tunnel::CloseReason;
use tokio::sync::mpsc;
use tracing::warn;

use crate::limits::RECEIVE_QUEUE;

type Key = (DeviceId, SessionId);

/// All sessions of one connection.
#[derive(Default)]
pub(crate) struct Routes {
    senders: Mutex<HashMap<Key, Sender>>,
}

struct Sender {
    frames: mpsc::UnboundedSender<BytesMut>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    queued: AtomicUsize,
    cut: AtomicBool,
    farewell: OnceLock<CloseReason>,
}

/// The frames of one session, in order. Dropping it ends the route.
pub(crate) struct Route {
    key: Key,
    frames: mpsc::UnboundedReceiver<BytesMut>,
    state: Arc<State>,
    routes: Arc<Routes>,
}

impl Routes {
    /// Opens a route. `None` when the device already uses that session id.
    pub(crate) fn open(self: &Arc<Self>, device_id: DeviceId, session_id: SessionId) -> Option<Route> {
        let key = (device_id, session_id);
        let (sender, frames) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        let mut senders = self.lock();
        if senders.contains_key(&key) {
            return None;
        }
        senders.insert(key, Sender { frames: sender, state: Arc::clone(&state) });
        drop(senders);
        Some(Route { key, frames, state, routes: Arc::clone(self) })
    }

    /// Hands a frame to its session. False when there is no such session.
    pub(crate) fn deliver(&self, device_id: DeviceId, session_id: SessionId, frame: BytesMut) -> bool {
        let key = (device_id, session_id);
        let mut senders = self.lock();
        let Some(sender) = senders.get(&key) else { return false };
        let queued = sender.state.queued.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        if queued > RECEIVE_QUEUE {
            warn!(%device_id, queued, "a session received more than its windows allow and is ended");
            sender.cut();
            senders.remove(&key);
            return true;
        }
        sender.frames.send(frame).is_ok()
    }

    /// Ends all sessions of one device at once.
    pub(crate) fn cut(&self, device_id: DeviceId) {
        self.lock().retain(|(device, _), sender| {
            let keep = *device != device_id;
            if !keep {
                sender.cut();
            }
            keep
        });
    }

    /// Ends all sessions of a device whose pairing is over; each says so, sealed, as its last record.
    pub(crate) fn end(&self, device_id: DeviceId, reason: CloseReason) {
        self.lock().retain(|(device, _), sender| {
            let keep = *device != device_id;
            if !keep {
                // Set once: the first reason counts.
                let _ = sender.state.farewell.set(reason);
                sender.cut();
            }
            keep
        });
    }

    /// Ends all sessions: the connection is gone.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Sender>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    fn cut(&self) {
        self.state.cut.store(true, Ordering::Release);
    }
}

impl Route {
    /// Returns the next frame; `None` when the session was ended from outside.
    pub(crate) async fn next(&mut self) -> Option<BytesMut> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Polls for the next frame.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<BytesMut>> {
        if self.is_cut() {
            return Poll::Ready(None);
        }
        let frame = std::task::ready!(self.frames.poll_recv(cx));
        if let Some(frame) = &frame {
            self.state.queued.fetch_sub(frame.len(), Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    /// Tells whether the session was cut: what is queued must not be read any more.
    pub(crate) fn is_cut(&self) -> bool {
        self.state.cut.load(Ordering::Acquire)
    }

    /// Returns why the session was cut, where the far end is to hear it.
    pub(crate) fn farewell(&self) -> Option<CloseReason> {
        self.state.farewell.get().copied()
    }

    /// Returns the device that the session belongs to.
    pub(crate) const fn device_id(&self) -> DeviceId {
        self.key.0
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        let mut senders = self.routes.lock();
        if senders.get(&self.key).is_some_and(|sender| Arc::ptr_eq(&sender.state, &self.state)) {
            senders.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId::from_bytes([1; 16]);
    const SESSION: SessionId = SessionId([2; 8]);

    #[tokio::test]
    async fn frames_arrive_in_order_until_the_route_is_dropped() {
        let routes = Arc::new(Routes::default());
        let mut route = routes.open(DEVICE, SESSION).unwrap();
        assert!(routes.open(DEVICE, SESSION).is_none(), "a session id is used once at a time");
        assert!(routes.deliver(DEVICE, SESSION, BytesMut::from("a")));
        assert!(routes.deliver(DEVICE, SESSION, BytesMut::from("b")));
        assert_eq!(route.next().await.unwrap(), "a");
        assert_eq!(route.next().await.unwrap(), "b");
        drop(route);
        assert!(!routes.deliver(DEVICE, SESSION, BytesMut::from("c")));
    }

    #[tokio::test]
    async fn a_cut_session_reads_nothing_that_was_queued() {
        let routes = Arc::new(Routes::default());
        let mut route = routes.open(DEVICE, SESSION).unwrap();
        routes.deliver(DEVICE, SESSION, BytesMut::from("a"));
        routes.cut(DEVICE);
        assert!(route.next().await.is_none());
        assert!(routes.open(DEVICE, SESSION).is_some(), "the route is free again");
    }

    #[tokio::test]
    async fn a_flood_ends_the_session_and_no_other() {
        let routes = Arc::new(Routes::default());
        let mut flooded = routes.open(DEVICE, SESSION).unwrap();
        let mut other = routes.open(DEVICE, SessionId([3; 8])).unwrap();
        for _ in 0..=RECEIVE_QUEUE / 16_384 {
            routes.deliver(DEVICE, SESSION, BytesMut::zeroed(16_384));
        }
        assert!(flooded.next().await.is_none());
        routes.deliver(DEVICE, SessionId([3; 8]), BytesMut::from("a"));
        assert_eq!(other.next().await.unwrap(), "a");
    }
}
