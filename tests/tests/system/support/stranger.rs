//! Who has no business at the app's proxy: another process that finds the port, and a browser that is not the app's.

use std::net::{Ipv4Addr, SocketAddr};

use fantoccini::{Client, ClientBuilder};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::process::Part;

/// A browser of somebody else, without any proxy.
pub(crate) struct Stranger {
    pub(crate) page: Client,
    _driver: Part,
    _home: TempDir,
}

impl Stranger {
    /// Starts Chromium. Every name under `.example` leads to this machine, as its owner's name server may say.
    pub(crate) async fn start() -> Self {
        let home = tempfile::Builder::new().prefix("latchgate-stranger-").tempdir().expect("a folder for the browser");
        let mut driver = Command::new("chromedriver");
        driver.arg("--port=0").env("HOME", home.path());
        let mut driver = Part::start_parent("chromedriver", &mut driver, home.path());
        let ready = driver.wait_for("ChromeDriver was started successfully on port").await;
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-proxy-server",
            "--host-resolver-rules=MAP *.example 127.0.0.1",
            format!("--user-data-dir={}", home.path().join("profile").display()),
        ]);
        let capabilities: Map<String, Value> =
            [("goog:chromeOptions".to_owned(), json!({ "args": arguments }))].into_iter().collect();
        let page = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", ready.trim_end_matches('.')))
            .await
            .expect("start Chromium through chromedriver");
        Self { page, _driver: driver, _home: home }
    }
}

/// Says something to a port, and returns all that it answers until it closes the connection.
pub(crate) async fn say(port: u16, words: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("connect to the port");
    stream.write_all(words).await.expect("say something");
    let mut answer = Vec::new();
    // Whoever is refused may be cut off as well.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// Says a request, and returns the answer's status and the whole answer.
pub(crate) async fn ask(port: u16, head: &str) -> (u16, String) {
    let answer = String::from_utf8_lossy(&say(port, head.as_bytes()).await).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, answer)
}

/// The addresses that the app listens at, without the one at which the driver of these tests finds it.
pub(crate) fn listening(process: u32) -> Vec<SocketAddr> {
    let environment = std::fs::read(format!("/proc/{process}/environ")).expect("read the environment of a process");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let driver = environment.split('\0').find_map(|variable| variable.strip_prefix("WEBKIT_INSPECTOR_SERVER="));
    let driver: Option<SocketAddr> = driver.and_then(|address| address.parse().ok());
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{process}/fd"))
        .expect("list the files of a process")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let lines = std::fs::read_to_string(format!("/proc/{process}/net/{table}")).expect("read the table of sockets");
        for line in lines.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // Listening, or, without connections, bound.
            let waits = fields[3] == "0A" || table.starts_with("udp");
            if waits && sockets.iter().any(|socket| socket == fields[9]) {
                found.extend(read_address(fields[1]).filter(|address| Some(*address) != driver));
            }
        }
    }
    found
}

/// Reads an address as the kernel writes it: words of four bytes in the machine's order, and the port.
fn read_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let words: Option<Vec<[u8; 4]>> = (0..address.len() / 8)
        .map(|word| u32::from_str_radix(&address[8 * word..8 * word + 8], 16).ok().map(u32::to_ne_bytes))
        .collect();
    let bytes = words?.concat();
    let port = u16::from_str_radix(port, 16).ok()?;
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(v4) => Some((v4, port).into()),
        Err(_) => Some((<[u8; 16]>::try_from(bytes).ok()?, port).into()),
    }
}
