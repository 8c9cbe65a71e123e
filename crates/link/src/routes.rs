//! Where the frames of each session go.

use std::collections::{HashMap, HashSet};
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
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    senders: HashMap<Key, Sender>,
    /// Devices whose pairing ended over this connection. What they still send is dropped without a word: a hint that
    /// their session is unknown would overtake the sealed record that says why.
    ended: HashSet<DeviceId>,
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
        let mut inner = self.lock();
        if inner.senders.contains_key(&key) {
            return None;
        }
        inner.senders.insert(key, Sender { frames: sender, state: Arc::clone(&state) });
        drop(inner);
        Some(Route { key, frames, state, routes: Arc::clone(self) })
    }

    /// Hands a frame to its session. False when there is no such session, and the device may hear so.
    pub(crate) fn deliver(&self, device_id: DeviceId, session_id: SessionId, frame: BytesMut) -> bool {
        let key = (device_id, session_id);
        let mut inner = self.lock();
        let Some(sender) = inner.senders.get(&key) else { return inner.ended.contains(&device_id) };
        let queued = sender.state.queued.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        if queued > RECEIVE_QUEUE {
            warn!(%device_id, queued, "a session received more than its windows allow and is ended");
            sender.cut();
            inner.senders.remove(&key);
            return true;
        }
        sender.frames.send(frame).is_ok()
    }

    /// Ends all sessions of a device that has left, once what it had sent before is read: a FIN may be its last word.
    pub(crate) fn close(&self, device_id: DeviceId) {
        self.lock().senders.retain(|(device, _), _| *device != device_id);
    }

    /// Returns the devices that have sessions.
    pub(crate) fn devices(&self) -> HashSet<DeviceId> {
        self.lock().senders.keys().map(|(device_id, _)| *device_id).collect()
    }

    /// Ends all sessions of a device whose pairing is over; each says so, sealed, as its last record. False when there
    /// was none.
    pub(crate) fn end(&self, device_id: DeviceId, reason: CloseReason) -> bool {
        let mut inner = self.lock();
        let before = inner.senders.len();
        inner.senders.retain(|(device, _), sender| {
            let keep = *device != device_id;
            if !keep {
                // Set once: the first reason counts.
                let _ = sender.state.farewell.set(reason);
                sender.cut();
            }
            keep
        });
        inner.ended.insert(device_id);
        inner.senders.len() < before
    }

    /// Ends all sessions: the connection is gone.
    pub(crate) fn clear(&self) {
        self.lock().senders.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut inner = self.routes.lock();
        if inner.senders.get(&self.key).is_some_and(|sender| Arc::ptr_eq(&sender.state, &self.state)) {
            inner.senders.remove(&self.key);
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
    async fn an_ended_session_reads_nothing_that_was_queued() {
        let routes = Arc::new(Routes::default());
        let mut route = routes.open(DEVICE, SESSION).unwrap();
        routes.deliver(DEVICE, SESSION, BytesMut::from("a"));
        routes.end(DEVICE, CloseReason::Revoked);
        assert!(route.next().await.is_none());
    }

    #[tokio::test]
    async fn the_last_words_of_a_device_that_left_are_read() {
        let routes = Arc::new(Routes::default());
        let mut route = routes.open(DEVICE, SESSION).unwrap();
        routes.deliver(DEVICE, SESSION, BytesMut::from("a"));
        routes.close(DEVICE);
        assert_eq!(route.next().await.unwrap(), "a");
        assert!(route.next().await.is_none());
        assert!(routes.open(DEVICE, SESSION).is_some(), "the route is free again");
    }

    #[tokio::test]
    async fn what_a_device_sends_after_its_pairing_ended_is_dropped_without_a_hint() {
        let routes = Arc::new(Routes::default());
        let mut route = routes.open(DEVICE, SESSION).unwrap();
        assert!(routes.end(DEVICE, CloseReason::Revoked));
        assert!(route.next().await.is_none());
        assert_eq!(route.farewell(), Some(CloseReason::Revoked));
        assert!(routes.deliver(DEVICE, SESSION, BytesMut::from("a")));
        drop(route);
        assert!(routes.deliver(DEVICE, SESSION, BytesMut::from("b")));
        let other = DeviceId::from_bytes([2; 16]);
        assert!(!routes.deliver(other, SESSION, BytesMut::from("c")), "others hear that they have no session");
        assert!(!routes.end(DEVICE, CloseReason::Revoked), "it is told once");
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
