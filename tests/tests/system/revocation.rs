//! Revocation with real processes: a device in the middle of a download, a gateway that is away, and what a person
//! sees. How fast it is, `cargo xtask revoke` measures.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::device::Device;
use crate::support::http::Proxy;
use crate::support::process::{run, run_within, succeed};
use crate::support::{PATIENCE, System, WIKI, eventually};

/// More than every window and queue on the way.
const FLOWING: usize = 4 * 1024 * 1024;

#[tokio::test]
async fn a_download_ends_with_the_revocation_and_the_device_says_why() {
    let system = System::start().await;
    let mut maria = system.paired("maria").await;
    let mut download = Download::start(maria.proxy()).await;
    download.flows().await;
    let device = only_device(&system).await;

    // Read on while the word of the revocation is under way: the device then says something all the time, too.
    let revoke = ["device", "revoke", &device];
    tokio::join!(system.administer(&revoke), download.ends());

    let log = removed(&mut maria).await;
    assert!(log.contains("Your company has removed this device"), "{log}");
    erased(&maria).await;
    let status = run(&mut maria.command(&["status", "--json"])).await;
    assert!(status.stdout.contains(r#""paired":false"#), "{}", status.stdout);
}

/// What lies before the word that a device is revoked may take its time on the line of a phone. A gateway that heard
/// first would close the connection and drop what waits.
#[tokio::test]
async fn a_device_that_is_slow_hears_of_its_revocation_before_its_connection_is_closed() {
    let system = System::start().await;
    let mut maria = system.paired("maria").await;
    let mut download = Download::start(maria.proxy()).await;
    download.flows().await;
    let device = only_device(&system).await;

    maria.running().freeze();
    let revoke = ["device", "revoke", &device];
    tokio::join!(system.administer(&revoke), async {
        eventually("the connector parts with the device", PATIENCE, async || {
            system.connector.log().contains("a device is told that its pairing is over").then_some(())
        })
        .await;
        maria.running().thaw();
    });

    let log = removed(&mut maria).await;
    assert!(log.contains("Your company has removed this device"), "{log}");
    download.ends().await;
}

/// A device that does not leave is not waited for any longer than a slow one needs.
#[tokio::test]
async fn a_device_that_does_not_leave_is_closed_by_the_gateway() {
    let system = System::start().await;
    let mut maria = system.paired("maria").await;
    let device = only_device(&system).await;

    maria.running().freeze();
    system.administer(&["device", "revoke", &device]).await;

    confirmed(&system).await;
    let log = system.connector.log();
    assert!(log.contains("the gateway revoked a device"), "the command had to do it: {log}");
}

#[tokio::test]
async fn with_the_gateway_away_the_connector_still_cuts_the_device_off() {
    let mut system = System::start().await;
    let maria = system.paired("maria").await;
    let device = only_device(&system).await;
    system.gateway.kill().await;

    system.administer(&["device", "revoke", &device]).await;
    system.restart_gateway().await;

    // The gateway may let the device in until it is told; the connector does not know its key any more.
    eventually("the device is refused", PATIENCE, async || {
        let answer = maria.proxy().try_request(http::Method::GET, WIKI, &[], bytes::Bytes::new()).await;
        match answer {
            Ok(answer) => {
                assert!(!answer.status.is_success(), "a revoked device was served: {}", answer.text());
                (answer.status == http::StatusCode::SERVICE_UNAVAILABLE).then_some(())
            }
            Err(_) => None,
        }
    })
    .await;
    confirmed(&system).await;
    let mut maria = maria;
    let log = maria.running().log();
    assert!(!log.contains("has removed this device"), "a gateway's refusal counted as the company's word: {log}");
    assert!(maria.folder().join("data/default/default.vault").exists(), "a gateway's refusal erased the keys");
}

/// The phone lies in a drawer when it is wiped; the gateway restarts; the phone comes back, erases itself and answers.
#[tokio::test]
async fn a_wipe_waits_at_the_gateway_for_a_device_that_is_away() {
    let mut system = System::start().await;
    let mut maria = system.paired("maria").await;
    maria.running().kill().await;
    let device = only_device(&system).await;

    system.administer(&["device", "wipe", &device]).await;
    assert_eq!(wipe_state(&system).await, "pending");
    system.restart_gateway().await;

    // It may have to ask for the order twice, and waits until its answer has arrived.
    let ended = run_within(2 * PATIENCE, &mut maria.command(&["proxy"])).await;
    assert!(ended.stderr.contains("has removed this device"), "{}", ended.stderr);
    assert!(!maria.folder().join("data/default/default.vault").exists(), "the keys are erased");
    eventually("the connector hears of it", PATIENCE, async || {
        (wipe_state(&system).await == "confirmed").then_some(())
    })
    .await;
    assert!(!maria.folder().join("data/default/farewell.json").exists(), "nothing is left to do");
    system.administer(&["audit", "verify"]).await;
}

/// A connected device answers at once, though it hears of the order before the gateway does.
#[tokio::test]
async fn a_lost_device_is_wiped_from_another_device_of_the_person() {
    let system = System::start().await;
    let mut phone = system.paired("maria").await;
    let lost = only_device(&system).await;
    let laptop = system.device("laptop");
    laptop.pair(&system.invite("maria").await.picture).await;

    let listed = succeed(&mut laptop.command(&["device", "list", "--json"])).await;
    assert!(listed.contains(&lost), "{listed}");
    succeed(&mut laptop.command(&["device", "revoke", &lost, "--wipe"])).await;

    removed(&mut phone).await;
    eventually("the connector hears of it", PATIENCE, async || {
        let devices = system.administer(&["device", "list", "--json"]).await;
        devices.contains(r#""wipe":"confirmed""#).then_some(())
    })
    .await;
    let again = run(&mut laptop.command(&["device", "list"])).await;
    assert!(again.status.success() && again.stdout.contains("erased itself"), "{}{}", again.stdout, again.stderr);
}

async fn wipe_state(system: &System) -> String {
    let listed = system.administer(&["device", "list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("device list prints JSON");
    listed["devices"][0]["wipe"].as_str().unwrap_or_default().to_owned()
}

/// Waits until the gateway has confirmed the revocation.
async fn confirmed(system: &System) {
    eventually("the gateway confirms the revocation", PATIENCE, async || {
        let audit = system.administer(&["audit", "show", "--json"]).await;
        audit.contains("revocation-confirmed").then_some(())
    })
    .await;
}

/// Waits until a device that says that it was removed has erased what it had: its description goes last.
async fn erased(device: &Device) {
    let folder = device.folder().join("data/default");
    eventually("the keys are erased", PATIENCE, async || {
        let left = ["default.vault", "profile.json"].iter().any(|name| folder.join(name).exists());
        (!left).then_some(())
    })
    .await;
}

/// Waits until the device's process says that it was removed.
async fn removed(device: &mut Device) -> String {
    let part = device.running();
    eventually("the device says that it was removed", PATIENCE, async || {
        let log = part.log();
        log.contains("has removed this device").then_some(log)
    })
    .await
}

async fn only_device(system: &System) -> String {
    let listed = system.administer(&["device", "list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("device list prints JSON");
    listed["devices"][0]["device_id"].as_str().expect("a device is listed").to_owned()
}

/// A download that would last for hours.
struct Download {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Download {
    async fn start(proxy: &Proxy) -> Self {
        let mut stream = TcpStream::connect(&proxy.address).await.expect("connect to the proxy");
        let head = format!(
            "GET {WIKI}/files/large.bin?size=1099511627776 HTTP/1.1\r\nHost: {}\r\nProxy-Authorization: {}\r\n\r\n",
            WIKI.trim_start_matches("http://"),
            proxy.authorization()
        );
        stream.write_all(head.as_bytes()).await.expect("ask for the file");
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    async fn flows(&mut self) {
        let mut total = 0;
        while total < FLOWING {
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut self.buffer)).await;
            let length = read.expect("the download flows").expect("read the download");
            assert!(length > 0, "the download ended by itself");
            total += length;
        }
    }

    async fn ends(&mut self) {
        // Far above what it takes; the download would go on for hours.
        let rest = async { while matches!(self.stream.read(&mut self.buffer).await, Ok(1..)) {} };
        tokio::time::timeout(Duration::from_secs(30), rest).await.expect("the download ends with the revocation");
    }
}
