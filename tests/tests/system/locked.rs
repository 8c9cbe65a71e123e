//! Locked means: no key in the memory of any process. And what opens a vault asks nobody.

use crate::support::bus::Bus;
use crate::support::canary::found;
use crate::support::journey::{keys_in, open_vault};
use crate::support::process::{Part, run};
use crate::support::{PATIENCE, System, WIKI, eventually};

#[tokio::test]
async fn ab_85_a_locked_device_has_no_key_in_memory_and_opens_again() {
    let system = System::start().await;
    let device = system.device("maria");
    device.pair(&system.invite("maria").await.picture).await;
    let bus = Bus::start(device.folder()).await;
    let keys = keys_in(&open_vault(device.folder()));

    let mut command = device.command(&["proxy", "--lock-with-session"]);
    let mut part = Part::start("device", bus.joined_by(&mut command), device.folder());
    let proxy = crate::support::http::Proxy::parse(&part.wait_for("READY ").await);
    assert_eq!(proxy.get(&format!("{WIKI}/me")).await.status, 200);
    let open = part.memory();
    let held = found(&keys, &open);
    assert_eq!(held.len(), keys.len(), "what is searched for is there while it is open: {held:?}");

    eventually("the screen's lock is heard", PATIENCE, async || {
        bus.say_screen(true).await;
        part.said("LOCKED").then_some(())
    })
    .await;
    // Nothing is waited for: what LOCKED says is so at once.
    let left = found(&keys, &part.memory());
    assert!(left.is_empty(), "after the lock: {left:#?}");

    bus.say_screen(false).await;
    let proxy = crate::support::http::Proxy::parse(&part.wait_for("READY ").await);
    assert_eq!(proxy.get(&format!("{WIKI}/me")).await.status, 200);
}

/// The passphrase is checked on the device: before the vault is open, no socket to a network is made, be it for a
/// name, a clock or the gateway. A wrong passphrase never makes one.
#[tokio::test]
async fn opening_a_vault_makes_no_traffic_before_it_is_open() {
    let system = System::start().await;
    let device = system.device("maria");
    device.pair(&system.invite("maria").await.picture).await;

    let wrong = device.folder().join("wrong");
    std::fs::write(&wrong, "not the passphrase\n").expect("write a passphrase");
    let calls = trace(&device, &[]).await;
    let opened = calls.iter().rposition(|call| call.contains(".tries.new")).expect("the count is reset");
    let reached = calls.iter().position(|call| is_network(call)).expect("an open vault connects");
    assert!(opened < reached, "{calls:#?}");

    let calls = trace(&device, &["--passphrase-file", wrong.to_str().expect("a path in UTF-8")]).await;
    assert!(calls.iter().any(|call| call.contains(".tries.new")), "{calls:#?}");
    let network: Vec<_> = calls.iter().filter(|call| is_network(call)).collect();
    assert!(network.is_empty(), "{network:#?}");
}

/// Runs a check of the connection and returns its system calls that open files or use the network.
async fn trace(device: &crate::support::device::Device, more: &[&str]) -> Vec<String> {
    let log = device.folder().join("calls");
    let command = device.command(&["status", "--check"]);
    let mut words: Vec<_> = command.as_std().get_args().map(ToOwned::to_owned).collect();
    if let Some(at) = words.iter().position(|word| word == "--passphrase-file").filter(|_| !more.is_empty()) {
        words.drain(at..at + 2);
    }
    let mut strace = tokio::process::Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=network,openat", "-o"]).arg(&log);
    strace.arg(command.as_std().get_program()).args(words).args(more);
    run(&mut strace).await;
    let calls = std::fs::read_to_string(&log).expect("strace is installed and wrote its log");
    calls.lines().map(ToOwned::to_owned).collect()
}

fn is_network(call: &str) -> bool {
    call.contains("AF_INET") || call.contains("AF_NETLINK")
}

/// What the tests above look for is found where it is.
#[test]
fn a_network_call_is_told_from_a_local_one() {
    assert!(is_network("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 9"));
    assert!(!is_network("socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 9"));
}
