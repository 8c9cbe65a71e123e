//! WebSocket frames (RFC 6455, section 5), as far as MQTT needs them.
//!
//! MQTT is a stream of bytes inside binary messages; where a message ends means nothing (MQTT 5, section 6).
//! So nothing is assembled here, and a frame is read and written in the buffer in which it travels.
//!
//! 1. A sender puts [`Header`] in front of a packet; a client masks the packet with a fresh key.
//! 2. A receiver takes one frame after the other off the head of what arrived with [`Frames::next`], which
//!    unmasks it in place.

use thiserror::Error;

/// The longest header, in bytes: two, eight of extended length, four of masking key.
pub const MAX_HEADER: usize = 14;

/// The longest payload of a control frame, in bytes (section 5.5).
pub const MAX_CONTROL: usize = 125;

/// A masking key (section 5.3). The caller makes it from a strong source, a fresh one for each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskKey(pub [u8; 4]);

/// Who sends the frames. A client masks each of its frames, a server none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The side that asked for the upgrade.
    Client,
    /// The side that granted it.
    Server,
}

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of the stream, in whole binary messages or in parts of them.
    Data,
    /// To be answered with a pong of the same payload.
    Ping,
    /// The answer to a ping.
    Pong,
    /// The last frame.
    Close,
}

/// What lies at the head of the bytes that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A whole frame; its payload starts after `header` bytes, unmasked, and is `length` bytes long.
    Frame {
        /// What it is for.
        kind: Kind,
        /// The size of its header, in bytes.
        header: usize,
        /// The size of its payload, in bytes.
        length: usize,
    },
    /// More bytes must arrive.
    Incomplete,
}

/// Why frames cannot be read. Each ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A reserved bit or opcode, or a length that is not written in the shortest way.
    #[error("the frame uses what is reserved")]
    Reserved,
    /// A text message.
    #[error("the message is not binary")]
    Text,
    /// A client's frame without a mask, or a server's frame with one.
    #[error("the frame is masked as only the other side masks")]
    Mask,
    /// A continuation of nothing, or a message that begins inside another.
    #[error("the fragments of a message are out of order")]
    Fragments,
    /// A control frame in fragments or of more than 125 bytes.
    #[error("the control frame is fragmented or too long")]
    Control,
    /// More payload than allowed.
    #[error("the frame is too long")]
    TooLong,
}

/// Takes frames of one sender off a buffer.
#[derive(Debug)]
pub struct Frames {
    from: Sender,
    max_payload: usize,
    /// A message has begun and its last fragment has not arrived.
    within_message: bool,
}

impl Frames {
    /// Reads frames that `from` sends, of at most `max_payload` bytes each.
    #[must_use]
    pub const fn new(from: Sender, max_payload: usize) -> Self {
        Self { from, max_payload, within_message: false }
    }

    /// Looks at the first frame in `bytes` and unmasks it in place if it is whole; otherwise `bytes` are unchanged.
    ///
    /// # Errors
    /// [`FrameError`] as soon as the header shows it.
    pub fn next(&mut self, bytes: &mut [u8]) -> Result<Next, FrameError> {
        let Some((header, length)) = self.read_header(bytes)? else { return Ok(Next::Incomplete) };
        let Some(payload) = bytes.get_mut(header.size..).and_then(|rest| rest.get_mut(..length)) else {
            return Ok(Next::Incomplete);
        };
        if let Some(key) = header.key {
            mask(payload, key);
        }
        if header.kind == Kind::Data {
            self.within_message = !header.is_last;
        }
        Ok(Next::Frame { kind: header.kind, header: header.size, length })
    }

