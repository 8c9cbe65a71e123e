//! What lies in the vault: how far the pairing is, and the keys that it has so far.
//!
//! ```text
//! Claiming ──claim──▶ Claimed ──P1/P2──▶ Pending ──S1/S2──▶ Active
//!                        ▲                  │
//!                        └── key unknown ───┘   (a hint: the code is kept, nothing is erased)
//! ```
//! Each arrow is one durable write before the message that depends on it leaves. The code stays until
//! `Active`, whose making erases it.
//!
//! A key is replaced the same way: `Active` takes the next key beside the one in use, and drops the latter once
//! the connector proved that it has the next one.

use latchgate_protocol::rest::DeviceClaimed;
use latchgate_protocol::{ClaimId, DeviceId, DevicePassword, GatewayOrigin, InstanceId, ResumeTicket, secret};
use latchgate_tunnel::pairing::Paired;
use latchgate_tunnel::rotation::Rotated;
use latchgate_tunnel::{DeviceSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::contact::Contact;

/// The whole contents, by the step that the pairing has reached.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contents {
    /// The code may be claimed with this `claim_id`.
    Claiming(Claiming),
    /// The gateway knows the device.
    Claimed(Claimed),
    /// The connector derived the key too; whether it knows so is not proven.
    Pending(Pending),
    /// The connector proved that it has the key.
    Active(Active),
}

/// Step 1.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Claiming {
    /// The text of the pairing code.
    #[serde(with = "wiped_text")]
    pub(crate) code: Zeroizing<String>,
    /// Tells a repeated claim from a second claimant.
    #[serde(with = "secret::text")]
    pub(crate) claim_id: ClaimId,
    /// The device's own key.
    #[serde(with = "key_bytes")]
    pub(crate) static_key: StaticPrivateKey,
    /// What the company calls the device.
    pub(crate) device_label: String,
}

/// Step 3.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Claimed {
    /// What step 1 made; the same claim may be repeated.
    pub(crate) claiming: Claiming,
    /// What the gateway issued.
    pub(crate) account: Account,
}

/// What the gateway knows the device by.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Whose device it is.
    pub(crate) instance_id: InstanceId,
    /// Who it is.
    pub(crate) device_id: DeviceId,
    /// Its proof.
    #[serde(with = "secret::text")]
    pub(crate) device_password: DevicePassword,
}

/// Step 5.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// What step 3 made, to go back to.
    pub(crate) claimed: Claimed,
    /// The key that P2 gave.
    pub(crate) key: SessionKey,
    /// What both screens show.
    pub(crate) check_code: String,
    /// The company's name.
    pub(crate) company: String,
}

/// The present `device_secret_key`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SessionKey {
    /// The psk of sessions.
    #[serde(with = "key_bytes")]
    pub(crate) device_secret_key: DeviceSecretKey,
    /// Its generation.
    generation: u32,
}

/// Step 7.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Active {
    /// Where the gateway is.
    pub(crate) gateway: GatewayOrigin,
    /// The connector's static key.
    pub(crate) connector_key: StaticPublicKey,
    /// The device's own key.
    #[serde(with = "key_bytes")]
    pub(crate) static_key: StaticPrivateKey,
    /// What the gateway knows the device by.
    pub(crate) account: Account,
    /// The key in use.
    pub(crate) key: SessionKey,
    /// The key that follows: agreed on, and not proved by the connector yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<SessionKey>,
    /// The company's name at the pairing.
    pub(crate) company: String,
    /// Kept until the person has seen or compared it.
    pub(crate) check_code: Option<String>,
    /// Whether the code was printed, so that the check code must be compared.
    pub(crate) printed: bool,
    /// Stands in for the password at the gateway for a day, so that a start need not wait for its hash. The gateway
    /// voids it with the password that it came of.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ticket_text")]
    pub(crate) ticket: Option<ResumeTicket>,
    /// When the company last answered, where it asked for something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<Contact>,
}

impl Contents {
    /// Returns the device's own key, which stays as long as the pairing.
    pub(crate) const fn static_key(&self) -> &StaticPrivateKey {
        match self {
            Self::Claiming(claiming) => &claiming.static_key,
            Self::Claimed(claimed) => &claimed.claiming.static_key,
            Self::Pending(pending) => &pending.claimed.claiming.static_key,
            Self::Active(active) => &active.static_key,
        }
    }

