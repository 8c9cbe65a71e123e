//! A site of a test's own making: it answers as the test says, keeps what it was asked, and hears what pages report.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A listening site; ends when dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: AbortHandle,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) target: String,
    /// The whole head, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Returns a field of the head.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    }

    /// Returns the path of the target.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

impl Site {
    /// Starts a site that answers by `answer`.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a site");
        let address = listener.local_addr().expect("a bound address");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, kept) = (Arc::new(answer), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                // How a connection ends is the other side's business.
                tokio::spawn(async move { drop(serve(stream, &*answer, &kept).await) });
            }
        });
        Self { address, asked, task: task.abort_handle() }
    }

    /// The site as `connector.toml` declares it.
    pub(crate) fn declaration(&self, name: &str, url: &str, more: &str) -> String {
        declaration(name, url, &format!("http://{}", self.address), more)
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What pages said by asking for `/report/…`.
    pub(crate) fn reports(&self) -> Vec<String> {
        let decode =
            |path: &str| url::form_urlencoded::parse(path.as_bytes()).map(|(text, _)| text.into_owned()).collect();
        self.asked().iter().filter_map(|asked| asked.path().strip_prefix("/report/").map(decode)).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A site for the staff as `connector.toml` declares it; `more` is what else is said about it.
pub(crate) fn declaration(name: &str, url: &str, upstream: &str, more: &str) -> String {
    format!("\n[[site]]\nname = \"{name}\"\nurl = \"{url}\"\nupstream = \"{upstream}\"\nallow = [\"staff\"]\n{more}\n")
}

/// An answer with these fields, each ended by CR LF, and this body.
pub(crate) fn answer(fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A page.
pub(crate) fn page(html: &str) -> Vec<u8> {
    answer("Content-Type: text/html; charset=utf-8\r\n", format!("<!doctype html><meta charset=\"utf-8\">{html}"))
}

/// What there is nothing for.
pub(crate) fn nothing() -> Vec<u8> {
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()
}

async fn serve(
    stream: TcpStream,
    answer: &(dyn Fn(&Asked) -> Vec<u8> + Send + Sync),
    kept: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(read.read_u8().await?);
        }
        let written = String::from_utf8_lossy(&head).into_owned();
        let target = written.split(' ').nth(1).unwrap_or_default().to_owned();
        let head = written.to_lowercase();
        let mut asked = Asked { target, head, body: Vec::new() };
        if let Some(length) = asked.field("content-length").and_then(|length| length.parse().ok()) {
            asked.body = vec![0; length];
            read.read_exact(&mut asked.body).await?;
        } else if asked.field("transfer-encoding").is_some() {
            asked.body = read_chunks(&mut read).await?;
        }
        kept.lock().unwrap().push(asked.clone());
        write.write_all(&answer(&asked)).await?;
    }
}

async fn read_chunks(read: &mut (impl tokio::io::AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(read.read_u8().await?);
        }
        let text = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(text.trim(), 16).map_err(std::io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        read.read_exact(&mut chunk).await?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}
