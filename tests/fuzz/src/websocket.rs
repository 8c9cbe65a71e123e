//! WebSocket frames, one after the other as they come off a connection.

use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::websocket::{FrameError, Frames, Kind, MaskKey, Next, Sender, frame};

use crate::Verdict;

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    let as_client = walk(Sender::Client, bytes);
    let as_server = walk(Sender::Server, bytes);
    assert!(bytes.len() < 2 || as_client.is_err() || as_server.is_err(), "masked and not masked at once");
    Verdict::of(&as_client.or(as_server))
}

/// Takes frames off as a connection does and writes each whole message again.
fn walk(from: Sender, bytes: &[u8]) -> Result<(), FrameError> {
    let mut frames = Frames::new(from, MAX_PACKET);
    let mut rest = bytes.to_vec();
    let mut rest = &mut rest[..];
    loop {
        let before = rest.to_vec();
        match frames.next(rest)? {
            Next::Frame { kind, header, length } => {
                let end = header + length;
                assert!(
                    end <= rest.len() && (2..=14).contains(&header) && length <= MAX_PACKET,
                    "beyond what is there"
                );
                let key = (from == Sender::Client).then(|| MaskKey([0, 1, 2, 3].map(|at| before[header - 4 + at])));
                let whole = before[0] & 0x8f != 0x80 && before[0] & 0x80 != 0;
                if kind != Kind::Data || whole {
                    assert_eq!(frame(kind, &rest[header..end], key), before[..end], "a frame is not written alike");
                }
                rest = &mut rest[end..];
            }
            Next::Incomplete => {
                assert_eq!(rest, before, "an incomplete frame was changed");
                return Ok(());
            }
        }
    }
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let key = Some(MaskKey([1, 2, 3, 4]));
    let client = [
        frame(Kind::Data, &[5; 40], key),
        frame(Kind::Ping, b"?", key),
        frame(Kind::Data, &[5; 300], key),
        frame(Kind::Close, &[], key),
    ];
    let server = [frame(Kind::Data, &[5; 200], None), frame(Kind::Pong, b"?", None)];
    let fragments = vec![0x02, 1, b'a', 0x89, 0, 0x00, 1, b'b', 0x80, 0];
    vec![("client", client.concat()), ("server", server.concat()), ("fragments", fragments)]
}
