//! The frame header and the opening of records.
//!
//! `0 | bytes` is a frame as it stands. `1 | changes | body` is a genuine frame that is changed on its way:
//! `changes` is a count and, for each, a place (u16) and what it is xored with.

use bytes::BytesMut;
use latchgate_protocol::FrameHeader;
use latchgate_tunnel::session::{SessionInitiator, answer_session};
use latchgate_tunnel::{OpenError, Opened, Opener, RecordKind, Sealer};

use crate::Verdict;
use crate::peers::{FixedRng, LIMITS, SESSION_ID, session_connector, session_device};

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    match bytes.split_first() {
        Some((form, rest)) if form & 1 == 0 => read_frame(rest),
        Some((_, rest)) => read_changed(rest),
        None => Verdict::Refused,
    }
}

fn read_frame(frame: &[u8]) -> Verdict {
    let decoded = FrameHeader::decode(frame);
    if let Ok((header, body)) = &decoded {
        assert_eq!([&header.encode()[..], body].concat(), frame, "a header that was read is not written alike");
        let (_, mut opener) = open_session();
        let opened = opener.open(*header, &mut body.to_vec()).map(|_| ());
        assert!(opened.is_err(), "a frame was opened that nobody sealed");
        let again = opener.open(*header, &mut body.to_vec()).map(|_| ());
        assert_eq!(again, opened, "a session went on after {opened:?}");
    }
    Verdict::of(&decoded)
}

fn read_changed(bytes: &[u8]) -> Verdict {
    let Some((&count, rest)) = bytes.split_first() else { return Verdict::Refused };
    let Some((changes, body)) = rest.split_at_checked(3 * usize::from(count)) else { return Verdict::Refused };
    let body = &body[..body.len().min(Sealer::MAX_BODY)];
    let (mut sealer, mut opener) = open_session();
    let mut sealed = BytesMut::new();
    sealer.seal(RecordKind::Stream, body, &mut sealed).expect("the body fits a record");
    let mut arrived = sealed.clone();
    for (high, low, with) in changes.chunks_exact(3).map(|change| (change[0], change[1], change[2])) {
        let place = usize::from(u16::from_be_bytes([high, low])) % arrived.len();
        arrived[place] ^= with;
    }
    let Ok((header, record)) = FrameHeader::decode(&arrived) else { return Verdict::Refused };
    let mut record = record.to_vec();
    match opener.open(header, &mut record) {
        Ok(Opened::Record { kind, body: opened }) => {
            assert_eq!((kind, opened), (RecordKind::Stream, body));
            assert_eq!(arrived, sealed, "a changed frame was opened");
            Verdict::Accepted
        }
        Ok(Opened::Duplicate) => panic!("the first record cannot be a duplicate"),
        Err(OpenError::Gap { .. } | OpenError::Forged) => Verdict::Refused,
        Err(error @ (OpenError::Malformed | OpenError::Exhausted)) => panic!("a changed frame gives {error:?}"),
    }
}

fn open_session() -> (Sealer, Opener) {
    let started = SessionInitiator::start(session_device(), SESSION_ID, &mut FixedRng(0xd2));
    let (s1, device) = started.expect("the connector's key is a good one");
    let answered = answer_session(session_connector(), SESSION_ID, &s1, &LIMITS, &mut FixedRng(0xc2));
    let (s2, connector) = answered.expect("S1 is genuine");
    let (device, _) = device.finish(&s2).expect("S2 is genuine");
    (device.split().0, connector.split().1)
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let frame = |head: &[u8], body: &[u8]| [&[0][..], head, &[0xaa; 8], &[0; 8], body].concat();
    vec![
        ("p1-header", frame(&[1], &[1; 96])),
        ("data-header", frame(&[5], &[0; 272])),
        ("unchanged", b"\x01\0GET / HTTP/2".to_vec()),
        ("unchanged-empty", b"\x01\0".to_vec()),
        ("unchanged-long", [&b"\x01\0"[..], &[b'x'; 5000]].concat()),
    ]
}
