//! A private certificate authority and one certificate under it, both made at start and kept in memory.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// What the `https` listener shows.
pub(crate) struct Identity {
    pub(crate) ca_pem: String,
    config: ServerConfig,
}

impl Identity {
    /// Makes an authority and a certificate for `localhost`, `127.0.0.1` and `names`.
    pub(crate) fn make(names: &[String]) -> anyhow::Result<Self> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "Sample intranet authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let ca = authority.self_signed(&authority_key)?;

        let mut sans = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        sans.extend_from_slice(names);
        let mut leaf = CertificateParams::new(sans)?;
        leaf.distinguished_name.push(DnType::CommonName, "Sample intranet");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf_key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&leaf_key, &Issuer::new(authority, authority_key))?;

        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(leaf_key.serialize_der()).map_err(anyhow::Error::msg)?,
            )?;
        Ok(Self { ca_pem: ca.pem(), config })
    }

    /// Returns what accepts connections that speak one of these protocols (RFC 7301).
    pub(crate) fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        let mut config = self.config.clone();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}
