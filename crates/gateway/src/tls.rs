//! The certificate and key of the listener, and their renewal under running connections.
//!
//! 1. Both files are read at the start; a pair that does not fit is refused.
//! 2. They are looked at every few seconds, and read again when one of them changed, or on SIGHUP.
//! 3. Handshakes from then on get the new certificate. Connections that are open keep theirs and go on.
//!
//! A pair that cannot be used is reported once for each change, and the old one stays.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::config::TlsFiles;
use crate::gateway::StartError;
use crate::limits::CERTIFICATE_LOOK;

/// The certificate and key in use.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    files: TlsFiles,
    pair: Arc<Pair>,
}

/// Hands out the pair that was read last.
#[derive(Debug)]
struct Pair(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`StartError`] names the file that cannot be read, or says that the two do not fit.
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, StartError> {
        let pair = Arc::new(Pair(ArcSwap::from_pointee(read(files)?)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&pair) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), files: files.clone(), pair })
    }

    pub(crate) const fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Reads the files again and uses them from the next handshake on.
    pub(crate) fn reload(&self) {
        match read(&self.files) {
            Ok(pair) => {
                self.pair.0.store(Arc::new(pair));
                info!("the TLS certificate was read again");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                error!(error, "could not use the changed TLS certificate and key; the old ones stay in use");
            }
        }
    }

    /// Reads the files again whenever they change, until it is cancelled.
    pub(crate) async fn watch(self, cancel: CancellationToken) {
        let mut ticks = interval(CERTIFICATE_LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = stamps(&self.files);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let stamps = stamps(&self.files);
            if stamps != seen {
                seen = stamps;
                self.reload();
            }
        }
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, StartError> {
    let unreadable = |path: &Path, error: pem::Error| StartError::File {
        path: path.into(),
        source: if let pem::Error::Io(error) = error { error } else { io::Error::other(error.to_string()) },
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, error))?;
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}

/// What changes when a file is written or replaced.
fn stamps(files: &TlsFiles) -> [Option<(SystemTime, u64)>; 2] {
    [&files.certificate, &files.key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}
