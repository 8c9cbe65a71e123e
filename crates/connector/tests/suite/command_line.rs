//! The program itself: exit codes, JSON, hints, and where secrets go.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use latchgate_gateway::Gateway;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpSocket;
use tokio::process::Command;

/// A folder with `connector.toml` in the making, and a gateway.
struct Desk {
    folder: TempDir,
    gateway: latchgate_gateway::Running,
}

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {} {}", self.out, self.err))
    }
}

impl Desk {
    async fn new() -> Self {
        Self::with(|_, _| {}).await
    }

    async fn with(adjust: impl FnOnce(&Path, &mut latchgate_gateway::Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = latchgate_gateway::Config::loopback(folder.path().join("gateway"));
        adjust(folder.path(), &mut config);
        let gateway = Gateway::start(config).await.expect("a gateway");
        Self { folder, gateway }
    }

    /// A desk whose connector is registered, with a site and Maria.
    async fn ready() -> Self {
        let desk = Self::new().await;
        desk.done(&["init", "--gateway", &desk.origin(), "--name", "Example Ltd"]).await;
        let site = "[[site]]\nname = \"Wiki\"\nurl = \"https://wiki.example.com\"\nallow = [\"staff\"]\n";
        let path = desk.path("connector.toml");
        let text = std::fs::read_to_string(&path).expect("a configuration");
        std::fs::write(path, format!("{text}{site}")).expect("a configuration");
        desk.done(&["person", "add", "maria", "--name", "Maria Jensen", "--group", "staff"]).await;
        desk
    }

    fn origin(&self) -> String {
        let address: SocketAddr = self.gateway.addr();
        format!("http://{address}")
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchgate-connector"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn run(&self, words: &[&str]) -> Said {
        let output = self.command(words).output().await.expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: output.status.code().expect("a code"), out: text(output.stdout), err: text(output.stderr) }
    }

