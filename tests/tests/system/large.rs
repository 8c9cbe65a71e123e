//! Large files through the tunnel: both ways at constant memory, with the right bytes, and past every cut.
//!
//! The default suite moves 256 MiB each way, `LATCHGATE_FULL=1` moves 2 GiB; the bound on memory is the same.

use http::Response;
use hyper::body::Incoming;
use latchgate_intranet::large;

use crate::support::device::Device;
use crate::support::process::Part;
use crate::support::transfer::{Transfer, upload};
use crate::support::{PATIENCE, System, WIKI, eventually, is_full};

const MEBIBYTE: u64 = 1024 * 1024;

/// How much resident memory a transfer of any size may add to the device, and to the connector.
const ADDED: u64 = 40 * 1000 * 1000;

/// The gateway dies when this many quarters of the file have arrived.
const CUTS: [u64; 3] = [1, 2, 3];

fn size() -> u64 {
    if is_full() { 2048 * MEBIBYTE } else { 256 * MEBIBYTE }
}

#[tokio::test]
async fn a_large_download_takes_constant_memory() {
    let system = System::start().await;
    let mut maria = system.paired("maria").await;
    let address = format!("{WIKI}/files/large.bin?size={}", size());
    maria.proxy().get(&format!("{WIKI}/files/large.bin?size={MEBIBYTE}")).await;
    let before = [Peak::begin(maria.running()), Peak::begin(&system.connector)];

    let mut transfer = Transfer::default();
    transfer.download(maria.proxy(), &address).await.expect("a whole download");

    let added = before.map(Peak::added);
    assert_eq!((transfer.received, transfer.sha256()), (size(), large::sha256(0..size())));
    assert!(added.iter().all(|added| *added < ADDED), "device and connector added {added:?} bytes");
    report("download", added);
}

#[tokio::test]
async fn a_large_upload_takes_constant_memory() {
    let system = System::start().await;
    let mut maria = system.paired("maria").await;
    let address = format!("{WIKI}/upload/raw");
    upload(maria.proxy(), &address, MEBIBYTE).await;
    let before = [Peak::begin(maria.running()), Peak::begin(&system.connector)];

    let answer = upload(maria.proxy(), &address, size()).await.json();

    let added = before.map(Peak::added);
    assert_eq!(answer["size"], size(), "{answer}");
    assert_eq!(answer["sha256"], large::sha256(0..size()), "{answer}");
    assert!(added.iter().all(|added| *added < ADDED), "device and connector added {added:?} bytes");
    report("upload", added);
}

#[tokio::test]
async fn a_download_goes_on_past_three_cuts_of_the_tunnel() {
    let mut system = System::start().await;
    let maria = system.paired("maria").await;
    let mut transfer = Transfer::default();

    let mut answer = go_on(&maria, &mut transfer, &format!("{WIKI}/files/large.bin?size={}", size())).await;
    for quarters in CUTS {
        transfer.read(&mut answer, size() / 4 * quarters).await.expect("the next part of the file");
        system.restart_gateway().await;
    }
    transfer.read(&mut answer, u64::MAX).await.expect("the rest of the file, in the same answer");

    assert_eq!((transfer.received, transfer.sha256()), (size(), large::sha256(0..size())));
}

#[tokio::test]
async fn a_download_is_resumed_by_range_after_the_tunnel_was_cut_three_times() {
    let mut system = System::start().await;
    let maria = system.paired("maria").await;
    let address = format!("{WIKI}/files/large.bin?size={}", size());
    let mut transfer = Transfer::default();

    for quarters in CUTS {
        let mut answer = go_on(&maria, &mut transfer, &address).await;
        transfer.read(&mut answer, size() / 4 * quarters).await.expect("the next part of the file");
        drop(answer);
        system.restart_gateway().await;
    }
    let mut answer = go_on(&maria, &mut transfer, &address).await;
    transfer.read(&mut answer, u64::MAX).await.expect("the rest of the file");

    assert_eq!((transfer.received, transfer.sha256()), (size(), large::sha256(0..size())));
    assert!(transfer.resumed == CUTS.len(), "{} answers had the status 206", transfer.resumed);
}

/// Asks for the rest of the file until there is an answer, as a download manager does.
async fn go_on(device: &Device, transfer: &mut Transfer, address: &str) -> Response<Incoming> {
    eventually("an answer to the rest of the file", PATIENCE, async || {
        transfer.go_on(device.proxy(), address).await.ok()
    })
    .await
}

/// The resident memory of a process, from here on.
struct Peak {
    status: std::path::PathBuf,
    before: u64,
}

impl Peak {
    /// Forgets earlier peaks of the process.
    fn begin(part: &Part) -> Self {
        let process = part.process();
        std::fs::write(process.join("clear_refs"), "5").expect("forget the earlier peak");
        let status = process.join("status");
        Self { before: kibibytes(&status, "VmRSS:") * 1024, status }
    }

    /// Returns by how many bytes the process grew since then, at most.
    fn added(self) -> u64 {
        (kibibytes(&self.status, "VmHWM:") * 1024).saturating_sub(self.before)
    }
}

fn kibibytes(status: &std::path::Path, field: &str) -> u64 {
    let status = std::fs::read_to_string(status).expect("read the state of a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the state names its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

/// What the full run is asked for; shown with `--no-capture`.
fn report(what: &str, [device, connector]: [u64; 2]) {
    use std::io::Write as _;
    let size = size();
    // Nobody is left to tell when standard error is closed.
    let _ =
        writeln!(std::io::stderr(), "{what} of {size} bytes: device +{device}, connector +{connector} bytes resident");
}
