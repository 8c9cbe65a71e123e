//! The certificate authority of one unlock: in memory only, never installed anywhere. Only the intranet view
//! trusts it, or a script that asked for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::limits::LEAVES;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Browsers refuse server certificates that live longer (CA/Browser Forum).
const LEAF_LIFETIME: Duration = Duration::from_secs(397 * 24 * 60 * 60);
const CA_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Why no certificate was made.
#[derive(Debug, Error)]
pub(crate) enum AuthorityError {
    /// The name is not one that a certificate can carry, or there were no random bytes.
    #[error("could not make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// TLS did not take the certificate.
    #[error("could not use a certificate")]
    Tls(#[from] rustls::Error),
}

/// Makes a certificate for each site that is opened.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    leaves: Mutex<HashMap<String, Leaf>>,
}

#[derive(Clone)]
struct Leaf {
    pem: Arc<str>,
    acceptor: TlsAcceptor,
}

impl Authority {
    /// Makes a new authority with a new key.
    pub(crate) fn make() -> Result<Self, AuthorityError> {
        let mut params = params(CA_LIFETIME)?;
        params.distinguished_name.push(DnType::CommonName, "Latchgate, this unlock only");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer, leaves: Mutex::default() })
    }

    /// Returns the authority's own certificate.
    pub(crate) fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Returns the certificate that `host` is shown with.
    pub(crate) fn certificate_pem(&self, host: &str) -> Result<Arc<str>, AuthorityError> {
        Ok(self.leaf(host)?.pem)
    }

    /// Returns what terminates TLS for `host`, with HTTP/2 and HTTP/1.1.
    pub(crate) fn acceptor(&self, host: &str) -> Result<TlsAcceptor, AuthorityError> {
        Ok(self.leaf(host)?.acceptor)
    }

    fn leaf(&self, host: &str) -> Result<Leaf, AuthorityError> {
        let host = host.to_ascii_lowercase();
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.get(&host) {
            return Ok(leaf.clone());
        }
        let leaf = self.make_leaf(&host)?;
        if leaves.len() >= LEAVES {
            leaves.clear();
        }
        leaves.insert(host, leaf.clone());
        Ok(leaf)
    }

    fn make_leaf(&self, host: &str) -> Result<Leaf, AuthorityError> {
        let mut params = params(LEAF_LIFETIME)?;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        params.subject_alt_names = CertificateParams::new([name.to_owned()])?.subject_alt_names;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, private)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Leaf { pem: certificate.pem().into(), acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// A day of grace for clocks that differ.
fn params(lifetime: Duration) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now - DAY + lifetime).into();
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_keeps_its_certificate_for_the_whole_unlock() {
        let authority = Authority::make().unwrap();
        let first = authority.certificate_pem("wiki.example.com").unwrap();
        assert_eq!(first, authority.certificate_pem("WIKI.example.com").unwrap());
        assert_ne!(first, authority.certificate_pem("mail.example.com").unwrap());
        assert!(authority.certificate_pem("[fd00::1]").is_ok());
        assert!(authority.certificate_pem("10.0.0.5").is_ok());
    }

    #[test]
    fn each_unlock_has_another_authority() {
        assert_ne!(Authority::make().unwrap().ca_pem(), Authority::make().unwrap().ca_pem());
    }
}
