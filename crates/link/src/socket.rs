//! The WebSocket frames of a connection, without a copy of what is large.
//!
//! What is read are pieces of one buffer, in which records are then opened in place; what is written are
//! finished frames, many with one call.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;

use bytes::{Buf as _, Bytes, BytesMut};
use getrandom::SysRng;
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::websocket::{FrameError, Frames, Kind, MaskKey, Next, Sender, frame};
use rand_core::{Rng as _, UnwrapErr};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};

use crate::dial::Transport;
use crate::limits::{READ_BUFFER, SMALL_RECORD};

/// What arrived in one frame.
#[derive(Debug)]
pub(crate) enum Message {
    /// Bytes of the MQTT stream.
    Data(BytesMut),
    /// To be answered with this payload.
    Ping(BytesMut),
    /// Nothing to do.
    Pong,
}

/// Why nothing more is read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// The peer has closed, or the line is cut.
    #[error("the connection ended")]
    Ended,
    /// The gateway does not speak WebSocket as it must.
    #[error("the gateway sent a wrong frame")]
    Frame(#[source] FrameError),
}

/// The side that reads.
pub(crate) struct FrameReader<S = ReadHalf<Transport>> {
    stream: S,
    frames: Frames,
    buffer: BytesMut,
}

/// The side that writes.
pub(crate) struct FrameWriter<S = WriteHalf<Transport>> {
    stream: S,
    queued: VecDeque<Bytes>,
}

impl<S: AsyncRead + Unpin> FrameReader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, frames: Frames::new(Sender::Server, MAX_PACKET), buffer: BytesMut::new() }
    }

    /// Waits for the next message. What has arrived is not lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Message, ReadError> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(message);
            }
            if self.buffer.capacity() - self.buffer.len() < MAX_PACKET {
                self.buffer.reserve(READ_BUFFER);
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(ReadError::Ended),
                Ok(_) => {}
            }
        }
    }

    /// Takes a message that is already here.
    fn take(&mut self) -> Result<Option<Message>, ReadError> {
        let (kind, header, length) = match self.frames.next(&mut self.buffer).map_err(ReadError::Frame)? {
            Next::Frame { kind, header, length } => (kind, header, length),
            Next::Incomplete => return Ok(None),
        };
        self.buffer.advance(header);
        let payload = if length < SMALL_RECORD {
            let copy = BytesMut::from(&self.buffer[..length]);
            self.buffer.advance(length);
            copy
        } else {
            self.buffer.split_to(length)
        };
        match kind {
            Kind::Data => Ok(Some(Message::Data(payload))),
            Kind::Ping => Ok(Some(Message::Ping(payload))),
            Kind::Pong => Ok(Some(Message::Pong)),
            Kind::Close => Err(ReadError::Ended),
        }
    }
}

impl<S: AsyncWrite + Unpin> FrameWriter<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, queued: VecDeque::new() }
    }

    /// Puts finished frames behind those that wait.
    pub(crate) fn queue(&mut self, frames: impl IntoIterator<Item = Bytes>) {
        self.queued.extend(frames);
    }

    /// Writes and flushes what waits.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while !self.queued.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&self.queued) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            let slices = &slices[..count];
            let written = poll_fn(|cx| Pin::new(&mut self.stream).poll_write_vectored(cx, slices)).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.forget(written);
        }
        self.stream.flush().await
    }

    fn forget(&mut self, mut written: usize) {
        while let Some(first) = self.queued.front_mut()
            && written > 0
        {
            let taken = written.min(first.len());
            first.advance(taken);
            written -= taken;
            if first.is_empty() {
                self.queued.pop_front();
            }
        }
    }

    /// Writes what waits and the last frame, and ends the stream.
    pub(crate) async fn close(&mut self, key: MaskKey) -> io::Result<()> {
        self.queue([frame(Kind::Close, &[], Some(key))]);
        self.flush().await?;
        self.stream.shutdown().await
    }
}

/// Makes masking keys, which nobody must be able to foretell, from the system's randomness: many with one call.
#[derive(Debug)]
pub(crate) struct MaskKeys {
    bytes: [u8; 256],
    used: usize,
}

impl MaskKeys {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 256], used: 256 }
    }

    pub(crate) fn make(&mut self) -> MaskKey {
        let Some(key) = self.bytes.get(self.used..).and_then(|rest| rest.first_chunk()) else {
            UnwrapErr(SysRng).fill_bytes(&mut self.bytes);
            self.used = 0;
            return self.make();
        };
        let key = MaskKey(*key);
        self.used += key.0.len();
        key
    }
}

/// Frames that one call writes: more than fit the kernel's buffer, when they are full.
const SLICES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_found_however_the_bytes_arrive() {
        let large = vec![7; 16_000];
        let sent: Vec<u8> = [
            frame(Kind::Data, b"small", None),
            frame(Kind::Ping, b"?", None),
            frame(Kind::Data, &large, None),
            frame(Kind::Pong, b"", None),
            frame(Kind::Close, b"", None),
        ]
        .concat();
        for piece in [1, 2, 1000, 100_000] {
            let pieces = sent.chunks(piece).map(|chunk| io::Result::Ok(chunk.to_vec()));
            let mut mock = tokio_util::io::StreamReader::new(futures_util::stream::iter(
                pieces.map(|piece| piece.map(Bytes::from)).collect::<Vec<_>>(),
            ));
            let mut reader = FrameReader::new(&mut mock);
            assert!(matches!(reader.next().await, Ok(Message::Data(data)) if data == "small"), "{piece}");
            assert!(matches!(reader.next().await, Ok(Message::Ping(data)) if data == "?"));
            assert!(matches!(reader.next().await, Ok(Message::Data(data)) if data == large));
            assert!(matches!(reader.next().await, Ok(Message::Pong)));
            assert!(matches!(reader.next().await, Err(ReadError::Ended)));
        }
    }

    #[tokio::test]
    async fn what_is_queued_arrives_in_order_through_a_narrow_stream() {
        let (near, far) = tokio::io::duplex(10);
        let mut writer = FrameWriter::new(near);
        writer.queue((0..100_u8).map(|byte| Bytes::from(vec![byte; 7])));
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            tokio::io::BufReader::new(far).read_to_end(&mut all).await.unwrap();
            all
        });
        writer.close(MaskKey([0; 4])).await.unwrap();
        let all = reading.await.unwrap();
        let expected: Vec<u8> = (0..100_u8).flat_map(|byte| [byte; 7]).collect();
        assert_eq!(all[..700], expected);
        assert_eq!(all[700..], [0x88, 0x80, 0, 0, 0, 0]);
    }

    #[test]
    fn no_masking_key_is_made_twice() {
        let mut keys = MaskKeys::new();
        let made: std::collections::HashSet<_> = (0..100).map(|_| keys.make().0).collect();
        assert!(made.len() > 98, "{} of 100 are different", made.len());
    }
}
