//! Just enough of HTTP/1.1 (RFC 9112): heads by `httparse`, bodies counted and dropped in place.

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Room for a head, and the most that one read takes from the socket, in bytes.
const BUFFER: usize = 256 * 1024;

/// More headers than any part of a chain adds.
const HEADERS: usize = 64;

/// A request, as far as the upstream looks at it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Framing,
}

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// This many bytes are to come.
    Length(u64),
    /// Chunks are to come.
    Chunked(Chunks),
}

/// Where in a chunked body the reader stands (RFC 9112, section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line that says how long the next chunk is, this much of it read.
    Size(u64),
    /// In that line, behind the number.
    Extension(u64),
    /// In a chunk of which this much is to come, two bytes of line end included.
    Data(u64),
    /// In the trailers: whether the line holds anything yet.
    Trailer { empty: bool },
}

/// The receiving half of a connection and what it has read ahead.
pub(crate) struct Inbox<R> {
    stream: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<R: AsyncRead + Unpin> Inbox<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, buffer: vec![0; BUFFER], start: 0, end: 0 }
    }

    /// Reads the head of a request; none when the peer has closed between two requests.
    pub(crate) async fn request(&mut self) -> anyhow::Result<Option<Request>> {
        loop {
            if let Some((used, request)) = parse_request(self.unread())? {
                self.start += used;
                return Ok(Some(request));
            }
            if !self.fill().await? {
                ensure!(self.unread().is_empty(), "the client closed within a head");
                return Ok(None);
            }
        }
    }

    /// Reads the head of an answer: its status, and how its body ends.
    pub(crate) async fn answer(&mut self) -> anyhow::Result<(u16, Framing)> {
        loop {
            if let Some((used, status, body)) = parse_answer(self.unread())? {
                self.start += used;
                return Ok((status, body));
            }
            ensure!(self.fill().await?, "the server closed before the end of its answer's head");
        }
    }

    /// Reads a body to its end and returns its length in bytes.
    pub(crate) async fn drain(&mut self, mut body: Framing) -> anyhow::Result<u64> {
        let mut total = 0;
        loop {
            let (used, found, done) = body.take(self.unread())?;
            self.start += used;
            total += found;
            if done {
                return Ok(total);
            }
            ensure!(self.fill().await?, "the peer closed within a body, after {total} bytes");
        }
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads more; false at the end of the stream.
    async fn fill(&mut self) -> anyhow::Result<bool> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            ensure!(self.start > 0, "a head is longer than {BUFFER} bytes");
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let read = self.stream.read(&mut self.buffer[self.end..]).await.context("read from the peer")?;
        self.end += read;
        Ok(read > 0)
    }
}

impl Framing {
    /// Takes what belongs to the body: bytes used, bytes of content among them, and whether this was all.
    fn take(&mut self, bytes: &[u8]) -> anyhow::Result<(usize, u64, bool)> {
        match self {
            Self::Length(left) => {
                let used = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= used as u64;
                Ok((used, used as u64, *left == 0))
            }
            Self::Chunked(chunks) => chunks.take(bytes),
        }
    }
}

impl Chunks {
    fn take(&mut self, bytes: &[u8]) -> anyhow::Result<(usize, u64, bool)> {
        let (mut used, mut found) = (0, 0);
        while let Some(&byte) = bytes.get(used) {
            if let Self::Data(left) = *self {
                let here = left.min((bytes.len() - used) as u64);
                // The last two bytes of `left` are the line end.
                found += here.min(left.saturating_sub(2));
                used += here as usize;
                *self = if here == left { Self::Size(0) } else { Self::Data(left - here) };
                continue;
            }
            used += 1;
            if matches!((&self, byte), (Self::Trailer { empty: true }, b'\n')) {
                return Ok((used, found, true));
            }
            *self = self.step(byte)?;
        }
        Ok((used, found, false))
    }

