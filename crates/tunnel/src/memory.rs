//! No secret stays in memory once it is dropped.
//!
//! 1. A child process, this test again, holds every kind of secret and says so.
//! 2. The parent searches the child's memory and finds them all: the search works.
//! 3. The child drops them; the thread that held them ends, and its stack goes with it. What moves leave on a
//!    stack that lives on is out of reach of safe code.
//! 4. The parent searches again and finds none, whole or in part.

#![cfg(test)]

use std::any::Any;
use std::convert::Infallible;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use latchgate_protocol::{ClaimId, DevicePassword, DeviceSetupKey, InstancePassword, ResumeTicket};
use rand_core::{TryCryptoRng, TryRng};

use crate::keys::{DeviceSecretKey, DeviceSetupSecretKey, KeyShare, StaticPrivateKey};
use crate::noise::{Handshake, HandshakeKeys, Pattern, Role};
use crate::pairing::{InitiatorParams, Paired, PairingInitiator, ResponderParams, answer_pairing};
use crate::sealing::{Opener, Sealer};
use crate::testing::{DEVICE_ID, SESSION_ID};

const CHILD: &str = "LATCHGATE_MEMORY_CHILD";
const TEST: &str = "memory::a_dropped_secret_leaves_nothing_in_memory";

#[test]
fn a_dropped_secret_leaves_nothing_in_memory() {
    if std::env::var_os(CHILD).is_some() {
        return be_the_child();
    }
    let mut child = Held::start();
    for (name, secret) in secrets() {
        assert!(child.contains(&secret), "{name} is not found while it is held");
    }
    child.drop_secrets();
    for (name, secret) in secrets() {
        assert!(!child.contains(&secret), "{name} is still in memory");
    }
}

/// Everything that the child holds, by what it is.
fn secrets() -> Vec<(&'static str, Vec<u8>)> {
    let drawn = |kind, length| {
        let mut bytes = vec![0; length];
        Canaries(kind).fill(&mut bytes);
        bytes
    };
    let (paired, _) = pair();
    let [to_connector, to_device] = handshake_keys();
    vec![
        ("an instance password", drawn(1, 16)),
        ("a device password", drawn(2, 16)),
        ("a setup key", drawn(3, 16)),
        ("a claim id", drawn(4, 32)),
        ("a ticket", drawn(5, 32)),
        ("a setup secret key", drawn(6, 32)),
        ("a device secret key", drawn(7, 32)),
        ("a static key", drawn(8, 32)),
        ("a share", drawn(9, 32)),
        ("the psk of a handshake", drawn(10, 32)),
        ("the static key of a handshake", drawn(11, 32)),
        ("the ephemeral key of a handshake", drawn(12, 32)),
        ("a derived device secret key", paired.device_secret_key.reveal_bytes().to_vec()),
        ("the key of a sealer", to_connector.to_vec()),
        ("the key of an opener", to_device.to_vec()),
    ]
}

/// Makes all of them on the heap.
fn hold() -> Vec<Box<dyn Any>> {
    let rng = |kind| Canaries(kind);
    let (paired, initiator) = pair();
    let [to_connector, to_device] = handshake_keys();
    vec![
        Box::new(InstancePassword::make(&mut rng(1))),
        Box::new(DevicePassword::make(&mut rng(2))),
        Box::new(DeviceSetupKey::make(&mut rng(3))),
        Box::new(ClaimId::make(&mut rng(4))),
        Box::new(ResumeTicket::make(&mut rng(5))),
        Box::new(DeviceSetupSecretKey::make(&mut rng(6))),
        Box::new(DeviceSecretKey::make(&mut rng(7))),
        Box::new(StaticPrivateKey::make(&mut rng(8))),
        Box::new(KeyShare::make(&mut rng(9))),
        Box::new(paired),
        Box::new(initiator),
        Box::new(Sealer::new(SESSION_ID, &to_connector)),
        Box::new(Opener::new(SESSION_ID, &to_device)),
    ]
}

