//! The JSON bodies of REST and of the control topic. The first byte chooses the body.

use latchgate_protocol::control::Control;
use latchgate_protocol::problem::Problem;
use latchgate_protocol::rest::{
    ClaimDevice, CreateDevice, DeviceClaimed, DeviceCreated, DeviceList, InstanceCreated, PasswordRotation,
    RotatePassword,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Verdict;

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    let Some((&kind, json)) = bytes.split_first() else { return Verdict::Refused };
    match kind {
        b'0' => read_body::<ClaimDevice>(json),
        b'1' => read_body::<CreateDevice>(json),
        b'2' => read_body::<DeviceClaimed>(json),
        b'3' => read_body::<DeviceCreated>(json),
        b'4' => read_body::<DeviceList>(json),
        b'5' => read_body::<InstanceCreated>(json),
        b'6' => read_body::<RotatePassword>(json),
        b'7' => read_body::<PasswordRotation>(json),
        b'8' => read_body::<Problem>(json),
        b'9' => read_body::<Control>(json),
        _ => Verdict::Refused,
    }
}

fn read_body<T: Serialize + DeserializeOwned>(json: &[u8]) -> Verdict {
    let body = serde_json::from_slice::<T>(json);
    if let Ok(body) = &body {
        let written = serde_json::to_vec(body).expect("a body that was read can be written");
        let again: T = serde_json::from_slice(&written).expect("a body that was written can be read");
        let again = serde_json::to_vec(&again).expect("a body that was read can be written");
        assert_eq!(again, written, "a body that was read is not written alike");
    }
    Verdict::of(&body)
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let device = "22222222222222222222222222222222";
    let instance = "11111111111111111111111111111111";
    let short = "A".repeat(22);
    let long = "A".repeat(43);
    let bodies = [
        ("claim-device", format!(r#"0{{"device_setup_key":"{short}","claim_id":"{long}"}}"#)),
        ("create-device", r#"1{"expires_in":600}"#.to_owned()),
        (
            "device-claimed",
            format!(r#"2{{"device_id":"{device}","device_password":"{short}","instance_id":"{instance}"}}"#),
        ),
        ("device-created", format!(r#"3{{"device_id":"{device}","device_setup_key":"{short}","expires":1800000000}}"#)),
        (
            "device-list",
            format!(r#"4{{"devices":[{{"device_id":"{device}","state":"claimed","created":1,"connected":true}}]}}"#),
        ),
        ("instance-created", format!(r#"5{{"instance_id":"{instance}","instance_password":"{short}"}}"#)),
        ("rotate-password", r#"6{"step":"prepare"}"#.to_owned()),
        ("password-rotation", format!(r#"7{{"step":"prepared","instance_password":"{short}"}}"#)),
        ("problem", r#"8{"status":410,"code":"code-gone","title":"The code is gone","detail":"Ask"}"#.to_owned()),
        ("control", format!(r#"9{{"type":"claim-conflict","device_id":"{device}"}}"#)),
        ("control-drain", r#"9{"type":"drain"}"#.to_owned()),
    ];
    bodies.into_iter().map(|(name, body)| (name, body.into_bytes())).collect()
}
