//! Keeps what is under way on a sealed stream within what the gateway queues, whatever the reader has left unread.
//!
//! HTTP/2's connection window does two things at once: it bounds what is under way, and what lies unread at the
//! receiver (RFC 9113, section 5.2). Behind a relay the first must be small and the second need not be: a film that
//! its browser has paused would otherwise hold the whole window, and every other page with it.
//!
//! 1. The HTTP/2 connection on top has a large connection window: that bounds what lies unread.
//! 2. [`Paced`] stands below it, follows the frames, and holds back each WINDOW_UPDATE of the connection.
//! 3. It passes on of these credits, in frames of its own, as much as keeps what is under way within the pace. It never
//!    grants more than the connection on top did.

mod frames;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::frames::{DATA, FRAME_HEAD, Frames, Head, PREFACE, window_update};

/// What a connection may send before any update (RFC 9113, section 6.9.2).
const FIRST_WINDOW: u32 = 65_535;
/// A WINDOW_UPDATE frame whole.
const UPDATE: usize = FRAME_HEAD + 4;
/// Slices that one write takes at most; more come with the next one.
const SLICES: usize = 16;

/// The stream below an HTTP/2 connection, at the end that grants the windows.
pub struct Paced<S> {
    stream: S,
    incoming: Frames,
    outgoing: Frames,
    /// The first bytes of a frame of which it is not known yet whether it is passed on.
    held: BytesMut,
    /// What goes out before anything else.
    pending: BytesMut,
    /// The most that may be under way, in bytes.
    pace: u32,
    /// What the far end may still send.
    allowed: u32,
    /// Granted by the connection on top, and not passed on yet.
    credit: u32,
}

impl<S> Paced<S> {
    /// Stands below a client's connection; at most `pace` bytes are under way to it.
    pub fn client(stream: S, pace: u32) -> Self {
        Self::new(stream, pace, Frames::new(0), Frames::new(PREFACE))
    }

    /// Stands below a server's connection; at most `pace` bytes are under way to it.
    pub fn server(stream: S, pace: u32) -> Self {
        Self::new(stream, pace, Frames::new(PREFACE), Frames::new(0))
    }

    fn new(stream: S, pace: u32, incoming: Frames, outgoing: Frames) -> Self {
        let (held, pending) = (BytesMut::new(), BytesMut::new());
        Self { stream, incoming, outgoing, held, pending, pace, allowed: FIRST_WINDOW, credit: 0 }
    }

    /// Whether a credit is to be passed on: not for every frame, but before the far end runs dry.
    fn owes(&self) -> bool {
        self.credit > 0 && self.allowed <= self.pace / 2
    }

    /// Passes credits on, between two frames.
    fn grant(&mut self) {
        if self.owes() && self.outgoing.is_between() && self.held.is_empty() {
            let more = self.credit.min(self.pace - self.allowed);
            self.credit -= more;
            self.allowed += more;
            self.pending.extend_from_slice(&window_update(more));
        }
    }

    /// Follows what arrived.
    fn note_arrived(&mut self, bytes: &[u8]) {
        let mut arrived = 0;
        self.incoming.follow(bytes, |head| {
            if head.kind == DATA {
                arrived += head.length;
            }
        });
        self.allowed = self.allowed.saturating_sub(arrived);
    }

    /// Takes the beginning of a frame until it is known what it is; returns how much was taken.
    fn hold(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        let wanted = if self.held.len() < FRAME_HEAD { FRAME_HEAD } else { UPDATE } - self.held.len();
        let mut taken = 0;
        for buf in bufs {
            let part = &buf[..buf.len().min(wanted - taken)];
            self.held.extend_from_slice(part);
            taken += part.len();
        }
        if let Some(head) = Head::read(&self.held) {
            if !head.is_connection_update() {
                self.outgoing.begin(head.length);
                self.pending.unsplit(self.held.split());
            } else if self.held.len() == UPDATE {
                let mut update = self.held.split();
                update.advance(FRAME_HEAD);
                self.credit = self.credit.saturating_add(update.get_u32() & !(1 << 31));
            }
        }
        taken
    }

    /// Tells how much of this can be passed on as it is.
    fn passable(&self, bufs: &[IoSlice<'_>]) -> usize {
        if !self.held.is_empty() {
            return 0;
        }
        let total: usize = bufs.iter().map(|buf| buf.len()).sum();
        let mut pass = self.rest_of_frame(bufs).min(total);
        while pass < total && !self.owes() {
            match head_at(&[], bufs, pass) {
                Some(head) if !head.is_connection_update() => pass += FRAME_HEAD + head.length as usize,
                Some(_) | None => break,
            }
        }
        pass.min(total)
    }
}

impl<S> Paced<S> {
    /// Returns how much of this belongs to the frame that was begun.
    fn rest_of_frame(&self, bufs: &[IoSlice<'_>]) -> usize {
        let begun = self.outgoing.begun();
        if begun.is_empty() {
            return self.outgoing.left();
        }
        // Its head was seen whole before a part of it was passed on.
        head_at(begun, bufs, 0).map_or(usize::MAX, |head| FRAME_HEAD - begun.len() + head.length as usize)
    }
}

impl<S: AsyncWrite + Unpin> Paced<S> {
    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pending.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Passes on what can be, and holds what cannot.
    fn poll_pass(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.grant();
        ready!(self.poll_pending(cx))?;
        let pass = self.passable(bufs);
        if pass == 0 {
            let taken = self.hold(bufs);
            self.grant();
            return Poll::Ready(Ok(taken));
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = cut(bufs, pass, &mut slices);
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &slices[..count]))?;
        let mut rest = written;
        for slice in &slices[..count] {
            let part = &slice[..slice.len().min(rest)];
            self.outgoing.follow(part, |_| {});
            rest -= part.len();
        }
        Poll::Ready(Ok(written))
    }
}

/// Reads the head of a frame of which `begun` is past, and which goes on at `start` of slices that belong together;
/// `None` where a part of it is missing.
fn head_at(begun: &[u8], bufs: &[IoSlice<'_>], start: usize) -> Option<Head> {
    let mut head = [0; FRAME_HEAD];
    head[..begun.len()].copy_from_slice(begun);
    let (mut filled, mut skipped) = (begun.len(), start);
    for buf in bufs {
        let rest = &buf[skipped.min(buf.len())..];
        skipped = skipped.saturating_sub(buf.len());
        let part = &rest[..rest.len().min(FRAME_HEAD - filled)];
        head[filled..filled + part.len()].copy_from_slice(part);
        filled += part.len();
    }
    Head::read(&head[..filled])
}

/// Cuts slices to `length` bytes together; returns how many there are.
fn cut<'a>(bufs: &'a [IoSlice<'_>], length: usize, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
    let (mut rest, mut count) = (length, 0);
    for (slice, buf) in slices.iter_mut().zip(bufs) {
        if rest == 0 {
            break;
        }
        let part = &buf[..buf.len().min(rest)];
        rest -= part.len();
        *slice = IoSlice::new(part);
        count += 1;
    }
    count
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Paced<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The task that reads also writes: what cannot go out at once goes with its next turn.
        if let Poll::Ready(sent) = this.poll_pending(cx) {
            sent?;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        this.note_arrived(&buf.filled()[before..]);
        this.grant();
        if let Poll::Ready(sent) = this.poll_pending(cx) {
            sent?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_pass(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_pass(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_pending(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_pending(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