/// Returns what a device has after a pairing, and one that is under way.
fn pair() -> (Paired, PairingInitiator) {
    let setup_secret = DeviceSetupSecretKey::make(&mut Canaries(10));
    let static_key = StaticPrivateKey::make(&mut Canaries(11));
    let connector = StaticPrivateKey::from_bytes([0xc0; 32]);
    let device_asks = InitiatorParams {
        device_id: DEVICE_ID,
        setup_secret: &setup_secret,
        connector_key: connector.public_key(),
        static_key: &static_key,
        device_label: "phone",
    };
    let connector_answers = ResponderParams {
        device_id: DEVICE_ID,
        setup_secret: &setup_secret,
        static_key: &connector,
        instance_label: "Example",
    };
    let (p1, initiator) = PairingInitiator::start(device_asks, &mut Canaries(12)).unwrap();
    let answer = answer_pairing(connector_answers, &p1, &mut Canaries(13)).unwrap();
    let paired = initiator.finish(&answer.p2).unwrap();
    let (_, under_way) = PairingInitiator::start(device_asks, &mut Canaries(12)).unwrap();
    (paired, under_way)
}

/// Returns the two keys that a handshake ends with.
fn handshake_keys() -> [zeroize::Zeroizing<[u8; 32]>; 2] {
    let psk = DeviceSecretKey::make(&mut Canaries(10));
    let [device, connector] = [11, 14].map(|kind| StaticPrivateKey::make(&mut Canaries(kind)));
    let keys = |local, remote: &StaticPrivateKey| HandshakeKeys {
        psk: psk.reveal_bytes(),
        local,
        remote: Some(remote.public_key()),
    };
    let start = |role, keys, kind| Handshake::new(Pattern::Session, role, keys, b"", &mut Canaries(kind));
    let mut initiator = start(Role::Initiator, keys(&device, &connector), 12);
    let mut responder = start(Role::Responder, keys(&connector, &device), 15);
    responder.read(&initiator.write(&[]).unwrap()).unwrap();
    initiator.read(&responder.write(&[]).unwrap()).unwrap();
    initiator.into_split().into()
}

/// Holds the secrets until a line arrives, then drops them; ends with the next line.
fn be_the_child() {
    let (held, when_held) = mpsc::channel();
    let (release, when_released) = mpsc::channel::<()>();
    // A stack of this size is given back to the system when its thread ends.
    let holder = thread::Builder::new().stack_size(64 << 20).spawn(move || {
        let secrets = hold();
        held.send(()).unwrap();
        when_released.recv().unwrap();
        drop(secrets);
    });
    let mut lines = std::io::stdin().lines();
    when_held.recv().unwrap();
    say("held");
    lines.next();
    release.send(()).unwrap();
    holder.unwrap().join().unwrap();
    say("dropped");
    lines.next();
}

/// Writes a line that no test runner captures.
fn say(word: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{word}").unwrap();
    out.flush().unwrap();
}

/// The child as its parent sees it.
struct Held {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Held {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", TEST, "--nocapture"]).env(CHILD, "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut held = Self { child, lines };
        held.wait_for("held");
        held
    }

    fn drop_secrets(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.wait_for("dropped");
    }

    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while line.trim_end() != word {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the child ended");
        }
    }

    /// Tells whether any eight neighbouring bytes of `secret` are in memory that the child can write.
    fn contains(&self, secret: &[u8]) -> bool {
        let id = self.child.id();
        let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
        let memory = File::open(format!("/proc/{id}/mem")).unwrap();
        maps.lines().filter_map(writable).any(|(start, end)| {
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            // Guard pages and the like cannot be read.
            memory.read_exact_at(&mut bytes, start).is_ok()
                && secret.chunks_exact(8).any(|part| bytes.windows(8).any(|window| window == part))
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a line of `/proc/<id>/maps`: `start-end rw-p …`.
fn writable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with("rw").then_some((number(start)?, number(end)?))
}

/// Draws bytes that depend on a number alone, without a copy elsewhere.
struct Canaries(u64);

impl Canaries {
    fn fill(&self, out: &mut [u8]) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(self.0 + 1);
        for byte in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[3];
        }
    }
}

impl TryRng for Canaries {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("keys are drawn as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("keys are drawn as bytes")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Canaries {}
