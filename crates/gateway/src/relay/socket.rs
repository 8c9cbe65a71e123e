//! The WebSocket of one connection: frames on a byte stream, without a copy on the way out and with no buffer
//! of its own while nothing is under way.
//!
//! Each read fills a buffer that all connections of a thread share; frames are unmasked and handled there, and
//! only the beginning of one whose rest has not arrived is kept. What is written are finished frames, many with
//! one call.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::websocket::{FrameError, Frames, Kind, Next, Sender, frame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::READ_BUFFER;

/// A WebSocket after its upgrade.
pub(crate) struct Socket<S> {
    stream: S,
    frames: Frames,
    /// What was read and not handled.
    rest: Vec<u8>,
    /// `rest` may hold whole frames: it is handled before more is read.
    rest_first: bool,
    outgoing: VecDeque<Bytes>,
    unflushed: bool,
}

/// Bytes that arrived: borrowed from the thread while they are handled.
pub(crate) struct Arrived {
    buffer: Vec<u8>,
    handled: usize,
    length: usize,
}

/// What arrived in one frame.
pub(crate) enum Message {
    /// Bytes of the MQTT stream; where they lie in [`Arrived`].
    Data(Range<usize>),
    /// A ping, with the frame that answers it.
    Ping(Bytes),
    Pong,
    Close,
}

/// Why reading ended.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer is gone.
    Ended,
    /// The peer does not send what it may.
    Frame(FrameError),
}

thread_local! {
    /// The buffer that reads fill, while no connection handles what is in it.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Takes over a stream behind the answer to the upgrade.
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            frames: Frames::new(Sender::Client, MAX_PACKET),
            rest: Vec::new(),
            rest_first: false,
            outgoing: VecDeque::new(),
            unflushed: false,
        }
    }

    /// Reads once. What is returned goes back by [`Self::keep`].
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arrived, ReadError>> {
        let mut buffer = BUFFER.take();
        buffer.resize(READ_BUFFER, 0);
        let kept = self.rest.len();
        if !self.rest_first {
            let mut read = ReadBuf::new(&mut buffer[kept..]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                Poll::Ready(Ok(()) | Err(_)) => return Poll::Ready(Err(ReadError::Ended)),
                Poll::Pending => {
                    BUFFER.set(buffer);
                    return Poll::Pending;
                }
            }
            let length = kept + read.filled().len();
            return Poll::Ready(Ok(self.arrived(buffer, length)));
        }
        Poll::Ready(Ok(self.arrived(buffer, kept)))
    }

    fn arrived(&mut self, mut buffer: Vec<u8>, length: usize) -> Arrived {
        let rest = std::mem::take(&mut self.rest);
        buffer[..rest.len()].copy_from_slice(&rest);
        Arrived { buffer, handled: 0, length }
    }

    /// Takes the next frame; `None` when no whole one is left.
    pub(crate) fn next(&mut self, arrived: &mut Arrived) -> Result<Option<Message>, ReadError> {
        let bytes = &mut arrived.buffer[arrived.handled..arrived.length];
        let (kind, header, length) = match self.frames.next(bytes).map_err(ReadError::Frame)? {
            Next::Frame { kind, header, length } => (kind, header, length),
            Next::Incomplete => return Ok(None),
        };
        let start = arrived.handled + header;
        let payload = start..start + length;
        arrived.handled = payload.end;
        Ok(Some(match kind {
            Kind::Data => Message::Data(payload),
            Kind::Ping => Message::Ping(frame(Kind::Pong, &arrived.buffer[payload], None)),
            Kind::Pong => Message::Pong,
            Kind::Close => Message::Close,
        }))
    }

    /// Gives the buffer back and keeps what was not handled; `whole` if that may be whole frames.
    pub(crate) fn keep(&mut self, arrived: Arrived, whole: bool) {
        self.rest = arrived.buffer[arrived.handled..arrived.length].to_vec();
        self.rest_first = whole && !self.rest.is_empty();
        BUFFER.set(arrived.buffer);
    }

    /// Reads the next frame and lets `read` look at its bytes.
    pub(crate) async fn read_frame<T>(&mut self, mut read: impl FnMut(&Message, &[u8]) -> T) -> Result<T, ReadError> {
        loop {
            let mut arrived = poll_fn(|cx| self.poll_read(cx)).await?;
            let message = self.next(&mut arrived)?;
            let done = message.map(|message| read(&message, arrived.bytes(&message)));
            self.keep(arrived, done.is_some());
            if let Some(done) = done {
                return Ok(done);
            }
        }
    }

    /// Queues a finished frame.
    pub(crate) fn push(&mut self, frame: Bytes) {
        self.outgoing.push_back(frame);
    }

    /// Returns the frames that are not written; more may be put behind them.
    pub(crate) const fn outgoing(&mut self) -> &mut VecDeque<Bytes> {
        &mut self.outgoing
    }

    /// Writes what is queued, as much as the stream takes; ready when nothing is left.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&self.outgoing) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            let mut written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &slices[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            while let Some(first) = self.outgoing.front_mut()
                && written > 0
            {
                let taken = written.min(first.len());
                first.advance(taken);
                written -= taken;
                if first.is_empty() {
                    self.outgoing.pop_front();
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Flushes what was written.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what is queued and a close, and reads until the peer has closed, too: closing a socket with unread
    /// bytes in it would take the last words back.
    pub(crate) async fn close(&mut self) -> Result<(), ReadError> {
        self.push(frame(Kind::Close, &[], None));
        let ended = |_| ReadError::Ended;
        poll_fn(|cx| self.poll_write(cx)).await.map_err(ended)?;
        poll_fn(|cx| self.poll_flush(cx)).await.map_err(ended)?;
        loop {
            let arrived = poll_fn(|cx| self.poll_read(cx)).await?;
            if self.discard(arrived) {
                break;
            }
        }
        poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await.map_err(ended)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Throws away what arrived; returns true if a close is in it.
    fn discard(&mut self, mut arrived: Arrived) -> bool {
        loop {
            match self.next(&mut arrived) {
                Ok(Some(Message::Close)) => return true,
                Ok(Some(Message::Data(_) | Message::Ping(_) | Message::Pong)) => {}
                Ok(None) => {
                    self.keep(arrived, false);
                    return false;
                }
                // Whoever sends what is no frame may still read.
                Err(_) => {
                    arrived.handled = arrived.length;
                    self.keep(arrived, false);
                    return false;
                }
            }
        }
    }
}

impl Arrived {
    /// Returns the bytes of a message; none for one that carries no data.
    pub(crate) fn bytes(&self, message: &Message) -> &[u8] {
        match message {
            Message::Data(range) => self.data(range.clone()),
            Message::Ping(_) | Message::Pong | Message::Close => &[],
        }
    }

    /// Returns the bytes of a data frame.
    pub(crate) fn data(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }
}

/// Frames that one call writes: more than fit the kernel's buffer, when they are full.
const SLICES: usize = 32;
