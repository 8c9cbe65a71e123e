//! No secret shows in `Debug`, in an error, or in what holds a secret.

#![cfg(test)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Debug;

use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::rest::{ClaimDevice, DeviceClaimed, DeviceCreated, InstanceCreated, PasswordRotation};
use latchgate_protocol::{
    ClaimId, DeviceId, DevicePassword, DeviceSetupKey, GatewayOrigin, InstanceId, InstancePassword, ResumeTicket,
    SessionId,
};
use latchgate_tunnel::keys::KeyShare;
use latchgate_tunnel::pairing::{
    InitiatorParams, Paired, PairingAnswer, PairingInitiator, ResponderParams, answer_pairing,
};
use latchgate_tunnel::rotation::{RotationParams, derive_next_device_secret_key};
use latchgate_tunnel::session::{SessionInitiator, SessionParams, answer_session};
use latchgate_tunnel::{
    CheckCode, CodeFlags, DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, PairingCode, SessionLimits,
    StaticPrivateKey, StaticPublicKey,
};
use rand_core::{TryCryptoRng, TryRng};

/// The bytes of every secret here: no two neighbours alike, none of them printable.
const CANARY: [u8; 32] = *b"\xc1\x9a\xf3\x8e\xd5\xb7\xe9\x8b\xa2\xfc\x93\xdf\x86\xbe\xca\x97\
\xf8\x8d\xe3\xb1\xd9\x84\xac\xf6\x9f\xc7\x8a\xeb\xb5\xd2\x90\xfd";

/// The names of all secret types, each with how two different values of it print.
fn secret_types() -> Vec<(&'static str, [String; 2])> {
    fn both<T: Debug>(make: impl Fn(u8) -> T) -> [String; 2] {
        [format!("{:?}", make(0x11)), format!("{:#?}", make(0x22))]
    }
    macro_rules! secrets {
        ($($name:ident),*) => { vec![$((stringify!($name), both(|byte| $name::from_bytes([byte; $name::LENGTH])))),*] };
    }
    secrets![
        InstancePassword,
        DevicePassword,
        DeviceSetupKey,
        ClaimId,
        ResumeTicket,
        DeviceSetupSecretKey,
        DeviceSecretKey,
        StaticPrivateKey,
        KeyShare
    ]
}

#[test]
fn debug_shows_the_name_of_a_secret_alone() {
    for (name, shown) in secret_types() {
        assert_eq!(shown, [format!("{name}(..)"), format!("{name}(..)")]);
    }
    let code = |byte| CheckCode::derive(&DeviceSecretKey::from_bytes([byte; 32]), &[0; 32]);
    assert_ne!(code(1), code(2));
    assert_eq!([format!("{:?}", code(1)), format!("{:?}", code(2))], ["CheckCode(..)", "CheckCode(..)"]);
}

/// A secret type that is added and not listed here fails this.
#[test]
fn the_list_of_secrets_is_whole() {
    let listed: BTreeSet<&str> = secret_types().into_iter().map(|(name, _)| name).collect();
    let mut declared = BTreeSet::new();
    for source in [include_str!("../../protocol/src/secret.rs"), include_str!("../src/keys.rs")] {
        for start in ["\nsecret! {\n", "\nsecret_key! {\n"] {
            declared.extend(source.split(start).skip(1).map(declared_name));
        }
    }
    assert_eq!(declared, listed);
}

