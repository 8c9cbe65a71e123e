//! The pairing code, as text and as the bytes behind it.
//!
//! `0 | text`, or `1 | binary`: the checksum and Base45 are then added, so that the fields are reached.

use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::{DeviceSetupKey, GatewayOrigin};
use latchgate_tunnel::code::CodeFlags;
use latchgate_tunnel::{DeviceSetupSecretKey, PairingCode, StaticPublicKey};
use sha2::{Digest as _, Sha256};

use crate::Verdict;

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    let Some((&form, rest)) = bytes.split_first() else { return Verdict::Refused };
    let text = if form & 1 == 0 { String::from_utf8_lossy(rest).into_owned() } else { encode(rest) };
    let plain_http = if form & 2 == 0 { PlainHttp::Allowed } else { PlainHttp::ToLoopback };
    let decoded = PairingCode::decode(&text, plain_http);
    if let Ok(code) = &decoded {
        let again = PairingCode::decode(&code.encode(), plain_http);
        assert_eq!(again.as_ref(), Ok(code), "a code that was read is not written alike");
    }
    Verdict::of(&decoded)
}

fn encode(binary: &[u8]) -> String {
    let checksum = Sha256::digest(binary);
    format!("LG1:{}", base45::encode([binary, &checksum[..4]].concat()))
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let code = |origin, printed| PairingCode {
        flags: CodeFlags { printed },
        device_setup_key: DeviceSetupKey::from_bytes([0x11; 16]),
        device_setup_secret_key: DeviceSetupSecretKey::from_bytes([0x22; 32]),
        connector_key: StaticPublicKey::from_bytes([0x33; 32]),
        expires: 1_800_000_000,
        gateway: GatewayOrigin::parse(origin, PlainHttp::Allowed).expect("the origin is well-formed"),
    };
    let text = |code: PairingCode| [b"\0", code.encode().as_bytes()].concat();
    let binary = [
        &[1, 1, 0][..],
        &[0x11; 16],
        &[0x22; 32],
        &[0x33; 32],
        &1_800_000_000_u32.to_be_bytes(),
        b"\x1bhttps://gateway.example.com",
    ]
    .concat();
    vec![
        ("text", text(code("https://gateway.example.com", false))),
        ("printed", text(code("https://[2001:db8::1]:8443", true))),
        ("plain-http", text(code("http://127.0.0.1:8080", false))),
        ("binary", binary),
    ]
}
