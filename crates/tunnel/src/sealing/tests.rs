use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::testing::{SESSION_ID, open_session};

const KEY: [u8; 32] = [7; 32];

fn pair() -> (Sealer, Opener) {
    (Sealer::new(SESSION_ID, &KEY), Opener::new(SESSION_ID, &KEY))
}

impl Sealer {
    fn with_rekey_interval(interval: u64) -> Self {
        let mut sealer = Self::new(SESSION_ID, &KEY);
        sealer.direction.rekey_interval = interval;
        sealer
    }
}

impl Opener {
    fn with_rekey_interval(interval: u64) -> Self {
        let mut opener = Self::new(SESSION_ID, &KEY);
        opener.direction.rekey_interval = interval;
        opener
    }

    /// Opens a whole frame and copies what it carries; `None` is a duplicate.
    fn open_frame(&mut self, frame: &[u8]) -> Result<Option<(RecordKind, Vec<u8>)>, OpenError> {
        let (header, sealed) = FrameHeader::decode(frame).unwrap();
        match self.open(header, &mut sealed.to_vec())? {
            Opened::Record { kind, body } => Ok(Some((kind, body.to_vec()))),
            Opened::Duplicate => Ok(None),
        }
    }
}

fn seal(sealer: &mut Sealer, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    sealer.seal(RecordKind::Stream, body, &mut out).unwrap();
    out.to_vec()
}

/// Seals a plaintext that an honest peer never makes.
fn seal_raw(plaintext: &[u8]) -> Vec<u8> {
    let sealer = Sealer::new(SESSION_ID, &KEY);
    let header = sealer.direction.header();
    let mut record = plaintext.to_vec();
    let tag = sealer.direction.key.seal(0, &header, &mut record);
    [&header[..], &record, &tag].concat()
}

#[test]
fn the_wire_form_is_fixed() {
    let (mut sealer, _) = pair();
    seal(&mut sealer, b"first");
    let frame = seal(&mut sealer, b"hello");

    // Opened by hand: AES-256-GCM, nonce 0000 | counter, associated data = header.
    let golden = concat!("05", "aaaaaaaaaaaaaaaa", "0000000000000001"); // type, session_id, seq
    assert_eq!(hex::encode(&frame[..17]), golden);
    let mut record = frame[17..frame.len() - 16].to_vec();
    let tag: [u8; 16] = frame[frame.len() - 16..].try_into().unwrap();
    AeadKey::new(&KEY).open(1, &frame[..17], &mut record, tag).unwrap();
    let golden = concat!("02", "0005", "68656c6c6f"); // kind, body length, body
    assert_eq!(hex::encode(&record[..8]), golden);
    assert_eq!(record[8..], [0; 248]);
    assert_eq!(hex::encode(tag), GOLDEN_TAG);
}

#[test]
fn every_kind_round_trips() {
    let (mut sealer, mut opener) = pair();
    for byte in 0..=6 {
        let kind = RecordKind::decode(byte).unwrap();
        let mut out = BytesMut::from(&b"what was there before"[..]);
        sealer.seal(kind, &[byte; 3], &mut out).unwrap();
        let frame = out.strip_prefix(b"what was there before").unwrap();
        assert_eq!(opener.open_frame(frame).unwrap(), Some((kind, vec![byte; 3])));
    }
}

#[test]
fn short_records_hide_their_length_and_long_ones_are_not_padded() {
    let (mut sealer, _) = pair();
    let mut length = |body: usize| seal(&mut sealer, &vec![1; body]).len() - FrameHeader::LENGTH - TAG_LENGTH;
    assert_eq!((length(0), length(253), length(254)), (256, 256, 512));
    assert_eq!((length(4092), length(4093), length(4094)), (4096, 4096, 4097));
}

#[test]
fn the_longest_body_fills_a_frame_and_one_more_byte_is_refused() {
    let (mut sealer, mut opener) = pair();
    let body = vec![9; Sealer::MAX_BODY];
    let frame = seal(&mut sealer, &body);
    assert_eq!(frame.len(), MAX_FRAME);
    let mut out = BytesMut::new();
    let error = sealer.seal(RecordKind::Stream, &[body.clone(), vec![9]].concat(), &mut out).unwrap_err();
    assert_eq!(error, SealError::TooLong(Sealer::MAX_BODY + 1));
    assert!(out.is_empty());
    assert_eq!(opener.open_frame(&frame).unwrap(), Some((RecordKind::Stream, body)));
    assert!(opener.open_frame(&seal(&mut sealer, b"goes on")).is_ok());
}

