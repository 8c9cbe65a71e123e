//! One person's whole way through the product, with canaries planted everywhere, and what is left of it in
//! every place: files, logs, metrics, memory, traffic. Taken once per test process.

use std::path::Path;
use std::sync::LazyLock;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Method;
use latchgate_protocol::origin::PlainHttp;
use latchgate_tunnel::code::PairingCode;
use sha2::{Digest as _, Sha256};

use super::canary::Canary;
use super::device::PASSPHRASE;
use super::http::direct;
use super::system::Options;
use super::{System, WIKI};

/// What was said and done on the way; none of it may be seen from outside.
pub(crate) const CONTENT: &str = "canary-content-of-a-private-page";
pub(crate) const HEADER: &str = "canary-value-of-a-header";
pub(crate) const PATH: &str = "canary-name-of-a-page";
pub(crate) const INTRANET_PASSWORD: &str = "canary-password-typed-into-a-form";

/// What a place holds, each item with a name for messages.
pub(crate) type Place = Vec<(String, Vec<u8>)>;

/// The secrets of the way, and what was left of it.
pub(crate) struct Journey {
    pub(crate) instance_password: Canary,
    pub(crate) device_setup_key: Canary,
    pub(crate) device_password: Canary,
    pub(crate) device_setup_secret_key: Canary,
    pub(crate) device_secret_key: Canary,
    pub(crate) device_static_key: Canary,
    pub(crate) connector_static_key: Canary,
    pub(crate) instance_id: Canary,
    /// The code's text and its bytes.
    pub(crate) code: Place,
    pub(crate) gateway_files: Place,
    pub(crate) gateway_log: Place,
    pub(crate) gateway_metrics: Place,
    pub(crate) gateway_memory: Place,
    pub(crate) device_files: Place,
    pub(crate) device_memory: Place,
    pub(crate) connector_files: Place,
    pub(crate) connector_memory: Place,
    pub(crate) relayed: Place,
}

/// The journey of this process.
pub(crate) static JOURNEY: LazyLock<Journey> = LazyLock::new(|| {
    // The first test to ask is inside of its own runtime; the journey has one for itself.
    let taken = std::thread::spawn(|| {
        tokio::runtime::Runtime::new().expect("a runtime for the journey").block_on(Journey::take())
    });
    taken.join().expect("the journey ends well")
});

impl Journey {
    async fn take() -> Self {
        let options = Options {
            observed: true,
            log: Some("trace"),
            gateway: "ops_listen = \"127.0.0.1:0\"\n".to_owned(),
            ..Options::default()
        };
        let mut system = System::start_with(options).await;
        let metrics = system.gateway.wait_for("OPS ").await;
        let invitation = system.invite("maria").await;
        let mut maria = system.device("maria");
        maria.pair(&invitation.picture).await;
        let proxy = maria.start().await;

        let form = [("content-type", "application/x-www-form-urlencoded"), ("x-canary", HEADER)];
        let note = Bytes::from(format!("text={CONTENT}"));
        proxy.request(Method::POST, &format!("{WIKI}/me"), &form, note).await;
        let read = proxy.get(&format!("{WIKI}/me")).await.text();
        assert!(read.contains(CONTENT), "the canary did not arrive: {read}");
        proxy.get(&format!("{WIKI}/wiki/{PATH}")).await;
        let password = Bytes::from(format!("name={INTRANET_PASSWORD}"));
        proxy.request(Method::POST, &format!("{WIKI}/login"), &form, password).await;

        let code = PairingCode::decode(&invitation.text, PlainHttp::ToLoopback).expect("the code is whole");
        let relayed = system.relay.as_ref().expect("the system is observed").streams();
        let said = |name| secret_in(&relayed, name).unwrap_or_else(|| panic!("{name} was not said on the wire"));
        let vault = open_vault(maria.folder());
        let key_file = std::fs::read_to_string(system.folder().join("connector/connector.key")).expect("the key file");
        let connector_key = key_file.lines().find_map(|line| line.strip_prefix("static ")).expect("a static key");
        let metrics = direct(Method::GET, &format!("{metrics}/metrics"), &[], Bytes::new()).await;
        let active = &vault["active"];
        let in_vault = |key: &serde_json::Value| STANDARD.decode(key.as_str().expect("a key")).expect("Base64");
        Self {
            instance_password: Canary::secret("instance_password", &said("instance_password")),
            device_setup_key: Canary::secret("device_setup_key", &said("device_setup_key")),
            device_password: Canary::secret("device_password", &said("device_password")),
            device_setup_secret_key: Canary::secret(
                "device_setup_secret_key",
                code.device_setup_secret_key.reveal_bytes(),
            ),
            device_secret_key: Canary::secret("device_secret_key", &in_vault(&active["key"]["device_secret_key"])),
            device_static_key: Canary::secret("device static key", &in_vault(&active["static_key"])),
            connector_static_key: Canary::secret(
                "connector static key",
                &URL_SAFE_NO_PAD.decode(connector_key).expect("Base64"),
            ),
            instance_id: Canary::secret("instance_id", &id_in(&relayed, "instance_id")),
            code: vec![
                ("the code".to_owned(), invitation.text.clone().into_bytes()),
                ("the code's bytes".to_owned(), decode_base45(&invitation.text)),
            ],
            gateway_files: files(&system.folder().join("gateway")),
            gateway_log: vec![("the gateway's log".to_owned(), system.gateway.log().into_bytes())],
            gateway_metrics: vec![("the gateway's metrics".to_owned(), metrics.body.to_vec())],
            gateway_memory: vec![("the gateway's memory".to_owned(), system.gateway.memory())],
            device_memory: vec![("the device's memory".to_owned(), maria.running().memory())],
            device_files: files_without(maria.folder(), "passphrase"),
            connector_memory: vec![("the connector's memory".to_owned(), system.connector.memory())],
            connector_files: [
                files(&system.folder().join("connector")),
                vec![("the connector's log".to_owned(), system.connector.log().into_bytes())],
            ]
            .concat(),
            relayed: relayed.into_iter().map(|stream| ("the relayed bytes".to_owned(), stream)).collect(),
        }
    }
}

