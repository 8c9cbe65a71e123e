//! What the decision over one request costs, among few and many sites and devices.
//!
//! `cargo bench -p latchgate-connector --features testing`

use std::fmt::Write as _;
use std::path::Path;

use divan::{Bencher, black_box};
use http::Uri;
use latchgate_connector::Config;
use latchgate_connector::testing::Decisions;
use latchgate_protocol::DeviceId;
use latchgate_protocol::origin::PlainHttp;

fn main() {
    divan::main();
}

/// As many sites and devices as `count` says, and one device of them.
fn decisions(count: u16) -> (Decisions, DeviceId) {
    let mut toml = "data = \"data\"\n[gateway]\nurl = \"https://gateway.example.com\"\n".to_owned();
    for site in 0..count {
        let group = if site % 2 == 0 { "staff" } else { "board" };
        write!(
            toml,
            "[[site]]\nname = \"Site {site}\"\nurl = \"https://site-{site}.example.com\"\nupstream = \"http://10.0.0.5\"\n\
             allow = [\"{group}\"]\n"
        )
        .expect("a string takes all");
    }
    let config = Config::parse(&toml, Path::new("/"), PlainHttp::ToLoopback).expect("the configuration is right");
    let device = |number: u16| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        DeviceId::from_bytes(bytes)
    };
    let devices: Vec<DeviceId> = (0..count).map(device).collect();
    (Decisions::new(&config, &devices, "staff").expect("the sites can be reached"), device(count / 2))
}

#[divan::bench(args = [10, 500])]
fn admitted(bencher: Bencher<'_, '_>, count: u16) {
    let (decisions, device) = decisions(count);
    let uri: Uri = "https://site-2.example.com/wiki/page?q=1".parse().expect("an address");
    assert!(decisions.admits(device, &uri));
    bencher.bench_local(|| decisions.admits(device, black_box(&uri)));
}

#[divan::bench(args = [10, 500])]
fn refused(bencher: Bencher<'_, '_>, count: u16) {
    let (decisions, device) = decisions(count);
    let uri: Uri = "https://site-3.example.com/wiki/page?q=1".parse().expect("an address");
    assert!(!decisions.admits(device, &uri));
    bencher.bench_local(|| decisions.admits(device, black_box(&uri)));
}