    fn step(self, byte: u8) -> anyhow::Result<Self> {
        Ok(match (self, byte) {
            (Self::Size(0) | Self::Extension(0), b'\n') => Self::Trailer { empty: true },
            (Self::Size(size) | Self::Extension(size), b'\n') => Self::Data(size + 2),
            (Self::Size(size), digit) if digit.is_ascii_hexdigit() => {
                let value = char::from(digit).to_digit(16).map_or(0, u64::from);
                ensure!(size < 1 << 32, "a chunk of more than 2^36 bytes");
                Self::Size(size << 4 | value)
            }
            (Self::Size(size) | Self::Extension(size), _) => Self::Extension(size),
            (Self::Trailer { empty }, b'\r') => Self::Trailer { empty },
            (Self::Trailer { .. }, byte) => Self::Trailer { empty: byte == b'\n' },
            (Self::Data(_), _) => bail!("content is not read byte by byte"),
        })
    }
}

fn parse_request(bytes: &[u8]) -> anyhow::Result<Option<(usize, Request)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(used) = head.parse(bytes).context("read the head of a request")? else {
        return Ok(None);
    };
    let (Some(method), Some(path)) = (head.method, head.path) else { bail!("the request has no method or path") };
    let (method, path) = (method.to_owned(), path.to_owned());
    let body = framing(head.headers)?.unwrap_or(Framing::Length(0));
    Ok(Some((used, Request { method, path, body })))
}

fn parse_answer(bytes: &[u8]) -> anyhow::Result<Option<(usize, u16, Framing)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(used) = head.parse(bytes).context("read the head of an answer")? else {
        return Ok(None);
    };
    let status = head.code.context("the answer has no status")?;
    let body = match framing(head.headers)? {
        Some(body) => body,
        None if status == 204 || status == 304 => Framing::Length(0),
        None => bail!("an answer ({status}) without a length ends with its connection"),
    };
    Ok(Some((used, status, body)))
}

fn framing(headers: &[httparse::Header<'_>]) -> anyhow::Result<Option<Framing>> {
    let value = |name: &str| {
        let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Ok(Some(Framing::Chunked(Chunks::Size(0))));
    }
    let Some(length) = value("content-length") else { return Ok(None) };
    Ok(Some(Framing::Length(length.trim().parse().context("read a Content-Length")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] = b"5\r\nHello\r\n00a;x=y\r\n, everyone\r\n0\r\nTrailer: x\r\n\r\nrest";

    fn take_all(pieces: &mut dyn Iterator<Item = &[u8]>) -> (usize, u64, bool) {
        let mut body = Framing::Chunked(Chunks::Size(0));
        let (mut used, mut found) = (0, 0);
        for piece in pieces {
            let (more_used, more_found, done) = body.take(piece).unwrap();
            used += more_used;
            found += more_found;
            if done {
                return (used, found, true);
            }
        }
        (used, found, false)
    }

    #[test]
    fn a_chunked_body_is_counted_to_its_end_however_it_is_cut() {
        for size in 1..=CHUNKED.len() {
            assert_eq!(take_all(&mut CHUNKED.chunks(size)), (CHUNKED.len() - 4, 15, true), "in pieces of {size}");
        }
    }

    #[test]
    fn a_chunked_body_that_stops_early_is_not_done() {
        assert_eq!(take_all(&mut CHUNKED[..9].chunks(4)), (9, 5, false));
    }

    #[test]
    fn a_body_with_a_length_leaves_the_next_head_alone() {
        let mut body = Framing::Length(3);
        assert_eq!(body.take(b"ab").unwrap(), (2, 2, false));
        assert_eq!(body.take(b"cHTTP/1.1").unwrap(), (1, 1, true));
    }

    #[test]
    fn heads_name_their_bodies() {
        let (used, status, body) = parse_answer(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nab").unwrap().unwrap();
        assert_eq!((used, status, body), (39, 200, Framing::Length(12)));
        let (_, request) =
            parse_request(b"POST /sink HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n").unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/sink"));
        assert_eq!(request.body, Framing::Chunked(Chunks::Size(0)));
        assert_eq!(parse_answer(b"HTTP/1.1 200 OK\r\ncontent-le").unwrap(), None);
    }

    #[tokio::test]
    async fn answers_behind_each_other_are_read_one_by_one() {
        let bytes: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 204 No Content\r\n\r\n";
        let mut inbox = Inbox::new(bytes);
        let (status, body) = inbox.answer().await.unwrap();
        assert_eq!((status, inbox.drain(body).await.unwrap()), (200, 2));
        let (status, body) = inbox.answer().await.unwrap();
        assert_eq!((status, inbox.drain(body).await.unwrap()), (204, 0));
        assert!(inbox.answer().await.is_err());
    }
}
