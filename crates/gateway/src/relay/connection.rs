//! One logged-in connection, driven by one task in both directions at once.
//!
//! Each turn: what waits for the peer is written, as much as its socket takes, and flushed once; then what
//! the peer sent is read. Reading never waits for writing, so that a peer which does not read still has its
//! own frames relayed. A peer is not read while its share of the way up is full, nor while it leaves the
//! answers to its own requests lying.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::publish::{self, Next, PublishError};
use latchgate_protocol::websocket::{FrameError, Kind, frame};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use super::inbound::malformed_publish;
use super::packet::{self, Acknowledge, Filters};
use super::reason::Reason;
use super::side::{Granted, Side};
use super::socket::{Arrived, Message, ReadError, Socket};
use crate::limits::{ANSWERS_WAITING, FAREWELL_TIMEOUT, READ_TURN};

/// A connection that has logged in.
pub(crate) struct Connection<S> {
    socket: Socket<S>,
    side: Side,
    /// The beginning of a packet whose rest has not arrived.
    received: BytesMut,
    /// Frames that answer the peer's own requests.
    answers: VecDeque<Bytes>,
    heard: Instant,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    /// Runs while the peer is not read because it sent more than it may.
    pause: Option<Pin<Box<Sleep>>>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The peer said goodbye.
    Left,
    /// The socket failed or closed.
    Lost,
    /// The gateway closes it.
    Closed(Reason),
}

impl From<ReadError> for End {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Ended => Self::Lost,
            ReadError::Frame(FrameError::TooLong) => Reason::PacketTooLarge.into(),
            ReadError::Frame(_) => Reason::Malformed.into(),
        }
    }
}