/// Returns the first word of a declaration that is no comment.
fn declared_name(declaration: &'static str) -> &'static str {
    let mut lines = declaration.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    lines.next().unwrap().split(|end: char| !end.is_alphanumeric()).next().unwrap()
}

/// Every type with bytes of secrets inside wipes them, and none can be written by serde.
#[test]
fn secrets_are_wiped_when_dropped() {
    const fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<InstancePassword>();
    wiped::<DevicePassword>();
    wiped::<DeviceSetupKey>();
    wiped::<ClaimId>();
    wiped::<ResumeTicket>();
    wiped::<DeviceSetupSecretKey>();
    wiped::<DeviceSecretKey>();
    wiped::<StaticPrivateKey>();
    wiped::<KeyShare>();
}

#[test]
fn what_holds_a_secret_does_not_show_it() {
    let id = DeviceId::from_bytes([1; 16]);
    let instance_id = InstanceId::from_bytes([2; 16]);
    let [short, long]: [&[u8]; 2] = [&CANARY[..16], &CANARY];
    let short: [u8; 16] = short.try_into().unwrap();
    let long: [u8; 32] = long.try_into().unwrap();
    let claim =
        ClaimDevice { device_setup_key: DeviceSetupKey::from_bytes(short), claim_id: ClaimId::from_bytes(long) };
    assert_hidden(&claim);
    assert_hidden(&DeviceClaimed { device_id: id, device_password: DevicePassword::from_bytes(short), instance_id });
    assert_hidden(&DeviceCreated { device_id: id, device_setup_key: DeviceSetupKey::from_bytes(short), expires: 0 });
    assert_hidden(&InstanceCreated { instance_id, instance_password: InstancePassword::from_bytes(short) });
    assert_hidden(&PasswordRotation::Prepared { instance_password: InstancePassword::from_bytes(short) });
    assert_hidden(&PairingCode {
        flags: CodeFlags::default(),
        device_setup_key: DeviceSetupKey::from_bytes(short),
        device_setup_secret_key: DeviceSetupSecretKey::from_bytes(long),
        connector_key: StaticPublicKey::from_bytes([3; 32]),
        expires: 0,
        gateway: GatewayOrigin::parse("https://gateway.example.com", PlainHttp::ToLoopback).unwrap(),
    });
}

#[test]
fn what_was_derived_does_not_show() {
    let (paired, answer) = pair();
    assert_eq!(paired.device_secret_key, answer.device_secret_key);
    for shown in [format!("{paired:?}"), format!("{answer:?}")] {
        assert!(!shows(&shown, paired.device_secret_key.reveal_bytes()), "a derived key shows: {shown}");
        assert!(!shown.contains(&paired.check_code.as_digits()), "a check code shows: {shown}");
    }
    let rotated = derive_next_device_secret_key(RotationParams {
        device_id: DEVICE,
        handshake_hash: &[0; 32],
        device_share: &KeyShare::from_bytes(CANARY),
        connector_share: &KeyShare::from_bytes(CANARY),
        generation: Generation::FIRST,
        device_secret_key: &paired.device_secret_key,
    });
    let rotated = rotated.unwrap();
    assert!(!shows(&format!("{rotated:?}"), rotated.device_secret_key.reveal_bytes()));
    open_session(&paired);
}

const DEVICE: DeviceId = DeviceId::from_bytes([1; 16]);

/// Pairs with canaries as the code's secret and both static keys; looks at everything on the way.
fn pair() -> (Paired, PairingAnswer) {
    let setup_secret = DeviceSetupSecretKey::from_bytes(CANARY);
    let static_key = StaticPrivateKey::from_bytes(CANARY);
    let asks = InitiatorParams {
        device_id: DEVICE,
        setup_secret: &setup_secret,
        connector_key: static_key.public_key(),
        static_key: &static_key,
        device_label: "phone",
    };
    assert_hidden(&asks);
    let (p1, initiator) = PairingInitiator::start(asks, &mut CanaryRng).unwrap();
    assert_hidden(&initiator);
    let params = ResponderParams {
        device_id: DEVICE,
        setup_secret: &setup_secret,
        static_key: &static_key,
        instance_label: "Example",
    };
    assert_hidden(&params);
    let answer = answer_pairing(params, &p1, &mut CanaryRng).unwrap();
    let other = DeviceSetupSecretKey::from_bytes([0; 32]);
    let refused = answer_pairing(ResponderParams { setup_secret: &other, ..params }, &p1, &mut CanaryRng);
    assert_hidden(&refused);
    let paired = initiator.finish(&answer.p2).unwrap();
    (paired, answer)
}

fn open_session(paired: &Paired) {
    let static_key = StaticPrivateKey::from_bytes(CANARY);
    let device_secret_key = DeviceSecretKey::from_bytes(CANARY);
    let params = SessionParams {
        device_id: DEVICE,
        generation: paired.generation,
        key_id: KeyId([5; 16]),
        device_secret_key: &device_secret_key,
        static_key: &static_key,
        peer_key: static_key.public_key(),
    };
    assert_hidden(&params);
    let (s1, initiator) = SessionInitiator::start(params, SessionId([6; 8]), &mut CanaryRng).unwrap();
    assert_hidden(&initiator);
    let limits = SessionLimits { connection_window: 1, max_streams: 1 };
    let (s2, session) = answer_session(params, SessionId([6; 8]), &s1, &limits, &mut CanaryRng).unwrap();
    assert_hidden(&session);
    assert_hidden(&initiator.finish(&s2).unwrap());
    let (sealer, opener) = session.split();
    assert_hidden(&sealer);
    assert_hidden(&opener);
}

#[test]
fn a_refused_text_is_not_repeated() {
    let text = "canary".repeat(10);
    assert!(!format!("{:?}", DevicePassword::from_text(&text)).contains("canary"));
    let json = format!(r#"{{"device_setup_key":"{text}","claim_id":"{text}"}}"#);
    assert!(!format!("{:?}", serde_json::from_str::<ClaimDevice>(&json)).contains("canary"));
    for code in [text.clone(), format!("LG1:{text}"), format!("LG1:{}", text.to_uppercase())] {
        let shown = format!("{:?}", PairingCode::decode(&code, PlainHttp::ToLoopback));
        assert!(!shown.to_lowercase().contains("canary"), "the code shows: {shown}");
    }
}

fn assert_hidden(value: &impl Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shows(&shown, &CANARY), "a secret shows: {shown}");
    }
}

/// Tells whether any three neighbouring bytes of a secret show, as decimal numbers or hexadecimal digits.
fn shows(text: &str, secret: &[u8]) -> bool {
    let text: String = text.to_lowercase().split_whitespace().collect();
    secret.windows(3).any(|three| {
        let [decimal, hexadecimal] = [
            three.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
            three.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        ];
        text.contains(&decimal) || text.contains(&hexadecimal)
    })
}

#[test]
fn a_shown_secret_is_found() {
    assert!(shows(&format!("{CANARY:?}"), &CANARY));
    assert!(shows(&format!("{:#?}", &CANARY[7..12]), &CANARY));
    assert!(shows(&format!("{:02x?}", CANARY).replace(", ", ""), &CANARY));
}

/// Draws the canary, so that ephemeral keys and shares are canaries too.
struct CanaryRng;

impl TryRng for CanaryRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("keys are drawn as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("keys are drawn as bytes")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&CANARY[..out.len()]);
        Ok(())
    }
}

impl TryCryptoRng for CanaryRng {}