#[test]
fn gathered_parts_seal_to_the_same_frame_as_one_body() {
    let parts = [&b"GET /"[..], b"", b"wiki"].map(IoSlice::new);
    let mut out = BytesMut::new();
    let taken = pair().0.seal_gathered(RecordKind::Stream, &parts, &mut out).unwrap();
    assert_eq!(taken, 9);
    assert_eq!(out[..], seal(&mut pair().0, b"GET /wiki"));
}

#[test]
fn gathered_parts_end_at_the_longest_body_and_the_rest_follows_in_the_next_record() {
    let (mut sealer, mut opener) = pair();
    let bodies = [vec![1; Sealer::MAX_BODY - 2], vec![2; 5], vec![3; 7]];
    let mut frames = [BytesMut::new(), BytesMut::new()];
    let [first, second] = &mut frames;

    let parts: Vec<IoSlice<'_>> = bodies.iter().map(|body| IoSlice::new(body)).collect();
    assert_eq!(sealer.seal_gathered(RecordKind::Stream, &parts, first), Ok(Sealer::MAX_BODY));
    let rest = [IoSlice::new(&bodies[1][2..]), parts[2]];
    assert_eq!(sealer.seal_gathered(RecordKind::Stream, &rest, second), Ok(10));

    assert_eq!(first.len(), MAX_FRAME);
    let opened: Vec<u8> =
        frames.iter().flat_map(|frame| opener.open_frame(frame).unwrap().expect("no duplicate").1).collect();
    assert_eq!(opened, bodies.concat());
}

#[test]
fn ab_37_a_lower_number_is_dropped_and_counted() {
    let (mut sealer, mut opener) = pair();
    let frames = [seal(&mut sealer, b"0"), seal(&mut sealer, b"1")];
    opener.open_frame(&frames[0]).unwrap();
    assert_eq!(opener.open_frame(&frames[0]), Ok(None));
    assert_eq!(opener.open_frame(&frames[1]).unwrap(), Some((RecordKind::Stream, b"1".to_vec())));
    assert_eq!(opener.open_frame(&frames[0]), Ok(None));
    assert_eq!(opener.duplicates(), 2);
}

#[test]
fn ab_37_a_higher_number_ends_the_session_for_good() {
    let (mut sealer, mut opener) = pair();
    let frames = [seal(&mut sealer, b"0"), seal(&mut sealer, b"1")];
    let gap = OpenError::Gap { expected: 0, found: 1 };
    assert_eq!(opener.open_frame(&frames[1]), Err(gap));
    assert_eq!(opener.open_frame(&frames[0]), Err(gap), "a failed session stays failed");
}

#[test]
fn ab_37_any_changed_byte_ends_the_session_for_good() {
    let honest = seal(&mut Sealer::new(SESSION_ID, &KEY), b"body");
    for position in (0..honest.len()).filter(|position| !(9..17).contains(position)) {
        let mut frame = honest.clone();
        frame[position] ^= 1;
        let (_, mut opener) = pair();
        let Ok((header, sealed)) = FrameHeader::decode(&frame) else { continue };
        let mut sealed = sealed.to_vec();
        assert_eq!(opener.open(header, &mut sealed), Err(OpenError::Forged), "byte {position}");
        assert_eq!(opener.open_frame(&honest), Err(OpenError::Forged), "a failed session stays failed");
    }
}

#[test]
fn ab_37_a_cut_record_is_forged() {
    let honest = seal(&mut Sealer::new(SESSION_ID, &KEY), b"body");
    for length in FrameHeader::LENGTH..honest.len() {
        let (_, mut opener) = pair();
        assert_eq!(opener.open_frame(&honest[..length]), Err(OpenError::Forged));
    }
}

#[test]
fn ab_38_a_record_of_another_session_is_forged() {
    let mut elsewhere = Sealer::new(SessionId([0xbb; 8]), &KEY);
    let (_, mut opener) = pair();
    assert_eq!(opener.open_frame(&seal(&mut elsewhere, b"body")), Err(OpenError::Forged));
}

