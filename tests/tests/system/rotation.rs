//! A device replaces its key while pages are open, and a copy of its vault from before is refused and reported.

use std::path::Path;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::http::Proxy;
use crate::support::process::run;
use crate::support::{PATIENCE, System, WIKI, eventually};

#[tokio::test]
async fn a_key_is_replaced_while_a_page_streams() {
    let system = System::start().await;
    let device = system.paired("maria").await;
    let mut events = Events::open(device.proxy()).await;
    events.read_ticks(1).await;
    let before = listed(&system).await;
    assert_eq!((&before["generation"], &before["rotation_asked"]), (&Value::from(1), &Value::Null));

    system.administer(&["device", "rotate", id(&before)]).await;
    for generation in 2..4 {
        eventually("another generation", PATIENCE, async || {
            let device = listed(&system).await;
            (device["generation"] == generation && device["rotation_asked"].is_null()).then_some(())
        })
        .await;
        events.read_ticks(1).await;
        let page = device.proxy().get(&format!("{WIKI}/")).await;
        assert!(page.text().contains("Hello, maria"), "{}", page.text());
        if generation == 2 {
            system.administer(&["device", "rotate", id(&before)]).await;
        }
    }
    let audit = system.administer(&["audit", "show"]).await;
    assert!(audit.contains("rotation-asked") && audit.contains("device-rotated"), "{audit}");
}

#[tokio::test]
async fn ab_51_a_copied_vault_is_refused_after_the_next_rotation_and_reported() {
    let system = System::start().await;
    let mut device = system.device("maria");
    device.pair(&system.invite("maria").await.picture).await;
    let clone = system.device("clone");
    copy(device.folder(), clone.folder());

    let rotated = run(&mut device.command(&["rotate"])).await;
    assert!(rotated.status.success(), "{rotated:?}");
    // Until the connector has committed the next key it cannot tell the copy from the device, and the proof may
    // have been lost with the end of the command.
    let proven = run(&mut device.command(&["status", "--check", "--json"])).await;
    assert!(proven.status.success(), "{proven:?}");
    eventually("the next generation", PATIENCE, async || (listed(&system).await["generation"] == 2).then_some(()))
        .await;
    let refused = run(&mut clone.command(&["status", "--check", "--json"])).await;

    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("key-unknown"), "{said}");
    let shown = listed(&system).await;
    assert!(shown["old_key_seen"].is_u64(), "{shown}");
    let table = system.administer(&["device", "list"]).await;
    assert!(table.contains("an old key came back"), "{table}");
    let audit = system.administer(&["audit", "show"]).await;
    assert!(audit.contains("old-generation"), "{audit}");

    device.start().await;
    let page = device.proxy().get(&format!("{WIKI}/")).await;
    assert!(page.text().contains("Hello, maria"), "the device itself is served: {}", page.text());
}

/// Returns the one device.
async fn listed(system: &System) -> Value {
    let text = system.administer(&["device", "list", "--json"]).await;
    let list: Value = serde_json::from_str(&text).expect("JSON");
    list["devices"][0].clone()
}

fn id(device: &Value) -> &str {
    device["device_id"].as_str().expect("an id")
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("list a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("create a folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}

/// One answer that never ends: a tick each second.
struct Events {
    stream: TcpStream,
    received: String,
}

impl Events {
    async fn open(proxy: &Proxy) -> Self {
        let mut stream = TcpStream::connect(&proxy.address).await.expect("connect to the proxy");
        let host = WIKI.trim_start_matches("http://");
        let head = format!(
            "GET {WIKI}/events/stream HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: {}\r\n\r\n",
            proxy.authorization()
        );
        stream.write_all(head.as_bytes()).await.expect("ask for the events");
        Self { stream, received: String::new() }
    }

    /// Reads until `more` ticks have arrived on the same connection.
    async fn read_ticks(&mut self, more: usize) {
        let wanted = self.ticks() + more;
        let mut buffer = [0; 4096];
        while self.ticks() < wanted {
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("a tick in time");
            let length = read.expect("the stream goes on");
            assert_ne!(length, 0, "the stream ended: {}", self.received);
            self.received.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    fn ticks(&self) -> usize {
        self.received.matches("event: tick").count()
    }
}
