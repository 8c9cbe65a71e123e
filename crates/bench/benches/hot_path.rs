//! What one record costs on its way: sealed, framed, published, relayed, parsed, opened.
//!
//! `cargo bench -p latchgate-bench`

use bytes::BytesMut;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use getrandom::SysRng;
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::publish::{self, Name};
use latchgate_protocol::websocket::{self, Frames, Kind, MaskKey, Sender};
use latchgate_protocol::{DeviceId, FrameHeader, InstanceId, SessionId, Topic};
use latchgate_tunnel::session::{SessionInitiator, SessionParams, answer_session};
use latchgate_tunnel::{
    DeviceSecretKey, Generation, KeyId, Opener, RecordKind, Sealer, SessionLimits, StaticPrivateKey,
};
use rand_core::UnwrapErr;

/// A request, a small answer, the largest record.
const BODIES: &[usize] = &[200, 1200, Sealer::MAX_BODY];

const DEVICE: DeviceId = DeviceId::from_bytes([1; 16]);
const SESSION: SessionId = SessionId([2; 8]);

fn main() {
    divan::main();
}

/// Both ends of a session.
fn session() -> (Sealer, Opener) {
    let rng = &mut UnwrapErr(SysRng);
    let (device, connector) = (StaticPrivateKey::make(rng), StaticPrivateKey::make(rng));
    let key = DeviceSecretKey::make(rng);
    let generation = Generation(1);
    let key_id = KeyId::derive(&key, DEVICE, generation);
    let params = |static_key, peer: &StaticPrivateKey| SessionParams {
        device_id: DEVICE,
        generation,
        key_id,
        device_secret_key: &key,
        static_key,
        peer_key: peer.public_key(),
    };
    let limits = SessionLimits { connection_window: 1 << 20, max_streams: 128 };
    let (s1, initiator) = SessionInitiator::start(params(&device, &connector), SESSION, rng).expect("S1 is made");
    let (s2, answering) =
        answer_session(params(&connector, &device), SESSION, &s1, &limits, rng).expect("S1 is answered");
    let (asking, _) = initiator.finish(&s2).expect("S2 is read");
    (asking.split().0, answering.split().1)
}

#[divan::bench(args = BODIES)]
fn seal(bencher: Bencher<'_, '_>, length: usize) {
    let (mut sealer, _) = session();
    let body = vec![7; length];
    let mut out = BytesMut::with_capacity(MAX_PACKET);
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        out.clear();
        sealer.seal(RecordKind::Stream, black_box(&body), &mut out).expect("the record fits");
        out.len()
    });
}

#[divan::bench(args = BODIES)]
fn open(bencher: Bencher<'_, '_>, length: usize) {
    let (mut sealer, mut opener) = session();
    let body = vec![7; length];
    let sealed = move || {
        let mut out = BytesMut::new();
        sealer.seal(RecordKind::Stream, &body, &mut out).expect("the record fits");
        out
    };
    bencher.counter(BytesCount::new(length)).with_inputs(sealed).bench_local_values(|mut frame| {
        let (header, _) = FrameHeader::decode(&frame).expect("the frame has a header");
        opener.open(header, &mut frame[FrameHeader::LENGTH..]).expect("the record opens");
        frame
    });
}

#[divan::bench]
fn frame_header() -> FrameHeader {
    let header = FrameHeader { frame_type: latchgate_protocol::FrameType::Data, session_id: SESSION, seq: 7 };
    FrameHeader::decode(&black_box(header).encode()).expect("the header is whole").0
}

#[divan::bench(args = BODIES)]
fn publish_build(bencher: Bencher<'_, '_>, length: usize) {
    let body = vec![7; length];
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        let mut packet = BytesMut::new();
        publish::begin(&mut packet, length);
        packet.extend_from_slice(black_box(&body));
        publish::finish(&mut packet, Name::Alias(1));
        packet
    });
}

#[divan::bench(args = BODIES)]
fn publish_parse(bencher: Bencher<'_, '_>, length: usize) {
    let topic = Topic::Up(InstanceId::from_bytes([3; 16]), DEVICE).to_string();
    let mut packet = BytesMut::new();
    publish::begin(&mut packet, length);
    packet.resize(packet.len() + length, 7);
    publish::finish(&mut packet, Name::Bind(&topic, 1));
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        let next = publish::next_packet(black_box(&packet), MAX_PACKET);
        let publish = publish::decode(black_box(&packet)).expect("the packet is well-formed");
        let topic: Topic = publish.topic.parse().expect("the topic is ours");
        (next, topic, publish.payload.len())
    });
}

#[divan::bench(args = BODIES)]
fn websocket_frame(bencher: Bencher<'_, '_>, length: usize) {
    let body = vec![7; length];
    bencher
        .counter(BytesCount::new(length))
        .bench_local(|| websocket::frame(Kind::Data, black_box(&body), Some(MaskKey([1, 2, 3, 4]))));
}

#[divan::bench(args = BODIES)]
fn websocket_take(bencher: Bencher<'_, '_>, length: usize) {
    let frame = websocket::frame(Kind::Data, &vec![7; length], Some(MaskKey([1, 2, 3, 4])));
    bencher
        .counter(BytesCount::new(length))
        .with_inputs(|| BytesMut::from(&frame[..]))
        .bench_local_refs(|bytes| Frames::new(Sender::Client, MAX_PACKET).next(bytes));
}

#[divan::bench]
fn session_handshake() -> (Sealer, Opener) {
    session()
}
