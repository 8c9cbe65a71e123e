//! Pairing codes as people meet them: what one says, and what is wrong with it.

use std::time::{SystemTime, UNIX_EPOCH};

use latchgate_protocol::origin::{OriginError, PlainHttp};
use latchgate_tunnel::{PairingCode, PairingCodeError};

use crate::failure::{Failure, Fault};
use crate::view::CodeView;

/// Codes that expired longer ago than any code lives point at a wrong clock.
const LONGEST_LIFE: u32 = 24 * 60 * 60;

/// Reads a code.
pub(crate) fn read(text: &str, plain_http: PlainHttp) -> Result<PairingCode, Failure> {
    PairingCode::decode(text, plain_http).map_err(|error| describe(&error))
}

/// Describes a code before anything is sent.
pub(crate) fn view(code: &PairingCode) -> CodeView {
    CodeView {
        gateway_host: code.gateway.host().to_owned(),
        company_fingerprint: code.connector_key.fingerprint(),
        expired: code.is_expired_at(now()),
        printed: code.flags.printed,
    }
}

/// Says what the gateway's "gone" means for this code: the gateway's clock decided, and this device's clock
/// tells why.
pub(crate) fn describe_gone(code: &PairingCode) -> Fault {
    let now = now();
    if !code.is_expired_at(now) {
        Fault::CodeGone
    } else if now - code.expires > LONGEST_LIFE {
        Fault::ClockSkew
    } else {
        Fault::CodeExpired
    }
}

fn describe(error: &PairingCodeError) -> Failure {
    match error {
        PairingCodeError::Empty => Fault::CodeEmpty.failure(),
        PairingCodeError::NotACode => Fault::CodeNotACode.failure(),
        PairingCodeError::ForeignVersion(_) | PairingCodeError::UnknownFlags => Fault::CodeForeignVersion.failure(),
        PairingCodeError::Truncated { .. } => Fault::CodeTruncated.failure(),
        PairingCodeError::Damaged => Fault::CodeDamaged.failure(),
        PairingCodeError::TooLong | PairingCodeError::TrailingBytes => Fault::CodeTooLong.failure(),
        PairingCodeError::Origin(origin) => Fault::CodeGateway.with_message(describe_origin(origin)),
    }
}

fn describe_origin(error: &OriginError) -> &'static str {
    match error {
        OriginError::NotAUrl | OriginError::NoHost => "The pairing code names no usable gateway address.",
        OriginError::NotHttps => "The pairing code names a gateway address without encryption (https).",
        OriginError::UserInfo => {
            "The pairing code names a gateway address that hides its real host behind a user name."
        }
        OriginError::NotAnOrigin => "The pairing code names a gateway address with a path, which gateways do not have.",
        OriginError::Homograph(_) => "The pairing code names a gateway with letters that look like other letters.",
        OriginError::PrivateAddress => "The pairing code names a gateway at a private network address.",
    }
}

fn now() -> u32 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use latchgate_protocol::{DeviceSetupKey, GatewayOrigin};
    use latchgate_tunnel::{CodeFlags, DeviceSetupSecretKey, StaticPrivateKey};

    use super::*;

    fn code(expires: u32) -> PairingCode {
        PairingCode {
            flags: CodeFlags { printed: true },
            device_setup_key: DeviceSetupKey::from_bytes([1; 16]),
            device_setup_secret_key: DeviceSetupSecretKey::from_bytes([2; 32]),
            connector_key: StaticPrivateKey::from_bytes([3; 32]).public_key(),
            expires,
            gateway: GatewayOrigin::parse("https://gateway.example.com", PlainHttp::ToLoopback).unwrap(),
        }
    }

    fn refused(text: &str) -> Failure {
        read(text, PlainHttp::ToLoopback).unwrap_err()
    }

    /// The app registers no scheme of its own; and what a link carries in the place of a code is none.
    #[test]
    fn ab_80_a_link_is_no_code_whatever_it_carries() {
        let code = code(u32::MAX).encode();
        for link in [
            "latchgate://pair".to_owned(),
            format!("latchgate://pair?code={}", *code),
            format!("latchgate:{}", *code),
            format!("https://gateway.example.com/#{}", *code),
        ] {
            assert!(read(&link, PlainHttp::ToLoopback).is_err(), "{link}");
        }
    }

    #[test]
    fn ab_44_a_code_shows_its_host_and_fingerprint_before_anything_is_sent() {
        let read = read(&code(u32::MAX).encode(), PlainHttp::ToLoopback).unwrap();
        let view = view(&read);
        assert_eq!(view.gateway_host, "gateway.example.com");
        assert_eq!(view.company_fingerprint, read.connector_key.fingerprint());
        assert!(view.printed && !view.expired);
    }

    #[test]
    fn ab_46_each_unusable_code_is_refused_by_name() {
        let text = code(u32::MAX).encode();
        assert_eq!(refused(" \n").code, "code-empty");
        assert_eq!(refused("https://evil.example/pair").code, "code-not-a-code");
        assert_eq!(refused(&text.replace("LG1:", "LG2:")).code, "code-foreign-version");
        assert_eq!(refused(&format!("LG1:{}", "A".repeat(4096))).code, "code-too-long");
        let cut = &text[..text.len() / 2 / 3 * 3 + 1];
        assert!(["code-truncated", "code-damaged"].contains(&refused(cut).code.as_str()));
        let last = text.chars().last().unwrap();
        let damaged = format!("{}{}", &text[..text.len() - 1], if last == '0' { '1' } else { '0' });
        assert!(["code-damaged", "code-truncated"].contains(&refused(&damaged).code.as_str()));
    }

    #[test]
    fn ab_46_a_misleading_gateway_address_is_refused_by_name() {
        let cases = [
            (OriginError::NotHttps, "https"),
            (OriginError::UserInfo, "user name"),
            (OriginError::Homograph(String::new()), "look like"),
            (OriginError::PrivateAddress, "private"),
        ];
        for (error, word) in cases {
            let failure = describe(&PairingCodeError::Origin(error));
            assert_eq!(failure.code, "code-gateway");
            assert!(failure.message.contains(word), "{}", failure.message);
        }
    }

    #[test]
    fn ab_47_the_gateway_decides_on_expiry_and_the_clock_is_a_hint() {
        assert_eq!(describe_gone(&code(now() + 600)), Fault::CodeGone);
        assert_eq!(describe_gone(&code(now() - 600)), Fault::CodeExpired);
        assert_eq!(describe_gone(&code(now() - 2 * LONGEST_LIFE)), Fault::ClockSkew);
        assert!(view(&code(now() - 600)).expired);
    }
}
