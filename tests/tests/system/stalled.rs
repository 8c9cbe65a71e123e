//! Who does not read holds up nobody else: a film that its browser has paused, an upload that its site does not take.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::http::Proxy;
use crate::support::system::Options;
use crate::support::transfer::{Transfer, upload};
use crate::support::{System, WIKI, site};

const MEBIBYTE: u64 = 1024 * 1024;
const DEAF: &str = "http://deaf.northlight.example";
/// More than sockets and windows hold.
const FILM: u64 = 256 * MEBIBYTE;
/// How many do not read.
const STALLED: usize = 6;
/// A transfer that waits for them never ends.
const ENDS: Duration = Duration::from_secs(60);

#[tokio::test]
async fn films_that_are_paused_do_not_hold_up_other_pages() {
    let system = System::start().await;
    let maria = system.paired("maria").await;
    let mut paused = Vec::new();
    for _ in 0..STALLED {
        paused.push(begin(maria.proxy(), &format!("GET {WIKI}/files/large.bin?size={FILM}"), "").await);
    }
    for stream in &mut paused {
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
    }

    // The first one runs while theirs fill everything up; the others come after that.
    for size in [64 * MEBIBYTE, 2 * MEBIBYTE, 2 * MEBIBYTE] {
        let mut other = Transfer::default();
        let address = format!("{WIKI}/files/large.bin?size={size}");
        let ended = timeout(ENDS, other.download(maria.proxy(), &address)).await;
        ended.expect("a page that does not wait for paused films").expect("a whole download");
        assert_eq!(other.received, size);
    }
}

#[tokio::test]
async fn uploads_that_a_site_does_not_take_do_not_hold_up_others() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sites = site::declaration("Deaf", DEAF, &format!("http://{}", deaf.local_addr().unwrap()), "");
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let mut waiting = Vec::new();
    for _ in 0..STALLED {
        let length = format!("Content-Length: {FILM}\r\n");
        let mut stream = begin(maria.proxy(), &format!("POST {DEAF}/"), &length).await;
        let task = tokio::spawn(async move {
            let piece = vec![7; 64 * 1024];
            // The site goes away with the test.
            while stream.write_all(&piece).await.is_ok() {}
        });
        waiting.push((task, deaf.accept().await.unwrap()));
    }

    for size in [64 * MEBIBYTE, 2 * MEBIBYTE, 2 * MEBIBYTE] {
        let ended = timeout(ENDS, upload(maria.proxy(), &format!("{WIKI}/upload/raw"), size)).await;
        assert_eq!(ended.expect("an upload that does not wait for others").json()["size"], size);
    }
    for (task, _) in &waiting {
        task.abort();
    }
}

/// Sends the head of a request, and leaves the rest to the test.
async fn begin(proxy: &Proxy, line: &str, fields: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&proxy.address).await.unwrap();
    let host = line.split('/').nth(2).unwrap();
    let head =
        format!("{line} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: {}\r\n{fields}\r\n", proxy.authorization());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}