#[test]
fn ab_49_own_data_returned_is_forged() {
    let (device, connector) = open_session();
    for session in [device, connector] {
        let (mut sealer, mut opener) = session.split();
        assert_eq!(opener.open_frame(&seal(&mut sealer, b"mine")), Err(OpenError::Forged));
    }
}

#[test]
fn a_record_that_a_dishonest_peer_sealed_is_malformed() {
    for plaintext in [&[][..], &[2], &[2, 0], &[7, 0, 0], &[255, 0, 0], &[2, 0, 1], &[2, 255, 255, 1]] {
        let (_, mut opener) = pair();
        assert_eq!(opener.open_frame(&seal_raw(plaintext)), Err(OpenError::Malformed), "{plaintext:?}");
        let (mut sealer, _) = pair();
        seal(&mut sealer, b"0");
        let next = seal(&mut sealer, b"1");
        assert_eq!(opener.open_frame(&next), Err(OpenError::Malformed), "a failed session stays failed");
    }
}

#[test]
fn ab_50_both_sides_rekey_at_the_same_record() {
    let (mut sealer, mut opener) = (Sealer::with_rekey_interval(4), Opener::with_rekey_interval(4));
    for round in 0..13_u8 {
        let frame = seal(&mut sealer, &[round]);
        assert_eq!(opener.open_frame(&frame).unwrap(), Some((RecordKind::Stream, vec![round])));
    }
    let mut never = Opener::new(SESSION_ID, &KEY);
    let mut sealer = Sealer::with_rekey_interval(4);
    let frames: Vec<_> = (0..5).map(|round| seal(&mut sealer, &[round])).collect();
    for frame in &frames[..4] {
        assert!(never.open_frame(frame).is_ok());
    }
    assert_eq!(never.open_frame(&frames[4]), Err(OpenError::Forged), "record 4 is under the next key");
}

#[test]
fn ab_50_the_interval_is_a_million_records() {
    let (mut sealer, mut opener) = pair();
    assert_eq!((REKEY_INTERVAL, RECORD_LIMIT), (1_048_576, 4_294_967_296));
    let last = REKEY_INTERVAL - 1;
    (sealer.direction.next, opener.direction.next) = (last, last);
    let before = seal(&mut sealer, b"before");
    let after = seal(&mut sealer, b"after");
    assert!(opener.open_frame(&before).is_ok());
    assert!(opener.open_frame(&after).is_ok());
    let mut never = Opener::new(SESSION_ID, &KEY);
    never.direction.next = REKEY_INTERVAL;
    assert_eq!(never.open_frame(&after), Err(OpenError::Forged));
    let mut by_hand = Opener::new(SESSION_ID, &KEY);
    by_hand.direction.next = REKEY_INTERVAL;
    by_hand.direction.key.rekey();
    assert!(by_hand.open_frame(&after).is_ok());
}

#[test]
fn a_rekey_follows_the_noise_specification() {
    let mut key = AeadKey::new(&KEY);
    key.rekey();
    // The first 32 bytes of AES-256-GCM(key, nonce = 0000 | ffffffffffffffff, zeros[32]).
    let mut zeros = [0; 32];
    AeadKey::new(&KEY).seal(u64::MAX, &[], &mut zeros);
    assert_eq!(key.seal(5, b"ad", &mut [1; 9]), AeadKey::new(&zeros).seal(5, b"ad", &mut [1; 9]));
}

#[test]
fn ab_50_a_lost_record_at_the_boundary_ends_the_session() {
    let (mut sealer, mut opener) = (Sealer::with_rekey_interval(2), Opener::with_rekey_interval(2));
    let frames: Vec<_> = (0..3).map(|round| seal(&mut sealer, &[round])).collect();
    opener.open_frame(&frames[0]).unwrap();
    assert_eq!(opener.open_frame(&frames[2]), Err(OpenError::Gap { expected: 1, found: 2 }));
}

#[test]
fn ab_50_the_last_record_is_the_last() {
    let (mut sealer, mut opener) = pair();
    (sealer.direction.next, opener.direction.next) = (RECORD_LIMIT - 1, RECORD_LIMIT - 1);
    let last = seal(&mut sealer, b"last");
    assert!(opener.open_frame(&last).is_ok());
    let mut out = BytesMut::new();
    assert_eq!(sealer.seal(RecordKind::Stream, b"more", &mut out), Err(SealError::Exhausted));
    assert!(out.is_empty());
    let header = FrameHeader { frame_type: FrameType::Data, session_id: SESSION_ID, seq: RECORD_LIMIT };
    assert_eq!(opener.open(header, &mut [0; 272]), Err(OpenError::Exhausted));
}

