//! Requests and answers of every hostile form on the whole way: a device's proxy, the gateway, the connector, a site.
//! What one of them lets pass the next one has to stand; only what the site sees counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::device::Device;
use crate::support::process::run;
use crate::support::site::{self, Asked, Site, answer};
use crate::support::system::Options;
use crate::support::{PATIENCE, System, WIKI, eventually};

const GUARDED: &str = "http://guarded.northlight.example";
const HOST: &str = "guarded.northlight.example";

/// Starts a system with a site of which only `/wiki` may be opened, and a device of maria.
async fn guarded(more: &str) -> (System, Site, Device) {
    let site = Site::start(|_: &Asked| answer("", "the site")).await;
    let rules = format!("identity = {{ header = \"X-Remote-User\" }}\n{more}");
    let sites = site.declaration("Guarded", GUARDED, &rules);
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let maria = system.paired("maria").await;
    (system, site, maria)
}

/// Says a request to a device's proxy as it stands, with its credentials, and returns the status.
async fn say(device: &Device, line: &str, fields: &str) -> u16 {
    let mut stream = TcpStream::connect(&device.proxy().address).await.unwrap();
    let authorization = device.proxy().authorization();
    let head = format!("{line} HTTP/1.1\r\n{fields}Proxy-Authorization: {authorization}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Whoever is refused may be cut off as well.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn ab_57_only_normal_paths_below_what_is_allowed_reach_the_site() {
    let (_system, site, maria) = guarded("paths = [\"/wiki\"]\ndeny_paths = [\"/wiki/admin\"]").await;
    for (path, seen) in [
        ("/wiki/page?q=/../admin", Some("/wiki/page?q=/../admin")),
        ("/a/../wiki/page", Some("/wiki/page")),
        ("/wiki/./x/%2e%2e/page", Some("/wiki/page")),
        ("/%77iki/page", Some("/wiki/page")),
        ("//wiki/page", Some("/wiki/page")),
        ("/wiki/a%2fb", Some("/wiki/a%2Fb")),
        ("/", None),
        ("/admin", None),
        ("/a/../../admin", None),
        ("/wiki/../admin", None),
        ("/wiki/%2e%2e/admin", None),
        ("/wiki/%2e%2e%2fadmin", None),
        ("/wiki/%252e%252e/admin", None),
        ("/wiki/%252e%252e%252fadmin", None),
        ("/wiki/..;/admin", None),
        ("/wiki/..;x=1/admin", None),
        ("/wiki/%c0%ae%c0%ae/admin", None),
        ("/wiki/%e0%80%ae%e0%80%ae/admin", None),
        ("/wiki/%f0%80%80%ae/admin", None),
        ("/wiki/..%5cadmin", None),
        ("/wiki/..\\admin", None),
        ("/wiki\\..\\admin", None),
        ("/\\evil.example", None),
        ("//evil.example/wiki", None),
        ("/wiki/%00", None),
        ("/wiki/%0d%0aX-Injected:%201", None),
        ("/wiki/admin", None),
        ("/wiki/ADMIN", None),
        ("/wiki//admin", None),
        ("/wiki/x/../admin", None),
        ("/wiki/%61dmin", None),
        ("/wiki/%2561dmin", None),
        ("/wiki/admin;x=1/y", None),
        ("/wikipedia", None),
    ] {
        let before = site.asked().len();
        let status = say(&maria, &format!("GET {GUARDED}{path}"), &format!("Host: {HOST}\r\n")).await;
        assert_eq!(status == 200, seen.is_some(), "{path}: {status}");
        assert!(matches!(status, 200 | 400 | 403), "{path}: {status}");
        let arrived: Vec<_> = site.asked().into_iter().skip(before).map(|asked| asked.target).collect();
        assert_eq!(arrived.first().map(String::as_str), seen, "{path}");
    }
    for line in [
        "GET http://169.254.169.254/latest/meta-data/",
        "GET http://localhost/wiki",
        "GET //guarded.northlight.example/wiki",
        "GET \\\\guarded.northlight.example\\wiki",
        "GET guarded.northlight.example:80",
        "CONNECT 169.254.169.254:80",
        "CONNECT guarded.northlight.example:22",
    ] {
        let before = site.asked().len();
        assert!(matches!(say(&maria, line, &format!("Host: {HOST}\r\n")).await, 400 | 403), "{line}");
        assert_eq!(site.asked().len(), before, "{line}");
    }
}

#[tokio::test]
async fn ab_60_what_a_device_forges_never_reaches_the_site() {
    let (_system, site, maria) = guarded("").await;
    let forged = [
        "X-Remote-User: eve",
        "X_Remote_User: eve",
        "X-Remote-User: maria, eve",
        "Remote-User: eve",
        "X-Forwarded-For: eve",
        "X-Forwarded-Host: eve",
        "X-Forwarded-Proto: eve",
        "X-Forwarded-User: eve",
        "Forwarded: for=eve",
        "Via: 1.1 eve",
        "X-Real-IP: eve",
        "X-Original-URL: /eve",
        "Latchgate-Assertion: eve",
        "Proxy-Connection: keep-alive",
        "Proxy-Eve: eve",
        "Keep-Alive: eve",
        "Upgrade: eve",
        "TE: gzip, eve",
        "Connection: X-Auth, X-Eve",
        "X-Auth: eve",
        "X-Eve: eve",
    ];
    let fields: String = forged.iter().map(|field| format!("{field}\r\n")).collect();
    assert_eq!(
        say(&maria, &format!("GET {GUARDED}/"), &format!("Host: {HOST}\r\n{fields}X-Mine: kept\r\n")).await,
        200
    );
    let asked = site.asked().pop().unwrap();
    assert!(!asked.head.contains("eve"), "{}", asked.head);
    assert_eq!(asked.field("x-remote-user"), Some("maria"));
    assert_eq!(asked.head.matches("x-remote-user").count(), 1, "{}", asked.head);
    assert_eq!(asked.field("host"), Some(HOST));
    assert_eq!(asked.field("x-mine"), Some("kept"), "what is nobody's business passes");
    assert!(!asked.head.contains("proxy-"), "{}", asked.head);

    // A body that is waited for is asked for by whoever is next to the device, and the site is told nothing of it.
    let mut stream = TcpStream::connect(&maria.proxy().address).await.unwrap();
    let authorization = maria.proxy().authorization();
    let head = format!(
        "POST {GUARDED}/ HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\
         Proxy-Authorization: {authorization}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"body").await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.contains("the site"), "{answer}");
    let asked = site.asked().pop().unwrap();
    assert_eq!((asked.field("expect"), &asked.body[..]), (None, &b"body"[..]), "{}", asked.head);
}

#[tokio::test]
async fn ab_61_ab_62_heads_that_split_reach_nobody_as_two() {
    let (_system, site, maria) = guarded("").await;
    let before = site.asked().len();
    for fields in [
        format!("Host: {HOST}\r\nX-A: a\0b\r\n"),
        format!("Host: {HOST}\r\nX-A: caf\u{e9}\r\n"),
        format!("Host: {HOST}\r\nX-A : b\r\n"),
        format!("Host: {HOST}\r\nX-A: b\r\n folded: c\r\n"),
        format!("Host: {HOST}\r\nX A: b\r\n"),
        format!("Host: {HOST}\r\nContent-Length: 1\r\nContent-Length: 2\r\n"),
        format!("Host: {HOST}\r\nContent-Length: 3\r\nTransfer-Encoding: xchunked\r\n"),
        format!("Host: {HOST}\r\nX-Large: {}\r\n", "v".repeat(40 * 1024)),
        format!("Host: {HOST}\r\n{}", (0..200).map(|n| format!("X-{n}: v\r\n")).collect::<String>()),
    ] {
        let status = say(&maria, &format!("GET {GUARDED}/"), &fields).await;
        let shown: String = fields.chars().take(80).collect();
        assert!(matches!(status, 0 | 400 | 413 | 431), "{shown}: {status}");
    }
    assert_eq!(site.asked().len(), before, "{:#?}", site.asked());
    assert_eq!(say(&maria, &format!("GET {GUARDED}/"), &format!("Host: {HOST}\r\n")).await, 200);
}

/// Ten megabytes that would become ten gigabytes: they pass as they are, and nobody on the way grows by more than
/// what is under way.
#[tokio::test]
async fn ab_63_a_bomb_passes_as_it_is() {
    let mut zip = tokio::process::Command::new("sh");
    zip.args(["-c", "head -c 100000000 /dev/zero | gzip -9 | base64 -w 0"]);
    let member = STANDARD.decode(run(&mut zip).await.stdout.trim()).unwrap();
    assert!(member.len() < 200_000);
    let bomb = member.repeat(100);
    let sent = bomb.clone();
    let site = Site::start(move |_| answer("Content-Encoding: gzip\r\n", &sent)).await;
    let sites = site.declaration("Guarded", GUARDED, "");
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let mut maria = system.paired("maria").await;
    assert_eq!(maria.proxy().get(&format!("{WIKI}/me")).await.status, 200);
    let device = maria.running().id();
    let parts = [device, system.connector.id(), system.gateway.id()];
    let before = parts.map(most_memory);
    for _ in 0..3 {
        let answer = maria.proxy().get(&format!("{GUARDED}/")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body == bomb, "the bytes are those of the site");
    }
    for (before, after) in before.into_iter().zip(parts.map(most_memory)) {
        assert!(after - before < 48 * 1024, "grew from {before} to {after} kilobytes");
    }
}

/// The most memory that a process ever had, in kilobytes.
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    most.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A page that does not read on: what it holds up is its own, and other pages of the same device go on.
#[tokio::test]
async fn ab_64_who_does_not_read_on_holds_up_nobody_else() {
    let endless = Endless::start().await;
    let other = Site::start(|asked| {
        if asked.path() == "/large" {
            answer("", vec![b'x'; 3_000_000])
        } else {
            answer("", asked.body.len().to_string())
        }
    })
    .await;
    let sites = site::declaration("Endless", GUARDED, &format!("http://{}", endless.address), "")
        + &other.declaration("Other", "http://other.northlight.example", "");
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let mut unread = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&maria.proxy().address).await.unwrap();
        let authorization = maria.proxy().authorization();
        let head = format!("GET {GUARDED}/ HTTP/1.1\r\nHost: {HOST}\r\nProxy-Authorization: {authorization}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 64]).await.unwrap();
        unread.push(stream);
    }
    // Everything on the way is full: the site gets rid of nothing any more.
    let (mut sent, mut same) = (0, 0);
    eventually("everything is full", PATIENCE, async || {
        let now = endless.sent.load(Ordering::SeqCst);
        same = if now == sent { same + 1 } else { 0 };
        sent = now;
        (same == 200).then_some(())
    })
    .await;
    let large = tokio::time::timeout(PATIENCE / 2, maria.proxy().get("http://other.northlight.example/large")).await;
    let large = large.expect("pages that do not read on hold up the others");
    assert_eq!(large.body.len(), 3_000_000);
}

/// A site whose answers never end.
struct Endless {
    address: SocketAddr,
    sent: Arc<AtomicUsize>,
}

impl Endless {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&sent);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
                    let mut wrote = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
                    while wrote.is_ok() {
                        wrote = stream.write_all(chunk.as_bytes()).await;
                        counted.fetch_add(chunk.len(), Ordering::SeqCst);
                    }
                });
            }
        });
        Self { address, sent }
    }
}
