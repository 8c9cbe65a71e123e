//! A site that answers byte by byte as a test wants it, one connection after the other, and tells what it saw.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::site;

/// A listening site; ends when dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    told: Arc<Mutex<Told>>,
    task: AbortHandle,
}

/// What the site noticed.
#[derive(Default)]
struct Told {
    gone: usize,
    reports: Vec<String>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a site");
        let address = listener.local_addr().expect("a bound address");
        let told = Arc::<Mutex<Told>>::default();
        let notes = told.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // How a connection ends is the test's business.
                tokio::spawn(serve(stream, notes.clone()));
            }
        });
        Self { address, told, task: task.abort_handle() }
    }

    /// The site as `connector.toml` declares it.
    pub(crate) fn declaration(&self, name: &str, url: &str) -> String {
        site::declaration(name, url, &format!("http://{}", self.address), "")
    }

    /// How many endless answers were given up by who asked for them.
    pub(crate) fn gone(&self) -> usize {
        self.told.lock().unwrap().gone
    }

    /// What pages said by asking for `/report/…`.
    pub(crate) fn reports(&self) -> Vec<String> {
        self.told.lock().unwrap().reports.clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, told: Arc<Mutex<Told>>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    while let Some(head) = read_head(&mut read).await {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let answered = match path.as_str() {
            "/echo" => echo(&head, &mut read, &mut write).await,
            "/endless" => {
                endless(&mut write).await;
                told.lock().unwrap().gone += 1;
                return;
            }
            _ => {
                discard_body(&head, &mut read).await;
                if let Some(report) = path.strip_prefix("/report/") {
                    let words = url::form_urlencoded::parse(report.as_bytes()).map(|(words, _)| words.into_owned());
                    told.lock().unwrap().reports.extend(words);
                }
                write.write_all(&answer(&path, &head)).await
            }
        };
        if answered.is_err() || path == "/until-the-end" {
            return;
        }
    }
}

/// What the path is answered with.
fn answer(path: &str, head: &str) -> Vec<u8> {
    let fixed = |fields: &str, body: &str| {
        format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    match path {
        "/cookies" => fixed(
            "Set-Cookie: a=1; Secure; HttpOnly; SameSite=Strict\r\nSet-Cookie: __Host-id=2; Path=/; Secure\r\n\
             Set-Cookie: wide=3; Domain=northlight.example; SameSite=None; Secure; Partitioned\r\n",
            "cookies",
        ),
        "/login" => b"HTTP/1.1 302 Found\r\nLocation: https://sign-in.northlight.example/?back=%2F&x=1#here\r\n\
            Set-Cookie: state=7; Path=/\r\nContent-Length: 0\r\n\r\n"
            .to_vec(),
        "/moved" => b"HTTP/1.1 307 Temporary Redirect\r\nLocation: ../other\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/basic" if head.contains("authorization: Basic ") || head.contains("Authorization: Basic ") => {
            fixed("", "come in")
        }
        "/basic" => b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"The \\\"old\\\" tracker\"\r\n\
            WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\nContent-Length: 4\r\n\r\nno.\n"
            .to_vec(),
        "/gzip" => fixed("Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n", "\u{1f}not really gzip"),
        "/br" => fixed("Content-Encoding: br\r\nETag: W/\"1\"\r\n", "not really brotli"),
        "/empty" => b"HTTP/1.1 204 No Content\r\nETag: \"e\"\r\n\r\n".to_vec(),
        "/same" => b"HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n".to_vec(),
        "/head" => b"HTTP/1.1 200 OK\r\nContent-Length: 4711\r\nContent-Type: text/plain\r\n\r\n".to_vec(),
        "/part" => {
            b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\r\ncde".to_vec()
        }
        "/trailers" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
            5\r\nhello\r\n0\r\nX-Sum: 5d41\r\n\r\n"
            .to_vec(),
        "/hints" => [
            &b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"[..],
            &fixed("Link: </style.css>; rel=preload; as=style\r\n", "after the hint"),
        ]
        .concat(),
        "/until-the-end" => b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nas long as it is".to_vec(),
        "/odd" => {
            b"HTTP/1.1 418 I am a teapot\r\nX-Empty:\r\nX-Many: 1\r\nX-Many: 2\r\nContent-Length: 0\r\n\r\n".to_vec()
        }
        // As sites send them, in two encodings.
        "/letters" => "HTTP/1.1 302 Found\r\nContent-Disposition: attachment; filename=\"\u{dc}bersicht.pdf\"\r\n\
            Location: /\u{fc}bersicht\r\nSet-Cookie: name=Zo\u{eb}\r\nContent-Length: 0\r\n"
            .bytes()
            .chain(*b"X-Name: caf\xe9\r\n\r\n")
            .collect(),
        "/files" => fixed("Content-Type: text/html\r\n", include_str!("../files.html")),
        "/overview" => fixed(
            "Content-Type: text/html\r\nContent-Disposition: attachment; filename=\"overview.html\"; \
             filename*=UTF-8''%C3%9Cbersicht%202026%20%E2%82%AC.html\r\n",
            "<p>What the site calls an attachment is saved, whatever it is.",
        ),
        "/leak" => fixed("Content-Type: text/html\r\n", include_str!("../leak.html")),
        "/told" => fixed("", &head.to_ascii_lowercase()),
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    }
}

/// Gives each chunk back as soon as it is here.
async fn echo(head: &str, read: &mut BufReader<OwnedReadHalf>, write: &mut OwnedWriteHalf) -> std::io::Result<()> {
    if head.to_ascii_lowercase().contains("expect: 100-continue") {
        write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    write.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    if let Some(length) = content_length(head) {
        let mut body = vec![0; length];
        read.read_exact(&mut body).await?;
        write.write_all(format!("{length:x}\r\n").as_bytes()).await?;
        write.write_all(&body).await?;
        return write.write_all(b"\r\n0\r\n\r\n").await;
    }
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(read.read_u8().await?);
        }
        let text = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(text.trim().split(';').next().unwrap_or_default(), 16);
        let mut chunk = vec![0; size.map_err(std::io::Error::other)? + 2];
        read.read_exact(&mut chunk).await?;
        write.write_all(&[line, chunk.clone()].concat()).await?;
        if chunk.len() == 2 {
            return Ok(());
        }
    }
}

/// Answers until nobody takes it any more.
async fn endless(write: &mut OwnedWriteHalf) {
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let mut sent = write.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    while sent.is_ok() {
        sent = write.write_all(chunk.as_bytes()).await;
    }
}

async fn read_head(read: &mut BufReader<OwnedReadHalf>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(read.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

async fn discard_body(head: &str, read: &mut BufReader<OwnedReadHalf>) {
    let mut body = vec![0; content_length(head).unwrap_or(0)];
    // A body that breaks off ends the connection with the next head.
    let _ = read.read_exact(&mut body).await;
}

fn content_length(head: &str) -> Option<usize> {
    let head = head.to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
}