    /// Reads the header; `None` while it is incomplete.
    fn read_header(&self, bytes: &[u8]) -> Result<Option<(Read, usize)>, FrameError> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let is_last = first & LAST != 0;
        let kind = self.kind(first, is_last)?;
        let is_masked = second & MASKED != 0;
        if is_masked != (self.from == Sender::Client) {
            return Err(FrameError::Mask);
        }
        let Some((length, rest)) = read_length(second & !MASKED, rest)? else { return Ok(None) };
        if kind != Kind::Data && (!is_last || length > MAX_CONTROL as u64) {
            return Err(FrameError::Control);
        }
        let length = usize::try_from(length).map_err(|_| FrameError::TooLong)?;
        if length > self.max_payload.max(MAX_CONTROL) {
            return Err(FrameError::TooLong);
        }
        let (key, rest) = match rest.split_first_chunk() {
            _ if !is_masked => (None, rest),
            Some((key, rest)) => (Some(MaskKey(*key)), rest),
            None => return Ok(None),
        };
        Ok(Some((Read { kind, is_last, key, size: bytes.len() - rest.len() }, length)))
    }

    fn kind(&self, first: u8, is_last: bool) -> Result<Kind, FrameError> {
        if first & !(LAST | OPCODE) != 0 {
            return Err(FrameError::Reserved);
        }
        match (first & OPCODE, self.within_message) {
            (CONTINUATION, true) | (BINARY, false) => Ok(Kind::Data),
            (CONTINUATION, false) | (BINARY, true) => Err(FrameError::Fragments),
            (TEXT, _) => Err(FrameError::Text),
            (CLOSE | PING | PONG, _) if !is_last => Err(FrameError::Control),
            (CLOSE, _) => Ok(Kind::Close),
            (PING, _) => Ok(Kind::Ping),
            (PONG, _) => Ok(Kind::Pong),
            _ => Err(FrameError::Reserved),
        }
    }
}

/// A header that was read.
struct Read {
    kind: Kind,
    is_last: bool,
    key: Option<MaskKey>,
    size: usize,
}

fn read_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, FrameError> {
    let (length, rest, least) = match short {
        MEDIUM => match rest.split_first_chunk() {
            Some((length, rest)) => (u16::from_be_bytes(*length).into(), rest, u64::from(MEDIUM)),
            None => return Ok(None),
        },
        LONG => match rest.split_first_chunk() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest, 1 << 16),
            None => return Ok(None),
        },
        short => (short.into(), rest, 0),
    };
    if length < least { Err(FrameError::Reserved) } else { Ok(Some((length, rest))) }
}

/// The header of a frame that holds a whole message.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    bytes: [u8; MAX_HEADER],
    size: usize,
}

impl Header {
    /// Makes the header of a frame with `length` bytes of payload, which the caller masks if there is a `key`.
    #[must_use]
    pub fn new(kind: Kind, length: usize, key: Option<MaskKey>) -> Self {
        let mut header = Self { bytes: [0; MAX_HEADER], size: 0 };
        let opcode = match kind {
            Kind::Data => BINARY,
            Kind::Ping => PING,
            Kind::Pong => PONG,
            Kind::Close => CLOSE,
        };
        let masked = if key.is_some() { MASKED } else { 0 };
        header.put(&[LAST | opcode]);
        if length < usize::from(MEDIUM) {
            header.put(&[masked | length as u8]);
        } else if let Ok(length) = u16::try_from(length) {
            header.put(&[masked | MEDIUM]);
            header.put(&length.to_be_bytes());
        } else {
            header.put(&[masked | LONG]);
            header.put(&(length as u64).to_be_bytes());
        }
        if let Some(MaskKey(key)) = key {
            header.put(&key);
        }
        header
    }

    /// Returns the wire form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.size]
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.size..self.size + bytes.len()].copy_from_slice(bytes);
        self.size += bytes.len();
    }
}

/// Masks or unmasks a payload from its first byte on.
pub fn mask(payload: &mut [u8], MaskKey([a, b, c, d]): MaskKey) {
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
}

/// Makes a whole frame, copying the payload: for what is small or rare.
#[must_use]
pub fn frame(kind: Kind, payload: &[u8], key: Option<MaskKey>) -> bytes::Bytes {
    let header = Header::new(kind, payload.len(), key);
    let mut frame = bytes::BytesMut::with_capacity(header.size + payload.len());
    frame.extend_from_slice(header.as_bytes());
    frame.extend_from_slice(payload);
    if let Some(key) = key {
        mask(&mut frame[header.size..], key);
    }
    frame.freeze()
}

