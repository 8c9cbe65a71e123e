//! Stamps who is asking onto a request that was stripped of everything a device could have forged.
//!
//! A site gets either a plain header with the person's login, or `Latchgate-Assertion`: a JWT (RFC 7519)
//! signed with Ed25519 (RFC 8037), made for this site alone and valid for a minute. The public key is served
//! as a JWK set by the connector's loopback listener. The signing key is derived from the key file.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use latchgate_protocol::InstanceId;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::config::Identity;
use crate::limits::{ASSERTION_LIFETIME, CLOCK_SKEW};
use crate::origin::Origin;
use crate::policy::Person;
use crate::seal::KeyFile;
use crate::time::UnixSeconds;

/// The header that carries a signed identity.
pub(crate) const ASSERTION: HeaderName = HeaderName::from_static("latchgate-assertion");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Signs assertions.
pub(crate) struct Signer {
    key: Ed25519KeyPair,
    key_id: String,
    issuer: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key_id)
    }
}

impl Signer {
    pub(crate) fn new(keys: &KeyFile, instance_id: InstanceId) -> Self {
        let seed = keys.derive_assertion_seed();
        let key = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).expect("a seed of Ed25519 has 32 bytes");
        let key_id = hex::encode(&Sha256::digest(key.public_key().as_ref())[..8]);
        Self { key, key_id, issuer: format!("latchgate:{instance_id}") }
    }

    /// Returns the JWK set (RFC 7517).
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let public = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id, "x": public,
        }] })
    }

    fn sign(&self, person: &Person, site: &Origin, now: UnixSeconds) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.issuer,
            "aud": site.to_string(),
            "sub": person.login,
            "name": person.name,
            "groups": person.groups,
            "iat": now.0,
            "nbf": now.minus(CLOCK_SKEW).0,
            "exp": now.plus(ASSERTION_LIFETIME).0,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Adds the person's identity and the public origin to a stripped request.
    pub(crate) fn stamp(
        &self,
        headers: &mut HeaderMap,
        identity: &Identity,
        person: &Person,
        site: &Origin,
        now: UnixSeconds,
    ) {
        let (name, value) = match identity {
            Identity::None => (None, String::new()),
            Identity::Header(name) => (Some(name.clone()), person.login.clone()),
            Identity::Jwt => (Some(ASSERTION), self.sign(person, site, now)),
        };
        if let (Some(name), Ok(mut value)) = (name, HeaderValue::from_str(&value)) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static(site.scheme.as_str()));
        if let Ok(host) = HeaderValue::from_str(&site.authority()) {
            headers.insert(FORWARDED_HOST, host);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use getrandom::SysRng;
    use rand_core::UnwrapErr;
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;
    use crate::origin::Scheme;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn signer() -> Signer {
        Signer::new(&KeyFile::make(&mut UnwrapErr(SysRng)), InstanceId::from_bytes([1; 16]))
    }

    fn maria() -> Person {
        Person {
            login: "maria".to_owned(),
            name: "Maria Jensen".to_owned(),
            groups: BTreeSet::from(["staff".to_owned()]),
            suspended: false,
        }
    }

    fn wiki() -> Origin {
        Origin { scheme: Scheme::Https, host: "wiki.example.com".to_owned(), port: 443 }
    }

    fn decode(part: &str) -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn an_assertion_verifies_under_the_served_key_and_is_for_one_site_and_a_minute() {
        let signer = signer();
        let mut headers = HeaderMap::new();
        signer.stamp(&mut headers, &Identity::Jwt, &maria(), &wiki(), NOW);
        let token = headers[ASSERTION].to_str().unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();

        let jwks = signer.jwks();
        let key = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).unwrap();

        assert_eq!(decode(header)["kid"], jwks["keys"][0]["kid"]);
        let claims = decode(claims);
        assert_eq!(claims["aud"], "https://wiki.example.com");
        assert_eq!(claims["sub"], "maria");
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
    }

    #[test]
    fn a_header_carries_the_login_and_the_forwarded_fields_the_public_origin() {
        let mut headers = HeaderMap::new();
        let identity = Identity::Header(HeaderName::from_static("x-remote-user"));
        signer().stamp(&mut headers, &identity, &maria(), &wiki(), NOW);
        assert_eq!(headers["x-remote-user"], "maria");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "wiki.example.com");
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn the_signing_key_is_the_same_after_a_restart() {
        let keys = KeyFile::make(&mut UnwrapErr(SysRng));
        let id = InstanceId::from_bytes([1; 16]);
        assert_eq!(Signer::new(&keys, id).jwks(), Signer::new(&keys, id).jwks());
    }
}
