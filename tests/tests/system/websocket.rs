//! The cases of the Autobahn test suite, against one independent echo server, directly and through the tunnel.
//!
//! The suite's own programs need Python 2; its cases run unchanged on the maintained protocol of the same
//! authors (`websocket/autobahn_cases.py`). The default suite leaves out group 9, the limits: messages of up to
//! 16 MiB and in up to a quarter million frames. `LATCHGATE_FULL=1` runs them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::support::foreign::python;
use crate::support::forward::Forward;
use crate::support::process::{Part, run_within};
use crate::support::system::Options;
use crate::support::{PATIENCE, System, is_full, site};

const HOST: &str = "sockets.northlight.example";

/// The least number of cases, so that a suite which was not found is not mistaken for one that passed.
const CASES: usize = 240;

/// How long one pass over all cases may take, the limits included, each of which gets a turn of its own.
const FULL_PATIENCE: Duration = Duration::from_mins(10);

#[tokio::test]
async fn an_independent_suite_of_websocket_cases_has_the_same_verdicts_through_the_tunnel() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Part::start("echo", python().arg(script("echo.py")), folder.path());
    let address = server.wait_for("LISTENING ").await;
    let sites = site::declaration("Sockets", &format!("http://{HOST}"), &format!("http://{address}"), "");
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let forward = Forward::start(maria.proxy().clone()).await;

    let directly = verdicts(&format!("ws://{address}/"), &[]).await;
    let proxy = forward.address.to_string();
    let tunnelled = verdicts(&format!("ws://{HOST}:80/"), &["--connect", &proxy]).await;

    let differing: Vec<_> = directly
        .iter()
        .filter(|(case, verdict)| tunnelled.get(*case) != Some(verdict))
        .map(|(case, verdict)| format!("{case}: {verdict} directly, {:?} through the tunnel", tunnelled.get(case)))
        .collect();
    assert_eq!(differing, Vec::<String>::new());
    assert!(directly.len() >= CASES && tunnelled.len() == directly.len(), "{} cases", directly.len());
    let passed = directly.values().filter(|verdict| verdict[0] != "FAILED" && verdict[0] != "ERROR").count();
    assert!(passed >= CASES - 5, "only {passed} of {} cases pass, even directly", directly.len());
}

/// Runs all cases and returns what each says: behaviour, closing, close code. The suite lets a case pass as "not
/// strict" when a good message and a wrong one arrive together, which is a matter of time and not of the way.
async fn verdicts(url: &str, words: &[&str]) -> Map<String, Value> {
    let mut suite = python();
    suite.arg(script("autobahn_cases.py")).arg(url).args(words).args(["--at-once", "16"]);
    if !is_full() {
        suite.args(["--leave-out", "9"]);
    }
    let ended = run_within(if is_full() { FULL_PATIENCE } else { PATIENCE }, &mut suite).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    let said = ended.stdout.replace("\"NON-STRICT\"", "\"OK\"");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/websocket").join(name)
}
