//! Every way in which something can fail for a person, in one place: a stable code that screens branch
//! on, what happened, and what to do about it, in plain words.
//!
//! Libraries below keep their own typed errors; [`Fault`] is what they are translated to at the edge.

use serde::Serialize;
use ts_rs::TS;

/// A failure as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// A stable name, such as `code-used`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: String,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal, $advice:literal;)*) => {
        /// The kinds of [`Failure`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $( $(#[$doc])* $name, )*
        }

        impl Fault {
            /// Every kind, for documentation and tests.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// Returns the stable name.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$name => $code, )* }
            }

            /// Returns what happened.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $( Self::$name => $message, )* }
            }

            /// Returns what to do.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $( Self::$name => $advice, )* }
            }
        }
    };
}

faults! {
    // The pairing code
    /// Nothing was entered.
    CodeEmpty = "code-empty",
        "There is no pairing code in what you entered.",
        "Scan the code that your company shows, or paste its whole text.";
    /// Another kind of text.
    CodeNotACode = "code-not-a-code",
        "This is not a Latchgate pairing code.",
        "A pairing code begins with LG1: and comes from your company. Scan that one.";
    /// Made by a newer product.
    CodeForeignVersion = "code-foreign-version",
        "This pairing code was made for another version of Latchgate.",
        "Update this app, or ask your company for a code for this version.";
    /// Its end is missing.
    CodeTruncated = "code-truncated",
        "A part of the pairing code is missing.",
        "Copy the whole text, from LG1: to the end, or scan the picture.";
    /// Its checksum is wrong.
    CodeDamaged = "code-damaged",
        "The pairing code is damaged: at least one character is wrong.",
        "Scan the picture, or copy the text again without changing it.";
    /// Something beside the code was entered.
    CodeTooLong = "code-too-long",
        "What you entered is longer than a pairing code.",
        "Copy the code alone, from LG1: to its end.";
    /// Its gateway address could mislead.
    CodeGateway = "code-gateway",
        "The pairing code names a gateway address that is not safe to use.",
        "Nothing was sent. Ask your company whether the code is really theirs.";
    /// Expired by the server's clock.
    CodeExpired = "code-expired",
        "The pairing code has expired.",
        "Ask your company for a new code and use it at once.";
    /// Claimed by another device.
    CodeUsed = "code-used",
        "The pairing code has already been used by another device.",
        "If that was not you, tell your company at once: somebody may have copied it. Then ask for a new code.";
    /// Unknown to the server.
    CodeGone = "code-gone",
        "The pairing code has been used, was withdrawn, or never existed.",
        "If you have not used it yourself, tell your company at once: somebody may have copied it. Then ask for a new code.";
    /// The connector does not take the code any more.
    CodeRefused = "code-refused",
        "Your company does not take this pairing code any more: it has expired, was withdrawn, or belongs to another device.",
        "Ask your company for a new code.";
    /// The clock may be the reason.
    ClockSkew = "clock-skew",
        "The pairing code looks expired, and the clock of this device may be wrong.",
        "Check date and time on this device. If they are right, ask your company for a new code.";
    /// No code in a picture.
    PictureNoCode = "picture-no-code",
        "No pairing code was found in the picture.",
        "Take the picture again: the whole code, sharp, without reflections. Or paste the code's text.";
    /// Not a usable picture.
    PictureUnreadable = "picture-unreadable",
        "The picture cannot be read.",
        "Use a PNG, JPEG, WebP, BMP or GIF picture of at most 12 megapixels.";
    /// A second pairing.
    AlreadyPaired = "already-paired",
        "This device is already paired.",
        "Remove the present pairing first, or use another profile.";
    /// More companies than an app can hold.
    TooManyCompanies = "too-many-companies",
        "This app is paired with as many companies as it can hold.",
        "Remove one that you do not need any more.";
    /// Nothing to go on with.
    NotPaired = "not-paired",
        "This device is not paired.",
        "Pair it first, with a code from your company.";
    /// A half-done pairing exists.
    PairingUnfinished = "pairing-unfinished",
        "A pairing was begun here and is not finished.",
        "Continue it, or cancel it before you begin another one.";
    /// The pairing was cancelled.
    PairingCancelled = "pairing-cancelled",
        "The pairing was cancelled.",
        "Nothing is kept on this device. Ask your company for a new code to try again.";
    /// The handshake failed.
    PairingRefused = "pairing-refused",
        "The company's connector did not accept this pairing.",
        "The code may have been withdrawn. Ask your company for a new one.";

    // The way to the gateway
    /// No network at all.
    NoNetwork = "no-network",
        "This device has no connection to the internet.",
        "Check Wi-Fi, mobile data or the cable. Latchgate tries again by itself.";
    /// The name does not resolve.
    Dns = "dns",
        "The name of the gateway was not found.",
        "Check the network. On a company or hotel network, ask whether it blocks the gateway's name.";
    /// Another certificate than the gateway's.
    TlsIntercepted = "tls-intercepted",
        "Something between this device and the gateway answers in the gateway's place.",
        "Nothing was sent. Use another network, or turn off the program that inspects connections.";
    /// The certificate's dates and this device's clock do not agree.
    CertificateDate = "certificate-date",
        "The gateway's certificate is not valid at the date that this device shows.",
        "Check date and time on this device. If they are right, tell your company.";
    /// The authority that was given cannot be used.
    RootsUnreadable = "roots-unreadable",
        "The given certificate authority cannot be read.",
        "Give a PEM file that holds at least one certificate.";
    /// A sign-in page answers.
    CaptivePortal = "captive-portal",
        "This network shows its own sign-in page first.",
        "Open any web page in a browser, sign in to the network, and come back.";
    /// The network's proxy wants a password.
    ProxyAuth = "proxy-auth",
        "The proxy of this network asks for a user name and a password.",
        "Enter them in the system's proxy settings, or use another network.";
    /// The gateway does not answer.
    GatewayDown = "gateway-down",
        "The gateway cannot be reached.",
        "Latchgate tries again by itself. If it lasts, ask your company.";
    /// The gateway asks for patience.
    GatewayBusy = "gateway-busy",
        "The gateway is busy and asks to wait.",
        "Latchgate tries again by itself in a moment.";
    /// The gateway speaks otherwise.
    GatewayIncompatible = "gateway-incompatible",
        "The gateway answers in a way that this app does not understand.",
        "Update this app. If it is up to date, ask your company.";
    /// The connector is not there.
    ConnectorOffline = "connector-offline",
        "The gateway is reached, but your company's connector is not connected to it.",
        "Latchgate tries again by itself. If it lasts, tell your company.";
    /// The connector does not answer.
    ConnectorSilent = "connector-silent",
        "Your company's connector is connected but does not answer.",
        "Latchgate tries again by itself. If it lasts, tell your company.";
    /// The same keys elsewhere.
    TakenOver = "taken-over",
        "Another copy of this device has connected in its place.",
        "If you did not copy this device's data, tell your company at once.";
    /// The gateway refuses the device.
    Revoked = "revoked",
        "The gateway does not let this device in any more.",
        "Ask your company. If they removed this device, remove the pairing here and pair again.";
    /// The connector said, sealed, that the pairing is over.
    Removed = "removed",
        "Your company has removed this device. Its keys and what it kept of the company were erased here.",
        "If you did not expect that, ask your company. With a new code from them you can pair again.";
    /// The company did not answer for long.
    NoContact = "no-contact",
        "Your company has not answered for longer than it allows, and this device has locked.",
        "Connect to the internet and unlock. Your sites open as soon as your company answers.";
    /// The company did not answer for so long that it wants nothing to stay.
    ErasedWithoutContact = "erased-without-contact",
        "Your company had not answered for so long that the keys and what was kept of it were erased here, as it requires.",
        "Ask your company for a new code and pair this device again.";
    /// Not one of the person's devices.
    DeviceUnknown = "device-unknown",
        "You have no such device, or it is not in a state for this.",
        "Look at the list of your devices again.";
    /// The check code is another one.
    CheckCodeDiffers = "check-code-differs",
        "This is not the check code of the new device.",
        "If its screen really shows this code, do not confirm it: deny it and tell your company.";
    /// The connector does not know the key.
    KeyUnknown = "key-unknown",
        "The company's connector does not know the key of this device.",
        "Latchgate tries again by itself. If it lasts, ask your company for a new code.";
    /// The connector waits for a person.
    NotConfirmed = "not-confirmed",
        "Your company has not approved this device yet.",
        "Read the check code to your administrator. Latchgate continues as soon as it is approved.";
    /// The person was suspended.
    Suspended = "suspended",
        "Your company has suspended your access.",
        "Ask your administrator.";

    // The vault
    /// A wrong passphrase or key.
    WrongPassphrase = "wrong-passphrase",
        "This passphrase does not open the vault.",
        "Try again. After several wrong tries, each next one has to wait longer.";
    /// The system's bound key was replaced.
    BoundKeyChanged = "bound-key-changed",
        "The fingers or faces that this device knows have changed, so that they do not unlock Latchgate any more.",
        "Unlock with your passphrase. Your finger or face works again afterwards.";
    /// The system's bound key was replaced, and there is no passphrase.
    BoundKeyLost = "bound-key-lost",
        "The fingers or faces that this device knows have changed, and nothing else unlocks this pairing.",
        "Nothing was deleted. Ask your company for a new code, remove the pairing here, and pair again.";
    /// Another key than the one that sealed the vault.
    WrongFileKey = "wrong-file-key",
        "The key in the file does not open the vault of this profile.",
        "Use the file that was named when this device was paired.";
    /// Too many tries.
    TooManyAttempts = "too-many-attempts",
        "There were too many wrong tries.",
        "Wait until the time shown has passed, then try again.";
    /// Too many tries, and the person chose erasure.
    ErasedAfterTries = "erased-after-tries",
        "There were too many wrong tries, and the keys on this device were erased, as you or your company had chosen.",
        "Ask your company for a new code and pair this device again.";
    /// A setting outside of its range.
    BadSetting = "bad-setting",
        "This setting is outside of what can be chosen.",
        "Choose one of the values that are offered.";
    /// A setting that the company does not allow.
    RequiredByCompany = "required-by-company",
        "Your company requires a stricter setting.",
        "Choose one of the values that are offered.";
    /// A page that cannot be kept.
    NotPinned = "not-pinned",
        "This page cannot be pinned.",
        "Pages of your company's sites can be pinned, up to 48 of them. Remove one that you do not need any more.";
    /// Not a file of settings.
    SettingsUnreadable = "settings-unreadable",
        "This file does not hold settings that this version can read.",
        "Choose the file that was saved on the other device, or update this app.";
    /// Backups were not turned on.
    BackupsOff = "backups-off",
        "Backups are turned off for this profile.",
        "Turn them on first. Whoever has a backup and its passphrase is this device.";
    /// Not a backup.
    BackupUnreadable = "backup-unreadable",
        "This file is not a backup that this version can read.",
        "Choose the file that was saved as a backup, or update this app.";
    /// Older than the company allows.
    BackupTooOld = "backup-too-old",
        "This backup is older than your company lets a device be without contact.",
        "Ask your company for a new code and pair this device.";
    /// The wrong passphrase for a backup.
    BackupPassphrase = "backup-passphrase",
        "This passphrase does not open the backup, or the file is damaged.",
        "Try again with the passphrase that was chosen for this backup.";
    /// An empty or short passphrase.
    WeakPassphrase = "weak-passphrase",
        "The passphrase is too short.",
        "Use at least 8 characters; several words are best.";
    /// Another method is wanted.
    WrongMethod = "wrong-method",
        "The vault of this profile is opened in another way.",
        "Use the method that was chosen when the device was paired.";
    /// The vault is closed.
    Locked = "locked",
        "Latchgate is locked.",
        "Unlock it first.";
    /// The vault is gone.
    VaultAbsent = "vault-absent",
        "The keys of this profile are not there.",
        "Remove the pairing here and pair again with a new code.";
    /// No keychain on this system.
    KeychainAbsent = "keychain-absent",
        "This system offers no keychain to keep the keys in.",
        "Choose a passphrase instead, or install and start a keychain (on Linux: a Secret Service).";
    /// The keychain is locked.
    KeychainLocked = "keychain-locked",
        "The keychain of this system is locked.",
        "Unlock it and try again. Nothing was lost.";
    /// The keychain refuses.
    KeychainDenied = "keychain-denied",
        "The keychain of this system does not let Latchgate in.",
        "Allow Latchgate in the keychain's settings, or choose a passphrase.";
    /// What the keychain returned is damaged.
    KeychainCorrupt = "keychain-corrupt",
        "What the keychain returns is damaged, so that keys that are kept in it cannot be read.",
        "Nothing was deleted. Restore the keychain from a backup of this system, or remove the pairing and pair again.";
    /// The disk.
    StorageFailed = "storage-failed",
        "The keys could not be written on this device.",
        "Free some space, check that the folder can be written, and try again.";
    /// No randomness.
    NoRandomness = "no-randomness",
        "This system provides no secure random numbers.",
        "Restart the device and try again.";

    // Browsing
    /// Wrong credentials at the loopback proxy.
    ProxyCredentials = "proxy-credentials",
        "Latchgate's connection point on this device asks for its user name and password.",
        "Use those that were shown when it was last opened; they change at each unlock.";
    /// Not in the catalogue.
    SiteNotAllowed = "site-not-allowed",
        "Your company does not share this address with you.",
        "Open a site from the portal, or ask your administrator for access.";
    /// Unknown to the connector.
    SiteUnknown = "site-unknown",
        "Your company's connector does not know this site.",
        "Go back to the portal and choose the site again.";
    /// The site does not answer.
    UpstreamUnreachable = "upstream-unreachable",
        "Your company was reached, but the site itself does not answer.",
        "Try again in a moment. If it lasts, tell your administrator.";
    /// The site's certificate is wrong.
    UpstreamCertificate = "upstream-certificate",
        "Your company was reached, but the site's certificate is not valid.",
        "Tell your administrator; nothing was sent to the site.";
    /// The site is too slow.
    UpstreamTimeout = "upstream-timeout",
        "The site took too long to answer.",
        "Try again in a moment. If it lasts, tell your administrator.";
    /// A request that cannot be served.
    BadRequest = "bad-request",
        "The request cannot be served.",
        "Go back and try again.";
    /// The tunnel is down.
    TunnelDown = "tunnel-down",
        "The connection to your company is interrupted.",
        "Latchgate is connecting again. Reload the page in a moment.";
    /// The listener could not be opened.
    ProxyFailed = "proxy-failed",
        "Latchgate could not open its connection point for the browser on this device.",
        "Close other copies of Latchgate, or choose another port, and unlock again.";
    /// A direct call to the loopback listener.
    NotAWebServer = "not-a-web-server",
        "This address belongs to Latchgate and is not a web site.",
        "Open your company's sites from the portal.";

    /// Not written yet, or not on this system.
    Unavailable = "unavailable",
        "This is not available here.",
        "Update the app, or use another device.";
    /// A bug.
    Internal = "internal",
        "Something went wrong inside Latchgate.",
        "Restart the app. If it happens again, please report it.";
}

