//! Several companies on one device: each with its own vault, proxy and connection, all usable at once.

use crate::support::http::Proxy;
use crate::support::process::{Part, succeed};
use crate::support::system::OtherCompany;
use crate::support::{System, WIKI};

#[tokio::test]
async fn ab_79_two_companies_on_one_gateway_are_used_at_once_and_share_nothing() {
    let system = System::start().await;
    let other = OtherCompany::start(&system, "Southport Clinic", "").await;
    let device = system.device("maria");
    let pairs = [("default", system.invite("maria").await.picture), ("clinic", other.invite().await)];
    let mut parts = Vec::new();
    let mut proxies = Vec::new();
    for (profile, code) in pairs {
        succeed(device.command(&["pair", "--profile", profile]).arg(code)).await;
        let mut command = device.command(&["proxy", "--profile", profile]);
        let mut part = Part::start(profile, &mut command, device.folder());
        proxies.push(Proxy::parse(&part.wait_for("READY ").await));
        parts.push(part);
    }

    // The same address is another site in each company.
    for (proxy, name) in proxies.iter().zip(["Maria Jensen", "Maria Elsewhere"]) {
        assert_eq!(proxy.get(&format!("{WIKI}/canary-{}", name.len())).await.status.as_u16(), 404);
    }
    let visits = |records: Vec<latchgate_intranet::RequestRecord>, page: &str| {
        records.iter().filter(|request| request.target == page).count()
    };
    assert_eq!(visits(system.intranet.requests(), "/canary-12"), 1);
    assert_eq!(visits(other.intranet.requests(), "/canary-12"), 0);
    assert_eq!(visits(system.intranet.requests(), "/canary-15"), 0);
    assert_eq!(visits(other.intranet.requests(), "/canary-15"), 1);

    // Neither opens the other's proxy.
    let crossed = Proxy { address: proxies[1].address.clone(), ..proxies[0].clone() };
    assert_eq!(crossed.get(&format!("{WIKI}/")).await.status.as_u16(), 407);

    // Forgetting one leaves the other at work, and paired.
    parts.pop().expect("two proxies run").kill().await;
    succeed(&mut device.command(&["forget", "--profile", "clinic"])).await;
    assert_eq!(proxies[0].get(&format!("{WIKI}/")).await.status.as_u16(), 200);
    let status = succeed(&mut device.command(&["status"])).await;
    assert!(status.contains("Northlight Tools"), "{status}");
    let status = succeed(&mut device.command(&["status", "--profile", "clinic"])).await;
    assert!(status.contains("Not paired"), "{status}");
}

#[tokio::test]
async fn ab_87_a_copied_data_folder_opens_with_its_passphrase_only() {
    let system = System::start().await;
    let device = system.paired("maria").await;
    let copy = system.device("copy");
    succeed(
        tokio::process::Command::new("cp").arg("-r").args([device.folder().join("data"), copy.folder().join("data")]),
    )
    .await;
    let wrong = copy.folder().join("wrong");
    std::fs::write(&wrong, "not the passphrase\n").expect("write a passphrase");
    let mut guess = tokio::process::Command::new(crate::support::process::binaries().join("latchgate-headless"));
    guess.args(["status", "--check", "--json", "--vault", "passphrase", "--passphrase-file"]).arg(&wrong);
    let ended = crate::support::process::run(guess.arg("--data").arg(copy.folder().join("data"))).await;
    assert!(!ended.status.success() && ended.stdout.contains("wrong-passphrase"), "{}", ended.stdout);
    let keys = crate::support::journey::keys_in(&crate::support::journey::open_vault(device.folder()));
    for (name, content) in crate::support::journey::files(&copy.folder().join("data")) {
        let found = crate::support::canary::found(&keys, &content);
        assert!(found.is_empty(), "in {name}: {found:?}");
    }
}