    async fn done(&self, words: &[&str]) -> Said {
        let said = self.run(words).await;
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
        said
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_made_once_and_its_password_is_never_shown() {
    let desk = Desk::new().await;
    let said = desk.done(&["--json", "init", "--gateway", &desk.origin(), "--name", "Example Ltd"]).await;
    let json = said.json();
    assert_eq!((json["config_written"].as_bool(), json["instance"].as_str().map(str::len)), (Some(true), Some(32)));
    let store = latchgate_connector::Store::open(&desk.path("connector-data")).unwrap();
    let password = store.account().unwrap().instance_password.reveal();
    assert!(!said.out.contains(&*password) && !said.err.contains(&*password));
    let again = desk.run(&["init", "--gateway", &desk.origin()]).await;
    assert_eq!(again.code, 1);
    assert!(again.err.contains("never overwritten"), "{}", again.err);
    assert_eq!(desk.done(&["--json", "person", "list"]).await.json()["people"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gateway_wants_a_token_from_a_file() {
    let desk = Desk::with(|folder, config| {
        let path = folder.join("token");
        std::fs::write(&path, "canary-registration-token\n").expect("a token");
        config.registration_token_file = Some(path);
    })
    .await;
    let origin = desk.origin();
    let refused = desk.run(&["init", "--gateway", &origin]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("--token-file"), "{}", refused.err);
    std::fs::write(desk.path("wrong"), "another-token").unwrap();
    assert_eq!(desk.run(&["init", "--gateway", &origin, "--token-file", "wrong"]).await.code, 1);
    let said = desk.done(&["init", "--gateway", &origin, "--token-file", "token"]).await;
    assert!(!said.out.contains("canary") && !said.err.contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_with_the_nearest_name_and_the_right_code() {
    let desk = Desk::ready().await;
    for (words, code, wanted) in [
        (&["person", "suspend", "mraia"][..], 1, "did you mean `maria`?"),
        (&["device", "invite", "mraia", "--text"], 1, "did you mean `maria`?"),
        (&["site", "test", "Wikki"], 1, "did you mean `Wiki`?"),
        (&["device", "revoke", "ff"], 1, "`device list` shows them"),
        (&["device", "invite", "maria"], 2, "--terminal or --text"),
        (&["device", "invite", "maria", "--text", "--expires", "25h"], 1, "24 hours"),
        (&["device", "invite", "maria", "--text", "--expires", "soon"], 2, "10m"),
        (&["person", "ad", "maria"], 2, "similar subcommand exists: 'add'"),
        (&["person"], 2, "Usage"),
        (&["init", "--gateway", "http://gateway.example.com"], 2, "https://"),
        (&["--config", "absent.toml", "person", "list"], 1, "absent.toml"),
    ] {
        let said = desk.run(words).await;
        assert_eq!(said.code, code, "{words:?}: {}", said.err);
        assert!(said.err.contains(wanted), "{words:?}: {}", said.err);
        assert_eq!(said.out, "", "{words:?}");
    }
    let json = desk.run(&["--json", "person", "show", "mraia"]).await;
    let error: Value = serde_json::from_str(&json.err).unwrap();
    assert_eq!(error["error"], "no person `mraia`; did you mean `maria`?");
    let path = desk.path("connector.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("allow =", "alow =")).unwrap();
    let said = desk.run(&["site", "list"]).await;
    assert!(said.code == 1 && said.err.contains("line ") && said.err.contains("did you mean `allow`?"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_goes_only_where_it_was_asked_for() {
    let desk = Desk::ready().await;
    let said = desk.done(&["--json", "device", "invite", "maria", "--png", "code.png", "--svg", "code.svg"]).await;
    assert!(!said.out.contains("LG1:") && !said.err.contains("LG1:"));
    assert!(std::fs::read(desk.path("code.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(std::fs::read_to_string(desk.path("code.svg")).unwrap().starts_with("<svg"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(desk.path("code.png")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(desk.run(&["device", "invite", "maria", "--png", "code.png"]).await.code, 1, "a picture was replaced");

    let text = desk.done(&["device", "invite", "maria", "--text"]).await;
    assert!(text.out.starts_with("LG1:") && text.out.lines().count() == 1, "{}", text.out);
    assert!(!text.err.contains("LG1:"));
    let terminal = desk.done(&["device", "invite", "maria", "--terminal"]).await;
    assert!(terminal.out.contains('█') && !terminal.out.contains("LG1:"));
    let long = desk.done(&["--json", "device", "invite", "maria", "--text", "--expires", "8h"]).await.json();
    assert_eq!(long["printed"], true);

    let code = text.out.trim();
    for name in ["connector.db", "connector.db-wal", "audit.jsonl"] {
        let Ok(bytes) = std::fs::read(desk.path("connector-data").join(name)) else { continue };
        assert!(!String::from_utf8_lossy(&bytes).contains(code), "{name} holds the code");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_groups_devices_and_reports_are_managed() {
    let desk = Desk::ready().await;
    let unused = desk.done(&["group", "add", "stafff", "maria"]).await;
    assert!(unused.err.contains("no site lets the group `stafff` in"));
    desk.done(&["group", "remove", "stafff", "maria"]).await;
    desk.done(&["person", "suspend", "maria"]).await;
    let shown = desk.done(&["--json", "person", "show", "maria"]).await.json();
    assert_eq!((&shown["person"]["suspended"], &shown["sites"][0]), (&true.into(), &"Wiki".into()));
    desk.done(&["person", "resume", "maria"]).await;

    let invited = desk.done(&["--json", "device", "invite", "maria", "--text"]).await.json();
    let id = invited["device"].as_str().unwrap().to_owned();
    let early = desk.run(&["device", "approve", &id[..6]]).await;
    assert!(early.code == 1 && early.err.contains("offered"));
    desk.done(&["device", "revoke", &id[..6]]).await;
    let devices = desk.done(&["--json", "device", "list", "--person", "maria"]).await.json();
    assert_eq!(devices["devices"][0]["state"], "revoked");

    assert_eq!(desk.done(&["usage", "--csv"]).await.out, "day,person,device,site,requests,up,down\r\n");
    let log = desk.done(&["audit", "show", "--last", "3"]).await;
    assert!(log.out.contains("revocation-confirmed"), "{}", log.out);
    let lines = desk.done(&["--json", "audit", "verify"]).await.json()["lines"].as_u64().unwrap();
    assert!(lines > 5);
    let path = desk.path("connector-data/audit.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("maria", "mario")).unwrap();
    assert_eq!(desk.run(&["audit", "verify"]).await.code, 1);
    desk.done(&["person", "remove", "maria"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_holds_while_the_gateway_is_away() {
    let desk = Desk::ready().await;
    let invited = desk.done(&["--json", "device", "invite", "maria", "--text"]).await.json();
    // Bound and not listening: it is refused there, and nobody else gets the port.
    let away = TcpSocket::new_v4().unwrap();
    away.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let path = desk.path("connector.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let nowhere = format!("http://{}", away.local_addr().unwrap());
    std::fs::write(&path, text.replace(&desk.origin(), &nowhere)).unwrap();
    let said = desk.done(&["device", "revoke", invited["device"].as_str().unwrap()]).await;
    assert!(said.err.contains("will be told by `serve`"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_says_when_it_is_connected_and_stops_on_a_signal() {
    let desk = Desk::ready().await;
    let mut serving = desk.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), format!("CONNECTED {}", desk.origin()));
    let second = desk.run(&["serve"]).await;
    assert!(second.code == 1 && second.err.contains("another connector is running"), "{}", second.err);
    desk.done(&["person", "list"]).await;
    let id = serving.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
    assert_eq!(serving.wait().await.unwrap().code(), Some(0));
}