/// Everything that was said, done or is called something in the company.
pub(crate) fn private_words() -> Vec<Canary> {
    vec![
        Canary::text("page content", CONTENT),
        Canary::text("header value", HEADER),
        Canary::text("path", PATH),
        Canary::text("person's name", "Maria Jensen"),
        Canary::text("another person's name", "Jonas Lindqvist"),
        Canary::text("site's host", "wiki.northlight.example"),
        Canary::text("https site's host", "safe.northlight.example"),
        Canary::text("company's name", "Northlight Tools"),
        Canary::text("identity header", "x-remote-user"),
    ]
}

/// Reads all files below a folder.
pub(crate) fn files(folder: &Path) -> Place {
    files_without(folder, "")
}

fn files_without(folder: &Path, left_out: &str) -> Place {
    let mut place = Place::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display())) {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() != left_out {
                // A lock or socket that cannot be read holds nothing.
                place.push((entry.path().display().to_string(), std::fs::read(entry.path()).unwrap_or_default()));
            }
        }
    }
    assert!(!place.is_empty(), "no file in {}", folder.display());
    place
}

/// Finds the value of a secret in a JSON body on the wire.
fn secret_in(streams: &[Vec<u8>], name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(json_text_in(streams, name)?).ok()
}

fn id_in(streams: &[Vec<u8>], name: &str) -> Vec<u8> {
    hex::decode(json_text_in(streams, name).expect("an id was said on the wire")).expect("an id is hex")
}

fn json_text_in(streams: &[Vec<u8>], name: &str) -> Option<String> {
    let key = format!("\"{name}\":\"");
    streams.iter().find_map(|stream| {
        let text = String::from_utf8_lossy(stream);
        let (_, rest) = text.split_once(&key)?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    })
}

/// Opens a device's vault file with its passphrase.
pub(crate) fn open_vault(device: &Path) -> serde_json::Value {
    let vaults: Vec<_> = files(device).into_iter().filter(|(_, content)| content.starts_with(b"LGV\x02\x01")).collect();
    let [(path, blob)] = &vaults[..] else { panic!("{} vaults in {}", vaults.len(), device.display()) };
    let name = Path::new(path).file_stem().and_then(|name| name.to_str()).expect("a profile's name");
    open_blob(blob, name, PASSPHRASE)
}

/// Opens the sealed form of a vault, by the description of its format alone.
pub(crate) fn open_blob(blob: &[u8], name: &str, passphrase: &str) -> serde_json::Value {
    let (blob, hash) = blob.split_last_chunk::<32>().expect("a hash at the end");
    assert_eq!(Sha256::digest(blob)[..], hash[..], "the hash of all before");
    let number = |at: usize| u32::from_be_bytes(blob[at..at + 4].try_into().expect("four bytes"));
    let params = argon2::Params::new(number(5), number(9), number(13), Some(32)).expect("Argon2id's parameters");
    let mut key = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &blob[17..33], &mut key)
        .expect("derive the vault's key");
    let nonce: [u8; 12] = blob[33..45].try_into().expect("a nonce");
    let aad = [&blob[..45], name.as_bytes()].concat();
    let opened = Aes256Gcm::new(&key.into()).decrypt(&Nonce::from(nonce), Payload { msg: &blob[45..], aad: &aad });
    serde_json::from_slice(&opened.expect("the passphrase opens the vault")).expect("the contents are JSON")
}

/// The keys in the opened vault of a paired device.
pub(crate) fn keys_in(vault: &serde_json::Value) -> Vec<Canary> {
    let active = &vault["active"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_else(|| panic!("no key in {value}")).to_owned();
    let key = |value| STANDARD.decode(text(value)).expect("Base64");
    let mut keys = vec![
        Canary::secret("device_secret_key", &key(&active["key"]["device_secret_key"])),
        Canary::secret("device static key", &key(&active["static_key"])),
        Canary::secret(
            "device_password",
            &URL_SAFE_NO_PAD.decode(text(&active["account"]["device_password"])).expect("Base64"),
        ),
    ];
    if let Some(ticket) = active["ticket"].as_str() {
        keys.push(Canary::secret("resume ticket", &URL_SAFE_NO_PAD.decode(ticket).expect("Base64")));
    }
    keys
}

/// Decodes what follows `LG1:` (RFC 9285).
fn decode_base45(code: &str) -> Vec<u8> {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let digits: Vec<usize> =
        code["LG1:".len()..].chars().map(|letter| ALPHABET.find(letter).expect("a letter of Base45")).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(3) {
        let number = group.iter().rev().fold(0, |number, digit| number * 45 + digit);
        let length = group.len() - 1;
        bytes.extend_from_slice(&number.to_be_bytes()[size_of::<usize>() - length..]);
    }
    bytes
}
