//! Rotate records beside a sealed stream.
//!
//! [`Controls::pair`] makes two ends. The stream holds one: what arrives there is sealed and sent, and what the
//! far side of the session sends comes out at the other, which its owner has from
//! [`SealedStream::take_controls`](crate::SealedStream::take_controls).

use std::fmt;
use std::task::{Context, Poll};

use latchgate_tunnel::sealing::RecordKind;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::limits::CONTROLS_WAITING;

/// One record.
#[derive(Clone, PartialEq, Eq)]
pub enum Control {
    /// A share of the next key; without a body, the wish for one.
    Rotate(Zeroizing<Vec<u8>>),
    /// The answer to a share.
    RotateAck(Zeroizing<Vec<u8>>),
}

/// One end of the control records of a session.
pub struct Controls {
    handshake_hash: [u8; 32],
    sender: mpsc::Sender<Control>,
    receiver: mpsc::Receiver<Control>,
}

impl Control {
    pub(crate) fn new(kind: RecordKind, body: &[u8]) -> Option<Self> {
        let body = || Zeroizing::new(body.to_vec());
        match kind {
            RecordKind::Rotate => Some(Self::Rotate(body())),
            RecordKind::RotateAck => Some(Self::RotateAck(body())),
            RecordKind::Pad | RecordKind::Fin | RecordKind::Stream | RecordKind::Close | RecordKind::KeepAlive => None,
        }
    }

    pub(crate) const fn kind(&self) -> RecordKind {
        match self {
            Self::Rotate(_) => RecordKind::Rotate,
            Self::RotateAck(_) => RecordKind::RotateAck,
        }
    }

    pub(crate) fn body(&self) -> &[u8] {
        match self {
            Self::Rotate(body) | Self::RotateAck(body) => body,
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.kind(), self.body().len())
    }
}

impl Controls {
    /// Makes the two ends of a session with this handshake hash.
    #[must_use]
    pub fn pair(handshake_hash: [u8; 32]) -> (Self, Self) {
        let (sender, far_receiver) = mpsc::channel(CONTROLS_WAITING);
        let (far_sender, receiver) = mpsc::channel(CONTROLS_WAITING);
        let near = Self { handshake_hash, sender, receiver };
        (near, Self { handshake_hash, sender: far_sender, receiver: far_receiver })
    }

    /// Returns the hash of the session's handshake, which the next key is derived from.
    #[must_use]
    pub const fn handshake_hash(&self) -> &[u8; 32] {
        &self.handshake_hash
    }

    /// Sends a record. False when the session has ended.
    pub async fn send(&self, control: Control) -> bool {
        self.sender.send(control).await.is_ok()
    }

    /// Waits for the next record; `None` when the session has ended.
    pub async fn receive(&mut self) -> Option<Control> {
        self.receiver.recv().await
    }

    pub(crate) fn poll_received(&mut self, cx: &mut Context<'_>) -> Poll<Option<Control>> {
        self.receiver.poll_recv(cx)
    }

    /// Hands a record to the other end, unless too many wait there.
    pub(crate) fn offer(&self, control: Control) {
        drop(self.sender.try_send(control));
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Controls(..)")
    }
}
