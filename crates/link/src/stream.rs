//! The sealed byte stream on which HTTP/2 runs.
//!
//! Writing seals what is there into one record and queues it on the connection; reading opens the records of
//! the session in order. The far end's close, a cut, a lost connection and a record that does not open each
//! end the stream; only the far end's sealed close counts as an end of file.
//!
//! Rotate records travel beside the bytes ([`SealedStream::take_controls`]). They are sent when the stream is
//! read and nothing is there, so one task must drive both directions of a stream whose controls are used, as
//! HTTP/2 does.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use latchgate_protocol::publish::{self, Name};
use latchgate_protocol::{DeviceId, FrameHeader, Topic};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::sealing::{OpenError, Opened, Opener, RecordKind, SealError, Sealer};
use latchgate_tunnel::session::Session;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio_util::sync::PollSender;
use tracing::{debug, warn};

use crate::control::{Control, Controls};
use crate::mqtt::Connection;
use crate::routes::Route;
use crate::socket::MaskKeys;

/// An ordered, sealed byte stream between a device and its connector.
pub struct SealedStream {
    sealer: Sealer,
    outgoing: PollSender<Bytes>,
    topic: String,
    alias: Alias,
    masks: MaskKeys,
    opener: Opener,
    route: Route,
    readable: BytesMut,
    ended: bool,
    /// Hears it when the far end says, sealed, that the pairing is over.
    farewell: Option<watch::Sender<CloseReason>>,
    /// Whether this end said so.
    took_leave: bool,
    handshake_hash: [u8; 32],
    /// The near end of what [`SealedStream::take_controls`] gave away.
    controls: Option<Controls>,
    /// A control record that waits for a place in the queue.
    unsent: Option<Control>,
    _connection: Connection,
}

/// How the next record names its topic.
pub(crate) enum Alias {
    /// No alias is free.
    None,
    /// To be bound by the next record.
    Free(AliasLease),
    /// Bound by a record before.
    Bound(AliasLease),
}

/// A topic alias that is this stream's until it is dropped.
pub(crate) struct AliasLease {
    pub(crate) number: u16,
    pub(crate) release: Option<Box<dyn FnOnce(u16) + Send + Sync>>,
}

impl Drop for AliasLease {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release(self.number);
        }
    }
}

impl SealedStream {
    pub(crate) fn new(
        connection: Connection,
        session: Session,
        topic: Topic,
        alias: Option<AliasLease>,
        route: Route,
    ) -> Self {
        let handshake_hash = *session.handshake_hash();
        let (sealer, opener) = session.split();
        Self {
            sealer,
            outgoing: PollSender::new(connection.outgoing.clone()),
            topic: topic.to_string(),
            alias: alias.map_or(Alias::None, Alias::Free),
            masks: MaskKeys::new(),
            opener,
            route,
            readable: BytesMut::new(),
            ended: false,
            farewell: None,
            took_leave: false,
            handshake_hash,
            controls: None,
            unsent: None,
            _connection: connection,
        }
    }

    /// Tells `farewell` when the far end says, sealed, that the pairing is over.
    pub(crate) fn tell_of_farewell(&mut self, farewell: watch::Sender<CloseReason>) {
        self.farewell = Some(farewell);
    }

    /// Returns the device at one end of the stream.
    #[must_use]
    pub const fn device_id(&self) -> DeviceId {
        self.route.device_id()
    }

    /// Returns the way to send and receive rotate records beside the stream; without it they are dropped. A
    /// second call replaces what the first one gave.
    #[must_use]
    pub fn take_controls(&mut self) -> Controls {
        let (near, far) = Controls::pair(self.handshake_hash);
        self.controls = Some(near);
        far
    }

    /// Seals one record of the beginning of `parts` and queues it; returns how many bytes that is. Needs a
    /// reserved place in the queue.
    fn queue_record(&mut self, kind: RecordKind, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let (packet, taken) = self.seal_record(kind, parts)?;
        self.outgoing.send_item(packet).map_err(|_| lost())?;
        Ok(taken)
    }

