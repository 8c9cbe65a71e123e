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
use futures_util::{Sink as _, SinkExt as _, Stream as _, StreamExt as _};
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::publish::{self, Next, PublishError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::inbound::malformed_publish;
use super::packet::{self, Acknowledge, Filters};
use super::reason::Reason;
use super::side::{Granted, Side};
use crate::limits::{ANSWERS_WAITING, FAREWELL_TIMEOUT, READ_TURN};

/// A connection that has logged in.
pub(crate) struct Connection<S> {
    socket: WebSocketStream<S>,
    side: Side,
    /// The beginning of a packet whose rest has not arrived.
    received: BytesMut,
    answers: VecDeque<Bytes>,
    batch: VecDeque<Bytes>,
    unflushed: bool,
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

impl From<Reason> for End {
    fn from(reason: Reason) -> Self {
        Self::Closed(reason)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// `answers` go out first; `received` came behind CONNECT.
    pub(crate) fn new(
        socket: WebSocketStream<S>,
        side: Side,
        answer: Bytes,
        received: BytesMut,
        keep_alive: Duration,
    ) -> Self {
        let (heard, silence) = (Instant::now(), keep_alive.mul_f32(1.5));
        let timer = Box::pin(sleep_until(heard + silence));
        let (answers, batch) = (VecDeque::from([answer]), VecDeque::new());
        Self { socket, side, received, answers, batch, unflushed: false, heard, silence, timer, pause: None }
    }

    /// Runs the connection to its end, gives up its seat, and tells the peer why.
    pub(crate) async fn run(mut self) -> End {
        let end = match self.take_packets() {
            Ok(()) => poll_fn(|cx| self.poll(cx)).await,
            Err(end) => end,
        };
        self.side.last_words(&mut self.answers);
        self.side.leave();
        if let End::Closed(reason) = end {
            let last = self.answers.into_iter().chain([packet::disconnect(reason)]);
            farewell(self.socket, last).await;
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
            if self.answers.is_empty() && self.batch.is_empty() {
                if rounds == WRITE_ROUNDS {
                    cx.waker().wake_by_ref();
                    break;
                }
                rounds += 1;
                self.side.fill(&mut self.batch);
            }
            if self.answers.is_empty() && self.batch.is_empty() {
                break;
            }
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Ready(ready) => ready.map_err(|_| End::Lost)?,
                Poll::Pending => return Ok(()),
            }
            if let Some(packet) = self.answers.pop_front().or_else(|| self.batch.pop_front()) {
                Pin::new(&mut self.socket).start_send(Message::Binary(packet)).map_err(|_| End::Lost)?;
                self.unflushed = true;
            }
        }
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(cx)
        {
            flushed.map_err(|_| End::Lost)?;
            self.unflushed = false;
        }
        Ok(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        for _ in 0..READ_TURN {
            if self.side.is_stalled() || self.answers.len() >= ANSWERS_WAITING {
                return Ok(());
            }
            if self.poll_pause(cx).is_pending() {
                return Ok(());
            }
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Some(Ok(message))) => self.handle_message(message)?,
                Poll::Ready(Some(Err(_)) | None) => return Err(End::Lost),
            }
        }
        cx.waker().wake_by_ref();
        Ok(())
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

    fn handle_message(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            Message::Binary(bytes) if self.received.is_empty() => self.handle_bytes(bytes),
            Message::Binary(bytes) => {
                self.received.extend_from_slice(&bytes);
                self.take_packets()
            }
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Lost),
            Message::Text(_) | Message::Frame(_) => Err(Reason::Malformed.into()),
        }
    }

    /// Handles the packets of one message, which as a rule are whole.
    fn handle_bytes(&mut self, mut bytes: Bytes) -> Result<(), End> {
        loop {
            match publish::next_packet(&bytes, MAX_PACKET) {
                Next::Packet(length) => {
                    let packet = bytes.split_to(length);
                    self.handle_packet(&packet)?;
                }
                Next::Incomplete => {
                    self.received.extend_from_slice(&bytes);
                    return Ok(());
                }
                Next::TooLong => return Err(Reason::PacketTooLarge.into()),
            }
        }
    }

    fn take_packets(&mut self) -> Result<(), End> {
        let received = std::mem::take(&mut self.received);
        self.handle_bytes(received.freeze())
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
            packet::PINGREQ => self.answers.push_back(packet::pong()),
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
        self.answers.push_back(packet::acknowledge(kind, filters.packet_id, &codes));
    }
}

/// Batches written in one turn before the other connections have theirs.
const WRITE_ROUNDS: usize = 16;

/// Sends the last packets and closes, waiting a little for the peer to read them: closing a socket with unread
/// bytes in it would take them back.
pub(crate) async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    packets: impl IntoIterator<Item = Bytes>,
) {
    let said = async {
        for packet in packets {
            socket.feed(Message::Binary(packet)).await?;
        }
        socket.close(None).await?;
        while let Some(message) = socket.next().await {
            message?;
        }
        Ok::<(), tokio_tungstenite::tungstenite::Error>(())
    };
    drop(timeout(FAREWELL_TIMEOUT, said).await);
}
