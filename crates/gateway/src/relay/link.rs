//! What one connection shows the others: queues to fill and a way to be woken or closed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::task::AtomicWaker;
use latchgate_protocol::DeviceId;

use super::reason::Reason;
use super::rounds::Rounds;
use crate::limits::{CONTROL_WAITING, SHARE_UNDER_PRESSURE};
use crate::metrics::Metrics;

/// What every connection has.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    waker: AtomicWaker,
    closing: AtomicU8,
}

impl Peer {
    pub(crate) fn register(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }

    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    /// Asks the connection to end. The first reason stays.
    pub(crate) fn close(&self, reason: Reason) {
        let _ = self.closing.compare_exchange(0, reason.code(), Ordering::AcqRel, Ordering::Acquire);
        self.wake();
    }

    pub(crate) fn closing(&self) -> Option<Reason> {
        Reason::from_code(self.closing.load(Ordering::Acquire))
    }
}

/// The bytes in all queues, against what the gateway may hold.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    total: usize,
}

impl Budget {
    pub(crate) const fn new(total: usize) -> Self {
        Self { used: AtomicUsize::new(0), total }
    }

    pub(crate) fn add(&self, bytes: usize, metrics: &Metrics) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        metrics.queued_bytes.add(bytes as i64);
    }

    pub(crate) fn subtract(&self, bytes: usize, metrics: &Metrics) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        metrics.queued_bytes.add(-(bytes as i64));
    }

    pub(crate) fn is_exceeded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.total
    }
}

/// A device's connection.
#[derive(Debug)]
pub(crate) struct DeviceLink {
    pub(crate) id: DeviceId,
    pub(crate) peer: Peer,
    /// Set while the device's share of the way up is full; it is not read then.
    pub(crate) up_is_full: AtomicBool,
    /// Bytes on their way to the bus.
    at_bus: AtomicUsize,
    down: Mutex<Down>,
}

/// What waits for a device.
#[derive(Debug, Default)]
struct Down {
    packets: VecDeque<BytesMut>,
    bytes: usize,
    presence: Presence,
    /// Whether the connector is there was said at least once.
    said: bool,
    /// Nothing is taken after the connection ended.
    ended: bool,
}

/// Changes of presence that were not said yet: at most an absence and a return.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) absent: bool,
    pub(crate) present: bool,
}

impl Presence {
    pub(crate) const fn push(&mut self, present: bool) {
        if present {
            self.present = true;
        } else {
            *self = Self { absent: true, present: false };
        }
    }
}

/// How a packet was taken for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// The queue would exceed its limit.
    Overflow,
    /// The connection has ended.
    Ended,
}

impl DeviceLink {
    pub(crate) fn new(id: DeviceId) -> Self {
        Self {
            id,
            peer: Peer::default(),
            up_is_full: AtomicBool::new(false),
            at_bus: AtomicUsize::new(0),
            down: Mutex::default(),
        }
    }

    fn down(&self) -> MutexGuard<'_, Down> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a packet begun with [`latchgate_protocol::publish::begin`].
    pub(crate) fn push(&self, packet: BytesMut, limit: usize) -> Pushed {
        let mut down = self.down();
        if down.ended {
            return Pushed::Ended;
        }
        if down.bytes + packet.len() > limit {
            return Pushed::Overflow;
        }
        down.bytes += packet.len();
        down.packets.push_back(packet);
        drop(down);
        self.peer.wake();
        Pushed::Queued
    }

    pub(crate) fn push_presence(&self, present: bool) {
        let mut down = self.down();
        down.presence.push(present);
        down.said = true;
        drop(down);
        self.peer.wake();
    }

    /// Says that the connector is absent, unless something was said before.
    pub(crate) fn push_absence_if_silent(&self) {
        if !self.down().said {
            self.push_presence(false);
        }
    }

    /// Counts bytes that go to the bus, and returns how many wait there.
    pub(crate) fn gave_to_bus(&self, bytes: usize) -> usize {
        self.at_bus.fetch_add(bytes, Ordering::AcqRel) + bytes
    }

    /// Counts bytes that the bus took. A device that waited for that is read again.
    pub(crate) fn left_for_bus(&self, bytes: usize) {
        self.at_bus.fetch_sub(bytes, Ordering::AcqRel);
        self.wake_after_bus();
    }

    /// Reads the device no more until the bus has taken most of what waits.
    pub(crate) fn stall_for_bus(&self) {
        self.up_is_full.store(true, Ordering::Release);
        self.wake_after_bus();
    }

    fn wake_after_bus(&self) {
        if self.at_bus.load(Ordering::Acquire) <= SHARE_UNDER_PRESSURE && self.up_is_full.swap(false, Ordering::AcqRel)
        {
            self.peer.wake();
        }
    }

    /// Takes packets of about `most` bytes, and the change of presence that goes before them.
    pub(crate) fn pop(&self, most: usize, packets: &mut Vec<BytesMut>) -> (Presence, usize) {
        let mut down = self.down();
        let mut popped = 0;
        while popped < most
            && let Some(packet) = down.packets.pop_front()
        {
            popped += packet.len();
            packets.push(packet);
        }
        down.bytes -= popped;
        (std::mem::take(&mut down.presence), popped)
    }

    /// Returns the bytes that wait.
    pub(crate) fn queued(&self) -> usize {
        self.down().bytes
    }

    /// Ends the queue and returns the bytes that were in it.
    pub(crate) fn end(&self) -> usize {
        let mut down = self.down();
        down.ended = true;
        down.packets = VecDeque::new();
        std::mem::take(&mut down.bytes)
    }
}

/// A connector's connection.
#[derive(Debug)]
pub(crate) struct ConnectorLink {
    pub(crate) peer: Peer,
    up: Mutex<Up>,
}

/// What waits for a connector.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) control: VecDeque<Bytes>,
    pub(crate) rounds: Rounds,
    pub(crate) ended: bool,
}

impl ConnectorLink {
    /// `aliases` is how many topic aliases the connector accepts.
    pub(crate) fn new(aliases: u16) -> Self {
        let up = Up { control: VecDeque::new(), rounds: Rounds::new(aliases), ended: false };
        Self { peer: Peer::default(), up: Mutex::new(up) }
    }

    pub(crate) fn up(&self) -> MutexGuard<'_, Up> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a control message, in front of all others.
    pub(crate) fn push_control(&self, packet: Bytes) {
        let mut up = self.up();
        if up.ended {
            return;
        }
        up.control.push_back(packet);
        let overflow = up.control.len() > CONTROL_WAITING;
        drop(up);
        if overflow {
            self.peer.close(Reason::QuotaExceeded);
        } else {
            self.peer.wake();
        }
    }
}
