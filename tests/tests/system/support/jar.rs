//! A site that puts a cookie and an entry of the local storage into whichever browser comes, and remembers what the
//! browser brought along.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::site;

/// The site's public address, the same in every company.
pub(crate) const JAR: &str = "http://jar.northlight.example";

/// The running site; ends when dropped.
pub(crate) struct Jar {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Jar {
    pub(crate) async fn start(owner: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a site");
        let address = listener.local_addr().expect("a bound address");
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let keep = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, owner, keep.clone()));
            }
        });
        Self { address, seen, task: task.abort_handle() }
    }

    /// The site as `connector.toml` declares it.
    pub(crate) fn declaration(&self) -> String {
        site::declaration("Jar", JAR, &format!("http://{}", self.address), "")
    }

    /// What browsers brought: for each page its cookies, and then what its script found in the storage.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Jar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: TcpStream, owner: &str, seen: Arc<Mutex<Vec<String>>>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut target, mut cookie) = (String::new(), "no cookie".to_owned());
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(path) = line.strip_prefix("GET ") {
            target = path.split(' ').next().unwrap_or_default().to_owned();
        } else if line.to_lowercase().starts_with("cookie:") {
            cookie = line["cookie:".len()..].trim().to_owned();
        } else if line.is_empty() {
            break;
        }
    }
    match target.as_str() {
        "/" => seen.lock().unwrap().push(format!("page with {cookie}")),
        target if target.starts_with("/storage") => seen.lock().unwrap().push(target.to_owned()),
        _ => {}
    }
    let page = format!(
        "<!doctype html><title>Jar</title><script>const before = localStorage.getItem('who') ?? 'empty'; \
         localStorage.setItem('who', '{owner}'); fetch('/storage?' + before);</script>"
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nSet-Cookie: who={owner}; Path=/\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // A browser that went away needs no answer.
    let _ = writer.write_all((head + &page).as_bytes()).await;
}
