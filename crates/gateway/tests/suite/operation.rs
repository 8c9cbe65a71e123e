//! The store, the logs, the command line, and coming and going.

use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use http::{Method, StatusCode};
use latchgate_gateway::{Clock, Config, Gateway, StartError, Stop, Store, StoreError};
use latchgate_protocol::control::Control;
use latchgate_protocol::rest::{DeviceClaimed, DeviceList, DeviceState, PasswordRotation};
use latchgate_protocol::{ClaimId, DevicePassword, DeviceSetupKey, InstancePassword, ResumeTicket};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Account, DeviceAccount, START, Sqlite, TestGateway, call, claim, request, revoke, rng, with_ops};

/// Secrets in each form in which they could turn up.
#[derive(Default)]
struct Canaries(Vec<Vec<u8>>);

impl Canaries {
    fn plant(&mut self, text: &str, bytes: &[u8]) {
        self.0.push(text.as_bytes().to_vec());
        self.0.push(bytes.to_vec());
        self.0.push(hex::encode(bytes).into_bytes());
    }

    fn found_in(&self, place: &[u8]) -> bool {
        self.0.iter().any(|canary| place.windows(canary.len()).any(|bytes| bytes == canary))
    }
}

/// Lets every kind of secret pass through the gateway, in good requests and in bad ones.
async fn exercise(gateway: &TestGateway) -> Canaries {
    let mut canaries = Canaries::default();
    let instance = gateway.create_instance().await;
    let password = InstancePassword::from_text(&instance.password).unwrap();
    canaries.plant(&instance.password, password.reveal_bytes());

    let created = gateway.create_device(&instance).await;
    let setup_key = &created.device_setup_key;
    canaries.plant(&setup_key.reveal(), setup_key.reveal_bytes());
    let claim_id = ClaimId::make(&mut rng());
    canaries.plant(&claim_id.reveal(), claim_id.reveal_bytes());
    let claimed: DeviceClaimed = gateway.claim(setup_key, &claim_id).await.body_as(StatusCode::OK);
    canaries.plant(&claimed.device_password.reveal(), claimed.device_password.reveal_bytes());
    assert_eq!(gateway.claim(setup_key, &ClaimId::make(&mut rng())).await.status, StatusCode::CONFLICT);
    let device = DeviceAccount::from(claimed);

    let mut connector = gateway.connector(&instance).await;
    let mut peer = gateway.device_peer(&device).await;
    for ticket in [connector.ticket(), peer.ticket()] {
        let ticket = ticket.unwrap();
        canaries.plant(&ticket, ResumeTicket::from_text(&ticket).unwrap().reveal_bytes());
    }
    canaries.plant("canary-payload", b"canary-payload");
    peer.publish(&device.up().to_string(), b"canary-payload").await;
    while connector.publication().await.1 != b"canary-payload" {}
    peer.publish("canary-payload/#", b"canary-payload").await;
    assert_eq!(peer.disconnected().await, Some(0x90));

    let rotate = request(Method::POST, "/v1/instances/rotate-password").by(&instance).text(r#"{"step":"prepare"}"#);
    let prepared = gateway.call(rotate).await.body_as(StatusCode::OK);
    let PasswordRotation::Prepared { instance_password } = prepared else { panic!("not prepared") };
    canaries.plant(&instance_password.reveal(), instance_password.reveal_bytes());

    // The same secrets where they do not belong.
    let (user, password) = (instance.id.to_string(), instance.password.as_str());
    let path = format!("/v1/devices?password={password}");
    gateway.call(request(Method::GET, &path).empty()).await;
    gateway.call(request(Method::GET, &format!("/v1/{password}")).empty()).await;
    gateway.call(request(Method::DELETE, &format!("/v1/devices/{password}")).by(&instance).empty()).await;
    gateway.call(request(Method::GET, "/v1/devices").basic(password, password).empty()).await;
    gateway
        .call(request(Method::GET, "/v1/devices").header("authorization", &format!("Bearer {password}")).empty())
        .await;
    let body = format!(r#"{{"device_setup_key":"{password}","claim_id":"{password}","{password}":1}}"#);
    gateway.call(request(Method::POST, "/v1/devices/claim").text(body)).await;
    gateway.try_connect(instance.id, password, password).await;
    gateway.try_connect(instance.id, &user, &format!("ticket:{password}")).await;
    gateway.try_connect(instance.id, &device.id.to_string(), password).await;
    assert_eq!(gateway.call(revoke(&instance, device.id)).await.status, StatusCode::NO_CONTENT);
    canaries
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn ab_12_no_log_line_and_no_metric_holds_a_secret() {
    let log = Log::default();
    // The gateway's own lines down to the finest; those of the libraries as far as anybody runs them.
    let filter = "latchgate_gateway=trace,info";
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let gateway = TestGateway::start_with(with_ops).await;

    let canaries = exercise(&gateway).await;

    let metrics = call(gateway.running.ops_addr().unwrap(), request(Method::GET, "/metrics").empty()).await;
    gateway.running.shutdown().await;
    let log = log.0.lock().unwrap().clone();
    let text = String::from_utf8(log.clone()).unwrap();
    assert!(text.contains("a device was revoked"), "the log is not captured: {text}");
    assert!(!canaries.found_in(&log), "{text}");
    assert!(!canaries.found_in(&metrics.body));
}

#[tokio::test]
async fn ab_15_a_claim_while_the_database_is_held_changes_nothing_and_can_be_repeated() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let created = gateway.create_device(&instance).await;
    let claim_id = ClaimId::make(&mut rng());

    let other = rusqlite::Connection::open(gateway.folder.path().join("gateway.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = gateway.claim(&created.device_setup_key, &claim_id).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.problem().detail, None);
    other.execute_batch("ROLLBACK").unwrap();

    let listed = gateway.call(request(Method::GET, "/v1/devices").by(&instance).empty()).await;
    let listed: DeviceList = listed.body_as(StatusCode::OK);
    assert_eq!(listed.devices[0].state, DeviceState::Open);
    let repeated = gateway.claim(&created.device_setup_key, &claim_id).await;
    assert_eq!(repeated.status, StatusCode::OK);
}

#[tokio::test]
async fn ab_19_a_stored_hash_below_the_floor_is_refused() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let list = || request(Method::GET, "/v1/devices").by(&instance).empty();
    assert_eq!(gateway.call(list()).await.status, StatusCode::OK);
    let path = gateway.folder.path().to_owned();
    let other = rusqlite::Connection::open(path.join("gateway.db")).unwrap();
    // Even where the weak hash fits the password.
    let password = InstancePassword::from_text(&instance.password).unwrap();
    let mut weak = [0; 32];
    let once = std::num::NonZeroU32::new(1).unwrap();
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, once, &[7; 16], password.reveal_bytes(), &mut weak);
    other.execute("UPDATE instance SET iterations = 1, salt = ?1, hash = ?2", ([7; 16], weak)).unwrap();

    assert_eq!(gateway.call(list()).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gateway.try_connect(instance.id, &instance.id.to_string(), &instance.password).await.1, 0x86);
    assert_eq!(latchgate_gateway::Store::check(&path).unwrap().weak_passwords, 1);
}

#[tokio::test]
async fn ab_93_the_data_folder_holds_no_secret_and_nothing_of_a_revoked_device_but_its_id() {
    let gateway = TestGateway::start().await;
    let canaries = exercise(&gateway).await;
    let scan = |folder: &Path| {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let found: Vec<_> = files.filter(|file| canaries.found_in(&fs::read(file).unwrap())).collect();
        assert!(found.is_empty(), "{found:?}");
    };
    scan(gateway.folder.path());
    let path = gateway.folder.path().join("gateway.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let left: i64 = database
        .query_row(
            "SELECT count(*) FROM device WHERE coalesce(setup_hash, claim_hash, salt, iterations, hash) IS NOT NULL",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
    drop(database);
    let TestGateway { running, folder, .. } = gateway;
    running.shutdown().await;
    scan(folder.path());
}

#[tokio::test]
async fn ab_93_a_revoked_device_leaves_no_row_after_its_retention() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let _connector = gateway.connector(&instance).await;
    let (revoked, kept) = (gateway.device(&instance).await, gateway.device(&instance).await);
    gateway.create_device(&instance).await;
    gateway.device_peer(&kept).await;
    gateway.call(revoke(&instance, revoked.id)).await;
    assert_eq!(Store::check(gateway.folder.path()).unwrap().devices, 3);
    gateway.clock.set(START + 100 * 24 * 60 * 60);
    let gateway = gateway.restart().await;
    assert_eq!(Store::check(gateway.folder.path()).unwrap().devices, 1);
}

async fn refusal(folder: &Path) -> StoreError {
    match Gateway::start(Config::loopback(folder)).await {
        Err(StartError::Store(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the gateway started"),
    }
}

/// The folder of a gateway that ran and stopped.
async fn used_folder() -> tempfile::TempDir {
    let gateway = TestGateway::start().await;
    gateway.create_instance().await;
    gateway.running.shutdown().await;
    gateway.folder
}

#[tokio::test]
async fn ab_94_a_damaged_or_foreign_database_is_refused_and_left_alone() {
    for (name, content) in [
        ("empty", Vec::new()),
        ("garbage", b"canary".repeat(1000)),
        ("a folder's listing", b"SQLite format 3\0".to_vec()),
    ] {
        let folder = used_folder().await;
        let path = folder.path().join("gateway.db");
        fs::write(&path, &content).unwrap();
        let error = refusal(folder.path()).await;
        assert!(matches!(error, StoreError::NotOurs | StoreError::Damaged(_)), "{name}: {error:?}");
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    }

    let folder = used_folder().await;
    let path = folder.path().join("gateway.db");
    let mut pages = fs::read(&path).unwrap();
    let end = pages.len() - 100;
    pages[5000..end].fill(0xa5);
    fs::write(&path, &pages).unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    assert!(matches!(Store::check(folder.path()), Err(StoreError::Damaged(_))));
    assert_eq!(fs::read(&path).unwrap(), pages);
}

#[tokio::test]
async fn ab_94_a_database_that_others_can_read_is_refused() {
    let folder = used_folder().await;
    let path = folder.path().join("gateway.db");
    for mode in [0o644, 0o640, 0o604] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(refusal(folder.path()).await, StoreError::Exposed), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Gateway::start(Config::loopback(folder.path())).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn ab_94_a_missing_database_beside_its_log_is_refused() {
    let folder = used_folder().await;
    fs::remove_file(folder.path().join("gateway.db")).unwrap();
    fs::write(folder.path().join("gateway.db-wal"), b"x").unwrap();
    assert!(matches!(refusal(folder.path()).await, StoreError::Damaged(_)));
    assert!(!folder.path().join("gateway.db").exists());
}

#[tokio::test]
async fn ab_94_a_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(refusal(&file.join("data")).await, StoreError::Io { .. }));
}

#[tokio::test]
async fn ab_95_a_newer_database_is_refused_and_a_half_made_one_is_made_again() {
    let folder = used_folder().await;
    let path = folder.path().join("gateway.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    drop(database);
    assert!(matches!(refusal(folder.path()).await, StoreError::Newer { found: 999, .. }));

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gateway.db.new"), b"interrupted").unwrap();
    Gateway::start(Config::loopback(folder.path())).await.unwrap().shutdown().await;
    assert!(!folder.path().join("gateway.db.new").exists());
}

#[tokio::test]
async fn ab_96_a_second_gateway_on_the_same_folder_is_refused() {
    let gateway = TestGateway::start().await;
    assert!(matches!(refusal(gateway.folder.path()).await, StoreError::Locked));
    let instance = gateway.create_instance().await;
    // The folder is free again when the first one has stopped.
    let gateway = gateway.restart().await;
    gateway.connector(&instance).await;
}

#[tokio::test]
async fn ab_97_a_clock_that_jumps_logs_nobody_out() {
    const YEAR: u64 = 365 * 24 * 60 * 60;
    let gateway = TestGateway::start_with(|config| config.limits.takeovers_per_id.burst = 100).await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let mut connector = gateway.connector(&instance).await;
    let mut peer = gateway.device_peer(&device).await;
    assert_eq!(connector.publication().await.1, b"1");
    for now in [START + YEAR, START - YEAR, 0] {
        gateway.clock.set(now);
        peer.publish(&device.up().to_string(), b"x").await;
        assert_eq!(connector.publication().await.1, b"x");
        let user = device.id.to_string();
        peer = gateway.connect(instance.id, &user, &device.password).await;
        let ticket = format!("ticket:{}", peer.ticket().unwrap());
        peer = gateway.connect(instance.id, &user, &ticket).await;
        assert_eq!(peer.subscribe(&[device.down().to_string()]).await, [0]);
        assert_eq!([connector.publication().await.1, connector.publication().await.1], [b"0", b"1"]);
    }
    assert!(Clock::system().now() > START - YEAR);
}

#[tokio::test]
async fn ab_98_health_and_metrics_are_apart_and_name_nobody() {
    let gateway = TestGateway::start_with(with_ops).await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let _connector = gateway.connector(&instance).await;
    let _peer = gateway.device_peer(&device).await;
    for path in ["/healthz", "/readyz", "/metrics", "/debug", "/debug/pprof"] {
        assert_eq!(gateway.call(request(Method::GET, path).empty()).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let ops = gateway.running.ops_addr().unwrap();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(call(ops, request(Method::GET, path).empty()).await.status, StatusCode::OK, "{path}");
    }
    let metrics = call(ops, request(Method::GET, "/metrics").empty()).await.text();
    assert!(metrics.contains("latchgate_devices_connected 1\n"), "{metrics}");
    assert!(metrics.contains("latchgate_connectors_connected 1\n"), "{metrics}");
    for id in [instance.id.to_string(), device.id.to_string(), "127.0.0.1".to_owned()] {
        assert!(!metrics.contains(&id));
    }
    assert!(!metrics.contains('{'), "labels: {metrics}");
    let public = Config { ops_listen: Some("0.0.0.0:0".parse().unwrap()), ..Config::loopback("unused") };
    assert!(matches!(Gateway::start(public).await, Err(StartError::Config(_))));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_not_ready() {
    let gateway = TestGateway::start_with(with_ops).await;
    let other = rusqlite::Connection::open(gateway.folder.path().join("gateway.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ops = gateway.running.ops_addr().unwrap();
    assert_eq!(call(ops, request(Method::GET, "/readyz").empty()).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(call(ops, request(Method::GET, "/healthz").empty()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_is_connected_hears_why_the_gateway_stops() {
    for (stop, code) in [(Stop::Drain, 0x9d), (Stop::ShutDown, 0x8b)] {
        let gateway = TestGateway::start().await;
        let instance = gateway.create_instance().await;
        let device = gateway.device(&instance).await;
        let mut peers = [gateway.connector(&instance).await, gateway.device_peer(&device).await];
        let stopping = tokio::spawn(gateway.running.stop(stop));
        if stop == Stop::Drain {
            while serde_json::from_slice(&peers[0].publication().await.1).ok() != Some(Control::Drain) {}
        }
        for peer in &mut peers {
            assert_eq!(peer.disconnected().await, Some(code));
        }
        stopping.await.unwrap();
    }
}

#[tokio::test]
async fn credentials_outlive_a_restart() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let ticket = format!("ticket:{}", gateway.device_peer(&device).await.ticket().unwrap());
    let gateway = gateway.restart().await;
    gateway.connector(&instance).await;
    gateway.device_peer(&DeviceAccount { password: ticket, ..device }).await;
}

/// The gateway as a process of its own; killed when dropped.
struct Process {
    child: Child,
    address: std::net::SocketAddr,
}

impl Process {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, Stdio::null())
    }

    fn start_with(folder: &Path, log: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_latchgate-gateway"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("LISTENING http://").unwrap_or_else(|| panic!("{line:?}")).trim();
        Self { address: address.parse().unwrap(), child }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn ab_16_what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let gateway = Process::start(&data);
    let created = call(gateway.address, request(Method::POST, "/v1/instances").empty()).await;
    drop(gateway);

    let gateway = Process::start(&data);
    let created: latchgate_protocol::rest::InstanceCreated = created.body_as(StatusCode::CREATED);
    let instance = Account { id: created.instance_id, password: created.instance_password.reveal().to_string() };
    let offered = call(gateway.address, crate::support::create_device(&instance, "k", 600)).await;
    drop(gateway);

    let gateway = Process::start(&data);
    let offered: latchgate_protocol::rest::DeviceCreated = offered.body_as(StatusCode::CREATED);
    let claim_id = ClaimId::make(&mut rng());
    let first = call(gateway.address, claim(&offered.device_setup_key, &claim_id)).await;
    assert_eq!(first.status, StatusCode::OK);
    drop(gateway);

    let gateway = Process::start(&data);
    let second = call(gateway.address, claim(&offered.device_setup_key, &claim_id)).await;
    assert_eq!(second.status, StatusCode::OK);
    let other = call(gateway.address, claim(&offered.device_setup_key, &ClaimId::make(&mut rng()))).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert_eq!(call(gateway.address, revoke(&instance, offered.device_id)).await.status, StatusCode::NO_CONTENT);
    drop(gateway);

    let gateway = Process::start(&data);
    let gone = call(gateway.address, claim(&offered.device_setup_key, &claim_id)).await;
    assert_eq!(gone.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_copy_taken_from_a_running_gateway_can_be_put_back() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    gateway.connector(&instance).await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy.db");
    assert_eq!(Store::backup(gateway.folder.path(), &copy).unwrap().devices, 1);
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(Store::backup(gateway.folder.path(), &copy).is_err(), "a copy was overwritten");

    // Neither over a running gateway nor over a database.
    assert!(matches!(Store::restore(&copy, gateway.folder.path()), Err(StoreError::Locked)));
    let used = used_folder().await;
    let before = fs::read(used.path().join("gateway.db")).unwrap();
    assert!(matches!(Store::restore(&copy, used.path()), Err(StoreError::Io { .. })));
    assert_eq!(fs::read(used.path().join("gateway.db")).unwrap(), before);

    let restored = tempfile::tempdir().unwrap();
    assert_eq!(Store::restore(&copy, restored.path()).unwrap().instances, 1);
    let running = Gateway::start(Config::loopback(restored.path())).await.unwrap();
    let gateway = TestGateway { running, folder: restored, clock: Clock::system(), backend: Sqlite };
    gateway.device_peer(&device).await;
    fs::write(&copy, b"garbage").unwrap();
    assert!(matches!(Store::restore(&copy, place.path()), Err(StoreError::NotOurs)));
}

#[tokio::test]
async fn ab_99_a_revocation_repeated_after_a_restore_holds() {
    let gateway = TestGateway::start().await;
    let instance = gateway.create_instance().await;
    let device = gateway.device(&instance).await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy.db");
    Store::backup(gateway.folder.path(), &copy).unwrap();
    gateway.call(revoke(&instance, device.id)).await;
    let restored = tempfile::tempdir().unwrap();
    Store::restore(&copy, restored.path()).unwrap();
    let mut config = Config::loopback(restored.path());
    config.clock = Clock::manual(START);
    let running = Gateway::start(config).await.unwrap();
    let gateway = TestGateway { running, folder: restored, clock: Clock::system(), backend: Sqlite };
    let mut peer = gateway.device_peer(&device).await;
    assert_eq!(gateway.call(revoke(&instance, device.id)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(peer.disconnected().await, Some(0x98));
}

#[test]
fn the_command_line_keeps_to_its_exit_codes() {
    let run = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_latchgate-gateway")).args(args).output().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    assert_eq!(run(&["serve", "--nonsense"]).status.code(), Some(2));
    assert_eq!(run(&["check", "--data", &data]).status.code(), Some(1));
    assert_eq!(run(&["serve", "--data", &data, "--listen", "0.0.0.0:0"]).status.code(), Some(1));
    drop(Process::start(Path::new(&data)));
    let checked = run(&["check", "--data", &data, "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let report: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&report["ok"], &report["store"]["devices"]), (&true.into(), &0.into()));
    let copy = folder.path().join("copy.db").display().to_string();
    assert_eq!(run(&["backup", "--data", &data, &copy]).status.code(), Some(0));
    assert_eq!(run(&["restore", "--data", &data, &copy]).status.code(), Some(1));
    for command in ["serve", "check", "backup", "restore"] {
        let help = run(&[command, "--help"]);
        assert!(String::from_utf8(help.stdout).unwrap().contains("Example:"), "{command}");
    }
}

#[tokio::test]
async fn the_folder_is_free_when_the_gateway_has_stopped() {
    let gateway = TestGateway::start().await;
    // A request that never ends keeps its connection beyond the stop.
    let mut unfinished = TcpStream::connect(gateway.addr()).await.unwrap();
    unfinished.write_all(b"POST /v1/devices/claim HTTP/1.1\r\nhost: g\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    gateway.create_instance().await;
    let TestGateway { running, folder, .. } = gateway;
    running.shutdown().await;
    Store::open(folder.path()).unwrap();
}

fn terminate(child: &Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
}

#[test]
fn logs_in_a_file_have_no_colours() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut process = Process::start_with(folder.path(), fs::File::create(&log).unwrap().into());
    terminate(&process.child);
    assert!(process.child.wait().unwrap().success());
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("the gateway is ready") && !log.contains('\x1b'), "{log:?}");
}

#[test]
fn no_secret_has_a_debug_form() {
    let shown = format!("{:?} {:?}", DevicePassword::from_bytes([7; 16]), DeviceSetupKey::from_bytes([7; 16]));
    assert_eq!(shown, "DevicePassword(..) DeviceSetupKey(..)");
}