impl From<Reason> for End {
    fn from(reason: Reason) -> Self {
        Self::Closed(reason)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// `answers` go out first; `received` came behind CONNECT.
    pub(crate) fn new(socket: Socket<S>, side: Side, answer: Bytes, received: BytesMut, keep_alive: Duration) -> Self {
        let (heard, silence) = (Instant::now(), keep_alive.mul_f32(1.5));
        let timer = Box::pin(sleep_until(heard + silence));
        let answers = VecDeque::from([frame(Kind::Data, &answer, None)]);
        Self { socket, side, received, answers, heard, silence, timer, pause: None }
    }

    /// Runs the connection to its end, gives up its seat, and tells the peer why.
    pub(crate) async fn run(mut self) -> End {
        let received = std::mem::take(&mut self.received);
        let end = match self.handle_bytes(&received) {
            Ok(()) => poll_fn(|cx| self.poll(cx)).await,
            Err(end) => end,
        };
        self.side.last_words(&mut self.answers);
        self.side.leave();
        if let End::Closed(reason) = end {
            farewell(self.socket, self.answers, packet::disconnect(reason)).await;
        }
        end
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.side.peer().register(cx.waker());
        if let Some(reason) = self.side.peer().closing() {
            return Poll::Ready(reason.into());
        }
        match self.poll_turn(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        self.poll_write(cx)?;
        self.poll_read(cx)?;
        if !self.answers.is_empty() {
            let reading_waited = self.answers.len() >= ANSWERS_WAITING;
            self.poll_write(cx)?;
            if reading_waited && self.answers.len() < ANSWERS_WAITING {
                cx.waker().wake_by_ref();
            }
        }
        self.poll_timer(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let mut rounds = 0;
        loop {
            if let Poll::Ready(written) = self.socket.poll_write(cx) {
                written.map_err(|_| End::Lost)?;
            } else {
                return Ok(());
            }
            if rounds == WRITE_ROUNDS {
                cx.waker().wake_by_ref();
                break;
            }
            rounds += 1;
            let outgoing = self.socket.outgoing();
            outgoing.append(&mut self.answers);
            self.side.fill(outgoing);
            if outgoing.is_empty() {
                break;
            }
        }
        match self.socket.poll_flush(cx) {
            Poll::Ready(flushed) => flushed.map_err(|_| End::Lost),
            Poll::Pending => Ok(()),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let mut turn = READ_TURN;
        while self.may_read(cx) {
            if turn == 0 {
                cx.waker().wake_by_ref();
                return Ok(());
            }
            let Poll::Ready(arrived) = self.socket.poll_read(cx) else { return Ok(()) };
            let mut arrived = arrived?;
            let interrupted = self.handle_arrived(cx, &mut arrived, &mut turn)?;
            self.socket.keep(arrived, interrupted);
        }
        Ok(())
    }

    /// Handles frame after frame; returns true if it had to stop before the last one.
    fn handle_arrived(&mut self, cx: &mut Context<'_>, arrived: &mut Arrived, turn: &mut usize) -> Result<bool, End> {
        while *turn > 0 && self.may_read(cx) {
            let Some(message) = self.socket.next(arrived)? else { return Ok(false) };
            *turn -= 1;
            self.handle_message(message, arrived)?;
        }
        Ok(true)
    }

    fn may_read(&mut self, cx: &mut Context<'_>) -> bool {
        !self.side.is_stalled() && self.answers.len() < ANSWERS_WAITING && self.poll_pause(cx).is_ready()
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.pause.is_none() {
            self.pause = self.side.pause().map(|wait| Box::pin(sleep(wait)));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
            self.heard = Instant::now();
        }
        Poll::Ready(())
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.side.is_stalled() || self.pause.is_some() {
                self.heard = now;
            }
            if now.duration_since(self.heard) >= self.silence {
                return Err(Reason::KeepAliveTimeout.into());
            }
            self.timer.as_mut().reset(self.heard + self.silence);
        }
        Ok(())
    }

    fn handle_message(&mut self, message: Message, arrived: &Arrived) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            Message::Data(range) if self.received.is_empty() => self.handle_bytes(arrived.data(range)),
            Message::Data(range) => {
                self.received.extend_from_slice(arrived.data(range));
                let received = std::mem::take(&mut self.received);
                self.handle_bytes(&received)
            }
            Message::Ping(answer) => {
                self.answers.push_back(answer);
                Ok(())
            }
            Message::Pong => Ok(()),
            Message::Close => Err(End::Lost),
        }
    }

    /// Handles the packets of one frame, which as a rule are whole.
    fn handle_bytes(&mut self, mut bytes: &[u8]) -> Result<(), End> {
        loop {
            match publish::next_packet(bytes, MAX_PACKET) {
                Next::Packet(length) => {
                    let (packet, rest) = bytes.split_at(length);
                    self.handle_packet(packet)?;
                    bytes = rest;
                }
                Next::Incomplete => {
                    self.received.extend_from_slice(bytes);
                    return Ok(());
                }
                Next::TooLong => return Err(Reason::PacketTooLarge.into()),
            }
        }
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), End> {
        let Some((kind, body)) = packet::split(packet) else { return Err(Reason::Malformed.into()) };
        match kind {
            packet::PUBLISH => self.handle_publish(packet)?,
            packet::SUBSCRIBE => {
                self.handle_filters(Acknowledge::Subscribe, packet::read_subscribe(body)?, Side::handle_subscribe);
            }
            packet::UNSUBSCRIBE => {
                self.handle_filters(
                    Acknowledge::Unsubscribe,
                    packet::read_unsubscribe(body)?,
                    Side::handle_unsubscribe,
                );
            }
            packet::PINGREQ => self.answer(&packet::pong()),
            packet::DISCONNECT => return Err(End::Left),
            _ => return Err(Reason::ProtocolError.into()),
        }
        Ok(())
    }

    fn handle_publish(&mut self, packet: &[u8]) -> Result<(), Reason> {
        match publish::decode(packet) {
            Ok(publish) => self.side.handle_publish(&publish),
            Err(PublishError::Malformed) => Err(malformed_publish(packet)),
            Err(error) => Err(error.into()),
        }
    }

    fn handle_filters(&mut self, kind: Acknowledge, filters: Filters, handle: fn(&mut Side, &str) -> Granted) {
        let handled = filters.filters.iter().map(|filter| handle(&mut self.side, filter));
        let codes: Vec<u8> = handled.map(|granted| granted.map_or_else(Reason::code, |()| 0)).collect();
        self.answer(&packet::acknowledge(kind, filters.packet_id, &codes));
    }

    fn answer(&mut self, packet: &[u8]) {
        self.answers.push_back(frame(Kind::Data, packet, None));
    }
}

/// Batches written in one turn before the other connections have theirs.
const WRITE_ROUNDS: usize = 16;

/// Sends the last frames and a last packet and closes, waiting a little for the peer to read them.
pub(crate) async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: Socket<S>,
    mut frames: VecDeque<Bytes>,
    packet: Bytes,
) {
    socket.outgoing().append(&mut frames);
    socket.outgoing().push_back(frame(Kind::Data, &packet, None));
    drop(timeout(FAREWELL_TIMEOUT, socket.close()).await);
}
