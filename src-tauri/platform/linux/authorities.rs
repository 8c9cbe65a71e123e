//! Sites whose bytes pass untouched, under an authority of the company's own that this machine does not know.
//!
//! The engine refuses the certificate of such a site. Where the company says which authority vouches for it, and that
//! one does, this very certificate is trusted for this host, in the pages of this company alone, and the page loads
//! once more. What a page fetches from such a site before it was visited is still refused.

use gtk::gio::prelude::TlsCertificateExt as _;
use gtk::gio::{NetworkAddress, TlsCertificate, TlsCertificateFlags};
use tauri::{AppHandle, Url};

use super::contexts;
use crate::browse;

const END: &str = "-----END CERTIFICATE-----";

/// Tells whether a page whose certificate was refused may load once more.
pub(super) fn vouch(app: &AppHandle, label: &str, address: &str, certificate: &TlsCertificate) -> bool {
    let place =
        Url::parse(address).ok().and_then(|url| Some((url.host_str()?.to_owned(), url.port_or_known_default()?)));
    let Some((host, port)) = place else { return false };
    let Some((profile, ca)) = browse::site_ca(app, label, &host, port) else { return false };
    is_vouched_for(certificate, &host, port, &ca) && contexts::trust_certificate(&profile, &host, certificate)
}

fn is_vouched_for(certificate: &TlsCertificate, host: &str, port: u16, ca: &str) -> bool {
    let site = NetworkAddress::new(host.trim_matches(['[', ']']), port);
    let authorities = ca.split_inclusive(END).filter_map(|pem| TlsCertificate::from_pem(pem).ok());
    authorities.into_iter().any(|ca| certificate.verify(Some(&site), Some(&ca)) == TlsCertificateFlags::empty())
}
