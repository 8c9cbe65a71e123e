//! The published test vectors of both patterns (cacophony), through the resolver of this crate.

use serde::Deserialize;

use super::*;
use crate::aead::AeadKey;
use crate::testing::Drawn;

#[derive(Deserialize)]
struct Vector {
    protocol_name: String,
    init_prologue: String,
    init_psks: Vec<String>,
    init_static: String,
    init_ephemeral: String,
    init_remote_static: String,
    resp_static: String,
    resp_ephemeral: String,
    handshake_hash: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    payload: String,
    ciphertext: String,
}

#[test]
fn the_published_vectors_of_both_patterns_hold() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors/cacophony.json")).unwrap();
    let names: Vec<&str> = vectors.iter().map(|vector| vector.protocol_name.as_str()).collect();
    assert_eq!(names, ["Noise_KKpsk0_25519_AESGCM_SHA256", "Noise_IKpsk1_25519_AESGCM_SHA256"]);
    for (vector, pattern) in vectors.iter().zip([Pattern::Session, Pattern::Pairing]) {
        run(vector, pattern);
    }
}

fn run(vector: &Vector, pattern: Pattern) {
    let (mut initiator, mut responder) = sides(vector, pattern);
    let [first, second, transport @ ..] = &vector.messages[..] else { panic!("expected two messages") };
    exchange(&mut initiator, &mut responder, first);
    exchange(&mut responder, &mut initiator, second);
    assert_eq!(hex::encode(initiator.hash()), vector.handshake_hash);
    assert_eq!(hex::encode(responder.hash()), vector.handshake_hash);

    let (to_responder, to_initiator) = initiator.into_split();
    assert_eq!((to_responder.clone(), to_initiator.clone()), responder.into_split());
    let keys = [AeadKey::new(&to_responder), AeadKey::new(&to_initiator)];
    for (index, message) in transport.iter().enumerate() {
        let mut sealed = unhex(&message.payload);
        let tag = keys[index % 2].seal(index as u64 / 2, &[], &mut sealed);
        sealed.extend_from_slice(&tag);
        assert_eq!(hex::encode(sealed), message.ciphertext);
    }
}

fn sides(vector: &Vector, pattern: Pattern) -> (Handshake, Handshake) {
    let psk = unhex32(&vector.init_psks[0]);
    let prologue = unhex(&vector.init_prologue);
    let [device, connector] = [&vector.init_static, &vector.resp_static].map(|text| key(text));
    assert_eq!(connector.public_key().to_string(), vector.init_remote_static);
    let device_keys = HandshakeKeys { psk: &psk, local: &device, remote: Some(connector.public_key()) };
    let known = (pattern == Pattern::Session).then(|| device.public_key());
    let connector_keys = HandshakeKeys { psk: &psk, local: &connector, remote: known };
    let [mut first, mut second] =
        [&vector.init_ephemeral, &vector.resp_ephemeral].map(|text| Drawn::new([unhex32(text)]));
    (
        Handshake::new(pattern, Role::Initiator, device_keys, &prologue, &mut first),
        Handshake::new(pattern, Role::Responder, connector_keys, &prologue, &mut second),
    )
}

fn exchange(from: &mut Handshake, to: &mut Handshake, message: &Message) {
    let written = from.write(&unhex(&message.payload)).unwrap();
    assert_eq!(hex::encode(&written), message.ciphertext);
    assert_eq!(hex::encode(&*to.read(&written).unwrap()), message.payload);
}

fn key(text: &str) -> StaticPrivateKey {
    StaticPrivateKey::from_bytes(unhex32(text))
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn unhex32(text: &str) -> [u8; 32] {
    unhex(text).try_into().unwrap()
}