impl Fault {
    /// Returns the failure in its general words.
    #[must_use]
    pub fn failure(self) -> Failure {
        Failure { code: self.code().to_owned(), message: self.message().to_owned(), advice: self.advice().to_owned() }
    }

    /// Returns the failure with a message that says more than the general one.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Failure {
        Failure { code: self.code().to_owned(), message: message.into(), advice: self.advice().to_owned() }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        fault.failure()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.message, self.advice)
    }
}

impl std::error::Error for Failure {}

impl From<latchgate_picture::PictureError> for Fault {
    fn from(error: latchgate_picture::PictureError) -> Self {
        match error {
            latchgate_picture::PictureError::Unreadable => Self::PictureUnreadable,
            latchgate_picture::PictureError::NoCode => Self::PictureNoCode,
            latchgate_picture::PictureError::NotStarted => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_fault_has_a_name_of_its_own_and_says_what_to_do() {
        let mut codes = HashSet::new();
        for fault in Fault::ALL {
            assert!(codes.insert(fault.code()), "{} is used twice", fault.code());
            for text in [fault.message(), fault.advice()] {
                assert!(text.ends_with('.') || text.ends_with(')'), "{text:?} is not a sentence");
                assert!(text.len() < 160, "{text:?} is too long");
            }
        }
    }
}