    /// Returns when the company last answered, where it asked for something.
    pub(crate) const fn contact(&self) -> Option<&Contact> {
        match self {
            Self::Active(active) => active.contact.as_ref(),
            Self::Claiming(_) | Self::Claimed(_) | Self::Pending(_) => None,
        }
    }
}

impl Active {
    /// Returns every key that the connector may know.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (Generation, &DeviceSecretKey)> {
        std::iter::once(&self.key).chain(&self.next).map(|key| (key.generation(), &key.device_secret_key))
    }
}

impl SessionKey {
    /// Returns which generation the key is.
    pub(crate) const fn generation(&self) -> Generation {
        Generation(self.generation)
    }

    /// Derives the key's name for `device_id`.
    pub(crate) fn key_id(&self, device_id: DeviceId) -> KeyId {
        KeyId::derive(&self.device_secret_key, device_id, self.generation())
    }
}

impl Claiming {
    /// Step 3: the gateway issued an account.
    pub(crate) fn claimed(self, answer: DeviceClaimed) -> Claimed {
        let DeviceClaimed { device_id, device_password, instance_id } = answer;
        Claimed { claiming: self, account: Account { instance_id, device_id, device_password } }
    }
}

impl Claimed {
    /// Step 5: the connector answered P1.
    pub(crate) fn pending(self, paired: Paired) -> Pending {
        let Paired { device_secret_key, generation, check_code, instance_label, .. } = paired;
        Pending {
            claimed: self,
            key: SessionKey { device_secret_key, generation: generation.0 },
            check_code: check_code.to_string(),
            company: instance_label,
        }
    }
}

impl Pending {
    /// Step 7: the connector proved the key. The code and its secrets end here.
    pub(crate) fn active(self, gateway: GatewayOrigin, connector_key: StaticPublicKey, printed: bool) -> Active {
        Active {
            gateway,
            connector_key,
            static_key: self.claimed.claiming.static_key,
            account: self.claimed.account,
            key: self.key,
            next: None,
            company: self.company,
            check_code: Some(self.check_code),
            printed,
            ticket: None,
            contact: None,
        }
    }
}

impl Active {
    /// The connector derived the key that follows; the one in use stays. The next start proves itself by password.
    pub(crate) fn agreed(self, rotated: Rotated) -> Self {
        let Rotated { device_secret_key, generation, .. } = rotated;
        Self { next: Some(SessionKey { device_secret_key, generation: generation.0 }), ticket: None, ..self }
    }

    /// The connector proved `next`. The key before it ends here.
    pub(crate) fn replaced(self, next: SessionKey) -> Self {
        Self { key: next, next: None, ..self }
    }
}

/// Serde adapter for keys of 32 bytes, as Base64.
mod key_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use latchgate_tunnel::{DeviceSecretKey, StaticPrivateKey};
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) trait KeyBytes: Sized {
        fn reveal(&self) -> &[u8; 32];
        fn take(bytes: [u8; 32]) -> Self;
    }

    impl KeyBytes for DeviceSecretKey {
        fn reveal(&self) -> &[u8; 32] {
            self.reveal_bytes()
        }
        fn take(bytes: [u8; 32]) -> Self {
            Self::from_bytes(bytes)
        }
    }

    impl KeyBytes for StaticPrivateKey {
        fn reveal(&self) -> &[u8; 32] {
            self.reveal_bytes()
        }
        fn take(bytes: [u8; 32]) -> Self {
            Self::from_bytes(bytes)
        }
    }

    pub(super) fn serialize<K: KeyBytes, S: Serializer>(key: &K, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(key.reveal())))
    }

    pub(super) fn deserialize<'de, K: KeyBytes, D: Deserializer<'de>>(deserializer: D) -> Result<K, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let mut bytes = Zeroizing::new([0; 32]);
        match STANDARD.decode_slice(text.as_bytes(), &mut bytes[..]) {
            Ok(32) => Ok(K::take(*bytes)),
            Ok(_) | Err(_) => Err(serde::de::Error::custom("expected a key of 32 bytes in Base64")),
        }
    }
}

/// Serde adapter for a ticket that may be missing. One that cannot be read is none: the password is there.
mod ticket_text {
    use latchgate_protocol::ResumeTicket;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(ticket: &Option<ResumeTicket>, serializer: S) -> Result<S::Ok, S::Error> {
        match ticket {
            Some(ticket) => serializer.serialize_str(&ticket.reveal()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ResumeTicket>, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Ok(ResumeTicket::from_text(&text).ok())
    }
}

/// Serde adapter for a text that is wiped when dropped.
mod wiped_text {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new)
    }
}
