//! The user and password that the proxy asks for, made anew at each unlock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use getrandom::SysRng;
use rand_core::TryRng as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A user name and a password of 256 random bits.
pub(crate) struct Credentials {
    user: String,
    password: Zeroizing<String>,
    /// Compared in place of the text, so that no comparison depends on its length.
    digest: [u8; 32],
}

impl Credentials {
    /// Makes new ones.
    pub(crate) fn make() -> Result<Self, getrandom::Error> {
        let mut user = [0; 8];
        let mut password = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(&mut user)?;
        SysRng.try_fill_bytes(&mut password[..])?;
        Ok(Self::new(hex::encode(user), Zeroizing::new(hex::encode(&password[..]))))
    }

    /// Takes given ones, for scripts that keep theirs.
    pub(crate) fn new(user: String, password: Zeroizing<String>) -> Self {
        let digest = digest(user.as_bytes(), password.as_bytes());
        Self { user, password, digest }
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(crate) const fn password(&self) -> &Zeroizing<String> {
        &self.password
    }

    /// Tells, in constant time, whether these are the right ones.
    pub(crate) fn accept(&self, user: &[u8], password: &[u8]) -> bool {
        digest(user, password).ct_eq(&self.digest).into()
    }

    /// Reads `Basic <base64 of user:password>` (RFC 7617).
    pub(crate) fn accept_basic(&self, header: &[u8]) -> bool {
        let Some((scheme, encoded)) = header.split_at_checked(6) else { return false };
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return false;
        }
        let Ok(pair) = STANDARD.decode(encoded.trim_ascii()).map(Zeroizing::new) else { return false };
        let mut parts = pair.splitn(2, |byte| *byte == b':');
        let user = parts.next().unwrap_or_default();
        parts.next().is_some_and(|password| self.accept(user, password))
    }
}

fn digest(user: &[u8], password: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((user.len() as u64).to_be_bytes());
    hash.update(user);
    hash.update(password);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ab_73_only_the_exact_credentials_are_accepted() {
        let credentials = Credentials::new("user".to_owned(), Zeroizing::new("pass:word".to_owned()));
        let basic = |text: &str| credentials.accept_basic(format!("Basic {}", STANDARD.encode(text)).as_bytes());
        assert!(basic("user:pass:word"));
        assert!(credentials.accept_basic(format!("bASIC {} ", STANDARD.encode("user:pass:word")).as_bytes()));
        for wrong in ["", "user", "user:", "user:pass", "userpass:word", "user:pass:word2", ":", "useR:pass:word"] {
            assert!(!basic(wrong), "{wrong}");
        }
        for header in ["", "Basic", "Basic %%%", "Bearer x", "Digest x"] {
            assert!(!credentials.accept_basic(header.as_bytes()), "{header}");
        }
    }

    #[test]
    fn each_unlock_has_its_own() {
        let (one, two) = (Credentials::make().unwrap(), Credentials::make().unwrap());
        assert_ne!(one.password(), two.password());
        assert_eq!(one.password().len(), 64);
        assert!(one.accept(one.user().as_bytes(), one.password().as_bytes()));
        assert!(!one.accept(two.user().as_bytes(), two.password().as_bytes()));
    }
}