    /// Seals one record of the beginning of `parts` into a packet; returns how many bytes that is.
    fn seal_record(&mut self, kind: RecordKind, parts: &[IoSlice<'_>]) -> io::Result<(Bytes, usize)> {
        let offered: usize = parts.iter().map(|part| part.len()).sum();
        let mut packet = BytesMut::new();
        publish::begin(&mut packet, offered.min(Sealer::MAX_BODY) + 512);
        let taken = self.sealer.seal_gathered(kind, parts, &mut packet).map_err(io::Error::other)?;
        let name = match &self.alias {
            Alias::None => Name::Topic(&self.topic),
            Alias::Free(lease) => Name::Bind(&self.topic, lease.number),
            Alias::Bound(lease) => Name::Alias(lease.number),
        };
        publish::finish_frame(&mut packet, name, Some(self.masks.make()));
        self.alias = match std::mem::replace(&mut self.alias, Alias::None) {
            Alias::None => Alias::None,
            Alias::Free(lease) | Alias::Bound(lease) => Alias::Bound(lease),
        };
        Ok((packet.freeze(), taken))
    }

    /// Says to a device that it was revoked: the last record of the session. The queue may be full of what the
    /// device asked for, so the record waits for its place in a task of its own.
    fn take_leave(&mut self) {
        let Some(reason) = self.route.farewell().filter(|_| !self.took_leave) else { return };
        self.took_leave = true;
        let Some(outgoing) = self.outgoing.get_ref().cloned() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if let Ok((packet, _)) = self.seal_record(RecordKind::Close, &[IoSlice::new(reason.encode())]) {
            // The alias is in use until the record has its place.
            let alias = std::mem::replace(&mut self.alias, Alias::None);
            drop(runtime.spawn(async move {
                drop(outgoing.send(packet).await);
                drop(alias);
            }));
        }
    }

    pub(crate) async fn send_record(&mut self, kind: RecordKind, body: &[u8]) -> io::Result<()> {
        if body.len() > Sealer::MAX_BODY {
            return Err(io::Error::other(SealError::TooLong(body.len())));
        }
        std::future::poll_fn(|cx| self.outgoing.poll_reserve(cx)).await.map_err(|_| lost())?;
        self.queue_record(kind, &[IoSlice::new(body)])?;
        Ok(())
    }

    /// Waits for the next record and returns its kind; the body of a stream record becomes readable.
    pub(crate) async fn next_record(&mut self) -> io::Result<RecordKind> {
        std::future::poll_fn(|cx| self.poll_record(cx)).await
    }

    /// Queues the control records that wait, as far as there is room.
    fn poll_controls(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        loop {
            if self.unsent.is_none() {
                let Some(controls) = &mut self.controls else { return Ok(()) };
                match controls.poll_received(cx) {
                    Poll::Ready(Some(control)) => self.unsent = Some(control),
                    Poll::Ready(None) => {
                        self.controls = None;
                        return Ok(());
                    }
                    Poll::Pending => return Ok(()),
                }
            }
            if self.poll_reserve(cx)?.is_pending() {
                return Ok(());
            }
            if let Some(control) = self.unsent.take() {
                self.queue_record(control.kind(), &[IoSlice::new(control.body())])?;
            }
        }
    }

    /// Hands a rotate record on. Nobody waits for more than one at a time, so a flood of them is dropped.
    fn receive_control(&self, kind: RecordKind, mut body: BytesMut) {
        if let Some((controls, control)) = self.controls.as_ref().zip(Control::new(kind, &body)) {
            controls.offer(control);
        }
        body.fill(0);
    }

    fn poll_record(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<RecordKind>> {
        loop {
            let Some(mut frame) = ready!(self.route.poll_next(cx)) else {
                self.take_leave();
                return Poll::Ready(Err(lost()));
            };
            match self.open(&mut frame)? {
                Some((RecordKind::Stream, start, length)) => {
                    frame.advance(start);
                    frame.truncate(length);
                    self.readable = frame;
                    return Poll::Ready(Ok(RecordKind::Stream));
                }
                Some((RecordKind::Close, start, length)) => {
                    self.handle_close(CloseReason::decode(&frame[start..start + length]));
                    return Poll::Ready(Ok(RecordKind::Close));
                }
                Some((kind @ (RecordKind::Rotate | RecordKind::RotateAck), start, length)) => {
                    frame.advance(start);
                    frame.truncate(length);
                    self.receive_control(kind, frame);
                    return Poll::Ready(Ok(kind));
                }
                Some((kind, _, _)) => return Poll::Ready(Ok(kind)),
                None => {}
            }
        }
    }

    fn handle_close(&self, reason: CloseReason) {
        match (reason, &self.farewell) {
            (CloseReason::Revoked | CloseReason::Wipe, Some(farewell)) => drop(farewell.send_replace(reason)),
            (CloseReason::Revoked | CloseReason::Wipe | CloseReason::Done, _) => {}
        }
    }

    /// Opens a frame in place; returns the kind and where the body lies, nothing for a duplicate.
    fn open(&mut self, frame: &mut BytesMut) -> io::Result<Option<(RecordKind, usize, usize)>> {
        let (header, _) = FrameHeader::decode(frame).map_err(io::Error::other)?;
        if header.frame_type == latchgate_protocol::FrameType::Reset {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the peer does not know the session"));
        }
        let sealed = &mut frame[FrameHeader::LENGTH..];
        let origin = sealed.as_ptr().addr();
        match self.opener.open(header, sealed) {
            Ok(Opened::Record { kind, body }) => {
                let start = FrameHeader::LENGTH + (body.as_ptr().addr() - origin);
                Ok(Some((kind, start, body.len())))
            }
            Ok(Opened::Duplicate) => {
                debug!(device_id = %self.route.device_id(), "a record arrived twice and was dropped");
                Ok(None)
            }
            Err(error) => Err(self.refuse(error)),
        }
    }

    fn refuse(&self, error: OpenError) -> io::Error {
        warn!(device_id = %self.route.device_id(), %error, "a record did not open; the session ends");
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        if self.route.is_cut() {
            self.take_leave();
            return Err(lost());
        }
        match self.outgoing.poll_reserve(cx) {
            Poll::Ready(reserved) => reserved.map(Poll::Ready).map_err(|_| lost()),
            Poll::Pending => Ok(Poll::Pending),
        }
    }
}

impl Drop for SealedStream {
    /// Who holds the stream may drop it in the same moment as it is cut.
    fn drop(&mut self) {
        self.take_leave();
    }
}

fn lost() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the sealed session was lost")
}

impl AsyncRead for SealedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.route.is_cut() {
                this.take_leave();
                return Poll::Ready(Err(lost()));
            }
            if !this.readable.is_empty() {
                let length = this.readable.len().min(buf.remaining());
                buf.put_slice(&this.readable[..length]);
                this.readable.advance(length);
                return Poll::Ready(Ok(()));
            }
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            let record = this.poll_record(cx);
            if record.is_pending() {
                this.poll_controls(cx)?;
            }
            match ready!(record)? {
                RecordKind::Close => this.ended = true,
                RecordKind::Stream
                | RecordKind::Pad
                | RecordKind::Fin
                | RecordKind::Rotate
                | RecordKind::RotateAck
                | RecordKind::KeepAlive => {}
            }
        }
    }
}

impl AsyncWrite for SealedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_reserve(cx)?);
        Poll::Ready(this.queue_record(RecordKind::Stream, &[IoSlice::new(buf)]))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_reserve(cx)?);
        Poll::Ready(this.queue_record(RecordKind::Stream, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Nothing waits here: the connection's writer flushes whatever is queued.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.outgoing.is_closed() || this.route.is_cut() {
            return Poll::Ready(Ok(()));
        }
        ready!(this.poll_reserve(cx)?);
        this.queue_record(RecordKind::Close, &[])?;
        this.outgoing.close();
        Poll::Ready(Ok(()))
    }
}
