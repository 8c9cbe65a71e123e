//! The servers that several nodes share. Their URLs hold passwords, and come from a file or the environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::ConfigError;

/// Where the gateway remembers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// A PostgreSQL server, its URL in the file or in `LATCHGATE_POSTGRES_URL`. Default: SQLite in `data`.
    pub postgres: Option<Remote>,
}

/// How several nodes hear of each other.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BusConfig {
    /// A NATS server, its URL in the file or in `LATCHGATE_NATS_URL`. Default: this is the only node.
    pub nats: Option<Remote>,
}

/// A server that is reached with a secret URL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Remote {
    /// The file with the URL. Default: the environment variable.
    pub url_file: Option<PathBuf>,
    /// The authorities that the server's certificate may come from, PEM. Default: those of the system.
    pub ca: Option<PathBuf>,
}

impl Remote {
    pub(super) fn resolve(&mut self, folder: &Path) {
        for file in [&mut self.url_file, &mut self.ca].into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }

    /// Reads the URL.
    pub(crate) fn url(&self, variable: &'static str) -> Result<Zeroizing<String>, ConfigError> {
        let Some(file) = &self.url_file else {
            return std::env::var(variable).map(Zeroizing::new).map_err(|_| ConfigError::NoUrl { variable });
        };
        let text = std::fs::read_to_string(file).map(Zeroizing::new);
        let text = text.map_err(|source| ConfigError::Io { path: file.clone(), source })?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    /// Prepares TLS with the configured authorities.
    pub(crate) fn tls(&self) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        let Some(file) = &self.ca else {
            return Ok(builder.with_platform_verifier()?.with_no_client_auth());
        };
        let unusable = || rustls::Error::General("could not read the certificates of the authority".to_owned());
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unusable())? {
            roots.add(certificate.map_err(|_| unusable())?)?;
        }
        if roots.is_empty() {
            return Err(unusable());
        }
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}