#[test]
fn ab_50_the_greatest_number_is_a_gap() {
    let (_, mut opener) = pair();
    let header = FrameHeader { frame_type: FrameType::Data, session_id: SESSION_ID, seq: u64::MAX };
    assert_eq!(opener.open(header, &mut [0; 272]), Err(OpenError::Gap { expected: 0, found: u64::MAX }));
}

#[test]
fn ab_50_no_key_and_nonce_seal_twice() {
    let mut sealer = Sealer::with_rekey_interval(3);
    let tags: HashSet<_> = (0..300).map(|_| seal(&mut sealer, b"same").split_off(17)).collect();
    assert_eq!(tags.len(), 300, "the same plaintext never gives the same ciphertext");
}

#[test]
fn reader_and_writer_may_live_on_two_threads() {
    fn sendable<T: Send + Sync>() {}
    sendable::<Sealer>();
    sendable::<Opener>();
    sendable::<crate::pairing::PairingInitiator>();
    sendable::<crate::session::SessionInitiator>();
}

#[test]
fn debug_shows_no_key() {
    let (sealer, opener) = pair();
    let text = format!("{sealer:?} {opener:?}");
    assert!(!text.contains("7, 7") && !text.contains("0707"), "{text}");
    assert!(text.contains("SessionId(aaaaaaaaaaaaaaaa)"));
}

#[test]
fn a_wiped_key_opens_nothing() {
    let mut key = AeadKey::new(&KEY);
    let mut record = [1; 16];
    let tag = key.seal(0, &[], &mut record);
    key.wipe();
    assert!(key.open(0, &[], &mut record, tag).is_err());
}

proptest! {
    #[test]
    fn any_bodies_round_trip_across_rekeys(
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6000), 1..12),
        interval in 1_u64..5,
    ) {
        let (mut sealer, mut opener) = (Sealer::with_rekey_interval(interval), Opener::with_rekey_interval(interval));
        for body in bodies {
            let frame = seal(&mut sealer, &body);
            prop_assert!(frame.len() <= MAX_FRAME);
            prop_assert_eq!(opener.open_frame(&frame).unwrap(), Some((RecordKind::Stream, body)));
        }
    }

    #[test]
    fn any_frame_of_a_stranger_is_refused_without_panic(seq in any::<u64>(), mut sealed in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (_, mut opener) = pair();
        let header = FrameHeader { frame_type: FrameType::Data, session_id: SESSION_ID, seq };
        prop_assert!(opener.open(header, &mut sealed).is_err());
    }

    #[test]
    fn any_sealed_plaintext_is_read_without_panic(plaintext in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (_, mut opener) = pair();
        let known = opener.open_frame(&seal_raw(&plaintext));
        prop_assert!(matches!(known, Ok(Some(_)) | Err(OpenError::Malformed)));
    }

    /// Whatever a dishonest gateway does with the frames, what opens is a prefix of what was sealed.
    #[test]
    fn ab_37_what_opens_is_a_prefix_of_what_was_sealed(
        deliveries in proptest::collection::vec((0..8_usize, any::<bool>(), any::<usize>()), 0..40),
    ) {
        let (mut sealer, mut opener) = (Sealer::with_rekey_interval(3), Opener::with_rekey_interval(3));
        let frames: Vec<_> = (0..8_u8).map(|index| seal(&mut sealer, &[index])).collect();
        let mut opened = Vec::new();
        for (index, forge, position) in deliveries {
            let mut frame = frames[index].clone();
            if forge {
                let position = 17 + position % (frame.len() - 17);
                frame[position] ^= 0x40;
            }
            if let Ok(Some((_, body))) = opener.open_frame(&frame) {
                opened.extend(body);
            }
        }
        let sealed: Vec<u8> = (0..8).collect();
        prop_assert!(sealed.starts_with(&opened));
    }
}

/// The tag of record 1, "hello", under a key of sevens.
const GOLDEN_TAG: &str = "819cd7ed56ad012d569ad3483fff5de8";
