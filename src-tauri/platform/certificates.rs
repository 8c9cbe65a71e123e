//! Whether a certificate is the one that the controller's proxy shows for a host. Pure.
//!
//! A view trusts exactly these, and only for their hosts: they are made at each unlock and installed nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Tells whether `presented` (DER) is the certificate in `own` (PEM).
pub(super) fn is_own(own: Option<&str>, presented: &[u8]) -> bool {
    !presented.is_empty() && own.and_then(der).is_some_and(|own| own == presented)
}

/// Returns the bytes (DER) of the first certificate in a PEM text (RFC 7468).
pub(super) fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "Subject: x\n-----BEGIN CERTIFICATE-----\nMIIB\r\nAQID\n-----END CERTIFICATE-----\n\
                       -----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";

    #[test]
    fn the_first_certificate_of_a_text_is_read() {
        assert_eq!(der(PEM), Some(vec![0x30, 0x82, 0x01, 0x01, 0x02, 0x03]));
    }

    #[test]
    fn what_is_no_certificate_has_no_bytes() {
        for text in [
            "",
            "MIIB",
            BEGIN,
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nMIIB*\n-----END CERTIFICATE-----",
            "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        ] {
            assert_eq!(der(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_same_bytes_are_the_own_certificate() {
        let own = der(PEM).unwrap();
        assert!(is_own(Some(PEM), &own));
        assert!(!is_own(Some(PEM), &own[1..]));
        assert!(!is_own(Some(PEM), &[]));
        assert!(!is_own(Some("nonsense"), &[]));
        assert!(!is_own(None, &own));
    }
}