const LAST: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// In place of a length: two bytes of length follow.
const MEDIUM: u8 = 126;
/// In place of a length: eight bytes of length follow.
const LONG: u8 = 127;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: MaskKey = MaskKey([0x37, 0xfa, 0x21, 0x3d]);

    fn read(from: Sender, bytes: &[u8]) -> Result<Next, FrameError> {
        Frames::new(from, 20_480).next(&mut bytes.to_vec())
    }

    #[test]
    fn the_wire_form_is_fixed() {
        let golden = concat!(
            "82",       // final, binary
            "85",       // masked, 5 bytes
            "37fa213d", // masking key
            "7f9f4d5158"
        );
        assert_eq!(hex::encode(frame(Kind::Data, b"Hello", Some(KEY))), golden, "RFC 6455, section 5.7, as binary");
        assert_eq!(hex::encode(frame(Kind::Pong, b"Hello", None)), "8a0548656c6c6f");
        assert_eq!(hex::encode(Header::new(Kind::Data, 256, None).as_bytes()), "827e0100");
        assert_eq!(hex::encode(Header::new(Kind::Data, 65_536, None).as_bytes()), "827f0000000000010000");
    }

    #[test]
    fn what_is_written_is_read_whatever_its_length() {
        for (from, key) in [(Sender::Client, Some(KEY)), (Sender::Server, None)] {
            for length in [0, 1, 7, 8, 125, 126, 127, 16_384, 20_480] {
                let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
                let mut bytes = frame(Kind::Data, &payload, key).to_vec();
                let Ok(Next::Frame { kind: Kind::Data, header, length }) = Frames::new(from, 20_480).next(&mut bytes)
                else {
                    panic!("{length} bytes were not read");
                };
                assert_eq!(bytes[header..header + length], payload);
                assert_eq!(bytes.len(), header + length);
            }
        }
    }

    #[test]
    fn fragments_are_data_and_control_frames_come_between() {
        let mut frames = Frames::new(Sender::Server, 100);
        let kinds = [
            (vec![0x02, 1, b'a'], Kind::Data),
            (vec![0x89, 0], Kind::Ping),
            (vec![0x00, 1, b'b'], Kind::Data),
            (vec![0x80, 0], Kind::Data),
            (vec![0x82, 1, b'c'], Kind::Data),
            (vec![0x88, 2, 3, 232], Kind::Close),
        ];
        for (mut bytes, expected) in kinds {
            assert!(matches!(frames.next(&mut bytes), Ok(Next::Frame { kind, .. }) if kind == expected), "{bytes:?}");
        }
    }

    #[test]
    fn ab_36_each_wrong_frame_is_refused_by_name() {
        let server = |bytes: &[u8]| read(Sender::Server, bytes).unwrap_err();
        assert_eq!(server(&[0xc2, 0]), FrameError::Reserved, "compression was not negotiated");
        assert_eq!(server(&[0x83, 0]), FrameError::Reserved);
        assert_eq!(server(&[0x82, 126, 0, 5]), FrameError::Reserved, "a long form of a short length");
        assert_eq!(server(&[0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255]), FrameError::Reserved);
        assert_eq!(server(&[0x81, 0]), FrameError::Text);
        assert_eq!(server(&[0x82, 0x80]), FrameError::Mask);
        assert_eq!(read(Sender::Client, &[0x82, 0]), Err(FrameError::Mask));
        assert_eq!(server(&[0x80, 0]), FrameError::Fragments);
        assert_eq!(server(&[0x09, 0]), FrameError::Control);
        assert_eq!(server(&[0x89, 126, 0, 126]), FrameError::Control);
        assert_eq!(server(&[0x82, 126, 0x50, 0x01]), FrameError::TooLong, "20,481 bytes");
        assert_eq!(server(&[0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0]), FrameError::TooLong);
        let mut within = Frames::new(Sender::Server, 100);
        assert!(within.next(&mut [0x02, 0]).is_ok());
        assert_eq!(within.next(&mut [0x82, 0]), Err(FrameError::Fragments));
    }

    proptest! {
        #[test]
        fn every_beginning_of_a_frame_is_incomplete_and_unchanged(length in 0..400_usize, cut in 0.0..1.0_f64) {
            let whole = frame(Kind::Data, &vec![7; length], Some(KEY));
            let mut part = whole[..(whole.len() as f64 * cut) as usize].to_vec();
            let before = part.clone();
            prop_assert_eq!(Frames::new(Sender::Client, 20_480).next(&mut part), Ok(Next::Incomplete));
            prop_assert_eq!(part, before);
        }

        #[test]
        fn any_bytes_are_read_without_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for from in [Sender::Client, Sender::Server] {
                let _ = Frames::new(from, 32).next(&mut bytes);
            }
        }
    }
}
