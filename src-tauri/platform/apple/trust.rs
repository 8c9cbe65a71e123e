//! What a view answers when it is asked for credentials or about a certificate.

use std::ffi::c_void;

use latchgate_client::ProxyEndpoint;
use objc2::encode::{Encoding, RefEncode};
use objc2::rc::Retained;
use objc2::{ClassType as _, msg_send};
use objc2_foundation::{
    NSArray, NSData, NSObject, NSString, NSURLAuthenticationChallenge, NSURLAuthenticationMethodServerTrust,
    NSURLCredential, NSURLCredentialPersistence, NSURLProtectionSpace,
};

use crate::platform::certificates;

/// A certificate chain that a server showed.
#[repr(C)]
struct SecTrust {
    _opaque: [u8; 0],
}

// SAFETY: the type stands behind pointers only, and this is how the compiler of Objective-C names them.
unsafe impl RefEncode for SecTrust {
    const ENCODING_REF: Encoding = Encoding::Pointer(&Encoding::Struct("__SecTrust", &[]));
}

// SAFETY: as the headers of the framework declare them.
#[link(name = "Security", kind = "framework")]
unsafe extern "C" {
    fn SecTrustCopyCertificateChain(trust: *const SecTrust) -> *mut NSArray<NSObject>;
    fn SecCertificateCopyData(certificate: *const c_void) -> *mut NSData;
}

/// What a view is answered.
pub(super) enum Answer {
    /// Go on with this.
    Use(Retained<NSURLCredential>),
    /// Do not go on.
    Refuse,
    /// What the engine does by itself.
    Default,
}

/// Answers a challenge: the proxy gets the credentials of this unlock, and a server is trusted if its certificate is
/// the one that the proxy shows for its host.
pub(super) fn answer(proxy: &ProxyEndpoint, challenge: &NSURLAuthenticationChallenge) -> Answer {
    let space = challenge.protectionSpace();
    // SAFETY: the name is a constant of the framework.
    if space.authenticationMethod().isEqualToString(unsafe { NSURLAuthenticationMethodServerTrust }) {
        return judge(proxy, &space);
    }
    if !space.isProxy() {
        return Answer::Default;
    }
    if challenge.previousFailureCount() > 0 || space.host().to_string() != proxy.addr.ip().to_string() {
        return Answer::Refuse;
    }
    Answer::Use(NSURLCredential::credentialWithUser_password_persistence(
        &NSString::from_str(&proxy.user),
        &NSString::from_str(&proxy.password),
        NSURLCredentialPersistence::None,
    ))
}

fn judge(proxy: &ProxyEndpoint, space: &NSURLProtectionSpace) -> Answer {
    // SAFETY: the space has the property, which is a chain or null and lives as long as the space.
    let trust: *const SecTrust = unsafe { msg_send![space, serverTrust] };
    let own = proxy.certificate_pem(&space.host().to_string());
    match shown(trust) {
        Some(shown) if certificates::is_own(own.as_deref(), &shown) => {
            // SAFETY: the class has the method, which takes a chain that is not null and keeps it.
            let credential: Option<Retained<NSURLCredential>> =
                unsafe { msg_send![NSURLCredential::class(), credentialForTrust: trust] };
            credential.map_or(Answer::Refuse, Answer::Use)
        }
        Some(_) | None => Answer::Refuse,
    }
}

/// Returns the server's own certificate (DER), which comes first.
fn shown(trust: *const SecTrust) -> Option<Vec<u8>> {
    if trust.is_null() {
        return None;
    }
    // SAFETY: the chain is not null, and what is copied belongs to the caller. Arrays and data of Core Foundation are
    // those of Foundation.
    unsafe {
        let chain = Retained::from_raw(SecTrustCopyCertificateChain(trust))?;
        let certificate = chain.firstObject()?;
        let data = Retained::from_raw(SecCertificateCopyData(Retained::as_ptr(&certificate).cast()))?;
        Some(data.to_vec())
    }
}
