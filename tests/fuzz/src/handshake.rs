//! The four handshake messages.
//!
//! `0..=3 | bytes` is P1, P2, S1 or S2 as it stands; `4..=7 | payload` is a genuine one with that payload, as a
//! peer sends it that has the right keys and means ill.

use latchgate_tunnel::pairing::{PairingInitiator, answer_pairing};
use latchgate_tunnel::session::{SessionInitiator, answer_session, read_s1_clear};

use crate::Verdict;
use crate::peers::{
    FixedRng, LIMITS, SESSION_ID, foreign_p1, foreign_p2, foreign_s1, foreign_s2, pairing_connector, pairing_device,
    session_connector, session_device,
};

/// The longest payload of a genuine message: a frame holds no more.
const MAX_PAYLOAD: usize = 16 * 1024;

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    let Some((&kind, rest)) = bytes.split_first() else { return Verdict::Refused };
    let payload = &rest[..rest.len().min(MAX_PAYLOAD)];
    match kind % 8 {
        0 => read_p1(rest),
        1 => read_p2(|_| rest.to_vec()),
        2 => read_s1(rest),
        3 => read_s2(|_| rest.to_vec()),
        4 => read_p1(&foreign_p1(payload)),
        5 => read_p2(|p1| foreign_p2(p1, payload)),
        6 => read_s1(&foreign_s1(payload)),
        _ => read_s2(|s1| foreign_s2(s1, payload)),
    }
}

fn read_p1(p1: &[u8]) -> Verdict {
    let answer = answer_pairing(pairing_connector(), p1, &mut FixedRng(0xc2));
    if let Ok(answer) = &answer {
        check_label(&answer.device_label);
    }
    Verdict::of(&answer)
}

fn read_p2(answer: impl Fn(&[u8]) -> Vec<u8>) -> Verdict {
    let started = PairingInitiator::start(pairing_device(), &mut FixedRng(0xd2));
    let (p1, device) = started.expect("the connector's key is a good one");
    let paired = device.finish(&answer(&p1));
    if let Ok(paired) = &paired {
        check_label(&paired.instance_label);
    }
    Verdict::of(&paired)
}

fn read_s1(s1: &[u8]) -> Verdict {
    let clear = read_s1_clear(s1);
    let answered = answer_session(session_connector(), SESSION_ID, s1, &LIMITS, &mut FixedRng(0xc2));
    assert!(clear.is_ok() || answered.is_err(), "an S1 without its clear part was answered");
    Verdict::of(&answered)
}

fn read_s2(answer: impl Fn(&[u8]) -> Vec<u8>) -> Verdict {
    let started = SessionInitiator::start(session_device(), SESSION_ID, &mut FixedRng(0xd2));
    let (s1, device) = started.expect("the connector's key is a good one");
    Verdict::of(&device.finish(&answer(&s1)))
}

fn check_label(label: &str) {
    assert!(label.len() <= 64 && !label.chars().any(char::is_control), "a label can mislead: {label:?}");
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let offer = [&[7; 32][..], &[0; 4], b"\x0bAda's phone"].concat();
    let answer = [&[8; 32][..], &[0, 0, 0, 1], &[0; 4], b"\x0bExample Ltd"].concat();
    let limits = [0, 0x10, 0, 0, 0, 0, 0, 128];
    let (p1, s1) = (foreign_p1(&offer), foreign_s1(&[]));
    let seed = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    vec![
        ("p1", seed(0, &p1)),
        ("p2", seed(1, &foreign_p2(&own_p1(), &answer))),
        ("s1", seed(2, &s1)),
        ("s2", seed(3, &foreign_s2(&s1, &limits))),
        ("p1-payload", seed(4, &offer)),
        ("p2-payload", seed(5, &answer)),
        ("s1-payload", seed(6, b"")),
        ("s2-payload", seed(7, &limits)),
        ("p1-misleading-label", seed(4, &[&[7; 32][..], &[0; 4], "\u{8}a\u{202e}\u{1b}[1m".as_bytes()].concat())),
        ("p1-of-a-later-version", seed(4, &[&offer[..], b"more"].concat())),
    ]
}

fn own_p1() -> Vec<u8> {
    PairingInitiator::start(pairing_device(), &mut FixedRng(0xd2)).expect("the connector's key is a good one").0
}
