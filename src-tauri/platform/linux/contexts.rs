//! Web contexts: what all pages of one unlock of one company share.
//!
//! A context lies in memory only. The next unlock has other proxy credentials, and so another context; another company
//! has one of its own, with other cookies, storage, caches and processes.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use gtk::gio::TlsCertificate;
use gtk::gio::prelude::TlsCertificateExt as _;
use latchgate_client::{ProfileName, ProxyEndpoint};
use tauri::AppHandle;
use webkit2gtk::{NetworkProxyMode, NetworkProxySettings, WebContext, WebContextExt, WebsiteDataManagerExt};

use super::{downloads, logins, way};
use crate::browse::Access;

thread_local! {
    /// By the profile.
    static CONTEXTS: RefCell<HashMap<String, Context>> = RefCell::default();
}

struct Context {
    /// The user of the proxy that it was made for.
    user: String,
    web: WebContext,
    /// The hosts whose certificates it trusts: the controller's by the host alone, the site's own with the host.
    trusted: HashSet<String>,
}

/// Returns the context of this company's unlock, and whether it was made for this page, its first.
pub(super) fn enter(app: &AppHandle, access: &Access) -> (WebContext, bool) {
    let made = CONTEXTS.with_borrow_mut(|contexts| {
        let profile = access.profile.as_str();
        let made = contexts.get(profile).is_none_or(|context| context.user != access.proxy.user).then(|| Context {
            user: access.proxy.user.clone(),
            web: make(&access.proxy),
            trusted: HashSet::new(),
        });
        made.map(|context| {
            let web = context.web.clone();
            contexts.insert(profile.to_owned(), context);
            web
        })
    });
    if let Some(web) = &made {
        downloads::connect(app, &access.profile, web);
        logins::connect(app, &access.profile, web);
    }
    trust(access);
    let is_new = made.is_some();
    (made.or_else(|| find(&access.profile)).expect("the context was made or found"), is_new)
}

/// Returns the context of a company, while it has one.
pub(super) fn find(profile: &ProfileName) -> Option<WebContext> {
    CONTEXTS.with_borrow(|contexts| contexts.get(profile.as_str()).map(|context| context.web.clone()))
}

/// Lets a company's pages trust the certificates that the controller shows for its sites, those pages alone.
pub(crate) fn trust(access: &Access) {
    CONTEXTS.with_borrow_mut(|contexts| {
        let Some(context) = contexts.get_mut(access.profile.as_str()) else { return };
        if context.user != access.proxy.user {
            return;
        }
        for host in &access.secure_hosts {
            if context.trusted.contains(host) {
                continue;
            }
            let Some(pem) = access.proxy.certificate_pem(host) else { continue };
            match TlsCertificate::from_pem(&pem) {
                Ok(certificate) => context.web.allow_tls_certificate_for_host(&certificate, host),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the certificate of a site cannot be read");
                }
            }
            context.trusted.insert(host.clone());
        }
    });
}

/// Trusts the certificate that a site shows by itself. False when it was trusted before, to no avail.
pub(super) fn trust_certificate(profile: &ProfileName, host: &str, certificate: &TlsCertificate) -> bool {
    let Some(pem) = certificate.certificate_pem() else { return false };
    CONTEXTS.with_borrow_mut(|contexts| {
        let Some(context) = contexts.get_mut(profile.as_str()) else { return false };
        context.web.allow_tls_certificate_for_host(certificate, host);
        context.trusted.insert(format!("{host} {pem}"))
    })
}

/// Drops the contexts of all companies but these: cookies, storage, caches and certificates go with them.
pub(crate) fn forget_all_but(open: &[String]) {
    CONTEXTS.with_borrow_mut(|contexts| contexts.retain(|profile, _| open.contains(profile)));
}

fn make(proxy: &ProxyEndpoint) -> WebContext {
    let web = WebContext::new_ephemeral();
    web.set_automation_allowed(false);
    if let Some(data) = web.website_data_manager() {
        let mut settings = NetworkProxySettings::new(Some(&way::address(proxy)), &[]);
        data.set_network_proxy_settings(NetworkProxyMode::Custom, Some(&mut settings));
    }
    web
}
