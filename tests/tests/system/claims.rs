//! One code, one device; and every other code is refused with a message that says what to do.

use std::collections::BTreeMap;

use bytes::Bytes;
use getrandom::SysRng;
use http::Method;
use latchgate_protocol::ClaimId;
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::rest::ClaimDevice;
use latchgate_tunnel::code::PairingCode;
use rand_core::UnwrapErr;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::System;
use crate::support::http::direct;
use crate::support::system::Options;

#[tokio::test]
async fn a_hundred_parallel_claims_make_exactly_one_device() {
    let generous = "[limits]\nclaims_per_address = { burst = 1000, per_second = 1000.0 }\n".to_owned();
    let system = System::start_with(Options { gateway: generous, ..Options::default() }).await;
    let text = system.invite("maria").await.text;
    let mut claims = JoinSet::new();
    for _ in 0..100 {
        let code = PairingCode::decode(&text, PlainHttp::ToLoopback).unwrap();
        let claim = ClaimDevice {
            device_setup_key: code.device_setup_key.clone(),
            claim_id: ClaimId::make(&mut UnwrapErr(SysRng)),
        };
        let (url, body) = (format!("{}/v1/devices/claim", system.origin), serde_json::to_vec(&claim).unwrap());
        claims.spawn(async move {
            let headers = [("content-type", "application/json")];
            direct(Method::POST, &url, &headers, Bytes::from(body)).await
        });
    }

    let mut answers = BTreeMap::<u16, usize>::new();
    while let Some(answer) = claims.join_next().await {
        *answers.entry(answer.unwrap().status.as_u16()).or_default() += 1;
    }
    let listed: Value = serde_json::from_str(&system.administer(&["device", "list", "--json"]).await).unwrap();

    assert_eq!(answers, BTreeMap::from([(200, 1), (409, 99)]));
    let devices = listed.as_array().or_else(|| listed["devices"].as_array()).expect("a list of devices");
    assert_eq!(devices.len(), 1, "{listed}");
}

#[tokio::test]
async fn every_bad_code_has_its_own_message_that_says_what_to_do() {
    let system = System::start().await;
    let used = system.invite("maria").await;
    system.device("first").pair(&used.picture).await;
    let expired = expired_code(&system).await;
    let good = system.invite("maria").await.text;
    let damaged = {
        let middle = good.len() / 2;
        let other = if good.as_bytes()[middle] == b'7' { "8" } else { "7" };
        format!("{}{other}{}", &good[..middle], &good[middle + 1..])
    };
    let cases = [
        ("used", used.text, "has been used", "tell your company"),
        ("expired", expired, "expired", "new code"),
        ("truncated", good[..good.len() * 2 / 3].to_owned(), "part of the pairing code is missing", "whole text"),
        ("foreign", good.replacen("LG1:", "LG2:", 1), "another version", "Update"),
        ("damaged", damaged, "damaged", "again"),
        ("not a code", "https://wiki.example.com/".to_owned(), "not a Latchgate pairing code", "LG1:"),
    ];

    for (name, code, message, advice) in &cases {
        let ended = system.device(&format!("refused-{}", name.replace(' ', "-"))).try_text(code).await;
        assert_eq!(ended.status.code(), Some(1), "{name}: {ended:?}");
        assert!(ended.stderr.contains(message), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains(advice), "{name}: {}", ended.stderr);
        assert!(!ended.stderr.contains(code.as_str()), "{name}: the message repeats the code");
    }
    let good = system.device("last").try_text(&good).await;
    assert!(good.status.success(), "{good:?}");
}

/// Makes a code and lets its life pass, for the gateway and for the code itself.
async fn expired_code(system: &System) -> String {
    let text = system.invite("jonas").await.text;
    let store = rusqlite::Connection::open(system.folder().join("gateway/gateway.db")).unwrap();
    let changed = store
        .execute("UPDATE device SET setup_expires = 1 WHERE number = (SELECT max(number) FROM device)", [])
        .unwrap();
    assert_eq!(changed, 1);
    let code = PairingCode::decode(&text, PlainHttp::ToLoopback).unwrap();
    PairingCode { expires: 1, ..code }.encode().to_string()
}
